package cli

import (
	"bufio"
	"context"
	"strings"

	"github.com/jarvis-memory/jarvis"
)

// ask puts a question that is answered by yes or no, and returns usually for an
// empty answer. The end of the input is no. It must only be called when
// standard input and standard error are terminals; see canAsk.
func (c *console) ask(ctx context.Context, question string, usually bool) (bool, error) {
	hint := " [y/N] "
	if usually {
		hint = " [Y/n] "
	}
	if err := c.flush(); err != nil {
		return false, err
	}
	for {
		if _, err := c.stderr.WriteString(plain(question) + hint); err != nil {
			return false, err
		}
		answer, ok, err := c.readLine(ctx)
		if err != nil || !ok {
			c.tell([]byte("\n")) // the cursor is still after the question
			return false, err
		}
		switch strings.ToLower(strings.TrimSpace(answer)) {
		case "":
			return usually, nil
		case "y", "yes":
			return true, nil
		case "n", "no":
			return false, nil
		}
		c.note("Please answer y or n.")
	}
}

// confirm returns nil when the person wants what the question asks, or said so
// beforehand with --yes. Without a person and --yes the answer is no.
func (c *console) confirm(ctx context.Context, yes bool, question string) error {
	if yes {
		return nil
	}
	if !c.canAsk() {
		return jarvis.Errorf(jarvis.CodeInvalid, "%s Nobody is there to answer, and nothing was changed: say yes with --yes", question)
	}
	yes, err := c.ask(ctx, question, false)
	if err != nil {
		return err
	}
	if !yes {
		return &statusError{exitInterrupted, "stopped: nothing was changed"}
	}
	return nil
}

// canAsk reports whether a person is there to answer.
func (c *console) canAsk() bool { return c.inTerminal && c.errTerminal }

// readLine reads a line of standard input, and false at its end. It returns
// when the context is done: a person who presses Ctrl-C has answered.
func (c *console) readLine(ctx context.Context) (string, bool, error) {
	type line struct {
		text string
		ok   bool
	}
	read := make(chan line, 1)
	go func() {
		text, err := bufio.NewReader(c.in).ReadString('\n')
		read <- line{text, err == nil}
	}()
	select {
	case l := <-read:
		return l.text, l.ok, nil
	case <-ctx.Done():
		return "", false, context.Cause(ctx)
	}
}
