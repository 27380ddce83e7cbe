package catalogtest

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jarvis-memory/jarvis"
)

func testDelete(t *testing.T, h Harness) {
	t.Run("Protocol", func(t *testing.T) {
		db := h.New(t)
		cat := db.open(t)
		kept, c := newCapture(noon), newCapture(noon)
		insert(t, cat, kept, c)
		m := newModel(kept, c)

		want := jarvis.PendingDelete{ID: c.ID, Filepath: c.Filepath}
		for range 2 { // a pending deletion is returned again
			got, err := cat.BeginDelete(t.Context(), c.ID)
			if err != nil {
				t.Fatalf("BeginDelete: %v", err)
			}
			wantEqual(t, "BeginDelete", got, want)
		}
		delete(m.captures, c.ID)
		m.pending[c.ID] = c.Filepath
		wantGone(t, cat, c)
		wantState(t, cat, m)
		wantError(t, cat.Undelete(t.Context(), c.ID), jarvis.CodeConflict, messagePending(c.ID))
		wantState(t, db.open(t), m)

		for range 2 {
			if err := cat.FinishDelete(t.Context(), c.ID); err != nil {
				t.Fatalf("FinishDelete: %v", err)
			}
		}
		delete(m.pending, c.ID)
		wantGone(t, cat, c)
		wantState(t, cat, m)
		_, err := cat.BeginDelete(t.Context(), c.ID)
		wantError(t, err, jarvis.CodeDeleted, messageDeleted(c.ID))
		wantGone(t, db.open(t), c)

		for range 2 { // an id without a tombstone is no error
			if err := cat.Undelete(t.Context(), c.ID); err != nil {
				t.Fatalf("Undelete: %v", err)
			}
		}
		_, err = cat.FindCapture(t.Context(), c.ID)
		wantError(t, err, jarvis.CodeNotFound, messageMissing(c.ID))
		insert(t, cat, c)
		m.captures[c.ID] = c
		wantFound(t, cat, c)
		wantState(t, cat, m)
	})

	t.Run("FinishWithoutBegin", func(t *testing.T) {
		cat := h.open(t)
		c := newCapture(noon)
		insert(t, cat, c)
		for _, id := range []jarvis.ID{c.ID, jarvis.NewRandomID()} {
			if err := cat.FinishDelete(t.Context(), id); err != nil {
				t.Fatalf("FinishDelete of what is not being deleted: %v", err)
			}
		}
		wantState(t, cat, newModel(c))
	})

	t.Run("UndeleteWhatIsThere", func(t *testing.T) {
		cat := h.open(t)
		c := newCapture(noon)
		insert(t, cat, c)
		if err := cat.Undelete(t.Context(), c.ID); err != nil {
			t.Fatalf("Undelete of a capture that is there: %v", err)
		}
		wantState(t, cat, newModel(c))
	})

	t.Run("Pages", func(t *testing.T) {
		cat := h.open(t)
		m := newModel()
		for range 25 {
			c := newCapture(noon)
			insert(t, cat, c)
			if _, err := cat.BeginDelete(t.Context(), c.ID); err != nil {
				t.Fatalf("BeginDelete: %v", err)
			}
			m.pending[c.ID] = c.Filepath
		}
		for _, limit := range []int{1, 7, 25, 26, jarvis.MaxPage} {
			wantEqual(t, "PendingDeletes", pendingDeletes(t, cat, limit), m.pendingDeletes())
		}
		for _, limit := range []int{-1, 0, jarvis.MaxPage + 1} {
			_, err := cat.PendingDeletes(t.Context(), jarvis.ID{}, limit)
			wantError(t, err, jarvis.CodeInvalid, messageLimit(limit))
		}
	})

	t.Run("Purge", func(t *testing.T) {
		cat := h.open(t)
		purge := func() {
			t.Helper()
			for range 2 {
				if err := cat.Purge(t.Context()); err != nil {
					t.Fatalf("Purge: %v", err)
				}
			}
		}
		purge()
		gone, pending, kept := newCapture(noon), newCapture(noon), newCapture(noon)
		insert(t, cat, gone, pending, kept)
		remove(t, cat, gone.ID)
		if _, err := cat.BeginDelete(t.Context(), pending.ID); err != nil {
			t.Fatalf("BeginDelete: %v", err)
		}
		purge()
		m := newModel(kept)
		m.pending[pending.ID] = pending.Filepath
		wantState(t, cat, m)
		wantGone(t, cat, gone)
		wantGone(t, cat, pending)
	})

	t.Run("Referred", func(t *testing.T) {
		for _, constraint := range []string{"", " DEFERRABLE INITIALLY DEFERRED"} {
			db := h.New(t)
			cat := db.open(t)
			c := newCapture(noon)
			insert(t, cat, c)
			raw := db.SQL(t)
			exec(t, raw, "CREATE TABLE notes (capture_id varchar(36) REFERENCES captures (id)"+constraint+")")
			exec(t, raw, "INSERT INTO notes VALUES ("+quote(c.ID.String())+")")
			_, err := cat.BeginDelete(t.Context(), c.ID)
			wantError(t, err, jarvis.CodeConflict, messageReferred(c.ID))
			wantState(t, cat, newModel(c))
			exec(t, raw, "DELETE FROM notes")
			remove(t, cat, c.ID)
			wantGone(t, cat, c)
		}
	})

	t.Run("AnyOrder", func(t *testing.T) {
		cat := h.open(t)
		rapid.Check(t, func(t *rapid.T) { anyOrder(t, cat) })
	})
}

// anyOrder does random writes and compares the whole catalogue with the model
// after each. It begins and ends with an empty catalogue without tombstones.
func anyOrder(t *rapid.T, cat Catalog) {
	m := newModel()
	ids := make([]jarvis.ID, 4)
	for i := range ids {
		ids[i] = jarvis.NewRandomID()
	}
	defer func() {
		for id := range m.captures {
			remove(t, cat, id)
		}
		for _, id := range ids {
			if err := cat.FinishDelete(background, id); err != nil {
				t.Fatalf("FinishDelete: %v", err)
			}
			if err := cat.Undelete(background, id); err != nil {
				t.Fatalf("Undelete: %v", err)
			}
		}
	}()
	for range rapid.IntRange(1, 12).Draw(t, "writes") {
		id := ids[rapid.IntRange(0, len(ids)-1).Draw(t, "id")]
		write := rapid.SampledFrom([]string{"insert", "insert", "begin", "finish", "undelete", "store", "pin", "unpin"}).Draw(t, "write")
		var err error
		var want jarvis.Code
		switch write {
		case "insert":
			at := noon.Add(time.Duration(rapid.IntRange(-300, 300).Draw(t, "minute")) * time.Minute)
			c := newCapture(at, func(c *jarvis.Capture) {
				c.ID, c.Device = id, rapid.SampledFrom([]string{"", "ada@desk"}).Draw(t, "device")
			})
			want, err = m.insert(c), cat.InsertCapture(background, c)
		case "begin":
			want = m.begin(id)
			_, err = cat.BeginDelete(background, id)
		case "finish":
			m.finish(id)
			err = cat.FinishDelete(background, id)
		case "undelete":
			want, err = m.undelete(id), cat.Undelete(background, id)
		case "pin", "unpin":
			want, err = m.setPinned(id, write == "pin"), cat.SetPinned(background, id, write == "pin")
		case "store":
			size := rapid.Int64Range(0, 1000).Draw(t, "size")
			want, err = m.setStored(id, size), cat.SetStored(background, id, "2026/01/24/"+id.String()+".png", size, []byte("digest"))
		}
		if got := jarvis.ErrorCode(err); got != want {
			t.Fatalf("%s %s: code %q, want %q", write, id, got, want)
		}
		wantState(t, cat, m)
	}
}

func (m *model) insert(c *jarvis.Capture) jarvis.Code {
	if code := m.code(c.ID); code != jarvis.CodeNotFound {
		return cmp.Or(code, jarvis.CodeConflict)
	}
	m.captures[c.ID] = c
	return ""
}

// code is what FindCapture gives.
func (m *model) code(id jarvis.ID) jarvis.Code {
	switch {
	case m.captures[id] != nil:
		return ""
	case m.pending[id] != "" || m.deleted[id]:
		return jarvis.CodeDeleted
	}
	return jarvis.CodeNotFound
}

func (m *model) begin(id jarvis.ID) jarvis.Code {
	if m.pending[id] != "" {
		return ""
	}
	code := m.code(id)
	if code == "" {
		m.pending[id] = m.captures[id].Filepath
		delete(m.captures, id)
	}
	return code
}

func (m *model) finish(id jarvis.ID) {
	if m.pending[id] != "" {
		delete(m.pending, id)
		m.deleted[id] = true
	}
}

func (m *model) undelete(id jarvis.ID) jarvis.Code {
	if m.pending[id] != "" {
		return jarvis.CodeConflict
	}
	delete(m.deleted, id)
	return ""
}

func (m *model) setStored(id jarvis.ID, size int64) jarvis.Code {
	code := m.code(id)
	if code == "" {
		c := *m.captures[id]
		c.Filepath, c.StoredSize, c.StoredSHA256 = "2026/01/24/"+id.String()+".png", size, []byte("digest")
		m.captures[id] = &c
	}
	return code
}

func (m *model) setPinned(id jarvis.ID, pinned bool) jarvis.Code {
	code := m.code(id)
	if code == "" {
		c := *m.captures[id]
		c.Pinned = pinned
		m.captures[id] = &c
	}
	return code
}

func (m *model) pendingDeletes() []jarvis.PendingDelete {
	var result []jarvis.PendingDelete
	ids := slices.SortedFunc(maps.Keys(m.pending), func(a, b jarvis.ID) int { return strings.Compare(a.String(), b.String()) })
	for _, id := range ids {
		result = append(result, jarvis.PendingDelete{ID: id, Filepath: m.pending[id]})
	}
	return result
}

// pendingDeletes reads all pages of PendingDeletes.
func pendingDeletes(t tester, cat Catalog, limit int) []jarvis.PendingDelete {
	t.Helper()
	var all []jarvis.PendingDelete
	var after jarvis.ID
	for {
		got, err := cat.PendingDeletes(background, after, limit)
		if err != nil {
			t.Fatalf("PendingDeletes: %v", err)
		}
		if len(got) > limit {
			t.Fatalf("PendingDeletes with limit %d returned %d", limit, len(got))
		}
		if len(got) > 0 && got[0].ID.String() <= after.String() {
			t.Fatalf("PendingDeletes after %s begins with %s", after, got[0].ID)
		}
		all = append(all, got...)
		if len(got) < limit {
			return all
		}
		after = got[len(got)-1].ID
	}
}

// wantGone checks that the id is CodeDeleted for everyone.
func wantGone(t tester, cat Catalog, c *jarvis.Capture) {
	t.Helper()
	_, err := cat.FindCapture(background, c.ID)
	wantError(t, err, jarvis.CodeDeleted, messageDeleted(c.ID))
	wantError(t, cat.InsertCapture(background, c), jarvis.CodeDeleted, messageDeleted(c.ID))
	wantError(t, cat.SetStored(background, c.ID, c.Filepath, 1, nil), jarvis.CodeDeleted, messageDeleted(c.ID))
}

// wantState compares everything that a catalogue tells with the model.
func wantState(t tester, cat Catalog, m *model) {
	t.Helper()
	for _, order := range []jarvis.Order{jarvis.NewestFirst, jarvis.OldestFirst} {
		wantPage(t, cat, m, jarvis.CaptureFilter{Order: order, Limit: jarvis.MaxPage})
	}
	wantCounts(t, cat, m)
	wantEqual(t, "PendingDeletes", pendingDeletes(t, cat, jarvis.MaxPage), m.pendingDeletes())
}
