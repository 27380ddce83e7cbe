package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/client"
	"github.com/jarvis-memory/jarvis/internal/query"
)

// reads is a program for scripts, a worker that knows what the captures say:
//
//	reads SERVER TOKENFILE TEXT...
//
// The first text is that of the newest capture that waits, and so on. The nth word
// of a text is 10n pixels from the left.
func reads() {
	if err := readFor(context.Background(), os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func readFor(ctx context.Context, server, tokenFile string, texts []string) error {
	token, err := os.ReadFile(tokenFile)
	if err != nil {
		return err
	}
	c, err := client.New(client.Options{BaseURL: server, Token: strings.TrimSpace(string(token))})
	if err != nil {
		return err
	}
	defer c.CloseIdle()
	claims, err := claimAll(ctx, c, len(texts))
	if err != nil {
		return err
	}
	for i, claim := range claims {
		text := texts[i]
		r := &jarvis.Reading{Text: text, Language: "eng", Engine: "script", ReadAt: time.Now()}
		end := 0
		for n, word := range strings.Fields(text) {
			start := end + strings.Index(text[end:], word)
			end = start + len(word)
			r.Words = append(r.Words, jarvis.Word{Start: start, End: end, Box: jarvis.Box{X: 10 * n, Width: 8, Height: 6}, Confidence: 95})
		}
		_, err := c.ReadImage(ctx, claim.ID)
		if err = errors.Join(err, c.FinishReading(ctx, claim.Lease, r, query.Document(text, claim.Capture.WindowTitle, claim.Capture.URL))); err != nil {
			return err
		}
	}
	return nil
}

// claimAll claims so many captures, and returns them the newest first. The server may
// have one in hand for a moment, until it finds that it cannot read.
func claimAll(ctx context.Context, c *client.Client, n int) ([]*jarvis.Claim, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	var claims []*jarvis.Claim
	for {
		some, err := c.ClaimReadings(ctx, time.Now(), time.Minute, n-len(claims))
		if err != nil {
			return nil, err
		}
		if claims = append(claims, some...); len(claims) == n {
			slices.SortFunc(claims, func(a, b *jarvis.Claim) int { return b.Capture.Timestamp.Compare(a.Capture.Timestamp) })
			return claims, nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("%d captures wait, not %d", len(claims), n)
		}
	}
}

func TestSearchArguments(t *testing.T) {
	root := newGrammar(t).Model.Node
	for _, test := range []struct{ args, want string }{
		{"search a", "search -- a"},
		{"search a -b", "search -- a -b"},
		{"search -b", "search -- -b"},
		{"search a or -b --json c", "search --json -- a or -b c"},
		{"--json search -app:x", "--json search -- -app:x"},
		{"search --sort relevance -a", "search --sort relevance -- -a"},
		{"search --sort=relevance -a", "search --sort=relevance -- -a"},
		{"search --limit -5 a", "search --limit -5 -- a"},
		{"--data-dir search search -a", "--data-dir search search -- -a"},
		{"search -- --json -a", "search -- --json -a"},
		{"search a -- -b", "search -- a -b"},
		{"search -h", "search -h"},
		{"search a -h", "search -h -- a"},
		{"search --nonsense a", "search --nonsense -- a"},
		{"search - a", "search -- - a"},
		{"search", "search"},
		{"search --facets", "search --facets"},
		{"search --limit", "search --limit"},
		{"list -x", "list -x"},
		{"add search -x", "add search -x"},
		{"", ""},
	} {
		if got := strings.Join(searchArguments(root, strings.Fields(test.args)), " "); got != test.want {
			t.Errorf("%q becomes %q, want %q", test.args, got, test.want)
		}
	}
}

// No word of a search gets lost, and none is taken for a flag.
func TestSearchArguments_Words(t *testing.T) {
	root := newGrammar(t).Model.Node
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`-?[a-z"*:]{1,4}`).Filter(func(s string) bool { return s != "-h" && !strings.HasPrefix(s, "--") })
		words := rapid.SliceOfN(word, 1, 6).Draw(t, "words")
		args := []string{"search"}
		for _, w := range words {
			args = append(args, rapid.SampledFrom([][]string{nil, {"--json"}, {"--sort", "time"}, {"--tz", "UTC"}}).Draw(t, "flag")...)
			args = append(args, w)
		}
		got := searchArguments(root, args)
		at := slices.Index(got, "--")
		if at < 0 || !slices.Equal(got[at+1:], words) {
			t.Fatalf("%q becomes %q", args, got)
		}
	})
}

func TestSpanText(t *testing.T) {
	from := time.Date(2026, 1, 24, 10, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		length time.Duration
		want   string
	}{
		{0, "2026-01-24 10:00:00"},
		{time.Millisecond, "2026-01-24 10:00:00"},
		{83 * time.Second, "2026-01-24 10:00:00 – 10:01:23"},
		{14 * time.Hour, "2026-01-24 10:00:00 – 2026-01-25 00:00:00"},
	} {
		if got := spanText(from, from.Add(test.length), time.UTC); got != test.want {
			t.Errorf("%s is %q, want %q", test.length, got, test.want)
		}
	}
}

// Marks have colours, and what is in them and around them steers no terminal.
func TestStyle_Snippet(t *testing.T) {
	from := jarvis.Snippet{Text: "… the \x1b[2Jinvoice\nof 4711\u202e", Marks: []jarvis.Mark{{Start: 12, End: 19}, {Start: 23, End: 27}}}
	for colours, want := range map[style]styled{
		false: "… the \uFFFD[2Jinvoice of 4711\uFFFD",
		true:  "… the \uFFFD[2J\x1b[1;31minvoice\x1b[0m of \x1b[1;31m4711\x1b[0m\uFFFD",
	} {
		if got := colours.snippet(from); got != want {
			t.Errorf("with colours %t: %q, want %q", colours, got, want)
		}
	}
}

// TestTerminal_Search: what matched is coloured on a terminal, and no line of a
// result but what matched is wider than it.
func TestTerminal_Search(t *testing.T) {
	p := newPlace(t)
	p.env = append(p.env, "JARVIS_OCR_ENGINE=program: /nowhere")
	p.pictures(t, "shots", 1)
	p.must(t, "add", "shots", "--app", "firefox", "--title", strings.Repeat("a long title ", 20))
	s := p.serve(t)
	tokenFile := p.folder + "/token"
	if err := os.WriteFile(tokenFile, []byte(p.must(t, "device", "add", "worker", "--scope", "work")), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := readFor(t.Context(), "http://"+s.address, tokenFile, []string{"The invoice is due"}); err != nil {
		t.Fatal(err)
	}
	shown, status := p.onTerminal(t, "search", "invoice").end(t)
	if status != 0 || !strings.Contains(shown, "The \x1b[1;31minvoice\x1b[0m is due") {
		t.Errorf("exit status %d: %q", status, shown)
	}
	first, _, _ := strings.Cut(shown, "\n")
	first = strings.NewReplacer("\x1b[1m", "", "\x1b[0m", "", "\r", "").Replace(first)
	if n := len([]rune(first)); n > 80 || !strings.HasSuffix(first, "…") {
		t.Errorf("the first line has %d characters: %q", n, first)
	}
	if stdout := p.must(t, "search", "invoice"); strings.Contains(stdout, "\x1b") {
		t.Errorf("colours in a pipe: %q", stdout)
	}
}

// The results of many pages are one list.
func TestSearchCmd_Pages(t *testing.T) {
	m := &pagedMemory{results: 450}
	cmd := searchCmd{Query: []string{"a", "-b"}, Sort: "time", Group: "none", Limit: 401, Facets: true}
	a, cfg := newPlace(t).app(t)
	out, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer shut(t, out)
	a.console = newConsole(os.Stdin, out, os.Stderr, os.Getenv)
	a.json = true
	if err := errors.Join(cmd.search(t.Context(), a, cfg, m), a.flush()); err != nil {
		t.Fatal(err)
	}
	want := []jarvis.SearchRequest{
		{Query: "a -b", Sort: jarvis.SortTime, Group: jarvis.GroupNone, Limit: 200, Facets: true},
		{Query: "a -b", Sort: jarvis.SortTime, Group: jarvis.GroupNone, Limit: 200, Cursor: "200"},
		{Query: "a -b", Sort: jarvis.SortTime, Group: jarvis.GroupNone, Limit: 1, Cursor: "400"},
	}
	if diff := cmp.Diff(want, m.asked, cmpopts.IgnoreFields(jarvis.SearchRequest{}, "Location")); diff != "" {
		t.Error(diff)
	}
	text, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), `"capture":`); n != 401 {
		t.Errorf("%d results", n)
	}
	if last := lastLine(string(text)); !strings.Contains(last, `"results":401,"next":"401"`) || !strings.Contains(last, `"facets":{"total":450`) {
		t.Errorf("the last line is %s", last)
	}
}

// pagedMemory is a store that has so many results.
type pagedMemory struct {
	memory
	results int
	asked   []jarvis.SearchRequest
}

func (m *pagedMemory) Search(_ context.Context, r jarvis.SearchRequest) (*jarvis.SearchPage, error) {
	m.asked = append(m.asked, r)
	at := 0
	if r.Cursor != "" {
		if _, err := fmt.Sscan(r.Cursor, &at); err != nil {
			return nil, err
		}
	}
	page := &jarvis.SearchPage{Understood: r.Query}
	for ; at < m.results && len(page.Results) < r.Limit; at++ {
		page.Results = append(page.Results, &jarvis.SearchResult{Capture: &jarvis.Capture{ID: jarvis.NewRandomID()}, Count: 1})
	}
	if at < m.results {
		page.Next = fmt.Sprint(at)
	}
	if r.Facets {
		page.Facets = &jarvis.Facets{Total: int64(m.results)}
	}
	return page, nil
}
