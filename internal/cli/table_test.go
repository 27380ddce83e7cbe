package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rivo/uniseg"
	"pgregory.net/rapid"
)

// render prints a table as to a terminal of a width, 0 for a pipe.
func render(t *table, width int) string {
	var lines []string
	widths := t.fit(t.natural(true), width)
	titles := make([]string, len(t.columns))
	for i, c := range t.columns {
		titles[i] = c.title
	}
	for _, row := range append([][]string{titles}, t.rows...) {
		lines = append(lines, strings.TrimRight(string(t.row(false, row, widths, false)), "\n"))
	}
	return strings.Join(lines, "\n")
}

func captures() *table {
	t := &table{columns: []column{
		{title: "TIME"},
		{title: "APP", shrink: 7, optional: 2},
		{title: "TITLE", shrink: 8, optional: 1},
		{title: "SIZE", right: true, optional: 3},
		{title: "ID"},
	}}
	t.add("20:39", "firefox", "Inbox – Mail", "156 KiB", "019b")
	t.add("20:40", "", "日本語のタイトル", "1.2 MiB", "019c")
	return t
}

func TestTable(t *testing.T) {
	for _, test := range []struct {
		name  string
		width int
		want  string
	}{
		{"Pipe", 0, `
TIME   APP      TITLE                SIZE  ID
20:39  firefox  Inbox – Mail      156 KiB  019b
20:40           日本語のタイトル  1.2 MiB  019c`},
		{"Shrunk", 42, `
TIME   APP      TITLE           SIZE  ID
20:39  firefox  Inbox – Ma…  156 KiB  019b
20:40           日本語のタ…  1.2 MiB  019c`},
		{"Narrow", 26, `
TIME   TITLE          ID
20:39  Inbox – Mail   019b
20:40  日本語のタイ…  019c`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(strings.TrimPrefix(test.want, "\n"), render(captures(), test.width)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestTable_Fits: what may shrink or go does, so that no line is wider than the
// terminal.
func TestTable_Fits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := &table{columns: []column{
			{title: "A"}, {title: "BB", shrink: 4, optional: 2}, {title: "C", right: true, optional: 1}, {title: "D", shrink: 3, keepEnd: true},
		}}
		for range rapid.IntRange(1, 5).Draw(t, "rows") {
			table.add("12345", rapid.String().Draw(t, "b"), rapid.StringN(0, 9, -1).Draw(t, "c"), rapid.String().Draw(t, "d"))
		}
		width := rapid.IntRange(12, 60).Draw(t, "width")
		for line := range strings.Lines(render(table, width)) {
			if got := uniseg.StringWidth(strings.TrimRight(line, "\n")); got > width {
				t.Fatalf("%q is %d cells wide, more than %d", line, got, width)
			}
		}
	})
}

func TestTruncateStart(t *testing.T) {
	for _, test := range []struct {
		width int
		want  string
	}{{9, "…日本.png"}, {8, "…本.png"}, {14, "shots/日本.png"}, {5, "….png"}} {
		if got := truncateStart("shots/日本.png", test.width); got != test.want {
			t.Errorf("truncateStart to %d = %q, want %q", test.width, got, test.want)
		}
	}
}
