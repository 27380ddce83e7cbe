package catalogtest

import (
	"testing"

	"github.com/jarvis-memory/jarvis"
)

func testPin(t *testing.T, h Harness) {
	t.Run("Protocol", func(t *testing.T) {
		db := h.New(t)
		cat := db.open(t)
		other, c := newCapture(noon), newCapture(noon)
		insert(t, cat, other, c)
		for _, pinned := range []bool{true, true, false, false, true} {
			pin(t, cat, c, pinned)
			wantFound(t, cat, c)
			wantState(t, cat, newModel(other, c))
			wantState(t, db.open(t), newModel(other, c))
			for _, only := range []bool{true, false} {
				wantPage(t, cat, newModel(other, c), jarvis.CaptureFilter{Pinned: &only})
			}
		}
		if err := cat.SetStored(t.Context(), c.ID, c.Filepath, 7, c.StoredSHA256); err != nil {
			t.Fatalf("SetStored: %v", err)
		}
		c.StoredSize = 7
		wantFound(t, cat, c)
	})

	t.Run("Absent", func(t *testing.T) {
		cat := h.open(t)
		missing, gone := jarvis.NewRandomID(), newCapture(noon)
		insert(t, cat, gone)
		if _, err := cat.BeginDelete(t.Context(), gone.ID); err != nil {
			t.Fatalf("BeginDelete: %v", err)
		}
		for _, pinned := range []bool{true, false} {
			wantError(t, cat.SetPinned(t.Context(), missing, pinned), jarvis.CodeNotFound, messageMissing(missing))
			wantError(t, cat.SetPinned(t.Context(), gone.ID, pinned), jarvis.CodeDeleted, messageDeleted(gone.ID))
		}
	})

	t.Run("GoesWithTheCapture", func(t *testing.T) {
		db := h.New(t)
		cat := db.open(t)
		c := newCapture(noon)
		insert(t, cat, c)
		pin(t, cat, c, true)
		remove(t, cat, c.ID)
		if n := count(t, db.SQL(t), "SELECT count(*) FROM pins"); n != 0 {
			t.Error("the pin of a deleted capture is left")
		}
		if err := cat.Purge(t.Context()); err != nil {
			t.Fatalf("Purge: %v", err)
		}
		if err := cat.Undelete(t.Context(), c.ID); err != nil {
			t.Fatalf("Undelete: %v", err)
		}
		insert(t, cat, c) // which does not look at Pinned
		c.Pinned = false
		wantFound(t, cat, c)
	})
}

// pin pins or unpins a capture, and c with it.
func pin(t tester, cat Catalog, c *jarvis.Capture, pinned bool) {
	t.Helper()
	if err := cat.SetPinned(background, c.ID, pinned); err != nil {
		t.Fatalf("SetPinned(%s): %v", c.ID, err)
	}
	c.Pinned = pinned
}

// pinSome pins every fourth.
func pinSome(t tester, cat Catalog, captures []*jarvis.Capture) {
	t.Helper()
	for i, c := range captures {
		if i%4 == 0 {
			pin(t, cat, c, true)
		}
	}
}
