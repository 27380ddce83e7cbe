package listen

import (
	"context"
	"time"
)

// watchEvery is how often the server looks after itself.
const watchEvery = 10 * time.Second

// watch logs what an operator should know, each time it begins: that
// connections are refused, and that file descriptors run out.
func (s *Server) watch(ctx context.Context) {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	var w watcher
	for {
		select {
		case <-ticker.C:
			w.look(s, openDescriptors(), descriptorLimit())
		case <-ctx.Done():
			w.look(s, 0, 0)
			return
		}
	}
}

// watcher remembers what was logged already.
type watcher struct{ scarce bool }

func (w *watcher) look(s *Server, open, limit int) {
	if refused := s.book.report(); refused.count > 0 {
		s.logger.Warn("connections were closed at once", "count", refused.count, "last_peer", refused.peer, "reason", refused.why)
	}
	scarce := limit > 0 && open > limit/10*9
	if scarce && !w.scarce {
		s.logger.Warn("file descriptors run out: raise the limit (LimitNOFILE), or look for what keeps them", "open", open, "limit", limit, "connections", s.book.len())
	}
	w.scarce = scarce
}
