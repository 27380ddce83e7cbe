package web

import (
	"slices"
	"strconv"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// facetsData is what the results can be narrowed by.
type facetsData struct {
	Lists []facetList
	Bars  []bar // days, months or years, the oldest first
	Unit  string
}

// facetList is the values of one field, those that most captures have first.
type facetList struct {
	Name       string
	Some, More []facetValue
}

// facetValue is one value. Its width is of a hundred.
type facetValue struct {
	Text, Count, Href string
	Width             int
	Current           bool // the query asks for it: Href is the search without it
}

// bar is a stretch of time. Its height is of a hundred.
type bar struct {
	Text, Label, Href string
	Height, Rest      int
	Current           bool
}

// facetsShown is how many values of a field are shown at once.
const facetsShown = 6

// facets describes what the results can be narrowed by.
func (a *asked) facets(f *jarvis.Facets, found *jarvis.SearchPage) *facetsData {
	d := &facetsData{}
	for _, list := range []struct {
		name   string
		counts []jarvis.FacetCount
	}{{"Apps", f.Apps}, {"Devices", f.Devices}} {
		values := a.facetValues(list.counts, found)
		if len(values) == 0 {
			continue
		}
		shown := min(len(values), facetsShown)
		if len(values) == facetsShown+1 {
			shown++ // "1 more" takes as much room
		}
		d.Lists = append(d.Lists, facetList{list.name, values[:shown], values[shown:min(len(values), 100)]})
	}
	d.Bars, d.Unit = a.bars(f.Days, found)
	return d
}

func (a *asked) facetValues(counts []jarvis.FacetCount, found *jarvis.SearchPage) []facetValue {
	var values []facetValue
	for _, c := range counts {
		if c.Query == "" {
			continue
		}
		v := facetValue{Text: clip(c.Value, 80), Count: grouped(c.Count), Width: int(max(1, c.Count*100/max(counts[0].Count, 1)))}
		v.Href, v.Current = a.narrowed(c.Query, found)
		values = append(values, v)
	}
	return values
}

// narrowed returns the address of the search with a term, or without it where the
// query has it.
func (a *asked) narrowed(term string, found *jarvis.SearchPage) (href string, has bool) {
	i := slices.IndexFunc(found.Terms, func(t jarvis.Term) bool { return t.Query == term })
	if i >= 0 {
		return a.href(found.Terms[i].Without), true
	}
	if found.Understood == "" {
		return a.href(term), false
	}
	return a.href(found.Understood + " " + term), false
}

// The most days and months that have a bar each.
const (
	maxDayBars   = 45
	maxMonthBars = 36
)

// bars draws the days that have results: one by one where they are within some weeks,
// else by months, or by years. Between the first and the last, each has a bar.
func (a *asked) bars(days []jarvis.FacetCount, found *jarvis.SearchPage) (bars []bar, unit string) {
	if len(days) == 0 {
		return nil, ""
	}
	first, err := time.Parse(time.DateOnly, days[len(days)-1].Value)
	last, lastErr := time.Parse(time.DateOnly, days[0].Value)
	if err != nil || lastErr != nil {
		return nil, ""
	}
	layout, label, unit, step := time.DateOnly, "Mon 2 Jan 2006", "day", func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }
	months := (last.Year()-first.Year())*12 + int(last.Month()) - int(first.Month())
	switch {
	case last.Sub(first) < maxDayBars*24*time.Hour:
	case months < maxMonthBars:
		layout, label, unit = "2006-01", "January 2006", "month"
		first, step = first.AddDate(0, 0, 1-first.Day()), func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }
	default:
		layout, label, unit = "2006", "2006", "year"
		first, step = time.Date(first.Year(), 1, 1, 0, 0, 0, 0, time.UTC), func(t time.Time) time.Time { return t.AddDate(1, 0, 0) }
	}
	counts := make(map[string]int64)
	most := int64(1)
	for _, day := range days {
		name := day.Value[:len(layout)]
		counts[name] += day.Count
		most = max(most, counts[name])
	}
	for t := first; !t.After(last); t = step(t) {
		name := t.Format(layout)
		b := bar{Text: shortName(t, unit, len(bars) == 0), Label: t.Format(label) + ": " + captures(counts[name])}
		if n := counts[name]; n > 0 {
			b.Height = int(max(4, n*100/most))
			b.Href, b.Current = a.narrowed("on:"+name, found)
		}
		b.Rest = 100 - b.Height
		bars = append(bars, b)
	}
	return bars, unit
}

// shortName writes below a bar what it is: the first, and the first of a month, or of
// a year, in full.
func shortName(t time.Time, unit string, first bool) string {
	switch {
	case unit == "day" && (first || t.Day() == 1):
		return t.Format("2 Jan")
	case unit == "day":
		return strconv.Itoa(t.Day())
	case unit == "month" && (first || t.Month() == 1):
		return t.Format("Jan 06")
	case unit == "month":
		return t.Format("Jan")
	}
	return t.Format("2006")
}
