package ocr

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
)

func TestProgram_Failures(t *testing.T) {
	short := quick()
	short.Timeout = 200 * time.Millisecond
	for name, tt := range map[string]struct {
		body   string
		limits Limits
		code   jarvis.Code
		says   string
	}{
		"status":         {"cat >/dev/null; echo first >&2; echo 'no such model' >&2; exit 7", quick(), jarvis.CodeInvalid, "status 7: no such model"},
		"crash":          {"cat >/dev/null; kill -SEGV $$", quick(), jarvis.CodeInternal, "crashed"},
		"killed":         {"kill -KILL $$", quick(), jarvis.CodeInternal, "killed"},
		"rubbish":        {"cat >/dev/null; echo hello", quick(), jarvis.CodeInternal, "makes no sense"},
		"silence":        {"cat >/dev/null", quick(), jarvis.CodeInternal, "makes no sense"},
		"hang":           {"cat >/dev/null; sleep 1000", short, jarvis.CodeTimeout, "longer than 200ms"},
		"never reads":    {"sleep 1000", short, jarvis.CodeTimeout, "longer"},
		"deaf to TERM":   {"trap '' TERM INT HUP; while :; do sleep 1000; done", short, jarvis.CodeTimeout, "longer"},
		"endless output": {"exec yes", quick(), jarvis.CodeInternal, "more than"},
		"endless errors": {"yes >&2", short, jarvis.CodeTimeout, "longer"},
		"colours":        {`printf '\033[1mbad\033[0m\n' >&2; exit 1`, quick(), jarvis.CodeInvalid, ": [1mbad[0m"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := NewProgram(ProgramOptions{Limits: tt.limits, Command: []string{script(t, tt.body)}})
			if err != nil {
				t.Fatal(err)
			}
			closeAtEnd(t, p)
			_, err = p.Read(t.Context(), blank(t))
			wantError(t, err, tt.code, tt.says)
		})
	}
}

func TestProgram_Memory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Log("the memory of programs is limited on Linux only")
		return
	}
	limits := quick()
	limits.Memory = 200 << 20
	p, err := NewProgram(ProgramOptions{Limits: limits, Command: []string{script(t,
		// A shell's variable that doubles.
		"cat >/dev/null; x=xxxxxxxxxxxxxxxx; while :; do x=$x$x; done")}})
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, p)
	_, err = p.Read(t.Context(), blank(t))
	if code := jarvis.ErrorCode(err); code != jarvis.CodeTooLarge && code != jarvis.CodeInvalid {
		t.Errorf("got %v (%s)", err, code)
	}
	if !strings.Contains(fmt.Sprint(err), "memory") {
		t.Errorf("%v does not name the memory", err)
	}
}

func TestProgram_Children(t *testing.T) {
	for name, end := range map[string]string{
		"it ends":  `echo '{"version":1,"text":"hello"}'`,
		"it hangs": "wait",
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "pids")
			limits := quick()
			limits.Timeout = time.Second
			p, err := NewProgram(ProgramOptions{Limits: limits, Command: []string{
				script(t, `cat >/dev/null; sleep 1000 & sleep 1000 & echo $$ $! >"$1"; `+end), file,
			}})
			if err != nil {
				t.Fatal(err)
			}
			closeAtEnd(t, p)
			begun := time.Now()
			r, err := p.Read(t.Context(), blank(t))
			if name == "it ends" {
				if err != nil || r.Text != "hello" {
					t.Errorf("%v, %v: what it left behind is no matter", r, err)
				}
				if passed := time.Since(begun); passed >= limits.Timeout {
					t.Errorf("its children held up the answer for %v", passed)
				}
			} else {
				wantError(t, err, jarvis.CodeTimeout)
			}
			for _, pid := range pids(t, file) {
				if state(pid) != "" {
					t.Errorf("process %d is still there (%s)", pid, state(pid))
				}
			}
		})
	}
}

func TestProgram_Cancel(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	p, err := NewProgram(ProgramOptions{Limits: quick(), Command: []string{script(t, `echo $$ >"$1"; sleep 1000`), file}})
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, p)
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("enough")
	go func() { awaitFile(t, file); cancel(reason) }()
	_, err = p.Read(ctx, blank(t))
	wantError(t, err, jarvis.CodeUnavailable, "cancelled")
	if !errors.Is(err, reason) {
		t.Errorf("%v does not wrap the cause", err)
	}
	if pid := pids(t, file)[0]; state(pid) != "" {
		t.Errorf("the program is still there (%s)", state(pid))
	}
	_, err = p.Read(ctx, blank(t))
	wantError(t, err, jarvis.CodeUnavailable, "cancelled")
}

func TestProgram_Close(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	limits := quick()
	limits.Workers = 1
	p, err := NewProgram(ProgramOptions{Limits: limits, Command: []string{script(t, `echo $$ >"$1"; sleep 1000`), file}})
	if err != nil {
		t.Fatal(err)
	}
	var reads sync.WaitGroup
	for range 3 { // one is read, two wait
		reads.Go(func() {
			_, err := p.Read(t.Context(), blank(t))
			if jarvis.ErrorCode(err) != jarvis.CodeUnavailable || !strings.Contains(err.Error(), "closed") {
				t.Errorf("got %v", err)
			}
		})
	}
	awaitFile(t, file)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if pid := pids(t, file)[0]; state(pid) != "" {
		t.Errorf("after Close, the program is still there (%s)", state(pid))
	}
	reads.Wait()
}

// A program sees nothing of this process's environment that could be secret, and
// runs at the lowest priority.
func TestProgram_Surroundings(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Log("what is read here is Linux's")
		return
	}
	t.Setenv("JARVIS_TOKEN", "another secret")
	file := filepath.Join(t.TempDir(), "seen")
	limits := quick()
	limits.Eager = false
	limits.Memory = 512 << 20
	p, err := NewProgram(ProgramOptions{Limits: limits, Languages: "deu", Token: func() string { return token }, Command: []string{script(t, `cat >/dev/null
{ env; cat /proc/self/oom_score_adj /proc/self/limits /proc/self/sched /proc/self/stat; } >"$1" 2>&1
echo '{"version":1}'`), file}})
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, p)
	if _, err := p.Read(t.Context(), blank(t)); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	seen := strings.Join(strings.Fields(string(text)), " ")
	if strings.Contains(seen, "another secret") {
		t.Error("the program got this process's environment")
	}
	for _, want := range []string{
		"JARVIS_OCR_LANGUAGES=deu", "JARVIS_OCR_TOKEN=" + token, "OMP_THREAD_LIMIT=1", " 1000 ",
		"Max address space 536870912 536870912", "Max core file size 1 1",
	} {
		if !strings.Contains(seen, want) {
			t.Errorf("the program does not see %q", want)
		}
	}
	// proc_pid_stat(5): priority, nice, and, further on, the policy: 5 is SCHED_IDLE.
	stat := strings.Fields(seen[strings.LastIndex(seen, ") ")+2:])
	if stat[16] != "19" || stat[38] != "5" {
		t.Errorf("nice %s and policy %s, want 19 and 5", stat[16], stat[38])
	}
}

func TestNewProgram(t *testing.T) {
	_, err := NewProgram(ProgramOptions{})
	wantError(t, err, jarvis.CodeInvalid)
	_, err = NewProgram(ProgramOptions{Command: []string{"/nowhere/engine"}})
	wantError(t, err, jarvis.CodeUnavailable, "/nowhere/engine")

	// One that goes away, or loses its interpreter, between two images.
	path := script(t, `cat >/dev/null; echo '{"version":1,"engine":"mine 2"}'`)
	p, err := NewProgram(ProgramOptions{Limits: quick(), Command: []string{path}})
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, p)
	if p.Name() != "engine" {
		t.Errorf("name %q", p.Name())
	}
	if _, err := p.Read(t.Context(), blank(t)); err != nil {
		t.Fatal(err)
	}
	if p.Name() != "mine 2" {
		t.Errorf("name %q", p.Name())
	}
	_, err = p.Read(t.Context(), []byte("http://example.org/x.png\n"))
	wantError(t, err, jarvis.CodeInvalid, "JPEG, PNG or WebP")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	_, err = p.Read(t.Context(), blank(t))
	wantError(t, err, jarvis.CodeUnavailable, "it is not there")
}

// As many programs run as there may be, and not one more.
func TestProgram_Workers(t *testing.T) {
	folder := t.TempDir()
	p, err := NewProgram(ProgramOptions{Limits: quick(), Command: []string{script(t, `cat >/dev/null
mkdir "$1/1" 2>/dev/null && mine=1 || { mkdir "$1/2" 2>/dev/null && mine=2; } || exit 9
rmdir "$1/$mine"
echo '{"version":1}'`), folder}})
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, p)
	var reads sync.WaitGroup
	for range 20 {
		reads.Go(func() {
			if _, err := p.Read(t.Context(), blank(t)); err != nil {
				t.Error(err)
			}
		})
	}
	reads.Wait()
}

// That a program runs without its limits is told once, and not of one that has ended.
func TestProgram_Unlimited(t *testing.T) {
	var log bytes.Buffer
	limits := quick()
	limits.Workers, limits.Logger = 1, slog.New(slog.NewTextHandler(&log, nil))
	p, err := NewProgram(ProgramOptions{Limits: limits, Command: []string{script(t, `cat >/dev/null; echo '{"version":1}'`)}})
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, p)
	for _, tt := range []struct {
		fault error
		lines int
	}{{nil, 0}, {syscall.ESRCH, 0}, {syscall.EPERM, 1}, {syscall.EPERM, 1}} {
		p.program.confine = func(pid int, memory int64) error {
			if tt.fault != nil {
				return os.NewSyscallError("prlimit", tt.fault)
			}
			return confine(pid, memory)
		}
		if _, err := p.Read(t.Context(), blank(t)); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(log.String(), "could not be limited"); n != tt.lines {
			t.Errorf("after %v: %d lines, want %d:\n%s", tt.fault, n, tt.lines, &log)
		}
	}
}
