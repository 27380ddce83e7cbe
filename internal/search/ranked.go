package search

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// maxRankedMoments is how many of the best matches are taken together as moments.
const maxRankedMoments = 2000

// ranked returns a page of the best results.
func (j *job) ranked(ctx context.Context) ([]*moment, error) {
	if j.cursor.kind == 0 {
		asOf, err := j.asOf(ctx)
		if err != nil || asOf.IsZero() {
			return nil, err
		}
		j.cursor.asOf = asOf
	}
	f := jarvis.MatchFilter{
		Query: within(j.query, time.Time{}, j.cursor.asOf.Add(time.Microsecond)),
		Sort:  jarvis.SortRelevance,
		Skip:  j.cursor.skip,
		Limit: j.limit + 1,
	}
	grouped := j.request.Group != jarvis.GroupNone
	if grouped {
		f.Skip, f.Limit = 0, maxRankedMoments
	}
	matches, err := j.index.FindMatches(ctx, f)
	if err != nil || len(matches) == 0 {
		return nil, err
	}
	j.page.Ranked = matches[0].Ranked
	moments, kind := single(matches), byte(kindRanked)
	if grouped {
		moments, kind = rankMoments(matches, j.request.Group), kindRankedMoments
		j.page.Partial = len(matches) == maxRankedMoments && j.page.Ranked > maxRankedMoments
		moments = moments[min(j.cursor.skip, len(moments)):]
	}
	if len(moments) > j.limit {
		moments = moments[:j.limit]
		j.page.Next = cursor{kind: kind, group: j.request.Group, asOf: j.cursor.asOf, skip: j.cursor.skip + j.limit}.String()
	}
	return moments, nil
}

// asOf returns the time of the newest match, zero when there is none. Pages leave
// out what comes later, so that it does not move the rest.
func (j *job) asOf(ctx context.Context) (time.Time, error) {
	newest, err := j.index.FindMatches(ctx, jarvis.MatchFilter{Query: j.query, Limit: 1})
	if err != nil || len(newest) == 0 {
		return time.Time{}, err
	}
	return newest[0].Timestamp, nil
}

// rankMoments makes moments, or sessions, of matches, those with the best capture first.
func rankMoments(matches []*jarvis.Match, group jarvis.Grouping) []*moment {
	byTime := slices.Clone(matches)
	slices.SortStableFunc(byTime, func(a, b *jarvis.Match) int {
		return cmp.Or(b.Timestamp.Compare(a.Timestamp), strings.Compare(b.ID.String(), a.ID.String()))
	})
	var moments []*moment
	g := newGrouper(group)
	for _, m := range byTime {
		if moment, isNew := g.add(m); isNew {
			moments = append(moments, moment)
		}
	}
	slices.SortStableFunc(moments, func(a, b *moment) int { return cmp.Compare(b.score, a.score) })
	return moments
}
