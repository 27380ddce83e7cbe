package listen

import (
	"context"
	"net/http"
	"sync"
)

// crowd counts the requests that are being answered.
type crowd struct {
	mu    sync.Mutex
	n     int
	empty chan struct{} // closed when n falls to zero; nil while nobody waits
}

func newCrowd() *crowd { return &crowd{} }

// count returns a handler that counts the requests of next.
func (c *crowd) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.add(1)
		defer c.add(-1)
		next.ServeHTTP(w, r)
	})
}

func (c *crowd) add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n += n
	if c.n == 0 && c.empty != nil {
		close(c.empty)
		c.empty = nil
	}
}

func (c *crowd) len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// wait returns when no request is being answered, or ctx is done.
func (c *crowd) wait(ctx context.Context) {
	c.mu.Lock()
	if c.n == 0 {
		c.mu.Unlock()
		return
	}
	if c.empty == nil {
		c.empty = make(chan struct{})
	}
	empty := c.empty
	c.mu.Unlock()
	select {
	case <-empty:
	case <-ctx.Done():
	}
}
