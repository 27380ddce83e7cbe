package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/archive"
	"github.com/jarvis-memory/jarvis/internal/config"
)

// meddled is a catalogue in which something happens with each write.
type meddled struct {
	jarvis.Catalog
	meddle func() error
}

func (m meddled) InsertCapture(ctx context.Context, c *jarvis.Capture) error {
	return errors.Join(m.meddle(), m.Catalog.InsertCapture(ctx, c))
}

func (m meddled) BeginDelete(ctx context.Context, id jarvis.ID) (jarvis.PendingDelete, error) {
	if err := m.meddle(); err != nil {
		return jarvis.PendingDelete{}, err
	}
	return m.Catalog.BeginDelete(ctx, id)
}

// runVerify runs a verification of the store of a place while something meddles
// with its writes, and returns what it printed.
func runVerify(t *testing.T, p *place, cmd verifyCmd, meddle func(stop context.CancelFunc) error) (string, error) {
	t.Helper()
	cfg, err := config.Load(config.Input{
		Flags:     map[string]string{"data_dir": filepath.Join(p.folder, ".local", "share", "jarvis"), "min_free": "1MiB", "identity_file": filepath.Join(p.folder, identityPath)},
		LookupEnv: func(string) (string, bool) { return "", false },
	})
	if err != nil {
		t.Fatal(err)
	}
	printed, err := os.Create(filepath.Join(t.TempDir(), "printed"))
	if err != nil {
		t.Fatal(err)
	}
	defer shut(t, printed)
	a := &app{console: newConsole(os.Stdin, printed, printed, func(string) string { return "" })}
	s, err := a.openStore(t.Context(), cfg, storeMustExist, keyRequired)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	catalog := meddled{s.catalog, func() error { return meddle(stop) }}
	o := archive.Options{Images: pictures{}}
	blobs, err := s.blobs(&o)
	if err != nil {
		t.Fatal(err)
	}
	s.archive, err = archive.Open(t.Context(), catalog, blobs, o)
	if err != nil {
		t.Fatal(err)
	}
	if cmd.ForgetMissing {
		err = cmd.forget(ctx, a, s.archive, time.Time{}, time.Time{})
	} else {
		err = cmd.verify(ctx, a, s.archive, time.Time{}, time.Time{})
	}
	if err := a.flush(); err != nil {
		t.Fatal(err)
	}
	text, readErr := os.ReadFile(printed.Name())
	if readErr != nil {
		t.Fatal(readErr)
	}
	return string(text), err
}

// interrupt is a meddler that interrupts the command.
func interrupt(stop context.CancelFunc) error { stop(); return nil }

// newPlaceWithout returns a store of three captures without their images.
func newPlaceWithout(t *testing.T) *place {
	t.Helper()
	p := newPlace(t)
	p.pictures(t, "shots", 3)
	p.must(t, "add", "shots", "--timestamp", "2026-01-24T10:00:00Z")
	if err := os.RemoveAll(filepath.Join(p.folder, ".local/share/jarvis/captures/2026")); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestVerify_ForgetMissing(t *testing.T) {
	unwilling := jarvis.Errorf(jarvis.CodeConflict, "somebody refers to the capture")
	var calls atomic.Int64
	for _, test := range []struct {
		name   string
		meddle func(context.CancelFunc) error
		status int
		prints string
	}{
		{"AllFail", func(context.CancelFunc) error { return unwilling }, exitConflict, "Looked at 3 captures: dropped 0 without an image, failed to drop 3.\n"},
		{"OneFails", func(context.CancelFunc) error {
			if calls.Add(1) == 1 {
				return unwilling
			}
			return nil
		}, exitPartial, "Looked at 3 captures: dropped 2 without an image, failed to drop 1.\n"},
		{"Interrupted", interrupt, exitInterrupted, "Looked at 3 captures: dropped "},
	} {
		t.Run(test.name, func(t *testing.T) {
			printed, err := runVerify(t, newPlaceWithout(t), verifyCmd{ForgetMissing: true, Force: true}, test.meddle)
			if exitStatus(err) != test.status || !strings.Contains(printed, test.prints) {
				t.Errorf("exit status %d, want %d: %v\nprinted %swant %s", exitStatus(err), test.status, err, printed, test.prints)
			}
		})
	}
}

// TestVerify_RepairInterrupted: what was done until then is told, and nothing is
// said about the rest.
func TestVerify_RepairInterrupted(t *testing.T) {
	p := newPlace(t)
	p.pictures(t, "shots", 3)
	p.must(t, "add", "shots", "--timestamp", "2026-01-24T10:00:00Z")
	for _, name := range []string{"jarvis.db", "captures/.jarvis/store"} {
		if err := os.Remove(filepath.Join(p.folder, ".local/share/jarvis", name)); err != nil {
			t.Fatal(err)
		}
	}
	p.must(t, "start", "--begin-anew", "--no-serve")
	images, err := filepath.Glob(filepath.Join(p.folder, ".local/share/jarvis/captures/2026/01/24/*"))
	if err != nil || len(images) != 3 {
		t.Fatal(images, err)
	}
	old := time.Now().Add(-2 * time.Hour)
	for _, image := range images {
		if err := os.Chtimes(image, old, old); err != nil {
			t.Fatal(err)
		}
	}
	printed, err := runVerify(t, p, verifyCmd{Repair: true}, interrupt)
	if exitStatus(err) != exitInterrupted || !strings.Contains(printed, "\nLooked at ") || strings.Contains(printed, "agrees") {
		t.Errorf("exit status %d: %v\nprinted %s", exitStatus(err), err, printed)
	}
}

// TestVerify_DamagedCatalog: a flipped bit in a page that only some commands read
// is told by a deep verification, in every page but those that stop any command.
func TestVerify_DamagedCatalog(t *testing.T) {
	for _, seal := range []string{"on", "off"} {
		t.Run("Seal="+seal, func(t *testing.T) {
			p := newPlace(t)
			p.pictures(t, "shots", 3)
			p.must(t, "add", "shots", "--seal="+seal, "--timestamp", "2026-01-24T10:00:00Z")
			path := filepath.Join(p.folder, dataPath, "jarvis.db")
			sound, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			const page = 4096
			told := 0
			for at := page / 2; at < len(sound); at += page {
				damaged := bytes.Clone(sound)
				damaged[at] ^= 1
				if err := os.WriteFile(path, damaged, 0o600); err != nil {
					t.Fatal(err)
				}
				stdout, stderr, status := p.run(t, "verify", "--deep")
				if status != exitWrong && (status != exitMismatch || at > page) || strings.Contains(stdout, "everything agrees") {
					t.Errorf("page %d: exit status %d\n%s%s", at/page+1, status, stdout, stderr)
				}
				if strings.HasPrefix(stdout, "catalog     the catalogue "+path+" is damaged: ") {
					told++
				}
			}
			if told == 0 {
				t.Error("no page is read by a deep verification only")
			}
			t.Logf("%d of %d pages", told, len(sound)/page)
		})
	}
}
