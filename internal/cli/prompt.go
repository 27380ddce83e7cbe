package cli

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

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

// terminalDevice is the terminal of the process, whatever its input is.
const terminalDevice = "/dev/tty"

// canAskSecret reports whether a person is there who can type a secret, also
// while standard input is a pipe.
func (c *console) canAskSecret() bool {
	if !c.errTerminal || c.inTerminal {
		return c.errTerminal
	}
	device, err := os.OpenFile(terminalDevice, os.O_RDWR, 0)
	return err == nil && device.Close() == nil
}

// askSecret asks for a text that is not shown while it is typed. It must only be
// called when canAskSecret. It returns when the context is done.
func (c *console) askSecret(ctx context.Context, question string) (_ string, err error) {
	device := c.in
	if !c.inTerminal {
		if device, err = os.OpenFile(terminalDevice, os.O_RDWR, 0); err != nil {
			return "", jarvis.WrapError(jarvis.CodeInvalid, "ask for a secret", "the terminal went away, and nobody can be asked", err)
		}
		defer func() { err = errors.Join(err, device.Close()) }()
	}
	if err := c.flush(); err != nil {
		return "", err
	}
	fd := int(device.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	if _, err := c.stderr.WriteString(plain(question)); err != nil {
		return "", err
	}
	type typed struct {
		text []byte
		err  error
	}
	read := make(chan typed, 1)
	go func() {
		text, err := term.ReadPassword(fd)
		read <- typed{text, err}
	}()
	select {
	case t := <-read:
		c.tell([]byte("\n"))
		if errors.Is(t.err, io.EOF) {
			return "", jarvis.Errorf(jarvis.CodeInvalid, "nothing was typed")
		}
		return string(t.text), t.err
	case <-ctx.Done():
		return "", errors.Join(context.Cause(ctx), term.Restore(fd, before))
	}
}
