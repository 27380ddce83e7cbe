package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

// sent is a capture whose id the client chose.
type sent struct {
	id      jarvis.ID
	picture []byte
	at      string
}

// errAborted ends an upload in its middle.
var errAborted = errors.New("aborted")

// send uploads a capture, or as much of it as is asked for.
func (a *agent) send(ctx context.Context, c sent, part float64) (status int, id string, err error) {
	form, contentType, err := captureForm(c.picture, c.at, c.id.String())
	if err != nil {
		return 0, "", err
	}
	var body io.Reader = form
	length := int64(form.Len())
	if part < 1 {
		cut := int64(float64(length) * part)
		body = io.MultiReader(io.LimitReader(form, cut), failingReader{})
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url+"/api/captures/", body)
	if err != nil {
		return 0, "", err
	}
	request.ContentLength = length
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("Authorization", "Bearer "+a.token)
	status, text, err := send(request)
	var answer struct{ ID string }
	if err == nil && status == http.StatusOK {
		err = json.Unmarshal(text, &answer)
	}
	return status, answer.ID, err
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errAborted }

// load counts what became of uploads.
type load struct {
	mutex    sync.Mutex
	stored   []sent
	counts   map[string]int
	mistakes []string
}

func (l *load) count(what string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.counts[what]++
}

func (l *load) mistake(format string, args ...any) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.mistakes = append(l.mistakes, fmt.Sprintf(format, args...))
}

// any returns a capture that is stored, and false while there is none.
func (l *load) any() (sent, bool) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if len(l.stored) == 0 {
		return sent{}, false
	}
	return l.stored[rand.IntN(len(l.stored))], true
}

// step does one thing that clients do.
func (l *load) step(ctx context.Context, a *agent) {
	dice := rand.IntN(100)
	old, some := l.any()
	switch {
	case dice < 5:
		if status, _, err := a.send(ctx, a.fresh(), rand.Float64()*0.95); err == nil && status == http.StatusOK {
			l.mistake("half an upload was acknowledged")
		}
		l.count("aborted")
	case dice < 10 && some:
		if status, id, err := a.send(ctx, old, 1); err != nil || status != http.StatusOK || id != old.id.String() {
			l.mistake("sent again: %d %q %v", status, id, err)
		}
		l.count("sent again")
	case dice < 12 && some:
		other := sent{old.id, append(bytes.Clone(old.picture), "other"...), old.at}
		if status, _, err := a.send(ctx, other, 1); err != nil || status != http.StatusConflict {
			l.mistake("other bytes under the same id: %d %v", status, err)
		}
		l.count("in conflict")
	default:
		c := a.fresh()
		status, id, err := a.send(ctx, c, 1)
		if err != nil || status != http.StatusOK || id != c.id.String() {
			l.mistake("a new capture: %d %q %v", status, id, err)
			return
		}
		l.count("stored")
		l.mutex.Lock()
		defer l.mutex.Unlock()
		l.stored = append(l.stored, c)
	}
}

// fresh returns a capture that no server has.
func (a *agent) fresh() sent {
	return sent{jarvis.NewRandomID(), a.pictures[rand.IntN(len(a.pictures))], a.first.Add(time.Duration(rand.IntN(1_000_000)) * time.Second).Format(time.RFC3339)}
}

// TestServe_Load lets 32 clients do what clients do, right and wrong: nothing of it
// is the server's failure, and all that was acknowledged is there byte for byte.
func TestServe_Load(t *testing.T) {
	p := newPlace(t)
	s := p.serve(t)
	a := p.agent(t, s, "agent@desk", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	l := &load{counts: map[string]int{}}
	const clients = 32
	deadline := time.Now().Add(time.Duration(proof.Rounds(3, 60)) * time.Second)
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for time.Now().Before(deadline) {
				l.step(t.Context(), a)
			}
		})
	}
	all.Wait()
	if n := len(l.mistakes); n > 0 {
		t.Errorf("%d mistakes, the first: %s\n%s", n, l.mistakes[0], s.logged())
	}
	if status, err := s.stop(syscall.SIGTERM); err != nil || status != 0 {
		t.Errorf("it ended with %d, %v", status, err)
	}
	told := make([]acknowledged, 0, len(l.stored))
	for _, c := range l.stored {
		told = append(told, acknowledged{c.id.String(), c.picture})
	}
	if len(told) == 0 {
		t.Fatal("nothing was stored: nothing was proven")
	}
	p.checkAcknowledged(t, told)
	p.must(t, "verify", "--deep")
	proof.Record(t, "%d clients: %v, all acknowledged captures there", clients, l.counts)
}
