package fsblob

import (
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"path"
	"sync/atomic"
	"time"

	jarvis "github.com/jarvis-memory/jarvis"
)

// writeSize is how much is written between two looks at the context.
const writeSize = 4 << 20

// Name implements jarvis.BlobStore. This store keeps images as they are given.
func (s *Store) Name(id jarvis.ID, timestamp time.Time, format jarvis.Format) jarvis.BlobName {
	return jarvis.NewBlobName(id, timestamp, format, false)
}

// Stage implements jarvis.BlobStore.
func (s *Store) Stage(ctx context.Context, id jarvis.ID, data []byte) (jarvis.StagedBlob, error) {
	if id.IsZero() {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "an image of no capture is to be stored: give the id of its capture")
	}
	if err := s.writable(ctx); err != nil {
		return nil, err
	}
	b, err := do(ctx, s.inFlight, func() (*staged, error) {
		b := &staged{store: s, id: id, name: stagingName(), data: data}
		err := s.health.mutate(func() error { return s.write(ctx, b.name, data) })
		if err != nil {
			b.remove()
			return nil, s.failWrite("write", b.name, err)
		}
		return b, nil
	}, (*staged).remove)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// write makes a file durable. What it leaves when it fails is the caller's to
// remove; its name is durable in no case, and need not be.
func (s *Store) write(ctx context.Context, name string, data []byte) error {
	if err := s.space.reserve(int64(len(data))); err != nil {
		return err
	}
	file, err := s.create(name)
	if err != nil {
		return err
	}
	for rest := data; len(rest) > 0; {
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), file.Close())
		}
		n, err := file.Write(rest[:min(len(rest), writeSize)])
		if err != nil {
			return errors.Join(err, file.Close())
		}
		rest = rest[n:]
	}
	if err := file.Sync(); err != nil {
		return errors.Join(&syncError{name, err}, file.Close())
	}
	return file.Close()
}

// create makes a file in one of our own folders, and the folder again when
// somebody removed it.
func (s *Store) create(name string) (File, error) {
	file, err := s.fs.Create(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return file, err
	}
	if err := s.folders.remake(path.Dir(name)); err != nil {
		return nil, err
	}
	return s.fs.Create(name)
}

// stagingName returns a name that no other staging file has. It tells nothing
// about the capture.
func stagingName() string { return path.Join(stagingFolder, jarvis.NewRandomID().String()) }

// staged implements jarvis.StagedBlob.
type staged struct {
	store *Store
	id    jarvis.ID // of the capture that data is the image of
	name  string
	data  []byte
	gone  atomic.Bool // the staging name is no more; an abandoned Publish may still set it
}

// Size implements jarvis.StagedBlob.
func (b *staged) Size() int64 { return int64(len(b.data)) }

// SHA256 implements jarvis.StagedBlob. It is computed when it is asked for:
// whoever has the digest of the image as given has this one too, as long as
// names are not Sealed, and a third of the processor time is saved.
func (b *staged) SHA256() []byte {
	sum := sha256.Sum256(b.data)
	return sum[:]
}

// Publish implements jarvis.StagedBlob. The staging name is removed before the
// folder is synced, and its own folder never is: should the power bring the name
// back, it is one more name of the image until the next sweep.
func (b *staged) Publish(ctx context.Context, name jarvis.BlobName) error {
	return b.publish(ctx, name, func() error {
		err := b.store.fs.Link(b.name, name.String())
		if err == nil {
			b.remove()
		}
		return err
	})
}

// Replace implements jarvis.StagedBlob. Should the name be one of the staging
// file already, because a Publish was given up and yet came to its end, then
// rename(2) leaves both, and Discard removes the other.
func (b *staged) Replace(ctx context.Context, name jarvis.BlobName) error {
	return b.publish(ctx, name, func() error {
		return b.store.fs.Rename(b.name, name.String())
	})
}

func (b *staged) publish(ctx context.Context, name jarvis.BlobName, move func() error) error {
	if err := checkName(name); err != nil {
		return err
	}
	if name.ID() != b.id {
		return jarvis.Errorf(jarvis.CodeInvalid, "%s is not a name of the capture %s, whose image is to be stored", name, b.id)
	}
	s := b.store
	return run(ctx, s.inFlight, func() error {
		err := s.health.mutate(func() error { return s.folders.put(name.Day().Folder(), move) })
		if errors.Is(err, fs.ErrNotExist) {
			return &jarvis.Error{
				Code:    jarvis.CodeUnavailable,
				Op:      "fsblob: publish",
				Message: "cannot store " + name.String() + ": its staging file, or the folder of its day, was removed meanwhile: try again",
				Err:     err,
			}
		}
		return s.failWrite("store", name.String(), err)
	})
}

// Discard implements jarvis.StagedBlob. When the disk hangs it waits a moment
// and leaves the file to the disk's awakening, or to the next sweep.
func (b *staged) Discard() {
	if !b.gone.Load() {
		patiently(b.remove)
	}
}

func (b *staged) remove() {
	if b.gone.Load() {
		return
	}
	if err := b.store.fs.Remove(b.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		b.store.health.note(fail("remove", b.name, err))
		return
	}
	b.gone.Store(true)
}

// checkName refuses a name that NewBlobName, ParseBlobName or NewDayEntryName
// would not have made of valid parts.
func checkName(name jarvis.BlobName) error {
	if err := checkDay(name.Day()); err != nil {
		return err
	}
	if _, ok := jarvis.NewDayEntryName(name.Day(), name.Base()); !ok {
		return jarvis.Errorf(jarvis.CodeInvalid, "%q is not the name of an image", name.String())
	}
	return nil
}

func checkDay(day jarvis.Day) error {
	if parsed, ok := jarvis.ParseDayFolder(day.Folder()); !ok || parsed != day {
		return jarvis.Errorf(jarvis.CodeInvalid, "%d-%d-%d is not a day that a folder can have", day.Year, day.Month, day.Date)
	}
	return nil
}
