package api

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/jarvis-memory/jarvis"
)

// The states of what a server rests on.
const (
	stateOK          = "ok"
	stateUnavailable = "unavailable"
	stateFull        = "full" // of the storage: the disk has no room for captures
)

// How often the health is looked at, and how long a look may take.
const (
	healthLasts = time.Second            // a look is as good as new for
	healthWaits = 700 * time.Millisecond // for the database, or the disk
	healthEnds  = 10 * time.Second       // a look that hangs is given up
)

// health looks at the database and the storage, each at most once at a time and
// once a second, whoever asks.
type health struct {
	database, storage *check
	queue             *queueCheck  // nil where there is no queue
	free              atomic.Int64 // bytes
}

func newHealth(o Options) *health {
	h := new(health)
	h.database = &check{state: stateUnavailable, lasts: healthLasts, run: func(ctx context.Context) string {
		if o.Catalog.Check(ctx) != nil {
			return stateUnavailable
		}
		return stateOK
	}}
	h.storage = &check{state: stateUnavailable, lasts: healthLasts, run: func(ctx context.Context) string {
		if usage, err := o.Storage.Usage(ctx); err == nil {
			h.free.Store(usage.Free)
		}
		switch err := o.Storage.Check(ctx); jarvis.ErrorCode(err) {
		case "":
			return stateOK
		case jarvis.CodeNoSpace:
			return stateFull
		default:
			return stateUnavailable
		}
	}}
	if o.Readings != nil {
		h.queue = newQueueCheck(o.Readings, o.Now)
	}
	return h
}

// countQueue has the queue counted, where there is one and the last count is old.
// It returns soon whatever hangs.
func (h *health) countQueue(ctx context.Context) {
	if h.queue == nil {
		return
	}
	waiting, cancel := context.WithTimeout(ctx, healthWaits)
	defer cancel()
	h.queue.wait(waiting, h.queue.start())
}

// look returns the states. It returns soon whatever hangs.
func (h *health) look(ctx context.Context) (database, storage string) {
	waiting, cancel := context.WithTimeout(ctx, healthWaits)
	defer cancel()
	databaseDone, storageDone := h.database.start(), h.storage.start()
	return h.database.wait(waiting, databaseDone), h.storage.wait(waiting, storageDone)
}

// close ends looks under way, and waits for them until ctx is done.
func (h *health) close(ctx context.Context) error {
	all := []*check{h.database, h.storage}
	if h.queue != nil {
		all = append(all, &h.queue.check)
	}
	for _, c := range all {
		if done := c.end(); done != nil {
			select {
			case <-done:
			case <-ctx.Done():
				return jarvis.Errorf(jarvis.CodeUnavailable, "the database or the storage still hangs")
			}
		}
	}
	return nil
}

// check is something that is looked at now and then.
type check struct {
	run   func(context.Context) string
	lasts time.Duration // a look is as good as new for

	mu      sync.Mutex
	state   string
	at      time.Time     // of the last look that ended
	running chan struct{} // closed when the look under way ends; nil when none is
	cancel  context.CancelFunc
	closed  bool
}

// start begins a look unless the last one is new enough, and returns what is
// closed when it ends; nil when there is nothing to wait for.
func (c *check) start() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running != nil {
		return c.running
	}
	if c.closed || !c.at.IsZero() && time.Since(c.at) < c.lasts {
		return nil
	}
	done := make(chan struct{})
	ctx, cancel := context.WithTimeout(context.Background(), healthEnds)
	c.running, c.cancel = done, cancel
	go func() {
		defer close(done)
		defer cancel()
		state := c.run(ctx)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.state, c.at, c.running = state, time.Now(), nil
	}()
	return done
}

// wait returns the state once the look ended, or that nothing answers. A look that
// ended counts even when ctx, for which another wait may have been waiting, is done.
func (c *check) wait(ctx context.Context, done <-chan struct{}) string {
	if done != nil {
		select {
		case <-done:
		case <-ctx.Done():
			select {
			case <-done:
			default:
				return stateUnavailable
			}
		}
	}
	return c.last()
}

func (c *check) last() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// end lets no look begin any more, cancels the one under way, and returns what it
// closes.
func (c *check) end() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.running != nil {
		c.cancel()
	}
	return c.running
}

type healthOutput struct{ Body healthState }

type healthState struct {
	Status   string `json:"status" enum:"healthy,degraded"`
	Version  string `json:"version"`
	Database string `json:"database" enum:"ok,unavailable"`
	Storage  string `json:"storage" enum:"ok,full,unavailable"`
}

// getHealth answers 200 whatever the state.
func (s *Server) getHealth(ctx context.Context, _ *struct{}) (*healthOutput, error) {
	state := healthState{Status: "healthy", Version: s.o.Version}
	state.Database, state.Storage = s.health.look(ctx)
	if state.Database != stateOK || state.Storage != stateOK {
		state.Status = "degraded"
	}
	return &healthOutput{state}, nil
}

type readyOutput struct {
	Status int
	Body   struct {
		Ready bool `json:"ready"`
	}
}

// ready is the operation of getReady, which has two answers of one form.
func (s *Server) ready() operation {
	return func(m *mounting, op huma.Operation) {
		with(s, s.getReady)(m, op)
		op.Responses["503"].Content["application/json"] = op.Responses["200"].Content["application/json"]
	}
}

// getReady answers 503 unless captures are taken.
func (s *Server) getReady(ctx context.Context, _ *struct{}) (*readyOutput, error) {
	database, storage := s.health.look(ctx)
	out := &readyOutput{Status: http.StatusOK}
	out.Body.Ready = database == stateOK && storage == stateOK
	if !out.Body.Ready {
		out.Status = http.StatusServiceUnavailable
	}
	return out, nil
}
