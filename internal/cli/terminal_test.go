package cli

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is a pseudo-terminal with a program on it.
type terminal struct {
	cmd    *exec.Cmd
	master *os.File
	seen   bytes.Buffer
}

// onTerminal starts jarvis on a terminal of 80 columns.
func (p *place) onTerminal(t *testing.T, args ...string) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, master) })
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer shut(t, slave)
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80}); err != nil {
		t.Fatal(err)
	}
	cmd := p.command(t, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return &terminal{cmd: cmd, master: master}
}

// waitFor reads what is shown until it contains text.
func (term *terminal) waitFor(t *testing.T, text string) {
	t.Helper()
	for buffer := make([]byte, 4096); !strings.Contains(term.seen.String(), text); {
		n, err := term.master.Read(buffer)
		term.seen.Write(buffer[:n])
		if err != nil {
			t.Fatalf("the program ended (%v) before it showed %q:\n%s", err, text, &term.seen)
		}
	}
}

// waitHidden waits until what is typed is not shown.
func (term *terminal) waitHidden(t *testing.T) {
	t.Helper()
	const deadline = 10 * time.Second
	ticker := time.NewTicker(time.Millisecond) // nothing else tells what another process does to its terminal
	defer ticker.Stop()
	for end := time.Now().Add(deadline); time.Now().Before(end); <-ticker.C {
		settings, err := unix.IoctlGetTermios(int(term.master.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		if settings.Lflag&unix.ECHO == 0 {
			return
		}
	}
	t.Fatalf("what is typed is shown:\n%s", &term.seen)
}

func (term *terminal) enter(t *testing.T, keys string) {
	t.Helper()
	if _, err := term.master.WriteString(keys); err != nil {
		t.Fatal(err)
	}
}

// end waits for the program to end, and returns all that was shown.
func (term *terminal) end(t *testing.T) (shown string, status int) {
	t.Helper()
	for buffer := make([]byte, 4096); ; {
		n, err := term.master.Read(buffer)
		term.seen.Write(buffer[:n])
		if err != nil { // EIO when the last program closes the terminal
			break
		}
	}
	return strings.ReplaceAll(term.seen.String(), "\r\n", "\n"), exitOf(t, term.cmd.Wait())
}

func TestTerminal_Remove(t *testing.T) {
	p := newPlace(t)
	p.pictures(t, "shots", 2)
	p.must(t, "add", "shots", "--timestamp", "2026-01-24T10:00:00Z", "--title", "Inbox")
	for _, test := range []struct {
		name, keys string
		status     int
		left       int
	}{
		{"Enter", "\r", 130, 2},
		{"EndOfInput", "\x04", 130, 2},
		{"No", "no\r", 130, 2},
		{"Interrupt", "\x03", 130, 2},
		{"Yes", "what\ry\r", 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			term := p.onTerminal(t, "rm", "--from", "2026-01-24")
			term.waitFor(t, "Remove 2 captures (")
			term.waitFor(t, " [y/N] ")
			term.enter(t, test.keys)
			shown, status := term.end(t)
			if status != test.status {
				t.Errorf("exit status %d, want %d:\n%s", status, test.status, shown)
			}
			if strings.Contains(shown, "jarvis: ") && !strings.Contains(shown, "\njarvis: ") {
				t.Errorf("the question and what follows are on one line:\n%s", shown)
			}
			if got := strings.Count(p.must(t, "list", "--json"), "\n"); got != test.left {
				t.Errorf("%d captures left, want %d", got, test.left)
			}
		})
	}
}

func TestTerminal_Image(t *testing.T) {
	p := newPlace(t)
	p.pictures(t, "shots", 1)
	id := lines(t, p.must(t, "add", "--json", "shots"))[0].ID
	shown, status := p.onTerminal(t, "get", id.String()).end(t)
	if status != exitInvalid || !strings.HasPrefix(shown, "jarvis: an image is not for a terminal: ") {
		t.Errorf("exit status %d: %s", status, shown)
	}
	shown, status = p.onTerminal(t, "add", "-").end(t)
	if status != exitInvalid || !strings.HasPrefix(shown, "jarvis: standard input is a terminal") {
		t.Errorf("exit status %d: %s", status, shown)
	}
}

// TestTerminal_Colours: colours are for terminals, and only where they are wanted.
func TestTerminal_Colours(t *testing.T) {
	p := newPlace(t)
	p.pictures(t, "shots", 1)
	p.must(t, "add", "shots", "--title", "evil\x1b[2Jtitle")
	colour := regexp.MustCompile("\x1b\\[[0-9]+m")
	shown, _ := p.onTerminal(t, "list").end(t)
	if !colour.MatchString(shown) {
		t.Errorf("no colours on a terminal: %q", shown)
	}
	if strings.Contains(shown, "\x1b[2J") {
		t.Errorf("a title steers the terminal: %q", shown)
	}
	for line := range strings.Lines(colour.ReplaceAllString(shown, "")) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 80 {
			t.Errorf("a line of %d characters on a terminal of 80: %q", n, line)
		}
	}
	for _, variable := range []string{"NO_COLOR=1", "TERM=dumb"} {
		plain := *p
		plain.env = append(append([]string{}, p.env...), variable)
		if shown, _ := plain.onTerminal(t, "list").end(t); strings.Contains(shown, "\x1b") {
			t.Errorf("%s: escape sequences: %q", variable, shown)
		}
	}
	if stdout := p.must(t, "list"); strings.Contains(stdout, "\x1b") {
		t.Errorf("escape sequences in a pipe: %q", stdout)
	}
}

// TestTerminal_Add: after the first files only what failed is shown, and a sum.
func TestTerminal_Add(t *testing.T) {
	p := newPlace(t)
	p.pictures(t, "shots", 60)
	p.must(t, "start", "--no-serve")
	shown, status := p.onTerminal(t, "add", "shots").end(t)
	if status != 0 || strings.Count(shown, "shots/") != linesOnTerminal || !strings.Contains(shown, "Stored 60 screenshots") ||
		!strings.Contains(shown, "only what fails is shown") {
		t.Errorf("exit status %d:\n%s", status, shown)
	}
	stdout, stderr, _ := p.run(t, "add", "shots")
	if strings.Count(stdout, "\n") != 60 || strings.Contains(stderr, "━") {
		t.Errorf("a pipe gets every line and no bar, not:\n%s%s", stdout, stderr)
	}
}

func TestTerminal_Start(t *testing.T) {
	p := newPlace(t)
	p.pictures(t, "Pictures/Screenshots", 3)
	for _, name := range []string{"animation.gif", "empty.png"} {
		if err := os.WriteFile(filepath.Join(p.folder, "Pictures/Screenshots", name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	term := p.onTerminal(t, "start", "--no-serve")
	term.waitFor(t, "Passphrase to protect the identity with (Enter for none): ")
	term.waitHidden(t)
	term.enter(t, "\r")
	term.waitFor(t, "Add the 4 screenshots in ~/Pictures/Screenshots?")
	term.waitFor(t, " [Y/n] ")
	term.enter(t, "\r")
	shown, status := term.end(t)
	if status != 0 || !strings.Contains(shown, "Stored 3 screenshots") || !strings.Contains(shown, "passed over 1 GIF") ||
		!strings.Contains(shown, "1 of 4 files not added.") || !strings.Contains(shown, "The newest captures") || !strings.Contains(shown, "How to go on") {
		t.Errorf("exit status %d:\n%s", status, shown)
	}
	// Another time there is nothing to ask.
	if shown, status = p.onTerminal(t, "start", "--no-serve").end(t); status != 0 || strings.Contains(shown, "[Y/n]") {
		t.Errorf("exit status %d:\n%s", status, shown)
	}
}

// TestTerminal_BeginAnew: a store that lost its catalogue gets a new one only
// when somebody says so.
func TestTerminal_BeginAnew(t *testing.T) {
	p := newPlace(t)
	p.must(t, "start", "--no-serve")
	catalogue := filepath.Join(p.folder, dataPath, "jarvis.db")
	if err := os.Remove(catalogue); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		answer string
		status int
	}{{"\r", exitInterrupted}, {"y\r", 0}} {
		term := p.onTerminal(t, "start", "--no-serve")
		term.waitFor(t, "Make a new catalogue, which knows nothing of the old one's")
		term.waitFor(t, " [y/N] ")
		term.enter(t, test.answer)
		shown, status := term.end(t)
		if status != test.status {
			t.Errorf("exit status %d, want %d:\n%s", status, test.status, shown)
		}
		if _, err := os.Stat(catalogue); (err == nil) != (test.status == 0) {
			t.Errorf("after %q: %v", test.answer, err)
		}
	}
}
