package thumbnail

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/vault"
)

// newCache returns a cache in a folder of its own, and closes it with the test.
func newCache(t testing.TB, o Options) *Cache {
	t.Helper()
	if o.Folder == "" {
		o.Folder = filepath.Join(t.TempDir(), "cache", "thumbnails")
	}
	c := New(o)
	t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return c
}

func newSealer(t testing.TB) Sealer {
	t.Helper()
	key, err := vault.NewDataKey().CacheKey()
	must(t, err)
	return key
}

// counted is a source that counts how often it was asked.
type counted struct {
	image []byte
	asked atomic.Int64
}

func (s *counted) get(context.Context) ([]byte, error) {
	s.asked.Add(1)
	return s.image, nil
}

func newSource(t testing.TB) *counted {
	t.Helper()
	return &counted{image: jpegFile(t, halves(320, 100))}
}

// files returns the paths of all files, relative to the folder.
func files(t testing.TB, folder string) []string {
	t.Helper()
	var names []string
	must(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && entry.Name() != cacheTag {
			relative, relErr := filepath.Rel(folder, path)
			names, err = append(names, filepath.ToSlash(relative)), relErr
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}))
	return names
}

func get(t testing.TB, c *Cache, id jarvis.ID, width int, s *counted) []byte {
	t.Helper()
	thumbnail, err := c.Thumbnail(t.Context(), id, width, s.get)
	must(t, err)
	return thumbnail
}

func TestCache_Thumbnail(t *testing.T) {
	for _, kind := range []struct {
		name   string
		sealer Sealer
	}{{"Plain", nil}, {"Sealed", newSealer(t)}} {
		t.Run(kind.name, func(t *testing.T) {
			c, s, id := newCache(t, Options{Sealer: kind.sealer}), newSource(t), jarvis.NewRandomID()
			first := get(t, c, id, 300, s)
			wantSize(t, first, 320, 100)
			if second := get(t, c, id, 320, s); !bytes.Equal(first, second) || s.asked.Load() != 1 {
				t.Errorf("the source was asked %d times", s.asked.Load())
			}
			wantSize(t, get(t, c, id, 100, s), 160, 50)
			names := files(t, c.files.path)
			if len(names) != 2 || !strings.HasPrefix(names[0], id.String()[34:]+"/"+id.String()+"-160.jpg") {
				t.Errorf("the files are %q", names)
			}
			content, err := os.ReadFile(filepath.Join(c.files.path, names[1]))
			must(t, err)
			if readable := bytes.Contains(content, first); readable != (kind.sealer == nil) {
				t.Errorf("the picture is in the file: %t", readable)
			}
			again := newCache(t, Options{Folder: c.files.path, Sealer: kind.sealer})
			if third := get(t, again, id, 320, s); !bytes.Equal(first, third) || s.asked.Load() != 2 {
				t.Error("another process made it again")
			}
			info, err := os.Stat(filepath.Join(c.files.path, names[0]))
			must(t, err)
			if info.Mode().Perm() != 0o600 {
				t.Errorf("the file's mode is %v", info.Mode())
			}
		})
	}
}

func TestCache_Thumbnail_Errors(t *testing.T) {
	c := newCache(t, Options{})
	_, err := c.Thumbnail(t.Context(), jarvis.ID{}, 320, newSource(t).get)
	wantCode(t, err, jarvis.CodeInvalid)
	missing := jarvis.NoCapture(jarvis.NewRandomID())
	_, err = c.Thumbnail(t.Context(), jarvis.NewRandomID(), 320, func(context.Context) ([]byte, error) { return nil, missing })
	if !errors.Is(err, missing) {
		t.Errorf("the source's error became %v", err)
	}
	_, err = c.Thumbnail(t.Context(), jarvis.NewRandomID(), 320, func(context.Context) ([]byte, error) { panic("a defect") })
	wantCode(t, err, jarvis.CodeInternal)
	_, err = c.Thumbnail(t.Context(), jarvis.NewRandomID(), 320, func(context.Context) ([]byte, error) { return []byte("text"), nil })
	wantCode(t, err, jarvis.CodeInvalid)
	if names := files(t, c.files.path); names != nil {
		t.Errorf("something was kept: %q", names)
	}
}

// Whatever a file has become, it is made again, and never shown.
func TestCache_Thumbnail_Damaged(t *testing.T) {
	for _, kind := range []struct {
		name   string
		sealer Sealer
	}{{"Plain", nil}, {"Sealed", newSealer(t)}} {
		t.Run(kind.name, func(t *testing.T) {
			c, s, id := newCache(t, Options{Sealer: kind.sealer}), newSource(t), jarvis.NewRandomID()
			want := get(t, c, id, 320, s)
			path := c.files.file(id, 320)
			good, err := os.ReadFile(path)
			must(t, err)
			other := &counted{image: jpegFile(t, halves(64, 64))}
			foreign := jarvis.NewRandomID()
			get(t, c, foreign, 320, other)
			of, err := os.ReadFile(c.files.file(foreign, 320))
			must(t, err)
			flipped := bytes.Clone(good)
			flipped[len(good)/2] ^= 1
			for name, content := range map[string][]byte{
				"empty": {}, "cut": good[:len(good)-1], "zeros": make([]byte, len(good)), "flipped": flipped,
				"of another capture": of, "a JPEG": want, "text": []byte("hello"),
			} {
				must(t, os.WriteFile(path, content, 0o600))
				before := s.asked.Load()
				if got := get(t, c, id, 320, s); !bytes.Equal(got, want) || s.asked.Load() != before+1 {
					t.Errorf("%s: the file passes", name)
				}
				if mended, err := os.ReadFile(path); err != nil || kind.sealer == nil && !bytes.Equal(mended, good) {
					t.Errorf("%s: the file was not made again, error %v", name, err)
				}
			}
		})
	}
}

// A store was sealed: what its cache keeps in plain is never shown, and removed.
func TestCache_Sealed(t *testing.T) {
	plain, s, id := newCache(t, Options{}), newSource(t), jarvis.NewRandomID()
	get(t, plain, id, 320, s)
	sealed := newCache(t, Options{Folder: plain.files.path, Sealer: newSealer(t)})
	get(t, sealed, id, 320, s)
	if s.asked.Load() != 2 {
		t.Fatal("the plain file passes for a sealed one")
	}
	must(t, sealed.Clean(t.Context()))
	if names := files(t, plain.files.path); len(names) != 1 || !strings.HasSuffix(names[0], sealedSuffix) {
		t.Errorf("what is left: %q", names)
	}
	stranger := newCache(t, Options{Folder: plain.files.path, Sealer: newSealer(t)})
	get(t, stranger, id, 320, s)
	if s.asked.Load() != 3 {
		t.Error("a file of another store passes")
	}
}

// The folder may go at any time.
func TestCache_Thumbnail_FolderRemoved(t *testing.T) {
	c, s, id := newCache(t, Options{}), newSource(t), jarvis.NewRandomID()
	for range 3 {
		get(t, c, id, 320, s)
		if names := files(t, c.files.path); len(names) != 1 {
			t.Fatalf("the files are %q", names)
		}
		must(t, os.RemoveAll(filepath.Dir(c.files.path)))
	}
	must(t, c.Purge(id))
	must(t, c.Clean(t.Context()))
}

// A disk that takes nothing costs time, and no thumbnail.
func TestCache_Thumbnail_Unwritable(t *testing.T) {
	var log strings.Builder
	blocked := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(blocked, nil, 0o600))
	c := newCache(t, Options{Folder: filepath.Join(blocked, "thumbnails"), Log: slog.New(slog.NewTextHandler(&log, nil))})
	s := newSource(t)
	wantSize(t, get(t, c, jarvis.NewRandomID(), 320, s), 320, 100)
	if !strings.Contains(log.String(), "could not be kept") || strings.Contains(log.String(), "JFIF") {
		t.Errorf("the log says %q", log.String())
	}
}

// However many ask at the same time, it is made once.
func TestCache_Thumbnail_Once(t *testing.T) {
	c, s, id := newCache(t, Options{}), newSource(t), jarvis.NewRandomID()
	asked, answer := make(chan struct{}), make(chan struct{})
	slow := func(ctx context.Context) ([]byte, error) {
		close(asked) // panics the second time
		<-answer
		return s.get(ctx)
	}
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			if _, err := c.Thumbnail(t.Context(), id, 320-i, slow); err != nil {
				t.Error(err)
			}
		})
	}
	<-asked
	waitUntil(t, func() bool { return c.flights.waiting(flightKey{id: id, width: 320}) == 50 })
	close(answer)
	all.Wait()
	if s.asked.Load() != 1 {
		t.Errorf("it was made %d times", s.asked.Load())
	}
}

// waiting returns how many wait for a flight.
func (f *flights) waiting(key flightKey) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if shared := f.byKey[key]; shared != nil {
		return shared.waiting
	}
	return 0
}

func waitUntil(t testing.TB, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); !holds(); {
		if <-tick.C; time.Now().After(deadline) {
			t.Fatal("it never happened")
		}
	}
}

// One who goes away does not disturb the others; when all went, the work ends,
// and the next one begins anew.
func TestCache_Thumbnail_Cancelled(t *testing.T) {
	c, s, id := newCache(t, Options{}), newSource(t), jarvis.NewRandomID()
	asked, ended, answer := make(chan struct{}, 2), make(chan struct{}, 2), make(chan struct{})
	slow := func(ctx context.Context) ([]byte, error) {
		asked <- struct{}{}
		select {
		case <-ctx.Done():
			ended <- struct{}{}
			return nil, ctx.Err()
		case <-answer:
			return s.get(ctx)
		}
	}
	start := func(ctx context.Context) chan error {
		result := make(chan error, 1)
		go func() {
			_, err := c.Thumbnail(ctx, id, 320, slow)
			result <- err
		}()
		return result
	}
	ctx, cancel := context.WithCancel(t.Context())
	first := start(ctx)
	<-asked
	second, leave := context.WithCancel(t.Context())
	other := start(second)
	waitUntil(t, func() bool { return c.flights.waiting(flightKey{id: id, width: 320}) == 2 })
	cancel()
	wantCode(t, <-first, jarvis.CodeUnavailable)
	leave()
	wantCode(t, <-other, jarvis.CodeUnavailable)
	<-ended
	third := start(t.Context())
	<-asked
	close(answer)
	must(t, <-third)
}

// Everything at once, in two caches as in two processes.
func TestCache_Race(t *testing.T) {
	folder, sealer, s := t.TempDir(), newSealer(t), newSource(t)
	ids := []jarvis.ID{jarvis.NewRandomID(), jarvis.NewRandomID(), jarvis.NewRandomID()}
	var all sync.WaitGroup
	for range 2 {
		c := newCache(t, Options{Folder: folder, Sealer: sealer, MaxBytes: 8 << 10})
		work := []func(id jarvis.ID) error{
			c.Purge,
			func(jarvis.ID) error { return c.Clean(t.Context()) },
			func(id jarvis.ID) error {
				if err := os.RemoveAll(shelf(folder, id)); !errors.Is(err, syscall.ENOTEMPTY) {
					return err
				}
				return nil // somebody wrote into it meanwhile
			},
		}
		for worker := range 6 {
			all.Go(func() {
				for i := range 40 {
					id := ids[(i+worker)%len(ids)]
					if worker < len(work) {
						if err := work[worker](id); err != nil {
							t.Error(err)
						}
					} else if thumbnail, err := c.Thumbnail(t.Context(), id, 320, s.get); err != nil || len(thumbnail) == 0 {
						t.Errorf("Thumbnail: %d bytes, %v", len(thumbnail), err)
					}
				}
			})
		}
	}
	all.Wait()
	for _, name := range files(t, folder) {
		if strings.Contains(name, "/.") {
			t.Errorf("%s is left over", name)
		}
	}
}

func TestCache_Close(t *testing.T) {
	c := newCache(t, Options{})
	asked := make(chan struct{})
	result := make(chan error, 1)
	go func() {
		_, err := c.Thumbnail(t.Context(), jarvis.NewRandomID(), 320, func(ctx context.Context) ([]byte, error) {
			close(asked)
			<-ctx.Done()
			return nil, ctx.Err()
		})
		result <- err
	}()
	<-asked
	must(t, c.Close(t.Context()))
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("what was under way ended with %v", err)
	}
	_, err := c.Thumbnail(t.Context(), jarvis.NewRandomID(), 320, newSource(t).get)
	wantCode(t, err, jarvis.CodeUnavailable)
	must(t, c.Close(t.Context()))
}

// BenchmarkCache_Thumbnail is a thumbnail that is kept, read and opened.
func BenchmarkCache_Thumbnail(b *testing.B) {
	for name, sealer := range map[string]Sealer{"Plain": nil, "Sealed": newSealer(b)} {
		c, s, id := newCache(b, Options{Sealer: sealer}), newSource(b), jarvis.NewRandomID()
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				get(b, c, id, 320, s)
			}
		})
	}
}
