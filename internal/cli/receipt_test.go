package cli

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/archive"
)

// TestReceipt_InUse: what a transaction of somebody else's keeps in the files of
// PostgreSQL is not called gone.
func TestReceipt_InUse(t *testing.T) {
	for begin, use := range map[string]string{
		"BEGIN":                                 "SELECT count(*) FROM captures",
		"BEGIN ISOLATION LEVEL REPEATABLE READ": "SELECT count(*) FROM store",
	} {
		t.Run(begin, func(t *testing.T) {
			p := newPlace(t)
			url := server.NewDatabase(t)
			p.env = append(p.env, "JARVIS_DATABASE_URL="+url)
			p.pictures(t, "shots", 3)
			added := lines(t, p.must(t, "add", "--json", "shots", "--timestamp", "2026-01-24T10:00:00Z"))
			conn, err := pgx.Connect(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			for _, statement := range []string{begin, use} {
				if _, err := conn.Exec(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}
			told := p.must(t, "rm", "--yes", added[0].ID.String())
			for _, want := range []string{"\nGone: rows, images, index entries of the database.\nMay remain, where you have them: freed pages, backups", ", so freed pages remain: VACUUM (FULL) removes them"} {
				if !strings.Contains(told, want) {
					t.Errorf("the receipt lacks %q:\n%s", want, told)
				}
			}
			if told := p.must(t, "rm", "--yes", "--json", added[1].ID.String()); !strings.Contains(told, `"gone":["rows","images","index_entries"],"may_remain":["freed_pages",`) {
				t.Errorf("the receipt: %s", told)
			}
			if err := conn.Close(context.WithoutCancel(t.Context())); err != nil {
				t.Fatal(err)
			}
			if told := p.must(t, "rm", "--yes", added[2].ID.String()); !strings.Contains(told, "\nGone: rows, images, index entries of the database, freed pages.\n") || strings.Contains(told, "VACUUM") {
				t.Errorf("when nobody uses the tables any more:\n%s", told)
			}
		})
	}
}

// unpurging is a catalogue that deletes and cannot purge.
type unpurging struct{ catalogs }

func (unpurging) Purge(context.Context) error {
	return jarvis.Errorf(jarvis.CodeUnavailable, "the copy cannot be written")
}

// TestReceipt_Unpurged: where the purge failed, what it would have removed may
// remain.
func TestReceipt_Unpurged(t *testing.T) {
	p := newPlace(t)
	p.pictures(t, "shots", 1)
	p.must(t, "add", "shots", "--timestamp", "2026-01-24T10:00:00Z")
	a, cfg := p.app(t)
	s, err := a.openStore(t.Context(), cfg, storeMustExist, keyRequired)
	if err != nil {
		t.Fatal(err)
	}
	s.catalog.catalogs = unpurging{s.catalog.catalogs}
	page, err := s.catalog.FindCaptures(t.Context(), jarvis.CaptureFilter{})
	if err != nil || len(page) != 1 {
		t.Fatal(page, err)
	}
	done, err := s.archive.RemoveIDs(t.Context(), []jarvis.ID{page[0].ID}, archive.RemoveOptions{})
	if !errors.Is(err, jarvis.ErrUnavailable) || done.Removed != 1 {
		t.Errorf("removed %+v, %v", done, err)
	}
	got := newReceipt(s, done, err == nil)
	for _, trace := range []trace{tracePages, traceCopies} {
		if slices.Contains(got.Gone, trace) || !slices.Contains(got.MayRemain, trace) {
			t.Errorf("gone %q, may remain %q: %s", got.Gone, got.MayRemain, trace)
		}
	}
	if err := s.close(t.Context()); err != nil {
		t.Error(err)
	}
}
