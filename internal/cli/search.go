package cli

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/rivo/uniseg"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/config"
)

type searchCmd struct {
	Query  []string `arg:"" help:"What to look for."`
	Sort   string   `default:"time" enum:"time,relevance" placeholder:"time|relevance" help:"The newest first (time, the default), or the best of the newest 20,000."`
	Group  string   `default:"moment" enum:"moment,none" placeholder:"moment|none" help:"Captures of one window that follow each other are one result (moment, the default), or each is one."`
	Facets bool     `help:"Count what matches by app, device and day."`
	Limit  number   `default:"20" placeholder:"N" help:"At most this many results (default: 20)."`
	After  string   `placeholder:"CURSOR" help:"Go on after this result: what the page before said."`
}

// Help is the long help.
func (searchCmd) Help() string {
	return `Finds captures by the words in them and in the titles of their windows. Every text is a
query, all of whose terms must hold:

    invoice 2026                 both words, anywhere
    '"monthly report"'           words that follow each other
    invo*                        the beginning of a word
    invoice -draft               without a word
    invoice or receipt 2026      one of the two, and 2026
    app:firefox                  of apps whose name begins so; device: likewise
    title:inbox                  with the word in the window's title
    url:example.org              with these words in the page's address
    on:yesterday                 of a day; after:2026-01-01, before:3d
    monitor:1, has:text, is:pinned

Capital letters and accents do not matter. A dash before any term, as in -app:slack,
means that it must not hold. The shell takes one pair of quotation marks away: a phrase
needs another around it.

Captures of one window that follow each other are one result, with their number and
from when to when they were, shown by the newest of them.

Finding nothing is no failure: the exit status is 0. What is not read yet is not found;
then the number of captures that wait to be read is told.

Examples:

    jarvis search invoice 4711
    jarvis search '"release notes"' app:firefox after:3d
    jarvis search kernel or compiler -app:slack --sort relevance --facets
    jarvis search invoice --json | jq -r 'select(.capture) | .capture.id'
`
}

// Run searches.
func (cmd *searchCmd) Run(ctx context.Context, a *app) error {
	cfg, err := a.loadConfig()
	if err != nil {
		return err
	}
	if cmd.Limit < 1 {
		return jarvis.Errorf(jarvis.CodeInvalid, "--limit %d: a page has at least 1 result", cmd.Limit)
	}
	m, err := a.openMemory(ctx, cfg, needs{})
	if err != nil {
		return err
	}
	return errors.Join(cmd.search(ctx, a, cfg, m), m.close(ctx))
}

// searchSummary is what --json prints after the results.
type searchSummary struct {
	Understood string         `json:"understood"`
	Results    int64          `json:"results"`
	Unread     *int64         `json:"unread,omitempty"` // captures that wait to be read, when nothing was found
	Next       string         `json:"next,omitempty"`   // for --after
	Ranked     int            `json:"ranked,omitempty"`
	Partial    bool           `json:"partial,omitempty"`
	Facets     *jarvis.Facets `json:"facets,omitempty"`
}

func (cmd *searchCmd) search(ctx context.Context, a *app, cfg *config.Config, m memory) error {
	request := jarvis.SearchRequest{
		Query: strings.Join(cmd.Query, " "), Location: cfg.Location, Sort: jarvis.Sort(cmd.Sort),
		Group: jarvis.Grouping(cmd.Group), Facets: cmd.Facets, Cursor: cmd.After,
	}
	var sum searchSummary
	for {
		request.Limit = int(min(int64(cmd.Limit)-sum.Results, jarvis.MaxResults))
		page, err := m.Search(ctx, request)
		if err != nil {
			return err
		}
		if err := a.printResults(page.Results, cfg.Location); err != nil {
			return err
		}
		if request.Facets {
			sum.Facets = page.Facets
		}
		sum.Understood, sum.Next, sum.Ranked = page.Understood, page.Next, page.Ranked
		sum.Results += int64(len(page.Results))
		sum.Partial = sum.Partial || page.Partial
		request.Cursor, request.Facets = page.Next, false
		if page.Next == "" || sum.Results >= int64(cmd.Limit) {
			break
		}
	}
	if sum.Results == 0 && cmd.After == "" {
		return cmd.foundNothing(ctx, a, m, sum)
	}
	if a.json {
		return a.printJSON(sum)
	}
	a.printFacets(sum.Facets)
	if err := a.flush(); err != nil {
		return err
	}
	if sum.Ranked >= jarvis.MaxRanked {
		a.note("The newest %s captures that match were ranked.", countText(int64(sum.Ranked)))
	}
	if sum.Partial {
		a.note("There were too many captures to look at each: a moment may go on beyond what is shown of it.")
	}
	if sum.Next != "" {
		a.note("There are more: the same command with --after %s", sum.Next)
	}
	return nil
}

// foundNothing says why that may be.
func (cmd *searchCmd) foundNothing(ctx context.Context, a *app, m memory, sum searchSummary) error {
	status, err := m.ReadStatus(ctx, a.now())
	if err != nil {
		return err
	}
	unread := status.Waiting + status.Delayed + status.Leased
	if a.json {
		sum.Unread = &unread
		return a.printJSON(sum)
	}
	if sum.Understood == "" {
		a.note("Nothing is found.")
	} else {
		a.note("Nothing is found for: %s", sum.Understood)
	}
	switch {
	case unread > 0:
		a.note("%s still to be read: what they say is found once they are. %s says how far that is.", pluralVerb(unread, "capture is", "captures are"), a.command("ocr status"))
	case status.Read+status.Failed == 0:
		a.note("There are no captures yet: %s stores some.", a.command("add FILE"))
	}
	if status.Failed > 0 {
		a.note("%s not read, and found by title and address only.", pluralVerb(status.Failed, "capture could", "captures could"))
	}
	return nil
}

// pluralVerb returns "1 capture is" or "1,204 captures are".
func pluralVerb(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return countText(n) + " " + many
}

// foundResult is a result without its capture's text, which a search does not read.
type foundResult struct {
	Capture foundCapture `json:"capture"` // hides the field of SearchResult
	*jarvis.SearchResult
}

type foundCapture struct {
	*jarvis.Capture
	OCRText *string `json:"ocr_text,omitempty"` // hides the field of Capture, and is never set
}

// printResults writes results as JSON Lines, or for a person: when, how many
// captures, the app and the title, below that what matched, and the id.
func (a *app) printResults(results []*jarvis.SearchResult, loc *time.Location) error {
	for _, r := range results {
		if a.json {
			if err := a.printJSON(foundResult{foundCapture{Capture: r.Capture}, r}); err != nil {
				return err
			}
			continue
		}
		when := spanText(r.From, r.To, loc)
		rest := ""
		for _, text := range []string{momentText(r.Count), r.Capture.AppName, r.Capture.WindowTitle} {
			if text != "" {
				rest += "  " + plain(text)
			}
		}
		if width := a.width(); width > 0 {
			rest = truncate(rest, max(width-uniseg.StringWidth(when), 1))
		}
		a.printf("%s%s\n", a.style.bold(when), rest)
		if snippet := a.style.snippet(r.Snippet); snippet != "" {
			a.printf("  %s\n", snippet)
		}
		a.printf("  %s\n", a.style.faint(r.Capture.ID.String()))
	}
	return a.flush()
}

// momentText says how many captures a moment has, of more than one.
func momentText(captures int64) string {
	if captures < 2 {
		return ""
	}
	return plural(captures, "capture")
}

// spanText returns a time, or from when to when it was: the day once where it is
// the same.
func spanText(from, to time.Time, loc *time.Location) string {
	first, last := timeText(from, loc), timeText(to, loc)
	if first == last {
		return first
	}
	if day := len("2006-01-02"); first[:day] == last[:day] {
		last = last[day+1:]
	}
	return first + " – " + last
}

// snippet returns a snippet with its marks in colour.
func (s style) snippet(from jarvis.Snippet) styled {
	var b strings.Builder
	end := 0
	for _, m := range from.Marks {
		b.WriteString(plain(from.Text[end:m.Start]))
		b.WriteString(string(s.wrap("1;31", from.Text[m.Start:m.End])))
		end = m.End
	}
	b.WriteString(plain(from.Text[end:]))
	return styled(b.String())
}

// facetRows is how many values of a facet a person is shown.
const facetRows = 10

// printFacets writes counts for a person.
func (a *app) printFacets(f *jarvis.Facets) {
	if f == nil {
		return
	}
	t := table{columns: []column{{title: "CAPTURES", right: true}, {title: "OF"}, {title: "NAME", shrink: 12}}}
	for _, facet := range []struct {
		name   string
		counts []jarvis.FacetCount
	}{{"app", f.Apps}, {"device", f.Devices}, {"day", f.Days}} {
		for i, one := range facet.counts {
			if i == facetRows {
				t.add("", facet.name, "and "+countText(int64(len(facet.counts)-facetRows))+" more")
				break
			}
			t.add(countText(one.Count), facet.name, one.Value)
		}
	}
	more := ""
	if f.More {
		more = "+"
	}
	t.add(countText(f.Total)+more, "all", "")
	a.printf("\n")
	t.print(a.console, true)
}

// searchArguments puts the words of a search after "--", in their order, so that
// one with a dash before it is none of the flags. Other commands are left alone.
func searchArguments(root *kong.Node, args []string) []string {
	at := slices.IndexFunc(root.Children, func(n *kong.Node) bool { return n.Name == "search" })
	if at < 0 {
		return args
	}
	known := slices.Concat(root.Flags, root.Children[at].Flags)
	var flags, words []string
	command := false
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			words = append(words, args[i+1:]...)
			i = len(args)
		case strings.HasPrefix(arg, "--"):
			flags = append(flags, arg)
			if takesValue(known, arg) && i+1 < len(args) {
				i++
				flags = append(flags, args[i])
			}
		case isShortFlag(known, arg):
			flags = append(flags, arg)
		case command:
			words = append(words, arg)
		case arg == "search":
			command = true
			flags = append(flags, arg)
		default:
			return args
		}
	}
	if !command || len(words) == 0 {
		return args
	}
	return append(append(flags, "--"), words...)
}

// takesValue reports whether the next argument is the value of a flag.
func takesValue(known []*kong.Flag, arg string) bool {
	i := slices.IndexFunc(known, func(f *kong.Flag) bool { return "--"+f.Name == arg })
	return i >= 0 && !known[i].IsBool() && !known[i].IsCounter()
}

func isShortFlag(known []*kong.Flag, arg string) bool {
	return slices.ContainsFunc(known, func(f *kong.Flag) bool { return f.Short != 0 && "-"+string(f.Short) == arg })
}
