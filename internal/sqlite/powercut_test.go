package sqlite

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/ncruces/go-sqlite3"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

// TestOpen_PowerCut cuts the power while a catalogue is made, opened, written
// to, checkpointed and closed, again and again on what the last cut left. What
// was acknowledged must be there, and the database must be sound.
func TestOpen_PowerCut(t *testing.T) {
	withKeys(t, func(t *testing.T, key []byte) {
		rounds := proof.Rounds(20, 1000)
		var all cutWorld
		for round := 0; round < rounds; {
			world := cutWorld{key: key, folder: t.TempDir(), present: make(map[jarvis.ID]*jarvis.Capture), gone: make(map[jarvis.ID]bool)}
			// Each world is cut ten times, so that one cut meets the scars of another.
			for range min(10, rounds-round) {
				world.cut(t, uint64(round))
				round++
				if t.Failed() {
					t.Fatalf("round %d of seed %d", round, round-1)
				}
			}
			all.cuts += world.cuts
			all.acknowledged += world.acknowledged
			all.inOpen += world.inOpen
		}
		proof.Record(t, "%d power cuts with %d-byte tearing (%d of them while opening), %d acknowledged writes, none lost, every database sound",
			all.cuts, sectorSize, all.inOpen, all.acknowledged)
	})
}

// cutWorld is a catalogue and what its clients were told.
type cutWorld struct {
	key    []byte
	folder string

	mu      sync.Mutex
	present map[jarvis.ID]*jarvis.Capture // acknowledged
	gone    map[jarvis.ID]bool            // deletion acknowledged
	unknown map[jarvis.ID]bool            // a write to it failed

	cuts, inOpen, acknowledged int
}

func (w *cutWorld) path() string { return filepath.Join(w.folder, "jarvis.db") }

// cut runs clients until the power goes, and checks what is left.
func (w *cutWorld) cut(t *testing.T, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 2))
	operations := 1 + random.IntN(60)
	if random.IntN(4) > 0 {
		operations = 1 + random.IntN(2500)
	}
	r := newRecorder(seed, operations)
	w.unknown = make(map[jarvis.ID]bool)
	c, err := Open(t.Context(), Options{Path: w.path(), Key: w.key, base: r, checkpointPages: 1 + random.IntN(60)})
	if err == nil {
		w.work(c, random, random.IntN(5) > 0)
		// What fails without power is no news.
		if err := c.Close(); err != nil && r.image == nil {
			t.Fatalf("Close: %v", err)
		}
	} else {
		w.inOpen++
		if r.image == nil {
			t.Fatalf("Open: %v (%v)", err, errors.Unwrap(err))
		}
	}
	r.cutNow()
	w.cuts++

	before := w.path()
	w.folder = t.TempDir()
	if _, made := r.image[before]; !made {
		if _, err := os.Stat(before); err == nil {
			t.Fatal("the database was renamed, and the recorder has not seen it")
		}
	}
	r.restore(t, w.folder)
	// What is checked is a copy: the next round opens what this cut left.
	copied := t.TempDir()
	r.restore(t, copied)
	w.check(t, filepath.Join(copied, "jarvis.db"))
}

// work writes with several clients until a write fails or there is nothing left to do.
func (w *cutWorld) work(c *Catalog, random *rand.Rand, busy bool) {
	var wg sync.WaitGroup
	writes := 3
	if busy {
		writes = 60
	}
	for client := range 4 {
		seed := random.Uint64()
		wg.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(client)))
			for range writes {
				if !w.write(c, random) {
					return
				}
			}
		})
	}
	wg.Wait()
}

// write makes one change and notes what came of it.
func (w *cutWorld) write(c *Catalog, random *rand.Rand) bool {
	ctx := context.Background()
	if id, capture := w.pick(random); capture != nil {
		switch random.IntN(3) {
		case 0:
			_, err := c.BeginDelete(ctx, id)
			return w.note(err, id, nil)
		case 1:
			return w.read(c, random, capture)
		}
		changed := *capture
		changed.StoredSize = random.Int64N(1 << 20)
		return w.note(c.SetStored(ctx, id, changed.Filepath, changed.StoredSize, changed.StoredSHA256), id, &changed)
	}
	capture := testCapture(random.IntN(1 << 30))
	capture.ID = jarvis.NewRandomID()
	capture.WindowTitle = strings.Repeat("title ", random.IntN(600))
	return w.note(c.InsertCapture(ctx, capture), capture.ID, capture)
}

// read has a capture read, which is all there or not at all: see checkRead.
func (w *cutWorld) read(c *Catalog, random *rand.Rand, capture *jarvis.Capture) bool {
	ctx := context.Background()
	now := capture.Timestamp
	if _, err := c.Requeue(ctx, jarvis.RequeueFilter{From: now, To: now.Add(time.Microsecond)}, now); err != nil {
		return w.note(err, capture.ID, capture)
	}
	claim, err := c.ClaimReading(ctx, capture.ID, now, time.Minute)
	if err != nil {
		return w.note(err, capture.ID, capture)
	}
	changed := *capture
	text := strings.Repeat(fmt.Sprintf("words %d ", random.IntN(1000)), 1+random.IntN(100))
	changed.OCRText = &text
	err = c.FinishReading(ctx, claim.Lease, &jarvis.Reading{Text: text, ReadAt: now}, strings.TrimSpace(text))
	return w.note(err, capture.ID, &changed)
}

// checkRead checks that a capture with a text has its document, and waits if not.
func checkRead(t *testing.T, c *Catalog, capture *jarvis.Capture) {
	t.Helper()
	texts, err := c.FindTexts(t.Context(), []jarvis.ID{capture.ID})
	if err != nil || len(texts) != 1 {
		t.Fatalf("FindTexts = %v, %v", texts, err)
	}
	document, err := read(t.Context(), c, "find a document", func(on *conn) (words string, err error) {
		_, err = on.find(func(s *sqlite3.Stmt) { words = s.ColumnText(0) },
			"SELECT words FROM documents WHERE seq = (SELECT seq FROM captures WHERE id = ?)", capture.ID.String())
		return words, err
	})
	switch {
	case err != nil:
		t.Fatal(err)
	case capture.OCRText == nil && (texts[0].State != jarvis.TextWaiting || texts[0].Reading != nil || document != ""):
		t.Fatalf("a capture that was not read is %s, with the document %q", texts[0].State, document)
	case capture.OCRText != nil && (texts[0].Reading == nil || texts[0].Reading.Text != *capture.OCRText || document != strings.TrimSpace(*capture.OCRText)):
		t.Fatalf("a capture that was read has %+v, and the document %q", texts[0].Reading, document)
	}
}

// pick takes a capture out, now and then, so that only one client changes it.
func (w *cutWorld) pick(random *rand.Rand) (jarvis.ID, *jarvis.Capture) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if random.IntN(4) == 0 {
		for id, capture := range w.present {
			delete(w.present, id)
			w.unknown[id] = true
			return id, capture
		}
	}
	return jarvis.ID{}, nil
}

func (w *cutWorld) note(err error, id jarvis.ID, capture *jarvis.Capture) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.unknown[id] = true
		return false
	}
	delete(w.unknown, id)
	w.acknowledged++
	if capture == nil {
		w.gone[id] = true
	} else {
		w.present[id] = capture
	}
	return true
}

// check opens what is left and compares it with what was acknowledged.
func (w *cutWorld) check(t *testing.T, path string) {
	c, err := Open(t.Context(), Options{Path: path, Key: w.key})
	if err != nil {
		t.Fatalf("Open after the cut: %v (%v)", err, errors.Unwrap(err))
	}
	defer func() {
		if err := c.Close(); err != nil {
			t.Errorf("Close after the cut: %v", err)
		}
	}()
	for id, want := range w.present {
		got, err := c.FindCapture(t.Context(), id)
		if err != nil {
			t.Fatalf("an acknowledged capture: %v (%v)", err, errors.Unwrap(err))
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b jarvis.ID) bool { return a == b })); diff != "" {
			t.Fatalf("an acknowledged capture (-want +got):\n%s", diff)
		}
		checkRead(t, c, got)
	}
	for id := range w.gone {
		if _, err := c.FindCapture(t.Context(), id); !errors.Is(err, jarvis.ErrDeleted) {
			t.Fatalf("a capture whose deletion was acknowledged: %v", err)
		}
	}
	checkSound(t, c)
	w.adopt(t, c)
}

// adopt takes what became of the writes with an unknown end as given.
func (w *cutWorld) adopt(t *testing.T, c *Catalog) {
	for id := range w.unknown {
		capture, err := c.FindCapture(t.Context(), id)
		switch jarvis.ErrorCode(err) {
		case "":
			w.present[id] = capture
			checkRead(t, c, capture)
		case jarvis.CodeDeleted:
			w.gone[id] = true
		case jarvis.CodeNotFound:
		default:
			t.Fatalf("a capture with an unknown end: %v", err)
		}
	}
}

// checkSound runs SQLite's own checks, and compares the counters with the rows.
func checkSound(t *testing.T, c *Catalog) {
	t.Helper()
	problems, err := read(t.Context(), c, "check", func(on *conn) (problems []string, err error) {
		for _, sql := range []string{
			"SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
			"SELECT 'foreign key in ' || \"table\" FROM pragma_foreign_key_check",
			`SELECT 'counters of ' || device FROM (
				SELECT device, count(*) AS captures, sum(` + bytesOnDisk + `) AS bytes FROM captures GROUP BY device
				EXCEPT SELECT device, sum(captures), sum(bytes) FROM counters GROUP BY device)`,
			"SELECT 'sum of ' || device FROM (SELECT * FROM devices EXCEPT SELECT device, sum(captures), sum(bytes) FROM counters GROUP BY device)",
		} {
			err := on.query(func(s *sqlite3.Stmt) error {
				problems = append(problems, s.ColumnText(0))
				return nil
			}, sql)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", sql, err)
			}
		}
		return problems, nil
	})
	if err != nil {
		t.Fatalf("check: %v (%v)", err, errors.Unwrap(err))
	}
	if len(problems) > 0 {
		t.Fatalf("the database is not sound: %q", problems)
	}
	err = c.write(t.Context(), "check", func(on *conn) error {
		err := on.exec("INSERT INTO search (search, rank) VALUES ('integrity-check', 1)")
		return errors.Join(err, checkSearch(on))
	})
	if err != nil {
		t.Fatalf("the full-text index is not that of the documents: %v (%v)", err, errors.Unwrap(err))
	}
}
