package search

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/query"
)

// count fills the facets, and returns the newest matches that it counted: as many as
// a page of moments looks at.
func (j *job) count(ctx context.Context) ([]*jarvis.Match, error) {
	f := jarvis.MatchFilter{Query: j.query, Limit: jarvis.MaxFacetMatches}
	matches, err := j.index.FindMatches(ctx, f)
	if err != nil {
		return nil, err
	}
	loc := j.request.Location
	if loc == nil {
		loc = time.UTC
	}
	apps, devices, days := make(map[string]int64), make(map[string]int64), make(map[string]int64)
	for _, m := range matches {
		apps[m.AppName]++
		devices[m.Device]++
		days[m.Timestamp.In(loc).Format(time.DateOnly)]++
	}
	j.page.Facets = &jarvis.Facets{
		Total:   int64(len(matches)),
		Apps:    asking(suggestApp, mostFirst(apps)),
		Devices: asking(suggestDevice, mostFirst(devices)),
		Days:    asking("on", newestFirst(days)),
	}
	if len(matches) == f.Limit {
		f.After, f.Limit = matches[len(matches)-1].Cursor(), 1
		more, err := j.index.FindMatches(ctx, f)
		if err != nil {
			return nil, err
		}
		j.page.Facets.More = len(more) > 0
	}
	return slices.Clone(matches[:min(len(matches), j.look)]), nil // the rest is garbage
}

// asking sets the terms that ask for the values of a field.
func asking(field string, counts []jarvis.FacetCount) []jarvis.FacetCount {
	for i := range counts {
		if c := &counts[i]; c.Value != "" {
			c.Query = query.Term(field, c.Value)
		}
	}
	return counts
}

func mostFirst(counts map[string]int64) []jarvis.FacetCount {
	return sorted(counts, func(a, b jarvis.FacetCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value))
	})
}

func newestFirst(counts map[string]int64) []jarvis.FacetCount {
	return sorted(counts, func(a, b jarvis.FacetCount) int { return strings.Compare(b.Value, a.Value) })
}

func sorted(counts map[string]int64, order func(a, b jarvis.FacetCount) int) []jarvis.FacetCount {
	facet := make([]jarvis.FacetCount, 0, len(counts))
	for value := range maps.Keys(counts) {
		facet = append(facet, jarvis.FacetCount{Value: value, Count: counts[value]})
	}
	slices.SortFunc(facet, order)
	return facet
}
