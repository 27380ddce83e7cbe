package catalogtest

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// model is a catalogue in memory, as naive as can be: it scans and sorts
// everything at every question.
type model struct {
	captures map[jarvis.ID]*jarvis.Capture
	pending  map[jarvis.ID]string // the filepath
	deleted  map[jarvis.ID]bool   // finished
}

func newModel(captures ...*jarvis.Capture) *model {
	m := &model{
		captures: make(map[jarvis.ID]*jarvis.Capture),
		pending:  make(map[jarvis.ID]string),
		deleted:  make(map[jarvis.ID]bool),
	}
	for _, c := range captures {
		m.captures[c.ID] = c
	}
	return m
}

func compareCursors(a, b jarvis.Cursor) int {
	return cmp.Or(a.Timestamp.Compare(b.Timestamp), strings.Compare(a.ID.String(), b.ID.String()))
}

// selected returns what a filter selects, all pages, oldest first.
func (m *model) selected(f jarvis.CaptureFilter) []*jarvis.Capture {
	var result []*jarvis.Capture
	for _, c := range m.captures {
		switch {
		case !f.From.IsZero() && c.Timestamp.Before(f.From),
			!f.To.IsZero() && !c.Timestamp.Before(f.To),
			f.Device != "" && c.Device != f.Device,
			f.AppName != "" && c.AppName != f.AppName,
			f.Monitor != nil && c.MonitorIndex != *f.Monitor,
			f.Pinned != nil && c.Pinned != *f.Pinned,
			!f.CreatedBefore.IsZero() && !c.CreatedAt.Before(f.CreatedBefore):
			continue
		}
		result = append(result, c)
	}
	slices.SortFunc(result, func(a, b *jarvis.Capture) int { return compareCursors(a.Cursor(), b.Cursor()) })
	return result
}

// page returns what FindCaptures returns.
func (m *model) page(f jarvis.CaptureFilter) []*jarvis.Capture {
	captures := m.selected(f)
	if f.Order == jarvis.NewestFirst {
		slices.Reverse(captures)
	}
	if !f.After.IsZero() {
		captures = slices.DeleteFunc(captures, func(c *jarvis.Capture) bool {
			side := compareCursors(c.Cursor(), f.After)
			return side == 0 || (side > 0) == (f.Order == jarvis.NewestFirst)
		})
	}
	limit := cmp.Or(f.Limit, 100)
	result := make([]*jarvis.Capture, 0, limit)
	for _, c := range captures[:min(limit, len(captures))] {
		listed := *c
		listed.OCRText = nil
		result = append(result, &listed)
	}
	return result
}

func (m *model) files(f jarvis.CaptureFilter) []jarvis.FileRecord {
	var result []jarvis.FileRecord
	for _, c := range m.page(f) {
		result = append(result, jarvis.FileRecord{
			ID: c.ID, Filepath: c.Filepath, Timestamp: c.Timestamp, Size: bytesOf(c), SHA256: c.StoredSHA256,
		})
	}
	return result
}

func bytesOf(c *jarvis.Capture) int64 { return cmp.Or(c.StoredSize, c.FileSize) }

func (m *model) summary(f jarvis.CaptureFilter) jarvis.Summary {
	captures := m.selected(f)
	if len(captures) == 0 {
		return jarvis.Summary{}
	}
	s := jarvis.Summary{
		Captures: int64(len(captures)),
		Oldest:   captures[0].Timestamp,
		Newest:   captures[len(captures)-1].Timestamp,
	}
	devices := make(map[string]bool)
	for _, c := range captures {
		s.Bytes += bytesOf(c)
		devices[c.Device] = true
		if c.Pinned {
			s.Pinned++
		}
	}
	s.Devices = slices.Sorted(maps.Keys(devices))
	s.Devices = s.Devices[:min(100, len(s.Devices))]
	return s
}

func (m *model) stats() jarvis.CatalogStats {
	all := m.summary(jarvis.CaptureFilter{})
	s := jarvis.CatalogStats{Captures: all.Captures, Bytes: all.Bytes, Oldest: all.Oldest, Newest: all.Newest}
	counts := make(map[string]*jarvis.DeviceCount)
	for _, c := range m.captures {
		if counts[c.Device] == nil {
			counts[c.Device] = &jarvis.DeviceCount{Device: c.Device}
		}
		counts[c.Device].Captures++
		counts[c.Device].Bytes += bytesOf(c)
	}
	for _, device := range slices.Sorted(maps.Keys(counts)) {
		s.Devices = append(s.Devices, *counts[device])
	}
	return s
}

// days counts by the dates that captures have in loc. Whole days in loc are
// what has a date between those of from and to.
func (m *model) days(from, to time.Time, loc *time.Location) []jarvis.DayCount {
	counts := make(map[jarvis.Day]*jarvis.DayCount)
	for _, c := range m.captures {
		day := jarvis.DayIn(c.Timestamp, loc)
		// The last instant before to decides, since to itself is left out.
		if !from.IsZero() && day.Compare(jarvis.DayIn(from, loc)) < 0 ||
			!to.IsZero() && day.Compare(jarvis.DayIn(to.Add(-1), loc)) > 0 {
			continue
		}
		if counts[day] == nil {
			counts[day] = &jarvis.DayCount{Day: day}
		}
		counts[day].Captures++
		counts[day].Bytes += bytesOf(c)
	}
	var result []jarvis.DayCount
	for _, day := range slices.SortedFunc(maps.Keys(counts), jarvis.Day.Compare) {
		result = append(result, *counts[day])
	}
	return result
}
