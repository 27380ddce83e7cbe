package thumbnail

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
)

func TestCache_Purge(t *testing.T) {
	c, s := newCache(t, Options{}), newSource(t)
	id, stays := twins(t)
	for _, width := range []int{160, 320} {
		get(t, c, id, width, s)
		get(t, c, stays, width, s)
	}
	crashed := filepath.Join(shelf(c.files.path, id), "."+id.String()+"-320.jpg-42")
	must(t, os.WriteFile(crashed, []byte("half"), 0o600))
	must(t, c.Purge(id))
	must(t, NewPurger(c.files.path).Purge(id))
	for _, name := range files(t, c.files.path) {
		if !strings.Contains(name, stays.String()) {
			t.Errorf("%s is left", name)
		}
	}
	get(t, c, stays, 320, s)
	if s.asked.Load() != 4 {
		t.Error("a thumbnail of another capture was removed")
	}
}

// twins returns two ids that share a shelf.
func twins(t testing.TB) (a, b jarvis.ID) {
	t.Helper()
	a, err := jarvis.ParseID("019bef3e-9d00-7000-8000-0000000000ab")
	must(t, err)
	b, err = jarvis.ParseID("019bef3e-9d00-7000-8000-0000000001ab")
	must(t, err)
	return a, b
}

// A capture is deleted while its thumbnail is made, by this process or another:
// none is left, at whatever moment it happens.
func TestCache_Purge_WhileMade(t *testing.T) {
	for _, moment := range []string{"BeforeImage", "BeforeCheck", "AfterCheck"} {
		t.Run(moment, func(t *testing.T) {
			var gone atomic.Bool
			id, s := jarvis.NewRandomID(), newSource(t)
			folder := t.TempDir()
			remove := func(at string) { // as archive does: the row first
				if at == moment {
					gone.Store(true)
					must(t, NewPurger(folder).Purge(id))
				}
			}
			c := newCache(t, Options{Folder: folder, Exists: func(context.Context, jarvis.ID) (bool, error) {
				remove("BeforeCheck")
				exists := !gone.Load()
				remove("AfterCheck")
				return exists, nil
			}})
			_, err := c.Thumbnail(t.Context(), id, 320, func(ctx context.Context) ([]byte, error) {
				remove("BeforeImage")
				return s.get(ctx)
			})
			must(t, err)
			if names := files(t, folder); names != nil {
				t.Errorf("it is left: %q", names)
			}
		})
	}
	t.Run("Unknown", func(t *testing.T) { // the database is away
		c := newCache(t, Options{Exists: func(context.Context, jarvis.ID) (bool, error) {
			return false, jarvis.ErrUnavailable
		}})
		get(t, c, jarvis.NewRandomID(), 320, newSource(t))
		if names := files(t, c.files.path); names != nil {
			t.Errorf("it is kept: %q", names)
		}
	})
}

func TestCache_Clean(t *testing.T) {
	kept, deleted := twins(t)
	c := newCache(t, Options{Exists: func(_ context.Context, id jarvis.ID) (bool, error) { return id == kept, nil }})
	s := newSource(t)
	get(t, c, kept, 320, s)
	must(t, os.WriteFile(c.files.file(deleted, 320), []byte("of a deleted capture"), 0o600))
	folder := shelf(c.files.path, kept)
	write := func(name string, age time.Duration) {
		path := filepath.Join(folder, name)
		must(t, os.WriteFile(path, []byte("x"), 0o600))
		at := time.Now().Add(-age)
		must(t, os.Chtimes(path, at, at))
	}
	write("."+kept.String()+"-160.jpg-1", 2*leftoverAge)
	write("."+kept.String()+"-160.jpg-2", 0)
	write(kept.String()+"-160.jpg.sealed", 0)
	write("notes.txt", 2*leftoverAge)
	write(kept.String()+".jpg", 2*leftoverAge)
	must(t, os.WriteFile(filepath.Join(c.files.path, "a picture.jpg"), nil, 0o600))
	must(t, c.Clean(t.Context()))
	shelfName := kept.String()[34:] + "/"
	want := []string{
		"a picture.jpg",
		shelfName + "." + kept.String() + "-160.jpg-2", // somebody may be writing it
		shelfName + kept.String() + "-320.jpg",
		shelfName + kept.String() + ".jpg", // none of ours
		shelfName + "notes.txt",
	}
	got := files(t, c.files.path)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("what is left:\n%s", strings.Join(got, "\n"))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantCode(t, c.Clean(ctx), jarvis.CodeUnavailable)
}

// The bound holds, the oldest go first, and a cache that finds one full begins
// by making room.
func TestCache_Bound(t *testing.T) {
	s := newSource(t)
	probe := newCache(t, Options{})
	size := int64(len(get(t, probe, jarvis.NewRandomID(), 320, s)) + 32)
	folder := t.TempDir()
	ids := make([]jarvis.ID, 30)
	fill := newCache(t, Options{Folder: folder})
	for i := range ids {
		ids[i] = jarvis.NewRandomID()
		get(t, fill, ids[i], 320, s)
		at := time.Now().Add(time.Duration(i-100) * time.Hour)
		must(t, os.Chtimes(fill.files.file(ids[i], 320), at, at))
	}
	c := newCache(t, Options{Folder: folder, MaxBytes: 20 * size})
	newest := jarvis.NewRandomID()
	get(t, c, newest, 320, s)
	if names := files(t, folder); len(names) != 18 {
		t.Errorf("%d files are left", len(names))
	}
	for i, id := range slices.Concat(ids, []jarvis.ID{newest}) {
		_, err := os.Stat(c.files.file(id, 320))
		if kept := err == nil; kept != (i >= 13) {
			t.Errorf("number %d of 31 is kept: %t", i, kept)
		}
	}
	for range 100 {
		get(t, c, jarvis.NewRandomID(), 320, s)
		if names := files(t, folder); len(names) > 20 {
			t.Fatalf("%d files are kept", len(names))
		}
	}
}
