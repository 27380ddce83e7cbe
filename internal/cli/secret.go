package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/jarvis-memory/jarvis"
)

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
// called when canAskSecret. It returns when the context is done. The end of the
// input stops the command, as Ctrl-C does.
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
	before, err := term.MakeRaw(fd)
	if err != nil {
		return "", err
	}
	c.tell([]byte(plain(question)))
	type typed struct {
		text string
		err  error
	}
	read := make(chan typed, 1)
	go func() {
		text, err := readSecret(device)
		read <- typed{text, err}
	}()
	var answer typed
	select {
	case answer = <-read:
	case <-ctx.Done():
		answer.err = context.Cause(ctx)
	}
	err = term.Restore(fd, before)
	c.tell([]byte("\n"))
	if errors.Is(answer.err, io.EOF) {
		answer.err = &statusError{exitInterrupted, "stopped: nobody typed the passphrase"}
	}
	return answer.text, errors.Join(answer.err, err)
}

// The keys that edit a secret while it is typed.
const (
	keyInterrupt = 0x03 // Ctrl-C
	keyEnd       = 0x04 // Ctrl-D
	keyErase     = 0x08 // Ctrl-H, and Backspace of some terminals
	keyEraseWord = 0x17 // Ctrl-W
	keyEraseLine = 0x15 // Ctrl-U
	keyQuit      = 0x1c // Ctrl-\
	keyBackspace = 0x7f
)

// readSecret reads a line from a raw terminal, and nothing after it. Ctrl-D ends
// an empty line with io.EOF, and another as Enter does. Since nothing is seen, what
// erases a word erases all.
func readSecret(r io.Reader) (string, error) {
	var text []byte
	key := make([]byte, 1)
	for {
		n, err := r.Read(key)
		if n == 0 && err != nil {
			return "", err // io.EOF when the terminal went away
		}
		if n == 0 {
			continue
		}
		switch key[0] {
		case '\r', '\n':
			return string(text), nil
		case keyInterrupt, keyQuit:
			return "", context.Canceled
		case keyEnd:
			if len(text) == 0 {
				return "", io.EOF
			}
			return string(text), nil
		case keyErase, keyBackspace:
			_, size := utf8.DecodeLastRune(text)
			text = text[:len(text)-size]
		case keyEraseWord, keyEraseLine:
			text = text[:0]
		default:
			text = append(text, key[0])
		}
	}
}
