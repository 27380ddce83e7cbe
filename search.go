package jarvis

import (
	"context"
	"time"
)

// A document is what full-text search knows of a capture: tokens with one blank
// between them, made by internal/query from the text in the image, the window's
// title and the page's address. A token is letters and digits, folded; its
// meaning may be marked by its first rune. The catalogues split documents at
// blanks and do nothing else to them, so that each finds the same.
const (
	// TitleMark begins a token of the window's title, which is there without it too.
	TitleMark = "\uE000"
	// URLMark begins a token of the page's address.
	URLMark = "\uE001"
	// DocumentGap is a token that no phrase reaches across.
	DocumentGap = "\uE002"
)

// The longest token of a document and the longest document, in bytes. PostgreSQL
// cannot index more than a megabyte, in which it has what stands for two tokens too.
const (
	MaxToken    = 256
	MaxDocument = 200_000
)

// Query is what a person looks for: every clause must hold. The zero Query holds
// for every capture.
type Query struct {
	Clauses []Clause
}

// Clause holds when one of its atoms does. It has at least one.
type Clause []Atom

// Atom is a condition on one capture.
type Atom struct {
	Kind AtomKind
	Not  bool // it must not hold

	// Tokens of an AtomWords follow each other in the document; at least one.
	// With Prefix the last is only the beginning of a token.
	Tokens []string
	Prefix bool

	// Pattern of an AtomApp or AtomDevice is what the person wrote. Catalogues
	// look at Names only, one of which it must be; none holds for nothing.
	Pattern string
	Names   []string

	Monitor  int       // of an AtomMonitor
	From, To time.Time // of an AtomTime, half-open; a zero time leaves that side open
}

// AtomKind is what an Atom is about.
type AtomKind int

// The kinds.
const (
	AtomWords   AtomKind = iota // the document: a word, a phrase, a prefix; one that was not read has none
	AtomApp                     // Capture.AppName
	AtomDevice                  // Capture.Device
	AtomMonitor                 // Capture.MonitorIndex
	AtomTime                    // Capture.Timestamp
	AtomText                    // has text in the image, not empty
	AtomPinned                  // is pinned
)

// Range returns the times outside of which nothing matches, by the clauses that
// are one AtomTime each. A zero time leaves that side open.
func (q Query) Range() (from, to time.Time) {
	for _, clause := range q.Clauses {
		if len(clause) != 1 || clause[0].Kind != AtomTime || clause[0].Not {
			continue
		}
		a := clause[0]
		if a.From.After(from) {
			from = a.From
		}
		if !a.To.IsZero() && (to.IsZero() || a.To.Before(to)) {
			to = a.To
		}
	}
	return from, to
}

// Sort is the order of matches.
type Sort string

// The orders.
const (
	SortTime      Sort = "time"      // the newest first
	SortRelevance Sort = "relevance" // the best first, among the newest MaxRanked
	SortAuto      Sort = "auto"      // of a SearchRequest: SortRelevance where it looks for words, else SortTime
)

// MaxRanked is how many matches are ranked at most.
const MaxRanked = 20000

// MatchFilter is a query and a page of what it matches.
type MatchFilter struct {
	Query Query
	Sort  Sort   // "" is SortTime
	After Cursor // start after this position; with SortTime only
	Skip  int    // leave out so many of the best; with SortRelevance only
	Limit int    // 1 to MaxMatches
}

// MaxMatches is the most matches of a page.
const MaxMatches = 10000

// Page returns the matches per page, or CodeInvalid unless they are 1 to
// MaxMatches.
func (f *MatchFilter) Page() (int, error) {
	if f.Limit < 1 || f.Limit > MaxMatches {
		return 0, Errorf(CodeInvalid, "a page of matches holds 1 to %d, not %d", MaxMatches, f.Limit)
	}
	return f.Limit, nil
}

// Match is a capture that a query matches, without what is long.
type Match struct {
	ID           ID
	Timestamp    time.Time
	Device       string
	MonitorIndex int
	AppName      string
	WindowTitle  string
	URL          string
	Score        float64 // with SortRelevance: more is better, comparable within one page only
	Ranked       int     // with SortRelevance: how many matches were ranked, the same in each match of a page
}

// Cursor returns the position just after m.
func (m *Match) Cursor() Cursor { return Cursor{m.Timestamp, m.ID} }

// Document is the document of a capture.
type Document struct {
	ID    ID
	Words string
}

// NameKind is a field whose values are listed.
type NameKind int

// The kinds.
const (
	NameApp NameKind = iota
	NameDevice
)

// MaxNames is how many names are listed at most.
const MaxNames = 1000

// Index finds captures by what they say. It is implemented by every catalogue,
// with the promises of Catalog about concurrency, contexts and errors: a context
// that ends also ends the query in the database.
type Index interface {
	// FindMatches returns a page of the captures that a query matches. The newest
	// come first; captures of one microsecond are in an order of the catalogue's
	// own, which pages keep to.
	FindMatches(ctx context.Context, f MatchFilter) ([]*Match, error)

	// FindNames lists the distinct values, but for the empty one, of a field of
	// all captures, by name: the first MaxNames.
	FindNames(ctx context.Context, kind NameKind) ([]string, error)

	// FindDocumented returns a page of captures that have a document, with their
	// text, the newest first, starting after the given position.
	FindDocumented(ctx context.Context, after Cursor, limit int) ([]*Capture, error)

	// SetDocuments gives captures other documents, and records next as the position
	// of ReindexPosition, in one transaction. Captures that are gone, or have no
	// document, are left alone. The zero Cursor forgets the position.
	SetDocuments(ctx context.Context, documents []Document, next Cursor) error

	// ReindexPosition returns the position that the last SetDocuments recorded.
	ReindexPosition(ctx context.Context) (Cursor, error)

	// RebuildIndex makes the full-text index anew from the documents, beside the
	// one in use: captures are inserted, read and found meanwhile. Interrupted, it
	// leaves the one in use as it is; called again, it goes on where it was where the
	// database can, and else begins anew.
	RebuildIndex(ctx context.Context, progress Progress) error
}

// SearchRequest is a search as a person asks for it.
type SearchRequest struct {
	Query    string         // see internal/query
	Location *time.Location // of the dates in Query and of the facets; nil is UTC
	Sort     Sort           // "" is SortTime
	Group    Grouping       // "" is GroupNone
	Facets   bool           // count apps, devices and days
	Limit    int            // results per page, 1 to MaxResults; 0 means DefaultResults
	Cursor   string         // SearchPage.Next of the page before; empty for the first
}

// Grouping says which captures that match are shown as one result.
type Grouping string

// The groupings.
const (
	GroupNone     Grouping = "none"    // each is alone
	GroupMoments  Grouping = "moment"  // those of one window, none five minutes after the one before
	GroupSessions Grouping = "session" // those of one monitor, each less than two minutes after the one before
)

// The results per page: of a request that does not say, and at most.
const (
	DefaultResults = 20
	MaxResults     = 200
)

// SearchPage is a page of results.
type SearchPage struct {
	Results []*SearchResult `json:"items"`
	Next    string          `json:"next,omitempty"` // the cursor of the next page; empty on the last
	// Understood is the query as it was understood, in the same language.
	Understood string `json:"understood"`
	Terms      []Term `json:"terms"`            // the clauses of Understood, in order
	Sort       Sort   `json:"sort"`             // the order that it has: never SortAuto
	Ranked     int    `json:"ranked,omitempty"` // with SortRelevance, how many of the newest matches were ranked
	// Partial says that a group on this page may go on beyond it: there were too
	// many captures to look at.
	Partial bool    `json:"partial,omitempty"`
	Facets  *Facets `json:"facets,omitempty"`
}

// SearchResult is a capture that was found, or a group of such captures that follow
// each other, shown by the newest of them: see Grouping.
type SearchResult struct {
	Capture *Capture  `json:"capture"` // without its text
	Count   int64     `json:"count"`   // captures of the group that match
	From    time.Time `json:"from"`    // of the oldest of them
	To      time.Time `json:"to"`      // of the newest of them
	Snippet Snippet   `json:"snippet"`
	Boxes   []Box     `json:"boxes"` // of the words that match, in pixels of the image
	Title   []Mark    `json:"title"` // what matches in the capture's WindowTitle
	Score   float64   `json:"score,omitempty"`
}

// Snippet is a piece of a text, and the parts of it that match.
type Snippet struct {
	Text  string `json:"text"`
	Marks []Mark `json:"marks"` // in order, apart from each other
}

// Mark is the bytes [Start, End) of a text.
type Mark struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// Hit is what a query matches in a text, and where that is on the image.
type Hit struct {
	Mark
	Boxes []Box `json:"boxes"` // one for each word, in pixels of the image
}

// MaxHits is how many hits of a text are told.
const MaxHits = 2000

// MaxFacetMatches is how many matches facets count exactly.
const MaxFacetMatches = MaxMatches

// Facets count the matches of a query.
type Facets struct {
	Total   int64        `json:"total"` // at most MaxFacetMatches
	More    bool         `json:"more"`  // there are more than Total, which the counts leave out
	Apps    []FacetCount `json:"apps"`  // the most first
	Devices []FacetCount `json:"devices"`
	Days    []FacetCount `json:"days"` // the newest first
}

// FacetCount is one value of a facet.
type FacetCount struct {
	Value string `json:"value"`
	Count int64  `json:"count"`
	Query string `json:"query,omitempty"` // the term of a query that asks for it; empty for what has no name
}

// Term is a clause of a query.
type Term struct {
	Query   string `json:"query"`   // of this clause alone
	Without string `json:"without"` // the query without it
	Filter  bool   `json:"filter"`  // it asks for something else than words of the text
}

// Explanation says why a search found nothing, or little.
type Explanation struct {
	Understood string `json:"understood"` // as in SearchPage
	// Terms are the clauses of the query in order, at most MaxExplained.
	Terms []ExplainedTerm `json:"terms"`
	// There is how many captures there are that the query's conditions of time, device
	// and monitor hold for, at most MaxExplainedCount.
	There int64 `json:"there"`
	// Spellings are queries that find something, and differ from this one in the
	// spelling of one term: the closest first. Where there is none, it is the closest
	// spelling of a term without the others.
	Spellings []Spelling `json:"spellings"`
	From      time.Time  `json:"from,omitzero"` // of the time that the query is about; zero where it has no beginning
	To        time.Time  `json:"to,omitzero"`   // and no end
	// Spans are times within it without captures, as agents explained them: the
	// longest, at most MaxExplained.
	Spans   []Span `json:"spans"`
	Waiting int64  `json:"waiting"` // captures of any time whose text is still to be read
	Failed  int64  `json:"failed"`  // captures whose text could not be read
	// Partial says that there was no time to find out all of this, or too much to look at.
	Partial bool `json:"partial,omitempty"`
}

// The bounds of an Explanation.
const (
	MaxExplained      = 12
	MaxExplainedCount = 1000
)

// ExplainedTerm is a clause of a query that is explained. Counts are at most
// MaxExplainedCount.
type ExplainedTerm struct {
	Term
	Count int64 `json:"count"` // captures that it matches alone
	Rest  int64 `json:"rest"`  // captures that Without matches; 0 where there is no other clause
}

// Spelling is a query with another spelling of one of its terms.
type Spelling struct {
	Term  string `json:"term"`  // as it was
	Close string `json:"close"` // instead of it
	Query string `json:"query"` // with it
}

// Suggestion completes what a person types.
type Suggestion struct {
	Kind  string `json:"kind"`  // "app", "device" or "title"
	Value string `json:"value"` // as captures have it
	Query string `json:"query"` // the term of a query that finds it, such as app:"Text Editor"
}
