package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// benchServer is a server in a process of its own, so that its memory is its own.
type benchServer struct {
	uploader
	process *exec.Cmd
}

// startJarvis starts this program as a server with a throw-away store.
func (b *bench) startJarvis(ctx context.Context) (*benchServer, error) {
	store := filepath.Join(b.folder, "store")
	flags := []string{
		"--data-dir", store, "--storage-path", filepath.Join(store, "captures"),
		"--identity-file", filepath.Join(b.folder, "identity"), "--config", os.DevNull,
	}
	seal := "off"
	if b.cfg.Seal {
		seal = "on"
	}
	var database []string
	if b.cmd.Database != "" {
		database = []string{"JARVIS_DATABASE_URL_FILE=" + b.cmd.Database}
	}
	s := &benchServer{process: b.command(ctx, database, append([]string{"serve", "--listen", "127.0.0.1:0", "--seal", seal}, flags...)...)}
	address, err := s.start(func(line []byte) (string, error) {
		var entry struct {
			Message string `json:"msg"`
			Level   string `json:"level"`
			Address string `json:"address"`
		}
		switch err := json.Unmarshal(line, &entry); {
		case err != nil: // before it knew its settings
			return "", jarvis.Errorf(jarvis.CodeInvalid, "the server that is to be measured did not start: %s", bytes.TrimSpace(line))
		case entry.Level == "ERROR":
			return "", jarvis.Errorf(jarvis.CodeUnavailable, "the server that is to be measured did not start: %s", entry.Message)
		case entry.Message == listeningMessage:
			return entry.Address, nil
		}
		return "", nil
	}, (*exec.Cmd).StderrPipe)
	if err != nil {
		return nil, err
	}
	token, err := b.command(ctx, database, append([]string{"device", "add", "bench-" + jarvis.NewRandomID().String(), "--json"}, flags...)...).Output()
	var made madeToken
	if err == nil {
		err = json.Unmarshal(token, &made)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make a token: %w", err), s.stop())
	}
	s.uploader = b.uploader("http://"+address+"/api/captures", made.Token)
	return s, nil
}

// startBare starts the bare server.
func (b *bench) startBare(ctx context.Context) (*benchServer, error) {
	folder := filepath.Join(b.folder, "bare")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return nil, writeError(folder, err)
	}
	args := []string{"bench", "bare", "--dir", folder}
	if b.cfg.Seal {
		args = append(args, "--seal")
	}
	s := &benchServer{process: b.command(ctx, nil, args...)}
	address, err := s.start(func(line []byte) (string, error) {
		var entry bareAddress
		return entry.Address, json.Unmarshal(line, &entry)
	}, (*exec.Cmd).StdoutPipe)
	if err != nil {
		return nil, err
	}
	s.uploader = b.uploader("http://"+address+"/", "")
	return s, nil
}

func (b *bench) uploader(url, token string) uploader {
	return uploader{url: url, token: token, images: b.images, first: jarvis.Instant(b.app.now()), sent: b.sent}
}

// command is this program, without the settings of its environment.
func (b *bench) command(ctx context.Context, env []string, args ...string) *exec.Cmd {
	program, err := os.Executable()
	if err != nil {
		program = os.Args[0]
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 15 * time.Second
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "JARVIS_") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	cmd.Env = append(append(cmd.Env, "JARVIS_MIN_FREE="+b.cfg.MinFree.String(), "JARVIS_OCR_ENGINE=none"), env...)
	return cmd
}

// start starts the process, and reads the lines that it writes until one tells
// its address; the rest is read and forgotten.
func (s *benchServer) start(address func(line []byte) (string, error), pipe func(*exec.Cmd) (io.ReadCloser, error)) (string, error) {
	output, err := pipe(s.process)
	if err != nil {
		return "", err
	}
	if err := s.process.Start(); err != nil {
		return "", fmt.Errorf("start a server to measure: %w", err)
	}
	lines := bufio.NewReader(output)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return "", errors.Join(jarvis.Errorf(jarvis.CodeUnavailable, "the server that is to be measured ended before it listened: %.300s", bytes.TrimSpace(line)), s.process.Wait())
		}
		found, err := address(line)
		if err != nil {
			return "", errors.Join(err, s.stop())
		}
		if found != "" {
			go drain(lines)
			return found, nil
		}
	}
}

// drain reads what nobody needs, until the process ends.
func drain(lines *bufio.Reader) {
	for {
		if _, err := lines.ReadSlice('\n'); err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}

// stop ends the process, which closes its store.
func (s *benchServer) stop() error {
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	if err := s.process.Wait(); err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() == exitFailure {
			return fmt.Errorf("the server that was measured: %w", err)
		}
	}
	return nil
}

// load uploads to the server, and watches its memory meanwhile.
func (s *benchServer) load(ctx context.Context, clients int, lasts time.Duration) (*round, error) {
	most := make(chan int64, 1)
	done := make(chan struct{})
	go func() {
		const interval = 50 * time.Millisecond
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		rss := s.rss()
		for {
			select {
			case <-ticker.C:
				rss = max(rss, s.rss())
			case <-done:
				most <- rss
				return
			}
		}
	}()
	before := s.cpu()
	r, err := s.run(ctx, clients, lasts)
	close(done)
	rss := <-most
	if err != nil {
		return nil, err
	}
	r.rss, r.cpu = rss, s.cpu()-before
	return r, nil
}

// rss returns the bytes of memory that the process holds, 0 where the operating
// system does not tell.
func (s *benchServer) rss() int64 {
	for line := range strings.Lines(s.proc("status")) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kilobytes, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
			if err != nil {
				return 0
			}
			return kilobytes << 10
		}
	}
	return 0
}

// cpu returns the time of processors that the process took, 0 where the operating
// system does not tell.
func (s *benchServer) cpu() time.Duration {
	const tick = time.Second / 100 // of every Linux that Go runs on
	_, rest, _ := strings.Cut(s.proc("stat"), ") ")
	fields := strings.Fields(rest)
	const user, system = 11, 12 // after the name; see proc(5)
	if len(fields) <= system {
		return 0
	}
	var sum time.Duration
	for _, field := range []string{fields[user], fields[system]} {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0
		}
		sum += time.Duration(ticks) * tick
	}
	return sum
}

// proc returns what the kernel says of the process, "" where it says nothing.
func (s *benchServer) proc(file string) string {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(s.process.Process.Pid) + "/" + file)
	if err != nil {
		return ""
	}
	return string(text)
}
