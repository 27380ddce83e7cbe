package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

const crowdSize = 32

// again is how long a client waits before it repeats what was not acknowledged.
const again = 20 * time.Millisecond

// shot is a capture of a crowd. Its number tells its image and its time.
type shot struct {
	number int64
	id     jarvis.ID // zero where the server chooses
	answer string    // once it is acknowledged
}

// stored returns the id of an acknowledged capture.
func (s *shot) stored() (jarvis.ID, error) {
	var answer struct {
		ID     jarvis.ID
		Status string
	}
	if err := json.Unmarshal([]byte(s.answer), &answer); err != nil {
		return jarvis.ID{}, fmt.Errorf("%w in %q", err, s.answer)
	}
	if answer.Status != "stored" || !s.id.IsZero() && s.id != answer.ID {
		return jarvis.ID{}, fmt.Errorf("the capture %s was acknowledged with %s", s.id, s.answer)
	}
	return answer.ID, nil
}

// crowd is clients that upload at once, as agents do: what is not acknowledged is
// sent again until it is. Of a hundred uploads five are broken off, five are sent
// again after they were acknowledged, and two are other bytes under an id that is
// taken.
type crowd struct {
	images    *benchImages
	first     time.Time
	token     string
	client    *http.Client
	address   atomic.Pointer[string] // of the server, which may come back elsewhere
	tolerated []int                  // statuses that are no mistake; 0 stands for no answer

	turn    atomic.Int64
	number  atomic.Int64
	changed chan struct{} // gets a value when something was counted

	mutex    sync.Mutex
	told     []shot      // acknowledged
	unsure   int         // those that the server has or has not
	seen     map[int]int // answers by status
	aborted  int
	repeated int
	mistakes []string
}

func newCrowd(t *testing.T, token string, tolerated ...int) *crowd {
	t.Helper()
	images, err := newBenchImages(smallestBenchImage)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: crowdSize}
	t.Cleanup(transport.CloseIdleConnections)
	return &crowd{
		images: images, first: time.Date(2026, 1, 24, 0, 0, 0, 0, time.UTC), token: token,
		client:    &http.Client{Transport: transport, Timeout: 2 * time.Minute},
		tolerated: tolerated, changed: make(chan struct{}, 1), seen: map[int]int{},
	}
}

// at says where the server is.
func (c *crowd) at(s *runningServer) { c.address.Store(&s.address) }

func (c *crowd) url(path string) string { return "http://" + *c.address.Load() + path }

// start lets the clients upload. stop lets each end what it does, and returns when
// all did.
func (c *crowd) start(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range crowdSize {
		all.Go(func() {
			for ctx.Err() == nil {
				c.step(ctx)
			}
		})
	}
	stop = func() { cancel(); all.Wait() }
	t.Cleanup(stop)
	return stop
}

// step does one thing that clients do.
func (c *crowd) step(ctx context.Context) {
	turn := c.turn.Add(1)
	old, some := c.any()
	switch {
	case turn%20 == 1:
		c.abort()
	case turn%20 == 11 && some:
		c.repeat(old)
	case turn%50 == 25 && some:
		c.contradict(old)
	default:
		c.store(ctx, c.next())
	}
}

// repeat sends what is acknowledged again.
func (c *crowd) repeat(s shot) {
	c.count(&c.repeated)
	if status, answer := c.upload(s, 0); status != http.StatusOK {
		c.judge(status, "what it has already", answer)
	} else if answer != s.answer {
		c.mistake("sent again, %s is answered with %s", s.answer, answer)
	}
}

// contradict sends another image under the id of what is acknowledged.
func (c *crowd) contradict(s shot) {
	id, err := s.stored()
	if err != nil {
		c.mistake("%v", err)
		return
	}
	s.id = id
	if status, answer := c.upload(s, c.number.Add(1)); status != http.StatusConflict {
		c.judge(status, "other bytes under the same id", answer)
	}
}

// next returns a capture that no server has. The server chooses the id of every
// fourth.
func (c *crowd) next() shot {
	s := shot{number: c.number.Add(1)}
	if s.number%4 > 0 {
		s.id = jarvis.NewRandomID()
	}
	return s
}

// store uploads a capture until it is acknowledged, or the clients are stopped.
func (c *crowd) store(ctx context.Context, s shot) {
	for {
		status, answer := c.upload(s, 0)
		if status == http.StatusOK {
			s.answer = answer
			c.acknowledged(s)
			return
		}
		c.judge(status, "a capture", answer)
		select {
		case <-ctx.Done():
			c.count(&c.unsure)
			return
		case <-time.After(again):
		}
	}
}

// abort breaks an upload off: in its middle, or at its end without waiting for
// the answer.
func (c *crowd) abort() {
	s := c.next()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c.count(&c.aborted)
	if s.number%8 == 0 {
		c.count(&c.unsure)
		if status, answer := c.post(ctx, s, 0, 1, cancel); status != 0 && status != http.StatusOK {
			c.judge(status, "a capture whose client went away", answer)
		}
		return
	}
	if status, answer := c.post(ctx, s, 0, rand.Float64()*0.99, cancel); status == http.StatusOK {
		c.mistake("half a capture is acknowledged with %s", answer)
	}
}

// upload sends a capture, or if other is not 0 the image of that number under its
// id, and counts the answer.
func (c *crowd) upload(s shot, other int64) (status int, answer string) {
	status, answer = c.post(context.Background(), s, other, 1, nil)
	c.mutex.Lock()
	c.seen[status]++
	c.mutex.Unlock()
	c.tell()
	return status, answer
}

// post sends so much of an upload, calls sent if it is not nil, and returns the
// answer. Status 0 means that there is none; answer is the reason then.
func (c *crowd) post(ctx context.Context, s shot, other int64, part float64, sent func()) (status int, answer string) {
	image, id := c.image(s), ""
	if other > 0 {
		image = c.images.image(other)
	}
	if !s.id.IsZero() {
		id = s.id.String()
	}
	form, contentType, err := captureForm(image, c.first.Add(time.Duration(s.number)*time.Millisecond).Format(time.RFC3339Nano), id)
	if err != nil {
		return 0, err.Error()
	}
	length := int64(form.Len())
	body := &partialBody{Reader: io.LimitReader(form, int64(float64(length)*part)), ended: sent}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url("/api/captures/"), body)
	if err != nil {
		return 0, err.Error()
	}
	request.ContentLength = length
	request.Header.Set("Content-Type", contentType)
	return c.do(request, c.token)
}

// partialBody is what is sent of a body. At its end it calls ended.
type partialBody struct {
	io.Reader
	ended func()
}

func (b *partialBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF && b.ended != nil {
		b.ended()
	}
	return n, err
}

func (c *crowd) do(request *http.Request, token string) (status int, answer string) {
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := c.client.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	text, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return 0, err.Error() // what was cut acknowledges nothing
	}
	return response.StatusCode, string(text)
}

func (c *crowd) image(s shot) []byte { return c.images.image(s.number) }

// any returns a capture that was acknowledged, and false while there is none.
func (c *crowd) any() (shot, bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if len(c.told) == 0 {
		return shot{}, false
	}
	return c.told[rand.IntN(len(c.told))], true
}

func (c *crowd) acknowledged(s shot) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.told = append(c.told, s)
}

func (c *crowd) count(n *int) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	*n++
}

// judge notes a mistake of the server, unless the status is tolerated.
func (c *crowd) judge(status int, what, answer string) {
	if !slices.Contains(c.tolerated, status) {
		c.mistake("%s: %d %s", what, status, answer)
	}
}

func (c *crowd) mistake(format string, args ...any) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.mistakes = append(c.mistakes, fmt.Sprintf(format, args...))
}

func (c *crowd) tell() {
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

// answers returns how many answers of a status there were.
func (c *crowd) answers(status int) int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.seen[status]
}

// until waits for so many more answers of a status.
func (c *crowd) until(t *testing.T, status, more int) {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	for enough := c.answers(status) + more; c.answers(status) < enough; {
		select {
		case <-c.changed:
		case <-deadline:
			t.Fatalf("not %d more answers %d within two minutes: %v", more, status, c.summary())
		}
	}
}

// summary says what was done and answered.
func (c *crowd) summary() string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return fmt.Sprintf("%d captures acknowledged, %d uploads aborted, %d sent again, answers %v", len(c.told), c.aborted, c.repeated, c.seen)
}

// check checks that the server made no mistake, and that it gives back what it
// acknowledged byte for byte, and has no more than it may have.
func (c *crowd) check(t *testing.T, reader string) {
	t.Helper()
	if n := len(c.mistakes); n > 0 {
		t.Errorf("%d mistakes; the first: %s", n, c.mistakes[0])
	}
	if len(c.told) == 0 || c.seen[http.StatusConflict] == 0 || c.aborted == 0 || c.repeated == 0 {
		t.Errorf("too little was proven: %s", c.summary())
	}
	var all sync.WaitGroup
	for shots := range slices.Chunk(c.told, len(c.told)/8+1) {
		all.Go(func() {
			for _, s := range shots {
				if err := c.checkOne(reader, s); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if got, least, most := c.captures(t, reader), len(c.told), len(c.told)+c.unsure; got < least || got > most {
		t.Errorf("there are %d captures, want %d to %d", got, least, most)
	}
	if t.Failed() {
		t.FailNow() // for nothing of this is to be recorded
	}
}

// checkOne gets the image of a capture.
func (c *crowd) checkOne(reader string, s shot) error {
	id, err := s.stored()
	if err != nil {
		return err
	}
	request, err := http.NewRequest(http.MethodGet, c.url("/api/captures/"+id.String()+"/image"), http.NoBody)
	if err != nil {
		return err
	}
	if status, got := c.do(request, reader); status != http.StatusOK || got != string(c.image(s)) {
		return fmt.Errorf("acknowledged capture %s: %d, %d bytes; want %d bytes", id, status, len(got), len(c.image(s)))
	}
	return nil
}

// captures returns how many captures a server has.
func (c *crowd) captures(t *testing.T, reader string) int {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, c.url("/api/stats"), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	status, text := c.do(request, reader)
	var stats struct{ Captures int }
	if err := json.Unmarshal([]byte(text), &stats); err != nil || status != http.StatusOK {
		t.Fatalf("the stats are %d %s", status, text)
	}
	return stats.Captures
}

// TestServe_Crowd lets a crowd do what clients do, right and wrong: nothing of it
// is the server's failure, and all that it acknowledged is there.
func TestServe_Crowd(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, p *place) {
		s := p.serve(t)
		c := newCrowd(t, p.device(t, "agent"))
		c.at(s)
		lasts := time.Duration(proof.Rounds(1, 60)) * time.Second
		stop := c.start(t)
		<-time.After(lasts)
		c.until(t, http.StatusOK, 100)
		stop()
		c.check(t, p.device(t, "reader", "--scope", "read"))
		s.finish(t)
		p.must(t, "verify", "--deep")
		proof.Record(t, "%d clients for %s: %s; no 5xx, all acknowledged captures there byte for byte", crowdSize, lasts, c.summary())
	})
}

// TestServe_OneID lets many clients upload one id at the same moment: the same
// bytes make one capture and equal answers, and of different bytes one wins.
func TestServe_OneID(t *testing.T) {
	const clients = 50
	onBothDatabases(t, func(t *testing.T, p *place) {
		s := p.serve(t)
		c := newCrowd(t, p.device(t, "agent"))
		c.at(s)
		reader := p.device(t, "reader", "--scope", "read")
		rounds := proof.Rounds(2, 50)
		for range rounds {
			same := shot{number: c.number.Add(1), id: jarvis.NewRandomID()}
			answers := c.atOnce(clients, func(int64) (int, string) { return c.upload(same, 0) })
			for answer, times := range answers {
				if same.answer = answer.text; answer.status != http.StatusOK || times != clients {
					t.Errorf("%d times %d %s; want %d equal answers", times, answer.status, answer.text, clients)
				}
			}
			if err := c.checkOne(reader, same); err != nil {
				t.Error(err)
			}

			taken := shot{number: c.number.Add(clients), id: jarvis.NewRandomID()}
			var winner atomic.Int64
			answers = c.atOnce(clients, func(i int64) (int, string) {
				status, text := c.upload(taken, taken.number-i)
				if status != http.StatusOK {
					return status, ""
				}
				winner.Store(taken.number - i)
				return status, text
			})
			if lost := answers[answered{http.StatusConflict, ""}]; lost != clients-1 || len(answers) != 2 {
				t.Errorf("different bytes: %v; want 1 and %d conflicts", answers, clients-1)
			}
			for answer := range answers {
				if answer.status == http.StatusOK {
					taken.answer, taken.number = answer.text, winner.Load()
				}
			}
			if err := c.checkOne(reader, taken); err != nil {
				t.Error(err)
			}
		}
		if got := c.captures(t, reader); got != 2*rounds || t.Failed() {
			t.Fatalf("%d captures, want %d", got, 2*rounds)
		}
		s.finish(t)
		p.must(t, "verify", "--deep")
		proof.Record(t, "%d times %d uploads of one id at once: one capture and %d equal answers, or one and %d conflicts", rounds, clients, clients, clients-1)
	})
}

type answered struct {
	status int
	text   string
}

// atOnce calls upload with 0 to n-1 at the same moment, and counts what it returns.
func (c *crowd) atOnce(n int64, upload func(i int64) (int, string)) map[answered]int {
	var (
		mutex   sync.Mutex
		all     sync.WaitGroup
		begin   = make(chan struct{})
		answers = map[answered]int{}
	)
	for i := range n {
		all.Go(func() {
			<-begin
			status, text := upload(i)
			mutex.Lock()
			defer mutex.Unlock()
			answers[answered{status, text}]++
		})
	}
	close(begin)
	all.Wait()
	return answers
}
