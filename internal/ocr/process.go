package ocr

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

const (
	maxOutput = 8 << 20 // bytes that a program may say about an image
	maxErrors = 4 << 10 // bytes of its complaints that are looked at
	// lingering is how long what a program started, and could not be killed with
	// it, may hold on to its output.
	lingering = 2 * time.Second
	// patience is how many times the time limit a program may take in all, on a
	// machine that is too busy to let it run.
	patience = 5
)

// The causes of a program's end that are not its own doing.
var (
	errTooLong = errors.New("it took too long")
	errTooMuch = errors.New("it said too much")
)

// program is what is started for an image.
type program struct {
	path    string // absolute
	args    []string
	env     []string // all of its environment
	timeout time.Duration
	memory  int64 // bytes
	eager   bool
	confine func(pid int, memory int64) error
	limited *limited
}

// Longest returns how long a program may take in all of which an image's limit is
// timeout.
func Longest(timeout time.Duration) time.Duration { return patience * timeout }

// limited tells once that a program could not be limited.
type limited struct {
	log  *slog.Logger // nil for none
	once sync.Once
}

// note notes how limiting a program went. One that has ended by then needs no limit.
func (l *limited) note(err error) {
	if l.log == nil || err == nil || errors.Is(err, syscall.ESRCH) || errors.Is(err, fs.ErrNotExist) {
		return
	}
	l.once.Do(func() {
		l.log.Warn("what reads images could not be limited in memory or given the lowest priority: it may slow this machine", "error", err.Error())
	})
}

// run starts the program, gives it what input writes, and returns what it wrote
// to its standard output. When it returns, the program is gone, and with it
// everything in its process group. input is called once, in a goroutine that
// ends before run does; the program may leave some of it unread.
func (p program) run(ctx context.Context, input func(io.Writer) error) ([]byte, error) {
	// The kernel is asked to kill the program when the thread that started it
	// ends, as it does with this process: it must not end before.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	out := &capped{limit: maxOutput, full: func() { end(errTooMuch) }}
	complaints := &capped{limit: maxErrors}
	cmd := exec.CommandContext(ctx, p.path, p.args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = p.env, out, complaints
	cmd.SysProcAttr = attributes()
	cmd.WaitDelay = lingering
	var g group
	cmd.Cancel = func() error { return g.kill(cmd.Process.Pid, false) }
	stdin, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, p.startError(ctx, err)
	}
	pid := cmd.Process.Pid
	subdued := p.confine(pid, p.memory) // before it has the image
	if !p.eager {
		subdued = errors.Join(subdued, subdue(pid))
	}
	p.limited.note(subdued)
	written := make(chan error, 1)
	go func() { written <- errors.Join(input(stdin), stdin.Close()) }()
	stopWatch := p.watch(pid, func() { end(errTooLong) })

	var killed error
	if awaitExit(pid) {
		killed = g.kill(pid, true) // what it started, while the number cannot be another's
		err = cmd.Wait()
	} else {
		err = cmd.Wait()
		killed = g.kill(pid, true)
	}
	stopWatch()
	reapGroup(pid)
	return p.judge(ctx, cmd.ProcessState, out, complaints, outcome{
		wait: err, input: <-written, limits: errors.Join(subdued, killed),
	})
}

// group kills the process group of a program, until that has ended: the number
// may be another's then.
type group struct {
	mu   sync.Mutex
	over bool
}

// kill kills the group; last says that its leader has ended, and is not reaped
// yet where awaitExit can tell.
func (g *group) kill(pid int, last bool) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.over {
		return os.ErrProcessDone
	}
	g.over = last
	err := syscall.Kill(-pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) || errors.Is(err, syscall.EPERM) {
		return nil // nobody is left in it; some systems say EPERM of the leader that has ended
	}
	return err
}

// watch calls expired once the program has run for as long as it may. What it
// waited for a processor does not count, within reason: it runs only when nobody
// else wants to.
func (p program) watch(pid int, expired func()) (stop func()) {
	begun := time.Now()
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		timer := time.NewTimer(p.timeout)
		defer timer.Stop()
		for {
			select {
			case <-done:
				return
			case <-timer.C:
			}
			passed := time.Since(begun)
			left := min(p.timeout-passed+starved(pid), patience*p.timeout-passed)
			if left <= 0 {
				expired()
				return
			}
			timer.Reset(max(left, 10*time.Millisecond))
		}
	}()
	return func() { close(done); <-ended }
}

// environment returns the part of this process's environment that programs need
// to be found and to find their own files, without what is secret in it, and
// more.
func environment(more ...string) []string {
	var env []string
	for _, key := range []string{
		"PATH", "HOME", "USER", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE",
		"LD_LIBRARY_PATH", "TESSDATA_PREFIX", "CUDA_VISIBLE_DEVICES",
	} {
		if value, ok := os.LookupEnv(key); ok {
			env = append(env, key+"="+value)
		}
	}
	return append(env, more...)
}

// capped keeps the first bytes that are written to it.
type capped struct {
	kept  bytes.Buffer
	limit int
	full  func() // called when there are more; nil ignores the rest
}

func (c *capped) Write(b []byte) (int, error) {
	room := c.limit - c.kept.Len()
	if len(b) <= room {
		return c.kept.Write(b)
	}
	n, err := c.kept.Write(b[:room])
	if err != nil || c.full == nil {
		return len(b), err
	}
	c.full()
	return n, errTooMuch
}
