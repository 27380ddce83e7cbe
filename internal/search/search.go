// Package search is the use case of finding captures: it understands a query,
// asks the index, and makes results of what matches: moments, snippets, places on
// the image, counts.
package search

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/query"
)

// Catalog is what a search needs of jarvis.Catalog.
type Catalog interface {
	FindCapture(ctx context.Context, id jarvis.ID) (*jarvis.Capture, error)
	FindCaptures(ctx context.Context, f jarvis.CaptureFilter) ([]*jarvis.Capture, error)
	Stats(ctx context.Context) (jarvis.CatalogStats, error)
}

// DefaultTimeout is how long a search may take when nobody said.
const DefaultTimeout = 5 * time.Second

// Options are what a Service works with. Index, Readings and Catalog are
// required, and are usually one thing.
type Options struct {
	Index    jarvis.Index
	Readings jarvis.Readings
	Catalog  Catalog
	Coverage jarvis.Coverage       // what Explain knows of times without captures; nil for nothing
	Mask     func(*jarvis.Reading) // replaces secrets before Reindex makes a document of a text; nil masks nothing
	Now      func() time.Time      // nil means time.Now
	Timeout  time.Duration         // of one search; 0 means DefaultTimeout, less than 0 none
}

// Service finds captures. Its methods may be called concurrently.
type Service struct {
	index    jarvis.Index
	readings jarvis.Readings
	catalog  Catalog
	coverage jarvis.Coverage
	mask     func(*jarvis.Reading)
	now      func() time.Time
	timeout  time.Duration
	look     int // matches that a page of moments looks at
}

// New returns a service.
func New(o Options) *Service {
	s := &Service{index: o.Index, readings: o.Readings, catalog: o.Catalog, coverage: o.Coverage, mask: o.Mask, now: o.Now, timeout: cmp.Or(o.Timeout, DefaultTimeout), look: maxLook}
	if s.now == nil {
		s.now = time.Now
	}
	return s
}

// Search returns a page of results. Every query is understood, see
// query.Parse; a cursor that is none, a limit out of range and an unknown order
// are CodeInvalid. A search that takes longer than it may is ended, in the
// database too, and is CodeTimeout.
func (s *Service) Search(ctx context.Context, r jarvis.SearchRequest) (*jarvis.SearchPage, error) {
	j, err := s.job(r)
	if err != nil {
		return nil, err
	}
	err = s.limited(ctx, func(ctx context.Context) error {
		if err := s.resolve(ctx, j.query); err != nil {
			return err
		}
		return j.run(ctx)
	})
	if err != nil {
		return nil, err
	}
	return &j.page, nil
}

// job is one search.
type job struct {
	*Service
	query   jarvis.Query
	request jarvis.SearchRequest
	cursor  cursor
	limit   int
	page    jarvis.SearchPage
}

// job checks a request.
func (s *Service) job(r jarvis.SearchRequest) (*job, error) {
	j := &job{Service: s, request: r, limit: cmp.Or(r.Limit, jarvis.DefaultResults)}
	if j.limit < 1 || j.limit > jarvis.MaxResults {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "a page of results holds 1 to %d, not %d", jarvis.MaxResults, j.limit)
	}
	j.query = query.Parse(r.Query, s.now(), r.Location)
	if j.request.Sort = cmp.Or(r.Sort, jarvis.SortTime); r.Sort == jarvis.SortAuto {
		j.request.Sort = autoSort(j.query)
	}
	if sort := j.request.Sort; sort != jarvis.SortTime && sort != jarvis.SortRelevance {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "%.40q is no order of results: use %s, %s or %s", string(sort), jarvis.SortTime, jarvis.SortRelevance, jarvis.SortAuto)
	}
	j.request.Group = cmp.Or(r.Group, jarvis.GroupNone)
	if g := j.request.Group; g != jarvis.GroupNone && g != jarvis.GroupMoments && g != jarvis.GroupSessions {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "%.40q does not say which captures are one result: use %s, %s or %s", string(g), jarvis.GroupNone, jarvis.GroupMoments, jarvis.GroupSessions)
	}
	var err error
	if j.cursor, err = parseCursor(r.Cursor, j.request.Sort, j.request.Group); err != nil {
		return nil, err
	}
	j.page = jarvis.SearchPage{
		Results: []*jarvis.SearchResult{}, Understood: query.String(j.query), Terms: terms(j.query), Sort: j.request.Sort,
	}
	return j, nil
}

// run fills the page.
func (j *job) run(ctx context.Context) error {
	var newest []*jarvis.Match
	if j.request.Facets {
		var err error
		if newest, err = j.count(ctx); err != nil {
			return err
		}
	}
	var (
		moments []*moment
		err     error
	)
	switch {
	case j.request.Sort == jarvis.SortRelevance:
		moments, err = j.ranked(ctx)
	case j.request.Group != jarvis.GroupNone:
		moments, err = j.moments(ctx, newest)
	default:
		moments, err = j.frames(ctx)
	}
	if err != nil {
		return err
	}
	return j.show(ctx, moments)
}

// frames returns a page of captures, the newest first, each as a moment of its own.
func (j *job) frames(ctx context.Context) ([]*moment, error) {
	matches, err := j.index.FindMatches(ctx, jarvis.MatchFilter{Query: j.query, After: j.cursor.at, Limit: j.limit + 1})
	if err != nil {
		return nil, err
	}
	if len(matches) > j.limit {
		matches = matches[:j.limit]
		j.page.Next = cursor{kind: kindFrames, at: matches[j.limit-1].Cursor()}.String()
	}
	return single(matches), nil
}

// errTooLong is the cause of a context that ended because of the time limit.
var errTooLong = &jarvis.Error{Code: jarvis.CodeTimeout}

// limited calls f with a context that ends when the time is over.
func (s *Service) limited(ctx context.Context, f func(context.Context) error) error {
	if s.timeout < 0 {
		return f(ctx)
	}
	limited, cancel := context.WithTimeoutCause(ctx, s.timeout, errTooLong)
	defer cancel()
	err := f(limited)
	if err != nil && errors.Is(context.Cause(limited), errTooLong) {
		return &jarvis.Error{
			Code: jarvis.CodeTimeout,
			Op:   "search",
			Message: "the search took longer than " + s.timeout.String() +
				" and was ended: look for more words, for longer beginnings of words, or in less time, such as after:30d",
			Err: err,
		}
	}
	return err
}

// resolve sets the names that the patterns of a query mean.
func (s *Service) resolve(ctx context.Context, q jarvis.Query) error {
	known := make(map[jarvis.AtomKind][]string)
	for _, clause := range q.Clauses {
		for i := range clause {
			a := &clause[i]
			kind := jarvis.NameApp
			switch a.Kind {
			case jarvis.AtomApp:
			case jarvis.AtomDevice:
				kind = jarvis.NameDevice
			default:
				continue
			}
			names, ok := known[a.Kind]
			if !ok {
				var err error
				if names, err = s.index.FindNames(ctx, kind); err != nil {
					return err
				}
				known[a.Kind] = names
			}
			for _, name := range names {
				if query.FindName(a.Pattern, name) >= 0 {
					a.Names = append(a.Names, name)
				}
			}
		}
	}
	return nil
}

// within returns q restricted to the times [from, to); a zero time leaves that
// side open.
func within(q jarvis.Query, from, to time.Time) jarvis.Query {
	if from.IsZero() && to.IsZero() {
		return q
	}
	clauses := make([]jarvis.Clause, 0, len(q.Clauses)+1)
	clauses = append(clauses, q.Clauses...)
	return jarvis.Query{Clauses: append(clauses, jarvis.Clause{{Kind: jarvis.AtomTime, From: from, To: to}})}
}
