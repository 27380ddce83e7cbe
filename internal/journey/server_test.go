package journey

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// server is a running "jarvis serve".
type server struct {
	url     string
	env     []string
	process *exec.Cmd

	mu    sync.Mutex
	log   bytes.Buffer
	ended chan struct{} // once its log is read to the end
}

// environment is that of the program with its home in a folder, and what a test adds.
func environment(home string, more ...string) []string {
	env := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, "JARVIS_") || strings.HasPrefix(variable, "XDG_")
	})
	return append(append(env, "HOME="+home, "TZ="+zone, "JARVIS_SEAL=off", "JARVIS_OCR_ENGINE=none", "JARVIS_MIN_FREE=1MiB",
		"GORACE=atexit_sleep_ms=0"), more...)
}

// dataDir is where the program keeps its store in a home.
func dataDir(home string) string { return filepath.Join(home, ".local", "share", "jarvis") }

// command is the program, called in an environment.
func command(ctx context.Context, env []string, args ...string) (*exec.Cmd, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Args[0], cmd.Env = program, env
	return cmd, nil
}

// serve starts a server on the store of a home.
func serve(home string) (*server, error) {
	s := &server{env: environment(home), ended: make(chan struct{})}
	var err error
	if s.process, err = command(context.Background(), s.env, "serve", "--listen", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	output, err := s.process.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	listening := make(chan string, 1)
	go func() {
		defer close(s.ended)
		defer close(listening)
		for lines := bufio.NewReader(output); ; {
			line, err := lines.ReadBytes('\n')
			s.mu.Lock()
			s.log.Write(line)
			s.mu.Unlock()
			var entry struct{ Msg, Address string }
			if json.Unmarshal(line, &entry) == nil && entry.Msg == "listening" {
				listening <- entry.Address
			}
			if err != nil {
				return
			}
		}
	}()
	address, ok := <-listening
	if !ok {
		return nil, fmt.Errorf("it does not listen: %w\n%s", s.process.Wait(), s.logged())
	}
	s.url = "http://" + address
	return s, nil
}

func (s *server) logged() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// close stops the server and fails when it does not end well.
func (s *server) close() error {
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	<-s.ended
	if err := s.process.Wait(); err != nil {
		return fmt.Errorf("the server: %w\n%s", err, s.logged())
	}
	return nil
}

// run runs a command on the store of the server, and returns what it printed.
func (s *server) run(t testing.TB, args ...string) string {
	t.Helper()
	cmd, err := command(t.Context(), s.env, args...)
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("jarvis %s: %v\n%s", strings.Join(args, " "), err, &errs)
	}
	return strings.TrimSpace(out.String())
}

// link returns a new sign-in link.
func (s *server) link(t testing.TB) string {
	t.Helper()
	return s.run(t, "signin")
}
