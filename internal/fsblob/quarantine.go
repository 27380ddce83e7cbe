package fsblob

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	jarvis "github.com/jarvis-memory/jarvis"
)

// maxQuarantined bounds how many files of one name and day are kept.
const maxQuarantined = 10_000

// Quarantine implements jarvis.BlobStore. The file keeps its name, in a folder
// called after the day: .jarvis/quarantine/2026-01-24/, or 2026-01-24.2/ and so
// on when a file of that name is there already.
func (s *Store) Quarantine(ctx context.Context, day jarvis.Day, base string) (string, error) {
	if err := checkDay(day); err != nil {
		return "", err
	}
	if err := checkBase(base); err != nil {
		return "", err
	}
	if err := s.writable(ctx); err != nil {
		return "", err
	}
	name := path.Join(day.Folder(), base)
	return do(ctx, s.inFlight, func() (string, error) {
		var moved string
		err := s.health.mutate(func() (err error) {
			moved, err = s.quarantine(day, name)
			return err
		})
		return moved, s.failWrite("quarantine", name, err)
	}, nil)
}

// quarantine links the file to its new place and makes that durable before it
// removes the old name: whenever the power goes, the file is in one of them.
func (s *Store) quarantine(day jarvis.Day, name string) (string, error) {
	switch info, err := s.fs.Lstat(name); {
	case err != nil:
		return "", err
	case info.IsDir():
		return "", jarvis.Errorf(jarvis.CodeInvalid, "cannot quarantine %s: it is a folder", name)
	}
	for n := 1; n <= maxQuarantined; n++ {
		folder := path.Join(quarantineFolder, day.String())
		if n > 1 {
			folder = fmt.Sprintf("%s.%d", folder, n)
		}
		moved := path.Join(folder, path.Base(name))
		err := s.folders.put(folder, func() error { return s.fs.Link(name, moved) })
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		if err := s.fs.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		if err := s.folders.sync(path.Dir(name)); err != nil {
			return "", err
		}
		return moved, nil
	}
	return "", jarvis.Errorf(jarvis.CodeConflict, "cannot quarantine %s: the quarantine has %d files of that name: look at them and move them away", name, maxQuarantined)
}

// checkBase refuses what WalkDay would not have listed, above all what would
// lead out of the folder.
func checkBase(base string) error {
	if base == "" || strings.HasPrefix(base, ".") || strings.ContainsAny(base, "/\x00") {
		return jarvis.Errorf(jarvis.CodeInvalid, "%.100q is not the name of a file in a day's folder", base)
	}
	return nil
}
