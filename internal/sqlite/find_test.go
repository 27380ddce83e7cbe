package sqlite

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/jarvis-memory/jarvis"
)

// Whichever way is taken to what matches, and wherever another is taken, it is
// found, page by page.
func TestCatalog_FindMatches_Far(t *testing.T) {
	c := mustOpen(t, Options{Path: filepath.Join(t.TempDir(), "jarvis.db")})
	const size = 5000
	fill(t, c, size)
	err := c.write(t.Context(), "fill", func(on *conn) error {
		err := on.exec(`INSERT INTO documents SELECT seq, 'common w' || (n % 7) || ' rare' || (n % 211) || CASE WHEN n % 2 THEN ' odd' ELSE '' END
			FROM (SELECT seq, row_number() OVER (ORDER BY seq) AS n FROM captures) WHERE n % 10 > 0`)
		if err == nil {
			err = on.exec("INSERT INTO search (search) VALUES ('rebuild')")
		}
		if err == nil {
			err = on.exec("INSERT INTO pins SELECT timestamp, id FROM captures WHERE (timestamp / 7000000) % 2 = 0")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		match  *jarvis.Match
		words  string
		pinned bool
	}
	rows, err := read(t.Context(), c, "read all", func(on *conn) (rows []row, err error) {
		err = on.query(func(s *sqlite3.Stmt) error {
			match, err := scanMatch(s)
			rows = append(rows, row{match, " " + s.ColumnText(7) + " ", s.ColumnBool(8)})
			return err
		}, "SELECT "+matchColumns+", words, "+isPinned+" FROM captures LEFT JOIN documents USING (seq) ORDER BY seq DESC")
		return rows, err
	})
	if err != nil {
		t.Fatal(err)
	}
	word := func(word string) jarvis.Clause {
		return jarvis.Clause{{Kind: jarvis.AtomWords, Tokens: []string{word}}}
	}
	prefix := func(word string) jarvis.Clause {
		return jarvis.Clause{{Kind: jarvis.AtomWords, Tokens: []string{word}, Prefix: true}}
	}
	app := func(names ...string) jarvis.Clause {
		return jarvis.Clause{{Kind: jarvis.AtomApp, Names: names}}
	}
	not := func(clause jarvis.Clause) jarvis.Clause {
		clause[0].Not = true
		return clause
	}
	pinned := jarvis.Clause{{Kind: jarvis.AtomPinned}}
	middle := jarvis.Clause{{Kind: jarvis.AtomTime, From: rows[size*3/4].match.Timestamp, To: rows[size/4].match.Timestamp}}
	var many []string
	for n := range 2 * mergedNames {
		many = append(many, fmt.Sprintf("App %d", n))
	}
	for name, clauses := range map[string][]jarvis.Clause{
		"Prefix":           {prefix("c")},
		"RarePrefix":       {prefix("rare20")},
		"NoPrefix":         {prefix("none")},
		"PrefixOfAll":      {prefix("rare"), middle},
		"PrefixAndWord":    {word("odd"), prefix("rare1")},
		"PrefixWithout":    {prefix("rare1"), not(word("odd"))},
		"WithoutPrefix":    {word("common"), not(prefix("rare1"))},
		"WordAndApp":       {word("common"), app("App 7")},
		"WordAndDevice":    {word("odd"), {{Kind: jarvis.AtomDevice, Names: []string{"user@host1", "user@host2"}}}},
		"WordAndApps":      {word("odd"), app("App 3", "App 7", "App 3", "no app"), middle},
		"WordAndManyApps":  {word("w3"), app(many...)},
		"ManyApps":         {app(many...), middle},
		"NoApp":            {word("common"), app()},
		"OtherApps":        {word("rare7"), not(app("App 7"))},
		"WordAndPinned":    {word("common"), pinned},
		"RareAndPinned":    {word("rare9"), pinned},
		"PrefixAndPinned":  {prefix("rare2"), pinned, middle},
		"PinnedAndApp":     {pinned, app("App 2", "App 3")},
		"Either":           {append(word("rare5"), app("App 5")...), middle},
		"EitherAndWord":    {word("odd"), append(word("rare5"), app("App 5")...)},
		"Unread":           {not(word("common"))},
		"PrefixAppPinned":  {prefix("w"), app("App 9"), pinned},
		"NothingAfterThis": {word("common"), {{Kind: jarvis.AtomTime, From: rows[0].match.Timestamp.Add(time.Hour)}}},
	} {
		holds := func(a jarvis.Atom, r row) bool {
			switch a.Kind {
			case jarvis.AtomApp:
				return slices.Contains(a.Names, r.match.AppName)
			case jarvis.AtomDevice:
				return slices.Contains(a.Names, r.match.Device)
			case jarvis.AtomPinned:
				return r.pinned
			case jarvis.AtomTime:
				return !r.match.Timestamp.Before(a.From) && (a.To.IsZero() || r.match.Timestamp.Before(a.To))
			}
			token := " " + a.Tokens[0]
			if !a.Prefix {
				token += " "
			}
			return strings.Contains(r.words, token)
		}
		var want []*jarvis.Match
		for _, r := range rows {
			all := true
			for _, clause := range clauses {
				all = all && slices.ContainsFunc(clause, func(a jarvis.Atom) bool { return holds(a, r) != a.Not })
			}
			if all {
				want = append(want, r.match)
			}
		}
		if len(want) == 0 != slices.Contains([]string{"NoPrefix", "NoApp", "NothingAfterThis"}, name) {
			t.Errorf("%s: %d match, which proves nothing", name, len(want))
		}
		for _, limit := range []int{20, 300, jarvis.MaxMatches} {
			var got []*jarvis.Match
			for f := (jarvis.MatchFilter{Query: jarvis.Query{Clauses: clauses}, Limit: limit}); ; {
				page, err := c.FindMatches(t.Context(), f)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				got = append(got, page...)
				if len(page) < limit {
					break
				}
				f.After = page[limit-1].Cursor()
			}
			same := slices.EqualFunc(got, want, func(a, b *jarvis.Match) bool { return a.ID == b.ID })
			if !same {
				t.Errorf("%s: %d are found in pages of %d, want %d, or in another order", name, len(got), limit, len(want))
			}
		}
	}
}
