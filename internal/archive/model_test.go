package archive_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/archive"
)

// state is what a model knows of one photo.
type state struct {
	capture *jarvis.Capture // nil when it was never stored
	deleted bool
	gone    bool // its image was taken away past the store
}

// model is what the store should hold: some photos of one day.
type model struct {
	*rig
	day    time.Time
	base   int // number of the first photo
	photos [8]state
}

func (m *model) request(i int) archive.Request {
	q := request(m.base + i)
	q.Timestamp = m.day.Add(time.Duration(i) * time.Minute)
	return q
}

func (m *model) ingest(t *rapid.T, i int, undelete bool) {
	q := m.request(i)
	q.Undelete = undelete
	result, err := m.Ingest(m.t.Context(), q)
	s := &m.photos[i]
	if s.deleted && !undelete {
		if !errors.Is(err, jarvis.ErrDeleted) {
			t.Fatalf("photo %d is deleted, and ingesting it says %v", i, err)
		}
		return
	}
	existed := s.capture != nil && !s.deleted
	if err != nil || result.Existed != existed || result.Restored != (existed && s.gone) {
		t.Fatalf("ingest photo %d in state %+v: %+v, %v", i, *s, result, err)
	}
	if existed && result.Capture.ID != s.capture.ID {
		t.Fatalf("photo %d has another id now", i)
	}
	*s = state{capture: result.Capture}
}

func (m *model) remove(t *rapid.T, i int) {
	s := &m.photos[i]
	if s.capture == nil {
		return
	}
	receipt, err := m.RemoveIDs(m.t.Context(), []jarvis.ID{s.capture.ID}, archive.RemoveOptions{})
	want := archive.Receipt{Removed: 1, Bytes: s.capture.StoredSize}
	switch {
	case s.deleted:
		want = archive.Receipt{Failed: 1}
	case s.gone:
		want = archive.Receipt{Removed: 1, Missing: 1}
	}
	if err != nil || receipt != want {
		t.Fatalf("remove photo %d in state %+v: %+v, %v; want %+v", i, *s, receipt, err, want)
	}
	s.deleted, s.gone = true, false
}

func (m *model) removeRange(t *rapid.T, from, to int) {
	plan, err := m.PlanRemoval(m.t.Context(), jarvis.CaptureFilter{From: m.request(from).Timestamp, To: m.request(to).Timestamp})
	if err != nil {
		t.Fatal(err)
	}
	var want int64
	for i := from; i < to; i++ {
		if s := &m.photos[i]; s.capture != nil && !s.deleted {
			want++
			s.deleted, s.gone = true, false
		}
	}
	receipt, err := m.RemovePlanned(m.t.Context(), plan, archive.RemoveOptions{})
	if err != nil || plan.Captures != want || receipt.Removed != want {
		t.Fatalf("remove %d to %d: planned %d, %+v, %v; want %d", from, to, plan.Captures, receipt, err, want)
	}
}

func (m *model) lose(i int) {
	if s := &m.photos[i]; s.capture != nil && !s.deleted {
		m.drop(s.capture.Filepath)
		s.gone = true
	}
}

func (m *model) forget(t *rapid.T) {
	o := archive.ForgetOptions{From: m.day, To: m.day.Add(time.Hour), Force: true}
	receipt, err := m.ForgetMissing(m.t.Context(), o, func(archive.Finding) {})
	var want int64
	for i := range m.photos {
		if m.photos[i].gone {
			want++
			m.photos[i] = state{}
		}
	}
	if err != nil || receipt.Forgotten != want || receipt.Missing != want {
		t.Fatalf("forget: %+v, %v; want %d", receipt, err, want)
	}
}

// orphan takes the row away, as a database restored from an old copy does, and
// has verify adopt the image.
func (m *model) orphan(t *rapid.T, i int) {
	s := &m.photos[i]
	if s.capture == nil || s.deleted || s.gone {
		return
	}
	m.remove(t, i)
	if err := m.catalog.Undelete(m.t.Context(), s.capture.ID); err != nil {
		t.Fatal(err)
	}
	m.place(s.capture.Filepath, m.request(i).Data)
	o := archive.VerifyOptions{From: m.day, To: m.day.Add(time.Hour), Repair: true}
	report, err := m.Verify(m.t.Context(), o, func(archive.Finding) {})
	if err != nil || report.Adopted != 1 {
		t.Fatalf("adopt photo %d: %+v, %v", i, report, err)
	}
	c, err := m.catalog.FindCapture(m.t.Context(), s.capture.ID)
	if err != nil || !c.Recovered {
		t.Fatalf("adopt photo %d: %+v, %v", i, c, err)
	}
	*s = state{capture: c}
}

// check compares everything with the model.
func (m *model) check(t *rapid.T) {
	wrong := 0
	for i, s := range m.photos {
		if s.capture == nil {
			continue
		}
		c, data, err := m.Fetch(m.t.Context(), s.capture.ID)
		switch {
		case s.deleted:
			if !errors.Is(err, jarvis.ErrDeleted) || m.exists(s.capture.Filepath) {
				t.Fatalf("photo %d is deleted, and fetching it says %v", i, err)
			}
		case s.gone:
			wrong++
			if !errors.Is(err, jarvis.ErrNotFound) || c == nil {
				t.Fatalf("the image of photo %d is gone, and fetching it says %v", i, err)
			}
		case err != nil || c.ID != s.capture.ID || !bytes.Equal(data, m.request(i).Data):
			t.Fatalf("fetch photo %d: %v", i, err)
		}
	}
	var findings []archive.Finding
	o := archive.VerifyOptions{From: m.day, To: m.day.Add(time.Hour), Deep: true}
	_, err := m.Verify(m.t.Context(), o, func(f archive.Finding) { findings = append(findings, f) })
	if err != nil || len(findings) != wrong {
		t.Fatalf("verify: %+v, %v; want %d missing", findings, err, wrong)
	}
}

// Any sequence of what people do leaves what the model says.
func TestArchive_Model(t *testing.T) { onSQLite(t, testModel) }

func testModel(t *testing.T, r *rig) {
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		m := &model{rig: r, day: noon.Truncate(time.Second).AddDate(0, 0, round), base: 100 * round}
		photo := rapid.IntRange(0, len(m.photos)-1)
		t.Repeat(map[string]func(*rapid.T){
			"ingest":   func(t *rapid.T) { m.ingest(t, photo.Draw(t, "photo"), false) },
			"undelete": func(t *rapid.T) { m.ingest(t, photo.Draw(t, "photo"), true) },
			"remove":   func(t *rapid.T) { m.remove(t, photo.Draw(t, "photo")) },
			"range": func(t *rapid.T) {
				from := photo.Draw(t, "from")
				m.removeRange(t, from, rapid.IntRange(from, len(m.photos)-1).Draw(t, "to"))
			},
			"lose":   func(t *rapid.T) { m.lose(photo.Draw(t, "photo")) },
			"forget": func(t *rapid.T) { m.forget(t) },
			"orphan": func(t *rapid.T) { m.orphan(t, photo.Draw(t, "photo")) },
			"reopen": func(*rapid.T) { r.reopen() },
			"":       m.check,
		})
	})
}
