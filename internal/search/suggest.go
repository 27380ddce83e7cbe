package search

import (
	"cmp"
	"context"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/query"
)

// The suggestions of a request that does not say, and at most.
const (
	DefaultSuggestions = 10
	MaxSuggestions     = 50
)

// recentTitles is how many captures, the newest, titles are taken from.
const recentTitles = 500

// The kinds of a suggestion, and the fields of a query that they are for.
const (
	suggestApp    = "app"
	suggestDevice = "device"
	suggestTitle  = "title"
)

// Suggest completes the last term of a query that is being typed, by at most limit
// names of apps and devices and titles of recent captures; those that begin with
// what was typed come first. A limit of 0 means DefaultSuggestions. The time limit
// is that of a search.
func (s *Service) Suggest(ctx context.Context, text string, limit int) ([]jarvis.Suggestion, error) {
	limit = cmp.Or(limit, DefaultSuggestions)
	if limit < 1 || limit > MaxSuggestions {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "suggestions are 1 to %d, not %d", MaxSuggestions, limit)
	}
	field, value := query.LastTerm(text)
	c := completion{typed: value}
	if field == "" && value == "" {
		return c.best(limit), nil
	}
	err := s.limited(ctx, func(ctx context.Context) error {
		for _, kind := range []string{suggestApp, suggestDevice, suggestTitle} {
			if field != "" && field != kind {
				continue
			}
			values, err := s.values(ctx, kind)
			if err != nil {
				return err
			}
			c.add(kind, values)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c.best(limit), nil
}

// values returns what a field of captures has.
func (s *Service) values(ctx context.Context, kind string) ([]string, error) {
	switch kind {
	case suggestApp:
		return s.index.FindNames(ctx, jarvis.NameApp)
	case suggestDevice:
		return s.index.FindNames(ctx, jarvis.NameDevice)
	}
	captures, err := s.catalog.FindCaptures(ctx, jarvis.CaptureFilter{Limit: recentTitles})
	if err != nil {
		return nil, err
	}
	var titles []string
	seen := map[string]bool{"": true}
	for _, c := range captures {
		if !seen[c.WindowTitle] {
			seen[c.WindowTitle] = true
			titles = append(titles, c.WindowTitle)
		}
	}
	return titles, nil
}

// completion is what may follow what was typed.
type completion struct {
	typed         string
	begin, within []jarvis.Suggestion // with it at the beginning, and later
}

func (c *completion) add(kind string, values []string) {
	for _, value := range values {
		place := 0
		if c.typed != "" {
			place = query.FindName(c.typed, value)
		}
		suggestion := jarvis.Suggestion{Kind: kind, Value: value, Query: query.Term(kind, value)}
		switch {
		case place == 0:
			c.begin = append(c.begin, suggestion)
		case place > 0:
			c.within = append(c.within, suggestion)
		}
	}
}

func (c *completion) best(limit int) []jarvis.Suggestion {
	all := append(append([]jarvis.Suggestion{}, c.begin...), c.within...)
	return all[:min(limit, len(all))]
}
