package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// interruptPatience is how long a person waits before being told for what.
const interruptPatience = 300 * time.Millisecond

// withInterrupt returns a context that ends at the first Ctrl-C, SIGTERM or
// SIGHUP: the command then stops at the next safe place. A second one ends the
// program at once, which loses nothing that was reported as stored. stop gives
// the signals back.
func withInterrupt(c *console) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	for _, ending := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(ending) { // nohup says so, and a shell of its background jobs
			signal.Notify(signals, ending)
		}
	}
	// A closed pipe is then an error of the write that met it; see outputWriter.
	signal.Ignore(syscall.SIGPIPE)
	done := make(chan struct{})
	go func() {
		select {
		case <-signals:
		case <-done:
			return
		}
		cancel()
		patience := time.NewTimer(interruptPatience)
		defer patience.Stop()
		for {
			select {
			case <-patience.C:
				if c.errTerminal {
					c.tell([]byte("\r\n"))
					c.note("Stopping after what is under way; once more to end at once.")
				}
			case <-signals:
				os.Exit(exitInterrupted)
			case <-done:
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel()
	}
}
