package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"unicode"

	"golang.org/x/term"
)

// console is what a command reads from and writes to. Its methods are for one
// goroutine at a time.
//
// Human text goes through printf, which takes control characters out: a window
// title or a file name must not steer the terminal.
type console struct {
	in     *os.File
	out    *bufio.Writer
	stdout *os.File
	stderr *os.File

	log   *slog.Logger // of a server, which writes nothing else to standard error; else nil
	json  bool         // one JSON object per line on standard output
	style style        // of standard output

	inTerminal, outTerminal, errTerminal bool
}

func newConsole(stdin, stdout, stderr *os.File, getenv func(string) string) *console {
	c := &console{
		in:          stdin,
		stdout:      stdout,
		stderr:      stderr,
		inTerminal:  term.IsTerminal(int(stdin.Fd())),
		outTerminal: term.IsTerminal(int(stdout.Fd())),
		errTerminal: term.IsTerminal(int(stderr.Fd())),
	}
	c.out = bufio.NewWriterSize(outputWriter{stdout}, 32<<10)
	c.style = style(c.outTerminal && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb")
	return c
}

// printf writes text for a person to standard output. Strings and errors among
// the arguments are cleaned by plain.
func (c *console) printf(format string, args ...any) {
	for i, arg := range args {
		switch arg := arg.(type) {
		case string:
			args[i] = plain(arg)
		case error:
			args[i] = plain(arg.Error())
		}
	}
	fmt.Fprintf(c.out, format, args...) // the writer keeps its error for flush
}

// printJSON writes one line of JSON Lines.
func (c *console) printJSON(v any) error {
	line, err := jsonLine(v)
	if err != nil {
		return err
	}
	c.out.Write(line) // the writer keeps its error for flush
	return nil
}

// flush hands everything printed so far to standard output, and returns the
// first error of any write since the program began: errClosedPipe when the
// reader went away.
func (c *console) flush() error { return c.out.Flush() }

// note writes one line for a person to standard error, at once.
func (c *console) note(format string, args ...any) {
	text := plain(fmt.Sprintf(format, args...))
	if c.log != nil {
		c.log.Info(text)
		return
	}
	c.tell([]byte(text + "\n"))
}

// warn says on standard error that something which the command goes on without
// is wrong: as an object with --json.
func (c *console) warn(message string) {
	switch {
	case c.log != nil:
		c.log.Warn(plain(message))
	case c.json:
		if line, err := jsonLine(struct {
			Warning string `json:"warning"`
		}{message}); err == nil {
			c.tell(line)
		}
	default:
		c.note("jarvis: warning: %s", message)
	}
}

// tell writes to standard error. What cannot be written there can be told
// nowhere else, so there is no error.
func (c *console) tell(line []byte) { fmt.Fprintf(c.stderr, "%s", line) }

// width returns the columns of the terminal on standard output, and 0 when it
// is none.
func (c *console) width() int {
	if !c.outTerminal {
		return 0
	}
	columns, _, err := term.GetSize(int(c.stdout.Fd()))
	if err != nil {
		return 80
	}
	return columns
}

// jsonLine encodes v on one line. DEL and the C1 controls, which a terminal may
// obey, are escaped like the other controls.
func jsonLine(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, fmt.Errorf("encode JSON: %w", err)
	}
	if !bytes.ContainsFunc(b.Bytes(), isC1) {
		return b.Bytes(), nil
	}
	var escaped bytes.Buffer
	for _, r := range b.String() {
		if isC1(r) {
			fmt.Fprintf(&escaped, `\u%04x`, r)
			continue
		}
		escaped.WriteRune(r)
	}
	return escaped.Bytes(), nil
}

func isC1(r rune) bool { return 0x7F <= r && r <= 0x9F }

// plain returns text fit for one line of a terminal: white space becomes a
// space, and control, formatting and invalid characters become U+FFFD, so that
// no escape sequence and no change of writing direction is left in it.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case r == '\u200c' || r == '\u200d': // joiners: scripts and emoji need them
			return r
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029':
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// outputWriter says what is wrong with standard output: errClosedPipe when its
// reader went away.
type outputWriter struct{ w io.Writer }

func (o outputWriter) Write(b []byte) (int, error) {
	n, err := o.w.Write(b)
	if errors.Is(err, syscall.EPIPE) {
		return n, errClosedPipe
	}
	return n, writeError("standard output", err)
}

// style colours text, or leaves it as it is where colours are not wanted.
type style bool

// styled is text that was cleaned by plain and may be coloured.
type styled string

func (s style) bold(text string) styled  { return s.wrap("1", text) }
func (s style) faint(text string) styled { return s.wrap("2", text) }
func (s style) red(text string) styled   { return s.wrap("31", text) }
func (s style) green(text string) styled { return s.wrap("32", text) }

func (s style) wrap(code, text string) styled {
	text = plain(text)
	if !s || text == "" {
		return styled(text)
	}
	return styled("\x1b[" + code + "m" + text + "\x1b[0m")
}
