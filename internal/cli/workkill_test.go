package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

// readsPictures is an engine that says the checksum of a picture, and takes a moment
// for it. It notes each picture that it began.
const readsPictures = `d=$(cksum | cut -d' ' -f1)
echo $d >>reads.log
sleep 0.05
printf '{"version":1,"engine":"said","lines":[{"words":[{"text":"picture","box":{"x":1,"y":2,"width":3,"height":4}},{"text":"%s","box":{"x":9,"y":2,"width":3,"height":4}}]}]}' $d
`

// newReadingPlace is a place whose pictures are read.
func newReadingPlace(t *testing.T) *place {
	t.Helper()
	p := newPlace(t)
	if err := os.WriteFile(filepath.Join(p.folder, "reads.sh"), []byte(readsPictures), 0o600); err != nil {
		t.Fatal(err)
	}
	// A lease of 11 seconds: who is killed keeps what was in hand for so long.
	p.env = append(p.env, "JARVIS_OCR_ENGINE=program: /bin/sh reads.sh", "JARVIS_OCR_WORKERS=2", "JARVIS_OCR_TIMEOUT=1s")
	return p
}

// TestWork_Kill kills the server and two workers, one of them over HTTP, while
// captures arrive and are read: in the end each capture was read once, by its own
// image, and none is stuck.
func TestWork_Kill(t *testing.T) {
	for name, database := range map[string]func(*testing.T) string{
		"SQLite":     func(*testing.T) string { return "" },
		"PostgreSQL": func(t *testing.T) string { return server.OverTCP(t, server.NewDatabase(t)) },
	} {
		t.Run(name, func(t *testing.T) {
			p := newReadingPlace(t)
			p.env = append(p.env, "JARVIS_DATABASE_URL="+database(t))
			rounds := proof.Rounds(2, 50)
			var told []acknowledged
			for i := range rounds {
				told = append(told, p.killWhileReading(t, i)...)
			}
			failures := p.readRest(t)
			captures, twins := p.checkRead(t, told)
			log, err := os.ReadFile(filepath.Join(p.folder, "reads.log"))
			if err != nil {
				t.Fatal(err)
			}
			proof.Record(t, "%d servers and %d workers killed while captures arrived and were read: %d captures (%d acknowledged) read once each, %d of them by the text of a twin, in %d runs of the engine; %d failures repeated; none stuck",
				rounds, 2*rounds, captures, len(told), twins, bytes.Count(log, []byte("\n")), failures)
		})
	}
}

// killWhileReading starts a server, workers and clients, and kills all but the
// clients, each at a moment of its own.
func (p *place) killWhileReading(t *testing.T, round int) []acknowledged {
	t.Helper()
	s := p.serve(t)
	agent := p.agent(t, s, fmt.Sprintf("agent%d@desk", round), time.Date(2026, 1, 1+round, 0, 0, 0, 0, time.UTC))
	for i := range 40 { // some are sent twice, most are not
		data, err := drawPicture(".png", "64x48", fmt.Sprint(round, " further ", i))
		if err != nil {
			t.Fatal(err)
		}
		agent.pictures = append(agent.pictures, data)
	}
	tokenFile := filepath.Join(p.folder, "work.token")
	if err := os.WriteFile(tokenFile, []byte(p.device(t, fmt.Sprintf("worker%d", round), "--scope", "work")), 0o600); err != nil {
		t.Fatal(err)
	}
	workers := []*exec.Cmd{
		p.command(t, "work"),
		p.command(t, "work", "--server", "http://"+s.address),
	}
	workers[1].Env = append(workers[1].Env, "JARVIS_TOKEN_FILE="+tokenFile)
	logs := make([]bytes.Buffer, len(workers))
	for i, worker := range workers {
		worker.Stderr = &logs[i]
		if err := worker.Start(); err != nil {
			t.Fatal(err)
		}
	}
	var killing sync.WaitGroup
	enough := 5 + rand.IntN(20)
	told, others := agent.run(2, func(n int) {
		if n != enough {
			return
		}
		for _, process := range []*os.Process{s.process.Process, workers[0].Process, workers[1].Process} {
			delay := time.NewTimer(time.Duration(rand.IntN(400)) * time.Millisecond)
			killing.Go(func() {
				<-delay.C
				process.Kill()
			})
		}
	})
	killing.Wait()
	if len(others) > 0 {
		t.Errorf("other answers: %v\n%s", others, s.logged())
	}
	if status, err := s.wait(); err != nil || status != -int(syscall.SIGKILL) {
		t.Errorf("the server ended with %d, %v\n%s", status, err, s.logged())
	}
	for i, worker := range workers {
		err := worker.Wait()
		if status, ok := worker.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() {
			t.Errorf("worker %d ended by itself: %v\n%s", i, err, &logs[i])
		}
	}
	return told
}

// readRest reads until nothing is left, which is when the last lease of the killed
// has ended. It returns how often reading failed and had to be repeated, as it may
// on a machine that has no time for it.
func (p *place) readRest(t *testing.T) (failures int64) {
	t.Helper()
	deadline := time.After(4 * time.Minute)
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		p.must(t, "work", "--once")
		var status ocrStatus
		text := p.must(t, "ocr", "status", "--json")
		if err := json.Unmarshal([]byte(text), &status); err != nil {
			t.Fatal(err)
		}
		if status.Waiting+status.Delayed+status.Leased+status.Failed == 0 {
			return failures
		}
		if n := status.Delayed + status.Failed; n > 0 {
			if failures += n; failures > 1000 {
				t.Fatalf("reading fails: %s", text)
			}
			p.must(t, "ocr", "retry")
		}
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("still not read: %s", text)
		}
	}
}

// checkRead checks that every capture was read by its own image and is found, and
// returns how many there are, and how many had an image that another has.
func (p *place) checkRead(t *testing.T, told []acknowledged) (captures, twins int) {
	t.Helper()
	s := p.openStore(t)
	defer closeStore(t, s)
	all, err := s.catalog.FindCaptures(t.Context(), jarvis.CaptureFilter{Limit: jarvis.MaxPage})
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	texts := map[string]string{}
	for _, c := range all {
		there[c.ID.String()] = true
		_, image, err := s.archive.Fetch(t.Context(), c.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := texts[string(image)]; !ok {
			texts[string(image)] = checksumText(t, image)
		}
		found, err := s.catalog.FindTexts(t.Context(), []jarvis.ID{c.ID})
		if err != nil || len(found) != 1 {
			t.Fatalf("%d texts, %v", len(found), err)
		}
		want := texts[string(image)]
		if f := found[0]; f.State != jarvis.TextRead || f.Reading == nil || f.Reading.Text != want || len(f.Reading.Words) != 2 {
			t.Errorf("capture %s is %s (%s) and says %+v, want %q", c.ID, f.State, f.Reason, f.Reading, want)
		}
	}
	for _, one := range told {
		if !there[one.id] {
			t.Errorf("the acknowledged capture %s is gone", one.id)
		}
	}
	a, cfg := p.app(t)
	page, err := newSearch(cfg, s.catalog, a.now).Search(t.Context(), jarvis.SearchRequest{Query: "picture", Facets: true})
	if err != nil {
		t.Fatal(err)
	}
	if page.Facets.Total != int64(len(all)) {
		t.Errorf("%d captures are found, of %d", page.Facets.Total, len(all))
	}
	return len(all), len(all) - len(texts)
}

// checksumText is what readsPictures says of a picture.
func checksumText(t *testing.T, image []byte) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "cksum")
	cmd.Stdin = bytes.NewReader(image)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	sum, _, _ := strings.Cut(string(out), " ")
	return "picture " + sum
}
