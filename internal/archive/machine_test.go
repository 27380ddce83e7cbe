package archive_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/archive"
	"github.com/jarvis-memory/jarvis/internal/crashfs"
	"github.com/jarvis-memory/jarvis/internal/fsblob"
)

// machine is a computer whose power can be cut: a file system that forgets what
// was not synced, and a catalogue whose commits stop at the cut. It is one
// store through any number of cuts. (What a cut does to the database itself is
// proved by the database's own tests.)
type machine struct {
	*archive.Archive
	seal
	t       testing.TB
	fs      *crashfs.FS
	catalog jarvis.Catalog // the real one
	commits *cutCatalog
	blobs   *fsblob.Store
	clock   *clock
	failing bool // operations were made to fail, and Close may say so
}

func newMachine(t testing.TB, s seal) *machine {
	t.Helper()
	catalog := openSQLite(t, filepath.Join(t.TempDir(), "catalog.db"), s)
	m := &machine{seal: s, t: t, fs: crashfs.New(), catalog: catalog, clock: &clock{}}
	if err := m.boot(); err != nil {
		t.Fatalf("boot: %v", err)
	}
	t.Cleanup(m.shutDown)
	return m
}

// boot opens the store.
func (m *machine) boot() error {
	blobs, err := fsblob.Open(m.t.Context(), "the disk", fsblob.Options{FS: m.fs})
	if err != nil {
		return err
	}
	m.blobs = blobs
	m.commits = &cutCatalog{Catalog: m.catalog, fs: m.fs}
	m.Archive, err = archive.Open(m.t.Context(), m.commits, m.over(blobs), archive.Options{Images: images{}, Secret: m.secret, Now: m.clock.Now})
	return err
}

// shutDown ends the program. On a machine without power it can't end well.
func (m *machine) shutDown() {
	if m.Archive != nil {
		if err := m.Close(context.Background()); err != nil {
			m.t.Errorf("close the archive: %v", err)
		}
	}
	if m.blobs != nil {
		if err := m.blobs.Close(); err != nil && m.powered() && !m.failing {
			m.t.Errorf("close the blobs: %v", err)
		}
	}
	m.Archive, m.blobs = nil, nil
}

// restart ends the program and starts it anew, with the power on.
func (m *machine) restart() {
	m.t.Helper()
	m.shutDown()
	if err := m.boot(); err != nil {
		m.t.Fatalf("boot: %v\n%s", err, m.trace())
	}
}

// reboot cuts the power if it is on, and boots.
func (m *machine) reboot(seed uint64, percent int) {
	m.t.Helper()
	after := m.fs.Crash(seed, percent)
	m.shutDown()
	m.fs = after
	if err := m.boot(); err != nil {
		m.t.Fatalf("boot after the cut: %v\n%s", err, m.trace())
	}
}

func (m *machine) powered() bool {
	select {
	case <-m.fs.PowerOff():
		return false
	default:
		return true
	}
}

func (m *machine) trace() string {
	var b bytes.Buffer
	for _, line := range m.fs.Trace() {
		fmt.Fprintln(&b, line)
	}
	return b.String()
}

// sent is a request and what came of it.
type sent struct {
	request archive.Request
	result  archive.Result
	err     error
}

// ingest sends captures all at once.
func (m *machine) ingest(requests []archive.Request) []sent {
	all := make([]sent, len(requests))
	var group sync.WaitGroup
	for i, q := range requests {
		group.Go(func() {
			result, err := m.Ingest(m.t.Context(), q)
			all[i] = sent{q, result, err}
		})
	}
	group.Wait()
	return all
}

// verify verifies one day.
func (m *machine) verify(day time.Time, o archive.VerifyOptions) []archive.Finding {
	m.t.Helper()
	var findings []archive.Finding
	o.From, o.To = day, day.Add(time.Second)
	if _, err := m.Verify(m.t.Context(), o, func(f archive.Finding) { findings = append(findings, f) }); err != nil {
		m.t.Fatalf("verify: %v", err)
	}
	return findings
}

// keepsPromises checks a day of a store that was opened after a cut: each
// acknowledged capture is there, repair leaves nothing wrong, and a retry gets
// the same answer and stores nothing twice.
func (m *machine) keepsPromises(day time.Time, all []sent) {
	m.t.Helper()
	for _, s := range all {
		if s.err == nil {
			m.holds(s)
		}
	}
	// What a cut leaves is younger than an hour, and not wrong.
	for _, f := range m.verify(day, archive.VerifyOptions{}) {
		if f.Kind != archive.KindPending {
			m.t.Errorf("after the cut: %+v", f)
		}
	}
	m.clock.advance(2 * time.Hour)
	for _, f := range m.verify(day, archive.VerifyOptions{Repair: true, Force: true}) {
		if f.Kind != archive.KindOrphan || f.Remedy != archive.RemedyAdopt || !f.Mended {
			m.t.Errorf("repair: %+v; want only images that are adopted", f)
		}
	}
	if findings := m.verify(day, archive.VerifyOptions{Deep: true}); len(findings) > 0 {
		m.t.Errorf("after repair: %+v", findings)
	}
	m.clock.advance(-2 * time.Hour)
	for _, s := range all {
		again, err := m.Ingest(m.t.Context(), s.request)
		if err != nil {
			m.t.Errorf("retry: %v", err)
			continue
		}
		if s.err == nil {
			if diff := cmp.Diff(s.result.Capture, again.Capture, compareIDs); diff != "" || !again.Existed || again.Restored {
				m.t.Errorf("retry of an acknowledged capture: %+v (-first +retry):\n%s", again, diff)
			}
		}
		s.result = again
		m.holds(s)
	}
	if findings := m.verify(day, archive.VerifyOptions{}); len(findings) > 0 {
		m.t.Errorf("after the retries: %+v", findings)
	}
	filter := jarvis.CaptureFilter{From: jarvis.DayOf(day).Start(), To: jarvis.DayOf(day).Start().AddDate(0, 0, 1)}
	if summary, err := m.catalog.Summarize(m.t.Context(), filter); err != nil || summary.Captures != int64(len(all)) {
		m.t.Errorf("%d captures of the day, %v; want %d", summary.Captures, err, len(all))
	}
}

// holds checks that the store gives back what it acknowledged.
func (m *machine) holds(s sent) {
	m.t.Helper()
	c, data, err := m.Fetch(m.t.Context(), s.result.Capture.ID)
	if err != nil {
		m.t.Errorf("acknowledged, and lost: %v", err)
		return
	}
	if diff := cmp.Diff(s.result.Capture, c, compareIDs); diff != "" {
		m.t.Errorf("acknowledged capture (-acknowledged +found):\n%s", diff)
	}
	if !bytes.Equal(data, s.request.Data) {
		m.t.Errorf("acknowledged %s, and other bytes came back", c.ID)
	}
}

// errOff is what a catalogue says whose machine has no power.
var errOff = &jarvis.Error{Code: jarvis.CodeUnavailable, Message: "the database does not answer", Err: crashfs.ErrPowerOff}

// cutCatalog is a catalogue on the machine: what was committed before the cut
// is durable, and after it every call fails.
type cutCatalog struct {
	jarvis.Catalog
	fs *crashfs.FS

	mu      sync.Mutex
	commits int
	before  int // cut right before this commit
	after   int // cut right after this commit, before anyone learns of it
}

func (c *cutCatalog) off() error {
	select {
	case <-c.fs.PowerOff():
		return errOff
	default:
		return nil
	}
}

// commit runs a write.
func (c *cutCatalog) commit(write func() error) error {
	c.mu.Lock()
	c.commits++
	before, after := c.commits == c.before, c.commits == c.after
	c.mu.Unlock()
	if before {
		c.fs.CutAfter(0)
	}
	if err := c.off(); err != nil {
		return err
	}
	err := write()
	if after {
		c.fs.CutAfter(0)
	}
	return errors.Join(err, c.off())
}

func (c *cutCatalog) InsertCapture(ctx context.Context, row *jarvis.Capture) error {
	return c.commit(func() error { return c.Catalog.InsertCapture(ctx, row) })
}

func (c *cutCatalog) SetStored(ctx context.Context, id jarvis.ID, path string, size int64, sum []byte) error {
	return c.commit(func() error { return c.Catalog.SetStored(ctx, id, path, size, sum) })
}

func (c *cutCatalog) BeginDelete(ctx context.Context, id jarvis.ID) (pending jarvis.PendingDelete, err error) {
	err = c.commit(func() (err error) {
		pending, err = c.Catalog.BeginDelete(ctx, id)
		return err
	})
	return pending, err
}

func (c *cutCatalog) FinishDelete(ctx context.Context, id jarvis.ID) error {
	return c.commit(func() error { return c.Catalog.FinishDelete(ctx, id) })
}

func (c *cutCatalog) Undelete(ctx context.Context, id jarvis.ID) error {
	return c.commit(func() error { return c.Catalog.Undelete(ctx, id) })
}

func (c *cutCatalog) FindCapture(ctx context.Context, id jarvis.ID) (*jarvis.Capture, error) {
	if err := c.off(); err != nil {
		return nil, err
	}
	return c.Catalog.FindCapture(ctx, id)
}
