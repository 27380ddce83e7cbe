package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/jarvis-memory/jarvis/internal/config"
)

// place is a person's home with a store in it, for tests that need more than a
// script can do.
type place struct {
	folder string
	env    []string
}

func newPlace(t *testing.T) *place {
	t.Helper()
	folder := t.TempDir()
	return &place{folder, append(slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, "JARVIS_") || strings.HasPrefix(variable, "XDG_")
	}), "HOME="+folder, "TZ=UTC", "JARVIS_DEVICE=ann@desk", "JARVIS_MIN_FREE=1MiB", "JARVIS_OCR_ENGINE=none", "TERM=xterm", "GORACE=atexit_sleep_ms=0")}
}

// pictures draws n images into a folder of the place.
func (p *place) pictures(t *testing.T, folder string, n int) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(p.folder, folder), 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		data, err := drawPicture(".png", "40x30", fmt.Sprint(folder, i))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(p.folder, folder, fmt.Sprintf("%04d.png", i)), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func (p *place) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "jarvis", args...)
	cmd.Dir, cmd.Env = p.folder, p.env
	return cmd
}

// app returns the program as it is in this place, within the test's process.
func (p *place) app(t *testing.T) (*app, *config.Config) {
	t.Helper()
	cfg, err := config.Load(config.Input{LookupEnv: func(name string) (string, bool) {
		for _, variable := range slices.Backward(p.env) {
			if value, ok := strings.CutPrefix(variable, name+"="); ok {
				return value, true
			}
		}
		return "", false
	}})
	if err != nil {
		t.Fatal(err)
	}
	return &app{console: newConsole(os.Stdin, os.Stdout, os.Stderr, os.Getenv), name: "jarvis", grammar: &grammar{}}, cfg
}

// openStore opens the store in the test's process.
func (p *place) openStore(t *testing.T) *store {
	t.Helper()
	a, cfg := p.app(t)
	s, err := a.openStore(t.Context(), cfg, storeMustExist, keyRequired)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// closeStore closes what openStore opened.
func closeStore(t *testing.T, s *store) {
	t.Helper()
	if err := s.close(t.Context()); err != nil {
		t.Error(err)
	}
}

// run runs jarvis to its end.
func (p *place) run(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := p.command(t, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	status = exitOf(t, cmd.Run())
	return out.String(), errs.String(), status
}

// must runs jarvis, which has to succeed, and returns its standard output.
func (p *place) must(t *testing.T, args ...string) string {
	t.Helper()
	stdout, stderr, status := p.run(t, args...)
	if status != 0 {
		t.Fatalf("jarvis %s: exit status %d\n%s%s", strings.Join(args, " "), status, stdout, stderr)
	}
	return stdout
}

// shut closes c, which has to succeed.
func shut(t *testing.T, c io.Closer) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// exitOf returns the exit status that a finished command's error tells.
func exitOf(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return 0
	}
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		t.Fatal(err)
	}
	return exit.ExitCode()
}

// lines decodes JSON Lines.
func lines(t *testing.T, text string) []added {
	t.Helper()
	var all []added
	for decoder := json.NewDecoder(strings.NewReader(text)); ; {
		var line added
		err := decoder.Decode(&line)
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatalf("%v in %q", err, text)
		}
		all = append(all, line)
	}
}

// TestInterrupt: Ctrl-C stops between two captures, even while a pipe gives
// nothing, says how many were done, and the rest can be added later.
func TestInterrupt(t *testing.T) {
	p := newPlace(t)
	p.pictures(t, "shots", 3)
	p.fifo(t, "fifo")
	cmd := p.command(t, "add", "--json", "--jobs", "1", "shots/0000.png", "shots/0001.png", "fifo", "shots/0002.png")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(stdout)
	for range 2 {
		if _, err := reader.ReadString('\n'); err != nil {
			t.Fatalf("%v\n%s", err, &errs)
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(reader)
	if err != nil || len(rest) > 0 {
		t.Errorf("after the interrupt: %q, %v", rest, err)
	}
	if status := exitOf(t, cmd.Wait()); status != exitInterrupted {
		t.Errorf("exit status %d, want %d", status, exitInterrupted)
	}
	if want := `"interrupted: 2 screenshots stored, 0 already there; run the same command again for the rest"`; !strings.Contains(errs.String(), want) {
		t.Errorf("standard error %q lacks %s", &errs, want)
	}
	for i, line := range lines(t, p.must(t, "add", "--json", "--jobs", "1", "shots")) {
		if want := []addStatus{statusExists, statusExists, statusStored}[i]; line.Status != want {
			t.Errorf("%s: %s, want %s", line.File, line.Status, want)
		}
	}
	p.must(t, "verify")
}

// fifo makes a named pipe in the place.
func (p *place) fifo(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(p.folder, name)
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// startReading starts a command and returns the pipe once the command reads it.
func startReading(t *testing.T, cmd *exec.Cmd, fifo string) *os.File {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	writer, err := os.OpenFile(fifo, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return writer
}

// TestInterrupt_Last: the interrupt of the last file, when nothing is left to
// begin, is no success either.
func TestInterrupt_Last(t *testing.T) {
	p := newPlace(t)
	for _, sent := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sent.String(), func(t *testing.T) {
			fifo := p.fifo(t, sent.String())
			cmd := p.command(t, "add", fifo)
			var errs bytes.Buffer
			cmd.Stderr = &errs
			writer := startReading(t, cmd, fifo)
			defer shut(t, writer)
			if err := cmd.Process.Signal(sent); err != nil {
				t.Fatal(err)
			}
			if status := exitOf(t, cmd.Wait()); status != exitInterrupted || !strings.Contains(errs.String(), "interrupted: 0 screenshots stored") {
				t.Errorf("exit status %d, want %d\n%s", status, exitInterrupted, &errs)
			}
		})
	}
}

// TestInterrupt_Ignored: a signal that was ignored when the program began, as
// nohup does, stays ignored.
func TestInterrupt_Ignored(t *testing.T) {
	for script, want := range map[string]string{
		`exec ignores`:              "false\n",
		`trap "" HUP; exec ignores`: "true\n",
	} {
		out, err := exec.CommandContext(t.Context(), "sh", "-c", script).Output()
		if err != nil || string(out) != want {
			t.Errorf("%s: SIGHUP ignored: %s, %v; want %s", script, out, err, want)
		}
	}
}

// ignores prints whether SIGHUP is ignored.
func ignores() {
	_, stop := withInterrupt(newConsole(os.Stdin, os.Stdout, os.Stderr, os.Getenv))
	defer stop()
	fmt.Println(signal.Ignored(syscall.SIGHUP))
}

// TestInterrupt_Twice: the second Ctrl-C ends the program although something
// under way hangs.
func TestInterrupt_Twice(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "hang")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(stdout)
	for _, want := range []string{"working\n", "stopping\n"} {
		if got, err := reader.ReadString('\n'); err != nil || got != want {
			t.Fatalf("%q, %v; want %q", got, err, want)
		}
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
	}
	if status := exitOf(t, cmd.Wait()); status != exitInterrupted {
		t.Errorf("exit status %d, want %d", status, exitInterrupted)
	}
}

// hang works until it is interrupted, and then hangs.
func hang() {
	c := newConsole(os.Stdin, os.Stdout, os.Stderr, os.Getenv)
	ctx, stop := withInterrupt(c)
	defer stop()
	fmt.Println("working")
	<-ctx.Done()
	fmt.Println("stopping")
	select {}
}

// TestClosedPipe: a reader that went away ends the program quietly.
func TestClosedPipe(t *testing.T) {
	p := newPlace(t)
	const n = 400 // more lines than a pipe holds
	p.pictures(t, "shots", n)
	title := strings.Repeat("long ", 40)
	p.must(t, "add", "shots", "--title", title)
	for _, args := range [][]string{
		{"list", "--limit", "400"},
		{"list", "--limit", "400", "--json"},
		{"add", "--json", "shots", "--timestamp", "2026-01-24", "--title", title},
	} {
		t.Run(strings.Join(args[:2], " "), func(t *testing.T) {
			cmd := p.command(t, args...)
			var errs bytes.Buffer
			cmd.Stderr = &errs
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if _, err := bufio.NewReaderSize(stdout, 16).ReadString('\n'); err != nil {
				t.Fatalf("%v\n%s", err, &errs)
			}
			if err := stdout.Close(); err != nil {
				t.Fatal(err)
			}
			if status := exitOf(t, cmd.Wait()); status != exitClosedPipe {
				t.Errorf("exit status %d, want %d", status, exitClosedPipe)
			}
			if errs.Len() > 0 {
				t.Errorf("standard error: %s", &errs)
			}
		})
	}
	if stdout, _, status := p.run(t, "verify"); status != 0 {
		t.Errorf("verify: exit status %d\n%s", status, stdout)
	}
}
