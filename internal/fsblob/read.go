package fsblob

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	jarvis "github.com/jarvis-memory/jarvis"
)

// Read implements jarvis.BlobStore. A file larger than Options.MaxRead is
// CodeTooLarge.
func (s *Store) Read(ctx context.Context, name jarvis.BlobName) ([]byte, error) {
	stored, err := s.ReadStored(ctx, name)
	if err != nil {
		return nil, err
	}
	return s.Open(name, stored)
}

// Open implements jarvis.BlobStore. This store has no identity: see package vault.
func (s *Store) Open(name jarvis.BlobName, stored []byte) ([]byte, error) {
	if name.Sealed() {
		return nil, jarvis.Errorf(jarvis.CodeLocked, "the image %s is sealed, and this store is not: open it with the identity that it was sealed for, as in age --decrypt", name)
	}
	return stored, nil
}

// ReadStored implements jarvis.BlobStore. A file larger than Options.MaxRead is
// CodeTooLarge.
func (s *Store) ReadStored(ctx context.Context, name jarvis.BlobName) ([]byte, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	return do(ctx, s.inFlight, func() ([]byte, error) {
		data, err := s.read(name.String(), s.maxRead)
		return data, fail("read", name.String(), err)
	}, nil)
}

func (s *Store) read(name string, limit int64) (_ []byte, err error) {
	file, err := s.fs.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, errTooLarge(name, info.Size(), limit)
	}
	// One read more than the size finds the end without growing the buffer.
	data := bytes.NewBuffer(make([]byte, 0, info.Size()+bytes.MinRead))
	if _, err := data.ReadFrom(io.LimitReader(file, limit+1)); err != nil {
		return nil, err
	}
	if int64(data.Len()) > limit {
		return nil, errTooLarge(name, int64(data.Len()), limit)
	}
	return data.Bytes(), nil
}

func errTooLarge(name string, size, limit int64) error {
	return jarvis.Errorf(jarvis.CodeTooLarge, "cannot read %s: it has %s, more than the %s that a stored image may have", name, bytesText(size), bytesText(limit))
}

// Stat implements jarvis.BlobStore.
func (s *Store) Stat(ctx context.Context, name jarvis.BlobName) (jarvis.BlobInfo, error) {
	if err := checkName(name); err != nil {
		return jarvis.BlobInfo{}, err
	}
	return do(ctx, s.inFlight, func() (jarvis.BlobInfo, error) {
		info, err := s.fs.Lstat(name.String())
		if err == nil && !info.Mode().IsRegular() {
			err = ErrNotRegular
		}
		if err != nil {
			return jarvis.BlobInfo{}, fail("find", name.String(), err)
		}
		return jarvis.BlobInfo{Name: name, Base: name.Base(), Size: info.Size(), ModTime: info.ModTime()}, nil
	}, nil)
}

// Delete implements jarvis.BlobStore.
func (s *Store) Delete(ctx context.Context, name jarvis.BlobName) error {
	if err := checkName(name); err != nil {
		return err
	}
	return run(ctx, s.inFlight, func() error {
		err := s.health.mutate(func() error {
			if err := s.removeOtherNames(name.String()); err != nil {
				return err
			}
			if err := s.fs.Remove(name.String()); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			// Also when it was missing: whoever removed it may have died before
			// this sync, and the caller is about to forget the image.
			err := s.folders.sync(name.Day().Folder())
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return err
		})
		return fail("delete", name.String(), err)
	})
}

// removeOtherNames removes the staging name that an image keeps when the program
// was killed while it was published: with it the bytes would outlive the image.
func (s *Store) removeOtherNames(name string) error {
	image, err := s.fs.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || !linked(image) {
		return err
	}
	return s.eachStaged(context.Background(), func(entry fs.DirEntry) error {
		other, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(image, other) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.removeStaged(entry.Name())
	})
}

// linked reports whether a file has more than one name.
func linked(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Nlink > 1
}
