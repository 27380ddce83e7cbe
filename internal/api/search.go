package api

import (
	"context"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// Search finds captures by what they say. *search.Service is one; the methods are
// described there. An error of CodeTimeout says that a search took too long, and
// what to do; it does not quote the query.
type Search interface {
	Search(ctx context.Context, r jarvis.SearchRequest) (*jarvis.SearchPage, error)
	Text(ctx context.Context, id jarvis.ID) (*jarvis.CaptureText, error)
	Hits(found *jarvis.CaptureText, query string) []jarvis.Hit
	Suggest(ctx context.Context, text string, limit int) ([]jarvis.Suggestion, error)
	Explain(ctx context.Context, r jarvis.SearchRequest) (*jarvis.Explanation, error)
}

const searchAbout = "Finds captures by the words in them. Any text is a query: words, which must all be there, \"a phrase\", pre*, -without, one or another, app:, title:, device:, monitor:, url:, before:, after:, on:, has:text, is:pinned. One that takes too long is ended, and answered 504."

// maxQuery is how much of a query is looked at, in bytes.
const maxQuery = 8 << 10

// queryText makes what a person typed fit to be looked at: any bytes are.
func queryText(text string) string { return jarvis.CleanText(text, maxQuery) }

type searchInput struct {
	Query  string `query:"q" doc:"What to look for; everything when it is left out. What is beyond 8 KiB is passed over."`
	Sort   string `query:"sort" enum:"time,relevance,auto" default:"time" doc:"The newest first, or the best of the newest 20000 first; auto is the latter where words are looked for."`
	Group  string `query:"group" enum:"moment,session,none" default:"moment" doc:"Which captures that follow each other are one result: those of one window, within five minutes; those of one monitor, less than two minutes apart; none."`
	Facets bool   `query:"facets" default:"false" doc:"Whether to count apps, devices and days."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"Results per page."`
	Cursor string `query:"cursor" maxLength:"4096" doc:"Of the previous page."`
	Zone   string `query:"tz" maxLength:"60" doc:"The time zone of the dates in the query and of the facets; UTC when it is left out."`
}

// searchPlaces returns how many of the maxSearches places a search takes, by the
// matches that it holds at once, each with its title and its address: up to 10000 to
// count, 5000 to find where a moment begins, or a page. So all searches together hold
// at most 40000.
func searchPlaces(in *searchInput) int64 {
	switch {
	case in.Facets:
		return 4
	case in.Group != "none":
		return 2
	}
	return 1
}

type searchOutput struct{ Body *jarvis.SearchPage }

func (s *Server) search(ctx context.Context, in *searchInput) (*searchOutput, error) {
	zone, err := zoneOf(in.Zone)
	if err != nil {
		return nil, err
	}
	if s.o.Search == nil {
		return nil, errNoSearch()
	}
	place, err := s.searching.take(ctx, searchPlaces(in))
	if err != nil {
		return nil, err
	}
	defer s.searching.give(place)
	began := time.Now()
	found, err := s.o.Search.Search(ctx, jarvis.SearchRequest{
		Query: queryText(in.Query), Location: zone, Sort: jarvis.Sort(in.Sort), Group: jarvis.Grouping(in.Group),
		Facets: in.Facets, Limit: in.Limit, Cursor: in.Cursor,
	})
	s.metrics.searched(time.Since(began), err)
	if err != nil {
		return nil, err
	}
	found.Results = append([]*jarvis.SearchResult{}, found.Results...) // null is no list
	for _, result := range found.Results {
		show(result.Capture)
	}
	s.record(ctx, jarvis.ActionSearch, int64(len(found.Results)))
	return &searchOutput{found}, nil
}

// errNoSearch is the error of a server that was made without a search.
func errNoSearch() error {
	return jarvis.Errorf(jarvis.CodeNotFound, "this server does not search")
}

type textInput struct {
	ID    captureID `path:"id" doc:"The capture's UUID."`
	Query string    `query:"q" doc:"Tell where the text has what this query looks for."`
}

type textOutput struct{ Body capturedText }

// capturedText is what was read in a capture.
type capturedText struct {
	ID       jarvis.ID        `json:"id"`
	State    jarvis.TextState `json:"state" enum:"waiting,read,failed" doc:"One that is read anew is waiting, and keeps its text."`
	Reason   string           `json:"reason" doc:"Why it was set aside, or why it failed last; mostly empty."`
	Text     *string          `json:"text" doc:"Null until there is one. Lines end with a line feed, and an empty line is between the panels of a screen."`
	Language string           `json:"language" doc:"As the engine names it; empty when it is not known."`
	Engine   string           `json:"engine" doc:"That read it; empty for text that came otherwise."`
	Masked   int              `json:"masked" doc:"Secrets in the text that were replaced, and not kept."`
	ReadAt   *time.Time       `json:"read_at" doc:"Null when it is not known."`
	Words    []textWord       `json:"words" nullable:"false" doc:"In the order of the text; none for text that came without places."`
	// Hits is nil where no query was given.
	Hits *[]jarvis.Hit `json:"hits,omitempty" doc:"What the query matches, in order: the first 2000. Absent without a query."`
}

// textWord is a word with its text.
type textWord struct {
	Text       string     `json:"text"`
	Start      int        `json:"start" doc:"Of the word in the text, in bytes of UTF-8."`
	End        int        `json:"end"`
	Box        jarvis.Box `json:"box" doc:"In pixels of the image."`
	Confidence int        `json:"confidence" minimum:"0" maximum:"100"`
	Masked     bool       `json:"masked" doc:"A secret stood there: show the place blurred."`
}

func (s *Server) getText(ctx context.Context, in *textInput) (*textOutput, error) {
	if s.o.Search == nil {
		return nil, errNoSearch()
	}
	found, err := s.o.Search.Text(ctx, in.ID.ID)
	if err != nil {
		return nil, err
	}
	out := &textOutput{capturedText{ID: in.ID.ID, State: found.State, Reason: found.Reason, Text: found.Capture.OCRText, Words: []textWord{}}}
	if r := found.Reading; r != nil {
		out.Body.Language, out.Body.Engine, out.Body.Masked, out.Body.ReadAt = r.Language, r.Engine, r.Masked, &r.ReadAt
		for _, w := range r.Words {
			out.Body.Words = append(out.Body.Words, textWord{r.Text[w.Start:w.End], w.Start, w.End, w.Box, w.Confidence, w.Masked})
		}
	}
	if in.Query != "" {
		out.Body.Hits = new(s.o.Search.Hits(found, queryText(in.Query)))
	}
	s.record(ctx, jarvis.ActionView, 1)
	return out, nil
}

type explainInput struct {
	Query string `query:"q" doc:"As it was searched for."`
	Zone  string `query:"tz" maxLength:"60" doc:"The time zone of the dates in the query; UTC when it is left out."`
}

type explainOutput struct{ Body *jarvis.Explanation }

// explainPlaces is how many of the maxSearches places an explanation takes: it looks
// at no more than a thousand matches at once, and at some texts.
const explainPlaces = 2

func (s *Server) explain(ctx context.Context, in *explainInput) (*explainOutput, error) {
	zone, err := zoneOf(in.Zone)
	if err != nil {
		return nil, err
	}
	if s.o.Search == nil {
		return nil, errNoSearch()
	}
	place, err := s.searching.take(ctx, explainPlaces)
	if err != nil {
		return nil, err
	}
	defer s.searching.give(place)
	found, err := s.o.Search.Explain(ctx, jarvis.SearchRequest{Query: queryText(in.Query), Location: zone})
	if err != nil {
		return nil, err
	}
	s.record(ctx, jarvis.ActionSearch, 0)
	return &explainOutput{found}, nil
}

type suggestInput struct {
	Query string `query:"q" doc:"The beginning of what is looked for."`
	Limit int    `query:"limit" minimum:"1" maximum:"50" default:"10"`
}

type suggestOutput struct{ Body page[jarvis.Suggestion] }

func (s *Server) suggest(ctx context.Context, in *suggestInput) (*suggestOutput, error) {
	if s.o.Search == nil {
		return nil, errNoSearch()
	}
	place, err := s.searching.take(ctx, 1)
	if err != nil {
		return nil, err
	}
	defer s.searching.give(place)
	found, err := s.o.Search.Suggest(ctx, queryText(in.Query), in.Limit)
	if err != nil {
		return nil, err
	}
	s.record(ctx, jarvis.ActionSearch, 0)
	return &suggestOutput{page[jarvis.Suggestion]{Items: append([]jarvis.Suggestion{}, found...)}}, nil
}
