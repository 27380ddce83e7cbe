package blobtest

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	jarvis "github.com/jarvis-memory/jarvis"
)

func testDays(t *testing.T, tree Tree) {
	store := tree.Open(t)
	if days, err := store.Days(t.Context()); err != nil || len(days) != 0 {
		t.Errorf("Days of an empty tree = %v, %v", days, err)
	}
	put(t, store, newImage(store, morning, 10))
	put(t, store, newImage(store, morning.AddDate(-3, 0, 0), 10))
	put(t, store, newImage(store, time.Date(2024, time.February, 29, 0, 0, 0, 0, time.UTC), 10))
	put(t, store, newImage(store, jarvis.MinTime, 10))
	put(t, store, newImage(store, jarvis.MaxTime, 10))
	for _, strange := range []string{
		"2026/02/30/x", "2026/13/01/x", "2026/1/2/x", "26/01/24/x", "2026/01/24th/x", "notes/x",
		"2026/01/file", "2026/file", "2026-01-24/x", ".trash/01/24/x", "+026/01/24/x",
	} {
		tree.WriteFile(t, strange, nil)
	}
	days, err := store.Days(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, day := range days {
		got = append(got, day.String())
	}
	want := []string{"1970-01-01", "2023-01-24", "2024-02-29", "2026-01-24", "9999-12-31"}
	if !slices.Equal(got, want) {
		t.Errorf("Days = %v, want %v", got, want)
	}
}

func testWalkDay(t *testing.T, tree Tree) {
	store := tree.Open(t)
	for i := range 5 {
		im := newImage(store, morning, 100+i)
		put(t, store, im)
		put(t, store, newImage(store, morning.AddDate(0, 0, 1), 10))
		found := walk(t, store, im.name.Day())
		info, err := store.Stat(t.Context(), im.name)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := found[im.name.Base()]
		if !ok || got.Name != im.name || got.Size != info.Size || !got.ModTime.Equal(info.ModTime) {
			t.Errorf("WalkDay found %+v, want what Stat says, %+v", got, info)
		}
		if len(found) != i+1 {
			t.Errorf("WalkDay found %d files, want %d", len(found), i+1)
		}
	}
	missing := jarvis.DayOf(morning.AddDate(-1, 0, 0))
	err := store.WalkDay(t.Context(), missing, func(jarvis.BlobInfo) error { return errors.New("called") })
	wantCode(t, jarvis.CodeNotFound, err, "WalkDay of a missing folder")
}

func testWalkForeign(t *testing.T, tree Tree) {
	store := tree.Open(t)
	im := newImage(store, morning, 10)
	put(t, store, im)
	day, id := im.name.Day(), jarvis.NewRandomID().String()
	foreign := []string{
		"notes.txt", "photo.jpg", strings.ToUpper(id) + ".jpg", id, id + ".gif", id + ".jpg.part", id + "-1.jpg", "a\nb", "\xff\xfe",
	}
	for _, base := range foreign {
		tree.WriteFile(t, path.Join(day.Folder(), base), []byte("foreign"))
	}
	adopted := id + ".jpeg" // a name that the older Jarvis may have given
	tree.WriteFile(t, path.Join(day.Folder(), adopted), []byte("older"))
	tree.WriteFile(t, path.Join(day.Folder(), ".DS_Store"), nil)
	tree.WriteFile(t, path.Join(day.Folder(), ".hidden.jpg"), nil)
	tree.WriteFile(t, path.Join(day.Folder(), "folder", "x.jpg"), nil)
	tree.WriteFile(t, path.Join(day.Folder(), jarvis.NewRandomID().String()+".jpg", "x"), nil)

	found := walk(t, store, day)
	if len(found) != len(foreign)+2 {
		t.Errorf("WalkDay found %d files, want %d: %v", len(found), len(foreign)+2, found)
	}
	for _, base := range foreign {
		if info, ok := found[base]; !ok || !info.Name.IsZero() || info.Size != 7 || info.ModTime.IsZero() {
			t.Errorf("WalkDay found %+v for the foreign file %q", info, base)
		}
	}
	if info := found[adopted]; info.Name.ID().String() != id {
		t.Errorf("WalkDay found %+v for %s", info, adopted)
	}
}

func testSymlinks(t *testing.T, tree Tree) {
	if tree.Symlink == nil {
		t.Skip("this file system has no symbolic links")
	}
	store := tree.Open(t)
	im := newImage(store, morning, 1000)
	put(t, store, im)
	day := im.name.Day()
	link := store.Name(jarvis.NewRandomID(), morning, jarvis.JPEG)
	tree.Symlink(t, im.name.Base(), link.String())
	dangling := store.Name(jarvis.NewRandomID(), morning, jarvis.JPEG)
	tree.Symlink(t, "/nowhere", dangling.String())
	tree.Symlink(t, day.Folder(), "2025")
	tree.Symlink(t, "24", "2026/01/25")

	found := walk(t, store, day)
	if len(found) != 3 {
		t.Errorf("WalkDay found %d files, want the image and two links", len(found))
	}
	for _, name := range []jarvis.BlobName{link, dangling} {
		if info, ok := found[name.Base()]; !ok || !info.Name.IsZero() {
			t.Errorf("WalkDay found %+v for a symbolic link, want a foreign file", info)
		}
		_, err := store.Read(t.Context(), name)
		wantCode(t, jarvis.CodeNotFound, err, "Read of a symbolic link")
		_, err = store.Stat(t.Context(), name)
		wantCode(t, jarvis.CodeNotFound, err, "Stat of a symbolic link")
		err = stage(t, store, name.ID(), []byte("bytes")).Publish(t.Context(), name)
		wantCode(t, jarvis.CodeConflict, err, "Publish over a symbolic link")
	}
	if days, err := store.Days(t.Context()); err != nil || !slices.Equal(days, []jarvis.Day{day}) {
		t.Errorf("Days = %v, %v; want no link among them", days, err)
	}
	if err := store.Delete(t.Context(), link); err != nil {
		t.Errorf("Delete of a symbolic link: %v", err)
	}
	wantImage(t, store, im)
	if moved, err := store.Quarantine(t.Context(), day, dangling.Base()); err != nil {
		t.Errorf("Quarantine of a dangling link: %s, %v", moved, err)
	}
}

func testWalkStops(t *testing.T, tree Tree) {
	store := tree.Open(t)
	for range 3 {
		put(t, store, newImage(store, morning, 10))
	}
	enough, calls := errors.New("enough"), 0
	err := store.WalkDay(t.Context(), jarvis.DayOf(morning), func(jarvis.BlobInfo) error {
		calls++
		return enough
	})
	if err != enough || calls != 1 {
		t.Errorf("WalkDay = %v after %d calls, want the error of fn itself after one", err, calls)
	}
}

func testWalkUse(t *testing.T, tree Tree) {
	store := tree.Open(t)
	const count = 20
	for range count {
		put(t, store, newImage(store, morning, 10))
	}
	seen := 0
	err := store.WalkDay(t.Context(), jarvis.DayOf(morning), func(info jarvis.BlobInfo) error {
		seen++
		if seen%2 == 0 {
			return store.Delete(t.Context(), info.Name)
		}
		_, err := store.Read(t.Context(), info.Name)
		return err
	})
	if err != nil || seen != count {
		t.Fatalf("WalkDay = %v after %d files, want %d", err, seen, count)
	}
	if left := len(walk(t, store, jarvis.DayOf(morning))); left != count/2 {
		t.Errorf("%d files are left, want %d", left, count/2)
	}
}

func testWalkMany(t *testing.T, tree Tree) {
	store := tree.Open(t)
	const count = 2_500 // more than any one read of a folder returns
	day := jarvis.DayOf(morning)
	for range count {
		tree.WriteFile(t, path.Join(day.Folder(), jarvis.NewRandomID().String()+".jpg"), nil)
	}
	if found := len(walk(t, store, day)); found != count {
		t.Errorf("WalkDay found %d files, want %d", found, count)
	}
}

func testQuarantine(t *testing.T, tree Tree) {
	store := tree.Open(t)
	im := newImage(store, morning, 1000)
	put(t, store, im)
	day := im.name.Day()
	onDisk := tree.ReadFile(t, im.name.String())
	tree.WriteFile(t, path.Join(day.Folder(), "notes.txt"), []byte("notes"))

	moved, err := store.Quarantine(t.Context(), day, im.name.Base())
	if err != nil {
		t.Fatal(err)
	}
	if got := tree.ReadFile(t, moved); !bytes.Equal(got, onDisk) {
		t.Errorf("%s has %d bytes that differ from the image", moved, len(got))
	}
	_, err = store.Stat(t.Context(), im.name)
	wantCode(t, jarvis.CodeNotFound, err, "Stat of a quarantined image")

	moved, err = store.Quarantine(t.Context(), day, "notes.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got := string(tree.ReadFile(t, moved)); got != "notes" {
		t.Errorf("%s holds %q", moved, got)
	}
	if found := walk(t, store, day); len(found) != 0 {
		t.Errorf("WalkDay still finds %v", found)
	}
	if days, err := store.Days(t.Context()); err != nil || !slices.Equal(days, []jarvis.Day{day}) {
		t.Errorf("Days = %v, %v; want the quarantine not among them", days, err)
	}
}

func testQuarantineCollisions(t *testing.T, tree Tree) {
	store, other := tree.Open(t), tree.Open(t)
	day := jarvis.DayOf(morning)
	long := strings.Repeat("n", 255)
	for _, base := range []string{"notes.txt", long} {
		var places []string
		for i := range 4 {
			tree.WriteFile(t, path.Join(day.Folder(), base), fmt.Appendf(nil, "%d", i))
			handle := store
			if i%2 == 1 {
				handle = other
			}
			moved, err := handle.Quarantine(t.Context(), day, base)
			if err != nil {
				t.Fatalf("Quarantine %d of %.20s: %v", i, base, err)
			}
			places = append(places, moved)
		}
		for i, place := range places {
			if got := string(tree.ReadFile(t, place)); got != fmt.Sprint(i) {
				t.Errorf("%s holds %q, want %d: quarantined files may not overwrite each other", place, got, i)
			}
		}
	}
}

func testQuarantineRefused(t *testing.T, tree Tree) {
	store := tree.Open(t)
	day := jarvis.DayOf(morning)
	put(t, store, newImage(store, morning, 10))
	tree.WriteFile(t, path.Join(day.Folder(), "folder", "x"), nil)
	tree.WriteFile(t, "outside", []byte("outside"))
	for _, base := range []string{"", ".", "..", ".hidden", "../../../outside", "a/b", "/etc/passwd", "x\x00", "folder"} {
		_, err := store.Quarantine(t.Context(), day, base)
		wantCode(t, jarvis.CodeInvalid, err, fmt.Sprintf("Quarantine %q", base))
	}
	_, err := store.Quarantine(t.Context(), day, "missing")
	wantCode(t, jarvis.CodeNotFound, err, "Quarantine of a missing file")
	_, err = store.Quarantine(t.Context(), jarvis.Day{Year: 2026, Month: 2, Date: 30}, "x")
	wantCode(t, jarvis.CodeInvalid, err, "Quarantine on a day that is none")
	if got := string(tree.ReadFile(t, "outside")); got != "outside" {
		t.Errorf("outside holds %q", got)
	}
}

func testMarker(t *testing.T, tree Tree) {
	store, other := tree.Open(t), tree.Open(t)
	if id, err := store.Marker(t.Context()); err != nil || !id.IsZero() {
		t.Fatalf("Marker of an unmarked tree = %s, %v", id, err)
	}
	mine, theirs := jarvis.NewRandomID(), jarvis.NewRandomID()
	if err := store.WriteMarker(t.Context(), mine); err != nil {
		t.Fatal(err)
	}
	for _, handle := range []jarvis.BlobStore{store, other, tree.Open(t)} {
		if id, err := handle.Marker(t.Context()); err != nil || id != mine {
			t.Errorf("Marker = %s, %v; want %s", id, err, mine)
		}
	}
	if err := other.WriteMarker(t.Context(), mine); err != nil {
		t.Errorf("WriteMarker of the same store again: %v, want no error", err)
	}
	wantCode(t, jarvis.CodeMismatch, other.WriteMarker(t.Context(), theirs), "WriteMarker of another store")
	if id, err := store.Marker(t.Context()); err != nil || id != mine {
		t.Errorf("Marker = %s, %v after a refused WriteMarker; want %s", id, err, mine)
	}
	if days, err := store.Days(t.Context()); err != nil || len(days) != 0 {
		t.Errorf("Days = %v, %v; want the marker not among them", days, err)
	}
}

func testMarkerRace(t *testing.T, tree Tree) {
	const writers = 8
	stores := []jarvis.BlobStore{tree.Open(t), tree.Open(t)}
	ids := make([]jarvis.ID, writers)
	results := make([]error, writers)
	var writing sync.WaitGroup
	for i := range writers {
		ids[i] = jarvis.NewRandomID()
		writing.Go(func() { results[i] = stores[i%2].WriteMarker(t.Context(), ids[i]) })
	}
	writing.Wait()
	marker, err := stores[0].Marker(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, err := range results {
		if ids[i] == marker {
			if err != nil {
				t.Errorf("the store whose marker is there got %v", err)
			}
			continue
		}
		wantCode(t, jarvis.CodeMismatch, err, "WriteMarker of a store that came second")
	}
	if !slices.Contains(ids, marker) {
		t.Errorf("Marker = %s, which nobody wrote", marker)
	}
}

func testUsage(t *testing.T, tree Tree) {
	usage, err := tree.Open(t).Usage(t.Context())
	if err != nil || usage.Total <= 0 || usage.Free < 0 || usage.Free > usage.Total {
		t.Errorf("Usage = %+v, %v", usage, err)
	}
}

func testCheck(t *testing.T, tree Tree) {
	store := tree.Open(t)
	for range 3 {
		if err := store.Check(t.Context()); err != nil {
			t.Errorf("Check: %v", err)
		}
	}
}
