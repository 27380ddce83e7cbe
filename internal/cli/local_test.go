package cli

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/jarvis-memory/jarvis"
)

// unlogged is a catalogue whose access log cannot be written.
type unlogged struct{ catalogs }

func (unlogged) RecordAccess(context.Context, jarvis.Access) error {
	return jarvis.Errorf(jarvis.CodeNoSpace, "the disk is full")
}

// TestLocalMemory_Unlogged: a log that cannot be written keeps nobody from their
// history, and they are told once.
func TestLocalMemory_Unlogged(t *testing.T) {
	p := newPlace(t)
	p.pictures(t, "shots", 2)
	p.must(t, "add", "shots")
	a, cfg := p.app(t)
	told, err := os.Create(p.folder + "/told")
	if err != nil {
		t.Fatal(err)
	}
	defer shut(t, told)
	a.stderr = told
	s, err := a.openStore(t.Context(), cfg, storeMustExist, keyRequired)
	if err != nil {
		t.Fatal(err)
	}
	s.catalog.catalogs = unlogged{s.catalog.catalogs}
	m := &localMemory{app: a, cfg: cfg, store: s}
	captures, err := m.FindCaptures(t.Context(), jarvis.CaptureFilter{})
	if err != nil || len(captures) != 2 {
		t.Fatalf("%d captures, %v", len(captures), err)
	}
	if _, image, err := m.Fetch(t.Context(), captures[0].ID); err != nil || len(image) == 0 {
		t.Errorf("%d bytes, %v", len(image), err)
	}
	if err := m.SetPinned(t.Context(), captures[0].ID, true); err != nil {
		t.Error(err)
	}
	if err := m.close(t.Context()); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(told.Name())
	if want := "jarvis: warning: this is not in the access log: the disk is full\n"; err != nil || strings.Count(string(text), want) != 1 || len(text) != len(want) {
		t.Errorf("told %q, %v; want %q", text, err, want)
	}
}
