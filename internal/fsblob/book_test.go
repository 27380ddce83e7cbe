package fsblob_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	jarvis "github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/crashfs"
	"github.com/jarvis-memory/jarvis/internal/fsblob"
)

// book knows what may be found under each name: one thing once that was
// acknowledged, and what was before as well until then.
type book struct {
	mu      sync.Mutex
	allowed map[string][]string
}

// absent stands for a file that is not there.
const absent = "\x00absent"

// attempt runs op, which is to leave want under name, and enters both.
func (b *book) attempt(name, want string, op func() error) error {
	b.mu.Lock()
	if b.allowed == nil {
		b.allowed = make(map[string][]string)
	}
	if b.allowed[name] == nil {
		b.allowed[name] = []string{absent}
	}
	b.allowed[name] = append(b.allowed[name], want)
	b.mu.Unlock()

	err := op()
	if err == nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.allowed[name] = []string{want}
	}
	return err
}

// acknowledged returns how many names have one thing that must be there.
func (b *book) acknowledged() int {
	n := 0
	for _, allowed := range b.allowed {
		if len(allowed) == 1 && allowed[0] != absent {
			n++
		}
	}
	return n
}

// check compares a disk with the book: every name holds what it may hold, and
// no other image is there.
func (b *book) check(disk *crashfs.FS) error {
	files, err := disk.Files()
	if err != nil {
		return err
	}
	for name, allowed := range b.allowed {
		found := absent
		if data, err := disk.ReadFile(name); err == nil {
			found = string(data)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if !slices.Contains(allowed, found) {
			return fmt.Errorf("%s holds %s, which is none of the %d things it may hold", name, describe(found), len(allowed))
		}
	}
	for _, file := range files {
		if _, err := jarvis.ParseBlobName(file); err == nil && b.allowed[file] == nil && !strings.HasPrefix(file, ".jarvis/") {
			return fmt.Errorf("%s is there, which nobody published", file)
		}
	}
	return nil
}

func describe(content string) string {
	if content == absent {
		return "nothing"
	}
	return fmt.Sprintf("%d bytes beginning with %.20q", len(content), content)
}

const foreignFile, foreignText = "2026/01/24/notes.txt", "a foreign file"

// script does one of everything that changes a tree, in a fixed order. Each
// step is attempted whatever became of those before it.
type script struct {
	book    book
	marker  jarvis.ID
	marked  bool
	names   [4]jarvis.BlobName
	errs    []error
	foreign string // where the foreign file was moved to, once acknowledged
}

func newScript() *script {
	s := &script{marker: jarvis.NewRandomID()}
	start := time.Date(2026, time.January, 24, 8, 0, 0, 0, time.UTC)
	for i := range s.names {
		// The first two on one day, the others on days of their own.
		at := start.AddDate(0, max(i-1, 0), 0)
		s.names[i] = jarvis.NewBlobName(jarvis.NewRandomID(), at, jarvis.JPEG, false)
	}
	return s
}

func (s *script) run(ctx context.Context, store *fsblob.Store) {
	text := func(version string) string { return strings.Repeat(version+" of an image. ", 700) } // more than one block
	first, second, third, fourth := s.names[0].String(), s.names[1].String(), s.names[2].String(), s.names[3].String()
	steps := []func() error{
		func() error {
			err := store.WriteMarker(ctx, s.marker)
			s.marked = err == nil
			return err
		},
		func() error { return s.book.attempt(first, text("first"), s.publish(ctx, store, 0, text("first"))) },
		func() error {
			return s.book.attempt(second, text("second"), s.publish(ctx, store, 1, text("second")))
		},
		func() error { return s.book.attempt(third, text("third"), s.publish(ctx, store, 2, text("third"))) },
		func() error { return s.book.attempt(third, text("new"), s.replace(ctx, store, 2, text("new"))) },
		func() error {
			return s.book.attempt(first, absent, func() error { return store.Delete(ctx, s.names[0]) })
		},
		func() (err error) {
			s.foreign, err = store.Quarantine(ctx, s.names[0].Day(), "notes.txt")
			return err
		},
		func() error {
			return s.book.attempt(fourth, text("fourth"), s.replace(ctx, store, 3, text("fourth")))
		},
	}
	for _, step := range steps {
		if err := step(); err != nil {
			s.errs = append(s.errs, err)
		}
	}
}

func (s *script) publish(ctx context.Context, store *fsblob.Store, i int, text string) func() error {
	return func() error {
		staged, err := store.Stage(ctx, s.names[i].ID(), []byte(text))
		if err != nil {
			return err
		}
		defer staged.Discard()
		return staged.Publish(ctx, s.names[i])
	}
}

func (s *script) replace(ctx context.Context, store *fsblob.Store, i int, text string) func() error {
	return func() error {
		staged, err := store.Stage(ctx, s.names[i].ID(), []byte(text))
		if err != nil {
			return err
		}
		defer staged.Discard()
		return staged.Replace(ctx, s.names[i])
	}
}

// check reopens the tree on disk and compares it with what was acknowledged.
func (s *script) check(t *testing.T, disk *crashfs.FS) error {
	store, err := fsblob.Open(t.Context(), "tree", fsblob.Options{FS: disk, Create: true})
	if err != nil {
		return fmt.Errorf("reopen: %w", err)
	}
	defer func() {
		if err := store.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}()
	if err := s.book.check(disk); err != nil {
		return err
	}
	files, err := disk.Files()
	if err != nil {
		return err
	}
	foreign := 0
	for _, file := range files {
		if strings.HasPrefix(file, ".jarvis/staging/") {
			return fmt.Errorf("%s was not swept", file)
		}
		if strings.HasSuffix(file, "notes.txt") {
			data, err := disk.ReadFile(file)
			if err != nil || string(data) != foreignText {
				return fmt.Errorf("%s holds %q, %v", file, data, err)
			}
			foreign++
		}
	}
	if foreign == 0 || s.foreign != "" && (foreign != 1 || !slices.Contains(files, s.foreign)) {
		return fmt.Errorf("the foreign file is %d times there, and was moved to %q", foreign, s.foreign)
	}
	marker, err := store.Marker(t.Context())
	if err != nil || !marker.IsZero() && marker != s.marker {
		return fmt.Errorf("the marker is %q, %v", marker, err)
	}
	if marker.IsZero() && s.marked {
		return errors.New("the marker is gone")
	}
	// A tree that was cut takes new captures.
	if err := s.book.attempt(s.names[1].String(), "again", s.replace(t.Context(), store, 1, "again")); err != nil {
		return fmt.Errorf("store after the crash: %w", err)
	}
	return s.book.check(disk)
}
