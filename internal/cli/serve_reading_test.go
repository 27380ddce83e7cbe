package cli

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

// busyEngine is an engine that takes a processor for about a second, as reading a
// screen does.
const busyEngine = `cat >/dev/null
i=0; while [ $i -lt 1000000 ]; do i=$((i+1)); done
printf '{"version":1,"engine":"busy","text":"it took a while"}'
`

// arrivalsPerSecond is how many captures arrive.
const arrivalsPerSecond = 20

// TestServe_ArrivalWhileReading: captures arrive as fast while a long queue is read
// as at a server that reads nothing. It is judged under "make prove" only: an
// ordinary run is one of many that share the processors.
func TestServe_ArrivalWhileReading(t *testing.T) {
	queue, lasts := proof.Rounds(500, 100_000), time.Duration(proof.Rounds(2, 60))*time.Second
	idle := newPlace(t)
	busy := newPlace(t)
	if err := os.WriteFile(filepath.Join(busy.folder, "busy.sh"), []byte(busyEngine), 0o600); err != nil {
		t.Fatal(err)
	}
	busy.must(t, "start", "--no-serve")
	var sent atomic.Int64 // no image is sent twice
	busy.fillQueue(t, &sent, queue)
	busy.env = append(busy.env, "JARVIS_OCR_ENGINE=program: /bin/sh busy.sh", "JARVIS_OCR_TIMEOUT=1h")

	var sums [2]round
	for range proof.Rounds(1, 3) { // in turns, so that what else happens on the machine meets both
		for i, p := range []*place{idle, busy} {
			r := p.arrivals(t, &sent, lasts)
			sums[i].add(r)
		}
	}
	var status ocrStatus
	if err := json.Unmarshal([]byte(busy.must(t, "ocr", "status", "--json")), &status); err != nil {
		t.Fatal(err)
	}
	if status.Read == 0 && proof.Long() || status.Waiting < int64(queue)/2 {
		t.Errorf("nothing was proven: %+v", status)
	}
	quiet, loaded := sums[0].percentile(99), sums[1].percentile(99)
	proof.Record(t, "%d captures a second arrive with a p99 of %s while a queue of %d is read (%d were), and of %s at a server that reads nothing (p50 %s and %s): %.2f times",
		arrivalsPerSecond, loaded.Round(10*time.Microsecond), queue, status.Read, quiet.Round(10*time.Microsecond),
		sums[1].percentile(50).Round(10*time.Microsecond), sums[0].percentile(50).Round(10*time.Microsecond), float64(loaded)/float64(quiet))
	if proof.Long() && loaded > 2*quiet {
		t.Errorf("reading slows captures: p99 %s, at rest %s", loaded, quiet)
	}
}

// fillQueue adds captures that wait to be read, older than all others.
func (p *place) fillQueue(t *testing.T, sent *atomic.Int64, n int) {
	t.Helper()
	s := p.openStore(t)
	defer closeStore(t, s)
	images, err := newBenchImages(smallestBenchImage)
	if err != nil {
		t.Fatal(err)
	}
	last := sent.Load() + int64(n)
	var all sync.WaitGroup
	for range 64 { // which are stored together
		all.Go(func() {
			for i := sent.Add(1); i <= last; i = sent.Add(1) {
				_, err := s.archive.Ingest(t.Context(), jarvis.Submission{
					Data: images.image(i), Timestamp: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * time.Second), Device: "ann@desk",
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// arrivals starts a server, has captures arrive at a steady pace, and measures how
// long each takes.
func (p *place) arrivals(t *testing.T, sent *atomic.Int64, lasts time.Duration) *round {
	t.Helper()
	s := p.serve(t)
	images, err := newBenchImages(156 << 10)
	if err != nil {
		t.Fatal(err)
	}
	u := &uploader{
		url: "http://" + s.address + "/api/captures", token: p.device(t, "agent-"+jarvis.NewRandomID().String()),
		images: images, first: time.Date(2026, 1, 24, 0, 0, 0, 0, time.UTC), sent: sent,
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: arrivalsPerSecond}, Timeout: time.Minute}
	defer client.CloseIdleConnections()
	if err := u.upload(t.Context(), client); err != nil { // connections and caches
		t.Fatal(err)
	}
	r := &round{elapsed: lasts}
	ctx, cancel := context.WithTimeout(t.Context(), lasts)
	defer cancel()
	ticker := time.NewTicker(time.Second / arrivalsPerSecond)
	defer ticker.Stop()
	var mutex sync.Mutex
	var all sync.WaitGroup
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-ticker.C:
			all.Go(func() {
				begun := time.Now()
				err := u.upload(t.Context(), client)
				mutex.Lock()
				defer mutex.Unlock()
				r.latencies = append(r.latencies, time.Since(begun))
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	slices.Sort(r.latencies)
	if _, err := s.stop(os.Interrupt); err != nil {
		t.Error(err)
	}
	return r
}

// TestServe_TerminateReading: a server whose engine hangs ends in time, and gives
// back what it was reading.
func TestServe_TerminateReading(t *testing.T) {
	p := newPlace(t)
	if err := os.WriteFile(filepath.Join(p.folder, "hangs.sh"), []byte("echo begun >>begun; cat >/dev/null; sleep 1000\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.env = append(p.env, "JARVIS_OCR_ENGINE=program: /bin/sh hangs.sh", "JARVIS_OCR_TIMEOUT=1h")
	s := p.serve(t)
	agent := p.agent(t, s, "agent@desk", time.Date(2026, 1, 24, 0, 0, 0, 0, time.UTC))
	for i := range 3 {
		if _, status, err := agent.upload(t.Context(), i); err != nil || status != http.StatusOK {
			t.Fatalf("upload: %d, %v", status, err)
		}
	}
	eventually(t, "the engine begins", func() bool {
		_, err := os.Stat(filepath.Join(p.folder, "begun"))
		return err == nil
	})
	begun := time.Now()
	if status, err := s.stop(os.Interrupt); err != nil || status != exitDone {
		t.Errorf("the server ended with %d, %v\n%s", status, err, s.logged())
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	var status ocrStatus
	if err := json.Unmarshal([]byte(p.must(t, "ocr", "status", "--json")), &status); err != nil {
		t.Fatal(err)
	}
	if want := (jarvis.ReadStatus{Waiting: 3}); status.ReadStatus != want {
		t.Errorf("after the stop: %+v, want %+v", status.ReadStatus, want)
	}
}
