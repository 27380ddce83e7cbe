package catalogtest

import (
	"slices"
	"testing"

	"github.com/jarvis-memory/jarvis"
)

// newSealed is what a store is made with, each time another.
func newSealed() jarvis.NewStore {
	id := jarvis.NewRandomID()
	return jarvis.NewStore{ID: id, Sealed: true, PublicKey: "age1" + id.String(), WrappedKey: []byte("wrapped for " + id.String()), NoText: true}
}

// wantMade checks that info is what a store made of n says of itself.
func wantMade(t tester, info jarvis.StoreInfo, n jarvis.NewStore) {
	t.Helper()
	wantEqual(t, "the identity of a store that was made of what it was given", info, jarvis.StoreInfo{
		ID: n.ID, Secret: n.Secret, CreatedAt: info.CreatedAt,
		Sealed: n.Sealed, PublicKey: n.PublicKey, WrappedKey: n.WrappedKey, NoText: n.NoText,
	})
}

func testSealed(t *testing.T, h Harness) {
	newDatabase := h.New
	if h.NewSealed != nil {
		newDatabase = h.NewSealed
	}
	open := func(t *testing.T, db Database, n jarvis.NewStore) Catalog {
		t.Helper()
		cat, err := db.OpenNew(t.Context(), n)
		if err != nil {
			t.Fatalf("OpenNew: %v", err)
		}
		t.Cleanup(func() {
			if err := cat.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
		return cat
	}

	t.Run("Identity", func(t *testing.T) {
		db, n := newDatabase(t), newSealed()
		first := open(t, db, n)
		wantMade(t, identity(t, first), n)
		wantMade(t, identity(t, open(t, db, newSealed())), n) // who comes later decides nothing
		if err := first.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
		wantMade(t, identity(t, db.open(t)), n)
		if n := count(t, db.SQL(t), "SELECT count(*) FROM store WHERE secret IS NULL"); n != 1 {
			t.Error("the catalogue of a sealed store holds a secret")
		}
	})

	t.Run("Plain", func(t *testing.T) {
		n := jarvis.NewStore{ID: jarvis.NewRandomID(), Secret: jarvis.NewSecret()}
		db := h.New(t)
		wantMade(t, identity(t, open(t, db, n)), n)
		wantMade(t, identity(t, open(t, db, newSealed())), n)
	})

	t.Run("Chosen", func(t *testing.T) {
		n := newSealed()
		n.ID, n.WrappedKey = jarvis.ID{}, nil
		info := identity(t, open(t, newDatabase(t), n))
		if info.ID.IsZero() {
			t.Error("the store has no id")
		}
		n.ID = info.ID
		wantMade(t, info, n)
	})

	t.Run("WithoutPublicKey", func(t *testing.T) {
		db := newDatabase(t)
		for range 2 {
			_, err := db.OpenNew(t.Context(), jarvis.NewStore{Sealed: true})
			wantError(t, err, jarvis.CodeInvalid, messageNoPublicKey)
		}
		n := newSealed()
		wantMade(t, identity(t, open(t, db, n)), n)
	})

	t.Run("AtOnce", func(t *testing.T) {
		db := newDatabase(t)
		offered, got := make([]jarvis.NewStore, 4), make([]jarvis.StoreInfo, 4)
		for i := range offered {
			offered[i] = newSealed()
		}
		atOnce(t, len(offered), func(worker int) error {
			cat, err := db.OpenNew(background, offered[worker])
			if err != nil {
				return err
			}
			if got[worker], err = cat.Store(background); err != nil {
				return err
			}
			return cat.Close()
		})
		winner := slices.IndexFunc(offered, func(n jarvis.NewStore) bool { return n.ID == got[0].ID })
		if winner < 0 {
			t.Fatalf("nobody offered the identity %+v", got[0])
		}
		for _, info := range got {
			wantMade(t, info, offered[winner])
		}
	})

	t.Run("NoText", func(t *testing.T) {
		db := newDatabase(t)
		c := newCapture(noon)
		text := "what the screen said"
		c.OCRText = &text
		insert(t, open(t, db, newSealed()), c)
		if *c.OCRText != text {
			t.Error("InsertCapture changed the capture it was given")
		}
		other := newCapture(noon)
		other.OCRText = &text
		again := db.open(t)
		insert(t, again, other) // by whoever has joined
		for _, want := range []*jarvis.Capture{c, other} {
			want.OCRText = nil
			wantFound(t, again, want)
		}
		if n := count(t, db.SQL(t), "SELECT count(*) FROM captures WHERE ocr_text IS NOT NULL"); n != 0 {
			t.Errorf("the catalogue holds the text of %d captures", n)
		}
	})

	t.Run("Adopted", func(t *testing.T) {
		db := newDatabase(t)
		captures := h.seedFirst(t, db.SQL(t))
		cat := open(t, db, newSealed())
		info := identity(t, cat)
		if info.Secret.IsZero() || info.ID.IsZero() {
			t.Fatalf("an adopted store has identity %+v", info)
		}
		wantEqual(t, "the identity of an adopted store", info, jarvis.StoreInfo{ID: info.ID, Secret: info.Secret, CreatedAt: info.CreatedAt, Adopted: true})
		for _, c := range captures {
			wantFound(t, cat, c)
		}
	})

	t.Run("DownAndUp", func(t *testing.T) {
		db, n := newDatabase(t), newSealed()
		cat, err := db.OpenNew(t.Context(), n)
		if err != nil {
			t.Fatalf("OpenNew: %v", err)
		}
		c := newCapture(noon)
		insert(t, cat, c)
		for range 2 {
			if err := cat.Close(); err != nil {
				t.Fatalf("Close: %v", err)
			}
			for range newest - 1 {
				if _, err := db.Down(t.Context()); err != nil {
					t.Fatalf("Down: %v", err)
				}
			}
			if cat, err = db.OpenNew(t.Context(), newSealed()); err != nil {
				t.Fatalf("OpenNew: %v", err)
			}
			wantMade(t, identity(t, cat), n)
			if got := page(t, cat, jarvis.CaptureFilter{}); len(got) != 1 || got[0].ID != c.ID {
				t.Fatalf("the captures after Down and Up are %v", got)
			}
		}
		if err := cat.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
	})
}
