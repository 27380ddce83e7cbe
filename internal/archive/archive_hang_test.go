package archive_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/archive"
	"github.com/jarvis-memory/jarvis/internal/crashfs"
)

// While the disk hangs, whoever ingests gets away with its context, and the
// catalogue answers. When the disk comes back, what was begun has one outcome.
func TestHang_Ingest(t *testing.T) {
	bothWays(t, func(t *testing.T, s seal) {
		kinds := []crashfs.Kind{crashfs.Create, crashfs.Write, crashfs.Sync, crashfs.OpenLock, crashfs.Link, crashfs.OpenDir, crashfs.SyncDir}
		for i, kind := range kinds {
			t.Run(string(kind), func(t *testing.T) {
				m := newMachine(t, s)
				day, requests := batch(i, 2)
				requests[0].ID = clientID
				requests[1].ID, requests[1].Timestamp = requests[0].ID, requests[0].Timestamp

				entered, release := m.fs.Hang(kind)
				ctx, cancel := context.WithCancel(t.Context())
				first := make(chan error, 1)
				go func() {
					_, err := m.Ingest(ctx, requests[0])
					first <- err
				}()
				<-entered
				m.answers()
				cancel()
				if err := <-first; !errors.Is(err, context.Canceled) {
					t.Errorf("the first: %v; want it cancelled", err)
				}

				// Other bytes under the same id must not slip in between.
				impatient, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
				defer stop()
				if _, err := m.Ingest(impatient, requests[1]); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("the second: %v; want its deadline", err)
				}
				m.answers()
				release()

				if err := m.Close(t.Context()); err != nil {
					t.Fatal(err)
				}
				winner, loser := sent{request: requests[0]}, requests[1]
				winner.result, winner.err = m.Ingest(t.Context(), winner.request)
				if errors.Is(winner.err, jarvis.ErrConflict) {
					winner.request, loser = loser, winner.request
					winner.result, winner.err = m.Ingest(t.Context(), winner.request)
				}
				if winner.err != nil {
					t.Fatal(winner.err)
				}
				_, err := m.Ingest(t.Context(), loser)
				wantCode(t, err, jarvis.CodeConflict)
				m.restart()
				m.keepsPromises(day, []sent{winner})
			})
		}
	})
}

// answers checks that the catalogue answers while the disk hangs.
func (m *machine) answers() {
	m.t.Helper()
	if _, err := m.catalog.FindCaptures(m.t.Context(), jarvis.CaptureFilter{}); err != nil {
		m.t.Errorf("list while the disk hangs: %v", err)
	}
	if _, err := m.catalog.Stats(m.t.Context()); err != nil {
		m.t.Errorf("stats while the disk hangs: %v", err)
	}
}

// Close waits for what outlived its caller, and no longer than it is told.
func TestHang_Close(t *testing.T) {
	bothWays(t, func(t *testing.T, s seal) {
		m := newMachine(t, s)
		_, requests := batch(0, 1)
		entered, release := m.fs.Hang(crashfs.Link)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			_, err := m.Ingest(ctx, requests[0])
			done <- err
		}()
		<-entered
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		short, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer stop()
		if err := m.Close(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Close: %v; want its deadline", err)
		}
		release()
		if err := m.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if result, err := m.Ingest(t.Context(), requests[0]); err != nil || !result.Existed {
			t.Errorf("the capture whose caller gave up: %+v, %v; want it stored", result, err)
		}
	})
}

// A removal whose disk hangs ends with its context.
func TestHang_Remove(t *testing.T) {
	bothWays(t, func(t *testing.T, s seal) {
		m := newMachine(t, s)
		day, requests := batch(0, 1)
		all := m.ingest(requests)
		entered, release := m.fs.Hang(crashfs.Remove)
		defer release()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			_, err := m.RemoveIDs(ctx, []jarvis.ID{all[0].result.Capture.ID}, archive.RemoveOptions{})
			done <- err
		}()
		<-entered
		cancel()
		release()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if findings := m.verify(day, archive.VerifyOptions{Deep: true}); len(findings) > 0 {
			t.Errorf("findings %+v", findings)
		}
	})
}
