package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

// workerEnv makes the test binary a process that works on the catalogue it
// names; the other variables say how.
const (
	workerEnv = "JARVIS_TEST_SQLITE_WORKER"
	keyEnv    = "JARVIS_TEST_SQLITE_ENCRYPTED"
	firstEnv  = "JARVIS_TEST_SQLITE_FIRST"
	countEnv  = "JARVIS_TEST_SQLITE_COUNT"
)

// workerMain writes and reads until its share is done, and opens the catalogue
// anew many times meanwhile. Any error at all is one too many.
func workerMain() int {
	var first, count int
	if _, err := fmt.Sscan(os.Getenv(firstEnv)+" "+os.Getenv(countEnv), &first, &count); err != nil {
		fmt.Println(err)
		return 1
	}
	o := Options{Path: os.Getenv(workerEnv), checkpointPages: 40}
	if os.Getenv(keyEnv) == "true" {
		o.Key = testKey
	}
	const share = 25 // captures between two openings
	for done := 0; done < count; done += share {
		if err := workShare(o, first+done, min(share, count-done)); err != nil {
			for e := err; e != nil; e = errors.Unwrap(e) {
				fmt.Printf("%T: %v\n", e, e)
			}
			return 1
		}
	}
	return 0
}

func workShare(o Options, first, count int) (err error) {
	ctx := context.Background()
	c, err := Open(ctx, o)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	var wg sync.WaitGroup
	failed := make(chan error, 3)
	wg.Go(func() {
		for n := first; n < first+count; n++ {
			if err := c.InsertCapture(ctx, testCapture(n)); err != nil {
				failed <- fmt.Errorf("insert: %w", err)
				return
			}
		}
	})
	wg.Go(func() {
		for range count {
			if err := readOne(ctx, c); err != nil {
				failed <- fmt.Errorf("read a capture's text: %w", err)
				return
			}
		}
	})
	wg.Go(func() {
		random := rand.New(rand.NewPCG(uint64(first), 3))
		for range count {
			if err := readSomething(ctx, c, random); err != nil {
				failed <- fmt.Errorf("read: %w", err)
				return
			}
		}
	})
	wg.Wait()
	close(failed)
	return <-failed
}

// readOne reads the text of a capture, if one waits. The lease is so long that it
// is the only one ever.
func readOne(ctx context.Context, c *Catalog) error {
	claims, err := c.ClaimReadings(ctx, readingNow, 1000*time.Hour, 1)
	if err != nil || len(claims) == 0 {
		return err
	}
	if claims[0].Claims != 1 {
		return fmt.Errorf("a capture was claimed %d times", claims[0].Claims)
	}
	return c.FinishReading(ctx, claims[0].Lease, &jarvis.Reading{Text: "once", ReadAt: readingNow}, "once")
}

// readSomething checks that what is read is what somebody wrote, whole.
func readSomething(ctx context.Context, c *Catalog, random *rand.Rand) error {
	order := jarvis.Order(random.IntN(2))
	page, err := c.FindCaptures(ctx, jarvis.CaptureFilter{Limit: 20, Order: order})
	if err != nil {
		return err
	}
	for _, got := range page {
		n := int(got.Timestamp.Sub(testCapture(0).Timestamp) / (7 * time.Second))
		if diff := cmp.Diff(testCapture(n), got, cmp.Comparer(func(a, b jarvis.ID) bool { return a == b })); diff != "" {
			return fmt.Errorf("a capture was read wrong (-want +got):\n%s", diff)
		}
	}
	_, err = c.Stats(ctx)
	return err
}

// Any number of processes work on one store, and none ever sees that another
// was in the way.
func TestCatalog_Processes(t *testing.T) {
	withKeys(t, func(t *testing.T, key []byte) {
		const processes = 6
		each := proof.Rounds(50, 2000)
		path := filepath.Join(t.TempDir(), "jarvis.db")
		began := time.Now()
		var wg sync.WaitGroup
		for i := range processes {
			wg.Go(func() {
				cmd := exec.CommandContext(t.Context(), os.Args[0])
				cmd.Env = append(os.Environ(), workerEnv+"="+path, keyEnv+"="+fmt.Sprint(key != nil),
					firstEnv+"="+fmt.Sprint(i*each), countEnv+"="+fmt.Sprint(each))
				var output bytes.Buffer
				cmd.Stdout, cmd.Stderr = &output, &output
				if err := cmd.Run(); err != nil {
					t.Errorf("process %d: %v\n%s", i, err, output.String())
				}
			})
		}
		wg.Wait()
		if t.Failed() {
			return
		}
		c := mustOpen(t, Options{Path: path, Key: key})
		stats, err := c.Stats(t.Context())
		if err != nil || stats.Captures != int64(processes*each) {
			t.Fatalf("Stats = %+v, %v, want %d captures", stats, err, processes*each)
		}
		for waits := stats.Captures; waits > 0; {
			if err := readOne(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			status, err := c.ReadStatus(t.Context(), readingNow)
			if err != nil || status.Leased > 0 || status.Failed > 0 || status.Delayed > 0 {
				t.Fatalf("ReadStatus = %+v, %v", status, err)
			}
			waits = status.Waiting
		}
		wantWords(t, c, "once", int(min(stats.Captures, jarvis.MaxMatches)))
		checkSound(t, c)
		proof.Record(t, "%d processes wrote and read %d captures, each once, in %v while they listed, opened and closed: not one SQLITE_BUSY, nothing lost",
			processes, stats.Captures, time.Since(began).Round(time.Millisecond))
	})
}
