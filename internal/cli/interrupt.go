package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// withInterrupt returns a context that ends at the first Ctrl-C, SIGTERM or
// SIGHUP: the command then stops at the next safe place. A second one ends the
// program at once, which loses nothing that was reported as stored. stop gives
// the signals back.
func withInterrupt(c *console) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	// A closed pipe is then an error of the write that met it; see pipeWriter.
	signal.Ignore(syscall.SIGPIPE)
	done := make(chan struct{})
	go func() {
		select {
		case <-signals:
		case <-done:
			return
		}
		if c.errTerminal {
			c.note("\nStopping after what is under way; once more to end at once.")
		}
		cancel()
		select {
		case <-signals:
			os.Exit(exitInterrupted)
		case <-done:
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel()
	}
}
