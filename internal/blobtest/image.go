package blobtest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	jarvis "github.com/jarvis-memory/jarvis"
)

func testName(t *testing.T, tree Tree) {
	store := tree.Open(t)
	id := jarvis.NewRandomID()
	late := time.Date(2026, time.January, 24, 23, 30, 0, 0, time.FixedZone("", -3600))
	for _, format := range []jarvis.Format{jarvis.JPEG, jarvis.PNG, jarvis.WebP} {
		name := store.Name(id, late, format)
		if name.ID() != id || name.Format() != format {
			t.Errorf("Name(%s, %s) = %s", id, format, name)
		}
		if name.Day() != (jarvis.Day{Year: 2026, Month: time.January, Date: 25}) {
			t.Errorf("the day of %s is %s, want the date in UTC", name, name.Day())
		}
		parsed, err := jarvis.ParseBlobName(name.String())
		if err != nil || parsed != name {
			t.Errorf("ParseBlobName(%s) = %s, %v", name, parsed, err)
		}
	}
}

func testStage(t *testing.T, tree Tree) {
	store := tree.Open(t)
	im := newImage(store, morning, 1000)
	staged := stage(t, store, im.id, im.data)
	_, err := store.Stat(t.Context(), im.name)
	wantCode(t, jarvis.CodeNotFound, err, "Stat of an image that is only staged")
	days, err := store.Days(t.Context())
	if err != nil || len(days) != 0 {
		t.Errorf("Days = %v, %v; want none: a staged image has no name", days, err)
	}
	if staged.Size() <= 0 || len(staged.SHA256()) != sha256.Size {
		t.Errorf("Size %d, SHA256 %x", staged.Size(), staged.SHA256())
	}
}

func testSizes(t *testing.T, tree Tree) {
	store := tree.Open(t)
	for _, size := range []int{0, 1, 4095, 4096, 4097, 33 << 20} {
		im := newImage(store, morning, size)
		put(t, store, im)
		wantImage(t, store, im)
	}
}

func testPublish(t *testing.T, tree Tree) {
	store, other := tree.Open(t), tree.Open(t)
	before := time.Now().Add(-time.Minute)
	im := newImage(store, morning, 156<<10)
	staged := stage(t, store, im.id, im.data)
	if err := staged.Publish(t.Context(), im.name); err != nil {
		t.Fatal(err)
	}
	wantImage(t, store, im)
	wantImage(t, other, im)

	info, err := other.Stat(t.Context(), im.name)
	if err != nil {
		t.Fatal(err)
	}
	if info.Name != im.name || info.Base != im.name.Base() || info.Size != staged.Size() {
		t.Errorf("Stat = %+v, want %s with %d bytes", info, im.name, staged.Size())
	}
	if info.ModTime.Before(before) || info.ModTime.After(time.Now().Add(time.Minute)) {
		t.Errorf("ModTime = %v, want now", info.ModTime)
	}
	onDisk := tree.ReadFile(t, im.name.String())
	if digest := sha256.Sum256(onDisk); !bytes.Equal(digest[:], staged.SHA256()) {
		t.Error("SHA256 is not the digest of the bytes on disk")
	}
	if int64(len(onDisk)) != staged.Size() {
		t.Errorf("Size = %d, but %d bytes are on disk", staged.Size(), len(onDisk))
	}

	// What Read returned belongs to the caller.
	mine, err := store.Read(t.Context(), im.name)
	if err != nil {
		t.Fatal(err)
	}
	clear(mine)
	wantImage(t, store, im)
}

func testPublishConflict(t *testing.T, tree Tree) {
	store := tree.Open(t)
	im := newImage(store, morning, 1000)
	put(t, store, im)
	second := stage(t, store, im.id, []byte("other bytes"))
	err := second.Publish(t.Context(), im.name)
	wantCode(t, jarvis.CodeConflict, err, "Publish of a name that is taken")
	wantImage(t, store, im)

	// The staged image is still good for another name.
	free := image{name: store.Name(im.id, morning, jarvis.PNG), data: []byte("other bytes")}
	if err := second.Publish(t.Context(), free.name); err != nil {
		t.Fatalf("Publish of a free name after a conflict: %v", err)
	}
	wantImage(t, store, free)

	// A leftover that no row knows is in the way just as well.
	leftover := store.Name(jarvis.NewRandomID(), morning, jarvis.JPEG)
	tree.WriteFile(t, leftover.String(), []byte("torn"))
	err = stage(t, store, leftover.ID(), im.data).Publish(t.Context(), leftover)
	wantCode(t, jarvis.CodeConflict, err, "Publish over a leftover")
}

func testPublishRace(t *testing.T, tree Tree) {
	const writers = 16
	stores := []jarvis.BlobStore{tree.Open(t), tree.Open(t)}
	name := stores[0].Name(jarvis.NewRandomID(), morning, jarvis.JPEG)
	staged := make([]jarvis.StagedBlob, writers)
	for i := range writers {
		staged[i] = stage(t, stores[i%2], name.ID(), fmt.Appendf(nil, "the bytes of writer %d", i))
	}
	var winner atomic.Int32
	winner.Store(-1)
	var writing sync.WaitGroup
	for i := range writers {
		writing.Go(func() {
			err := staged[i].Publish(t.Context(), name)
			if err == nil {
				if !winner.CompareAndSwap(-1, int32(i)) {
					t.Error("two writers published the same name")
				}
				return
			}
			wantCode(t, jarvis.CodeConflict, err, "Publish by a writer that came second")
		})
	}
	writing.Wait()
	if winner.Load() < 0 {
		t.Fatal("no writer won")
	}
	wantImage(t, stores[0], image{name: name, data: fmt.Appendf(nil, "the bytes of writer %d", winner.Load())})
}

func testPublishForty(t *testing.T, tree Tree) {
	stores := []jarvis.BlobStore{tree.Open(t), tree.Open(t)}
	images := make([]image, 40)
	var writing sync.WaitGroup
	for i := range images {
		store := stores[i%2]
		images[i] = newImage(store, morning.AddDate(0, 0, i%3), 10_000+i)
		writing.Go(func() {
			staged, err := store.Stage(t.Context(), images[i].id, images[i].data)
			if err != nil {
				t.Errorf("Stage: %v", err)
				return
			}
			defer staged.Discard()
			unlock, err := store.Lock(t.Context(), images[i].id)
			if err != nil {
				t.Errorf("Lock: %v", err)
				return
			}
			defer unlock()
			if err := staged.Publish(t.Context(), images[i].name); err != nil {
				t.Errorf("Publish: %v", err)
			}
		})
	}
	writing.Wait()
	for _, im := range images {
		wantImage(t, stores[0], im)
	}
}

func testEqualBytes(t *testing.T, tree Tree) {
	store := tree.Open(t)
	first, second := newImage(store, morning, 1000), newImage(store, morning, 0)
	second.data = first.data
	put(t, store, first)
	put(t, store, second)
	if err := store.Delete(t.Context(), first.name); err != nil {
		t.Fatal(err)
	}
	wantImage(t, store, second)
}

func testFolderRemoved(t *testing.T, tree Tree) {
	store := tree.Open(t)
	for _, folder := range []string{"2026/01/24", "2026"} {
		put(t, store, newImage(store, morning, 1000))
		tree.RemoveAll(t, folder)
		im := newImage(store, morning, 1000)
		put(t, store, im)
		wantImage(t, store, im)
	}
}

func testReplace(t *testing.T, tree Tree) {
	store := tree.Open(t)
	name := store.Name(jarvis.NewRandomID(), morning, jarvis.JPEG)
	tree.WriteFile(t, name.String(), bytes.Repeat([]byte("a leftover "), 10_000))
	fresh := image{name: name, data: []byte("the fresh bytes")}
	staged := stage(t, store, name.ID(), fresh.data)
	if err := staged.Replace(t.Context(), name); err != nil {
		t.Fatalf("Replace of a leftover: %v", err)
	}
	wantImage(t, store, fresh)
	staged.Discard()
	wantImage(t, store, fresh)

	// Without a file in the way, in a day that has no folder, it is Publish.
	free := newImage(store, morning.AddDate(1, 0, 0), 1000)
	if err := stage(t, store, free.id, free.data).Replace(t.Context(), free.name); err != nil {
		t.Fatalf("Replace of nothing: %v", err)
	}
	wantImage(t, store, free)

	// Whoever reads meanwhile sees the old bytes or the new ones, whole.
	old, next := bytes.Repeat([]byte("o"), 100_000), bytes.Repeat([]byte("n"), 100_000)
	changing := newImage(store, morning, 0)
	changing.data = old
	put(t, store, changing)
	replacement := stage(t, store, changing.id, next)
	replaced := make(chan error, 1)
	go func() { replaced <- replacement.Replace(t.Context(), changing.name) }()
	for done := false; !done; {
		select {
		case err := <-replaced:
			if err != nil {
				t.Fatal(err)
			}
			done = true
		default:
		}
		got, err := store.Read(t.Context(), changing.name)
		if err != nil || !bytes.Equal(got, old) && !bytes.Equal(got, next) {
			t.Fatalf("Read during Replace: %d bytes of neither image, %v", len(got), err)
		}
	}
	wantImage(t, store, image{name: changing.name, data: next})
}

func testDiscard(t *testing.T, tree Tree) {
	store := tree.Open(t)
	im := newImage(store, morning, 1000)
	staged := stage(t, store, im.id, im.data)
	staged.Discard()
	staged.Discard()
	if err := staged.Publish(t.Context(), im.name); err == nil {
		t.Error("Publish after Discard succeeded")
	}
	_, err := store.Stat(t.Context(), im.name)
	wantCode(t, jarvis.CodeNotFound, err, "Stat of a discarded image")

	published := stage(t, store, im.id, im.data)
	if err := published.Publish(t.Context(), im.name); err != nil {
		t.Fatal(err)
	}
	published.Discard()
	wantImage(t, store, im)
}

func testMissing(t *testing.T, tree Tree) {
	store := tree.Open(t)
	there := newImage(store, morning, 10)
	put(t, store, there)
	for _, missing := range []jarvis.BlobName{
		store.Name(jarvis.NewRandomID(), morning, jarvis.JPEG),                   // in a folder that is there
		store.Name(jarvis.NewRandomID(), morning.AddDate(-1, 0, 0), jarvis.JPEG), // in one that is not
		store.Name(there.id, morning, jarvis.PNG),                                // of another format
	} {
		_, err := store.Read(t.Context(), missing)
		wantCode(t, jarvis.CodeNotFound, err, "Read "+missing.String())
		_, err = store.ReadStored(t.Context(), missing)
		wantCode(t, jarvis.CodeNotFound, err, "ReadStored "+missing.String())
		_, err = store.Stat(t.Context(), missing)
		wantCode(t, jarvis.CodeNotFound, err, "Stat "+missing.String())
		if err := store.Delete(t.Context(), missing); err != nil {
			t.Errorf("Delete of the missing %s: %v, want no error", missing, err)
		}
	}
	wantImage(t, store, there)
}

func testInvalidName(t *testing.T, tree Tree) {
	store := tree.Open(t)
	staged := stage(t, store, jarvis.NewRandomID(), []byte("bytes"))
	ctx := t.Context()
	for _, name := range []jarvis.BlobName{
		{},
		store.Name(jarvis.ID{}, morning, jarvis.JPEG),
		store.Name(jarvis.NewRandomID(), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), jarvis.JPEG),
		store.Name(jarvis.NewRandomID(), time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC), jarvis.JPEG),
		store.Name(jarvis.NewRandomID(), morning, jarvis.Format("/../../x")),
	} {
		what := fmt.Sprintf(" %q", name)
		_, err := store.Read(ctx, name)
		wantCode(t, jarvis.CodeInvalid, err, "Read"+what)
		_, err = store.ReadStored(ctx, name)
		wantCode(t, jarvis.CodeInvalid, err, "ReadStored"+what)
		_, err = store.Stat(ctx, name)
		wantCode(t, jarvis.CodeInvalid, err, "Stat"+what)
		wantCode(t, jarvis.CodeInvalid, store.Delete(ctx, name), "Delete"+what)
		wantCode(t, jarvis.CodeInvalid, staged.Publish(ctx, name), "Publish"+what)
		wantCode(t, jarvis.CodeInvalid, staged.Replace(ctx, name), "Replace"+what)
	}
	_, err := store.Lock(ctx, jarvis.ID{})
	wantCode(t, jarvis.CodeInvalid, err, "Lock of the zero id")
	wantCode(t, jarvis.CodeInvalid, store.WriteMarker(ctx, jarvis.ID{}), "WriteMarker of the zero id")
	nothing := func(jarvis.BlobInfo) error { return errors.New("called") }
	for _, day := range []jarvis.Day{{}, {Year: 2026, Month: 2, Date: 30}, {Year: 10000, Month: 1, Date: 1}} {
		wantCode(t, jarvis.CodeInvalid, store.WalkDay(ctx, day, nothing), fmt.Sprintf("WalkDay %v", day))
	}
}

func testDelete(t *testing.T, tree Tree) {
	store, other := tree.Open(t), tree.Open(t)
	im := newImage(store, morning, 1000)
	put(t, store, im)
	if err := other.Delete(t.Context(), im.name); err != nil {
		t.Fatal(err)
	}
	_, err := store.Stat(t.Context(), im.name)
	wantCode(t, jarvis.CodeNotFound, err, "Stat of a deleted image")
	if err := store.Delete(t.Context(), im.name); err != nil {
		t.Errorf("Delete again: %v, want no error", err)
	}
	days, err := store.Days(t.Context())
	if err != nil || len(days) != 1 {
		t.Errorf("Days = %v, %v; want the folder that was emptied left", days, err)
	}
	put(t, store, im)
	wantImage(t, store, im)
}
