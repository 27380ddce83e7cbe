package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jarvis-memory/jarvis"
)

// Search finds captures for the page of a search. *search.Service is one; the methods
// are described there.
type Search interface {
	Search(ctx context.Context, r jarvis.SearchRequest) (*jarvis.SearchPage, error)
	Explain(ctx context.Context, r jarvis.SearchRequest) (*jarvis.Explanation, error)
}

// sessionsPerPage is how many sessions a page shows.
const sessionsPerPage = 20

// asked is what the address of a search asks for.
type asked struct {
	query  string
	sort   jarvis.Sort // SortAuto where the address does not say
	cursor string
	zone   *time.Location
	tz     string // as in the address
}

// searchData is what the page of a search shows.
type searchData struct {
	Query, Understood string
	Sorts             []choice
	Chips             []chip
	Cards             []card
	Facets            *facetsData
	Summary           string
	Notes             []string
	Next, First       string // addresses of pages; empty for none
	Zero              *zeroData
	Failure           *failureData
	Examples          []example
	Data              searchScript
}

// choice is one of several links, of which one is what is shown.
type choice struct {
	Text, Href string
	Current    bool
}

// chip is a condition of the query, with the address of the search without it.
type chip struct{ Text, Href string }

// example is a query that shows what can be asked.
type example struct{ Query, Href, About string }

// searchScript is what the page's scripts know when they begin.
type searchScript struct {
	Zone    string       `json:"zone"`
	Now     int64        `json:"now"`
	Own     bool         `json:"own"`
	Query   string       `json:"query"` // as it was understood
	Results []cardScript `json:"results"`
}

// failureData says that a search was not done, and what to do.
type failureData struct{ Title, Detail, Text, Href string }

// search answers with the page of a search, and returns how many results it shows.
func (p *Pages) search(w http.ResponseWriter, r *http.Request, principal jarvis.Principal, _ bool) (int64, error) {
	m, err := p.moment(r)
	if err != nil {
		return 0, err
	}
	a := &asked{query: strings.TrimSpace(m.words), sort: jarvis.SortAuto, zone: m.zone, tz: r.URL.Query().Get("tz"), cursor: r.URL.Query().Get("cursor")}
	switch sort := jarvis.Sort(r.URL.Query().Get("sort")); sort {
	case jarvis.SortTime, jarvis.SortRelevance:
		a.sort = sort
	}
	d := &searchData{Query: a.query, Data: searchScript{
		Zone: m.zone.String(), Now: p.now().UnixMicro(), Own: principal.Own, Results: []cardScript{},
	}}
	status := http.StatusOK
	switch {
	case p.o.Search == nil:
		return 0, jarvis.Errorf(jarvis.CodeNotFound, "this server does not search")
	case a.query == "":
		d.Examples = a.examples()
	default:
		if status, err = p.fillSearch(r.Context(), d, a); err != nil {
			return 0, err
		}
	}
	return int64(len(d.Cards)), p.show(w, r, status, "search.html", d)
}

// fillSearch does the search, and returns the status of its answer. A search that
// took too long, or cannot go on, is told on the page, where the query can be changed.
func (p *Pages) fillSearch(ctx context.Context, d *searchData, a *asked) (int, error) {
	request := jarvis.SearchRequest{
		Query: a.query, Location: a.zone, Sort: a.sort, Group: jarvis.GroupSessions,
		Facets: true, Limit: sessionsPerPage, Cursor: a.cursor,
	}
	found, err := p.o.Search.Search(ctx, request)
	switch jarvis.ErrorCode(err) {
	case "":
	case jarvis.CodeTimeout:
		d.Failure = &failureData{"This search took too long", sentence(message(err)), "Search the last 30 days only", a.href(a.query + " after:30d")}
		return http.StatusGatewayTimeout, nil
	case jarvis.CodeInvalid:
		if a.cursor == "" {
			return 0, err
		}
		a.cursor = ""
		d.Failure = &failureData{"This page of results is gone", sentence(message(err)), "Begin with the first page", a.href(a.query)}
		return http.StatusBadRequest, nil
	default:
		return 0, err
	}
	d.describeSearch(a, found)
	if len(found.Results) > 0 {
		return http.StatusOK, nil
	}
	if a.cursor != "" {
		d.Failure = &failureData{"There are no more results", "What was on this page is gone, or was never there.", "Begin with the first page", a.href(a.query)}
		return http.StatusOK, nil
	}
	explained, err := p.o.Search.Explain(ctx, request)
	if err != nil {
		return 0, err
	}
	d.Zero = a.zero(explained)
	return http.StatusOK, nil
}

// message returns what an error says to a person.
func message(err error) string {
	if e, ok := errors.AsType[*jarvis.Error](err); ok {
		return e.Message
	}
	return "nobody said why"
}

// sentence makes a sentence of an error's message.
func sentence(message string) string {
	first, size := utf8.DecodeRuneInString(message)
	if size == 0 {
		return ""
	}
	return strings.ToUpper(string(first)) + strings.TrimSuffix(message[size:], ".") + "."
}

// describeSearch writes what was found.
func (d *searchData) describeSearch(a *asked, found *jarvis.SearchPage) {
	d.Understood = found.Understood
	d.Data.Query = found.Understood
	for _, sort := range []struct {
		sort jarvis.Sort
		text string
	}{{jarvis.SortRelevance, "Best match"}, {jarvis.SortTime, "Newest"}} {
		d.Sorts = append(d.Sorts, choice{sort.text, a.sorted(sort.sort), found.Sort == sort.sort})
	}
	for _, term := range found.Terms {
		if term.Filter {
			d.Chips = append(d.Chips, chip{clip(term.Query, 80), a.href(term.Without)})
		}
	}
	for _, result := range found.Results {
		d.Cards = append(d.Cards, a.card(result, found))
		d.Data.Results = append(d.Data.Results, a.cardScript(result))
	}
	if found.Next != "" {
		d.Next = a.at(found.Next, found.Sort)
	}
	if a.cursor != "" {
		d.First = a.sorted(found.Sort)
	}
	if f := found.Facets; f != nil && f.Total > 0 {
		d.Facets = a.facets(f, found)
		d.Summary = captures(f.Total) + " found"
		if f.More {
			d.Summary = "More than " + captures(f.Total) + " found"
			d.Notes = append(d.Notes, "The numbers below are of the newest "+grouped(f.Total)+".")
		}
	}
	if found.Sort == jarvis.SortRelevance && found.Ranked >= jarvis.MaxRanked {
		d.Notes = append(d.Notes, "The best of the newest "+grouped(int64(found.Ranked))+" are shown.")
	}
	if found.Partial {
		d.Notes = append(d.Notes, "There are very many: a session on this page may be longer than it says.")
	}
}

// values returns the query of the address of a search.
func (a *asked) values(query string) url.Values {
	v := url.Values{"q": {query}}
	if a.tz != "" {
		v.Set("tz", a.tz)
	}
	return v
}

// href returns the address of another search: in the same order, from the beginning.
func (a *asked) href(query string) string {
	v := a.values(query)
	if a.sort != jarvis.SortAuto {
		v.Set("sort", string(a.sort))
	}
	if query == "" {
		v.Del("q")
	}
	return "/search?" + v.Encode()
}

// sorted returns the address of this search in an order.
func (a *asked) sorted(sort jarvis.Sort) string {
	v := a.values(a.query)
	v.Set("sort", string(sort))
	return "/search?" + v.Encode()
}

// at returns the address of another page of this search.
func (a *asked) at(cursor string, sort jarvis.Sort) string {
	v := a.values(a.query)
	v.Set("sort", string(sort))
	v.Set("cursor", cursor)
	return "/search?" + v.Encode()
}

// examples are what an empty search shows.
func (a *asked) examples() []example {
	all := []example{
		{Query: `"quarterly report"`, About: "words that follow each other"},
		{Query: "invoice -draft", About: "a word without another"},
		{Query: "app:firefox on:yesterday", About: "an app, on one day"},
		{Query: "title:inbox after:7d", About: "a word of a window's title, in the last week"},
		{Query: "is:pinned", About: "what you pinned"},
	}
	for i := range all {
		all[i].Href = a.href(all[i].Query)
	}
	return all
}

// captures writes a number of captures.
func captures(n int64) string {
	if n == 1 {
		return "1 capture"
	}
	return grouped(n) + " captures"
}

// grouped writes a number with its thousands apart.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// clip returns the beginning of a text of so many characters.
func clip(text string, most int) string {
	count := 0
	for i := range text {
		if count++; count > most {
			return text[:i] + "…"
		}
	}
	return text
}
