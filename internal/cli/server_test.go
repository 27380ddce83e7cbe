package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// runningServer is a jarvis serve in a process of its own.
type runningServer struct {
	process *exec.Cmd
	address string

	mutex sync.Mutex
	log   bytes.Buffer
	ended chan struct{} // once its log is read to the end
}

// startServer starts a command that serves, and waits until it listens.
func startServer(cmd *exec.Cmd) (*runningServer, error) {
	s := &runningServer{process: cmd, ended: make(chan struct{})}
	output, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	listening := make(chan string, 1)
	go func() {
		defer close(s.ended)
		defer close(listening)
		for lines := bufio.NewReader(output); ; {
			line, err := lines.ReadBytes('\n')
			s.mutex.Lock()
			s.log.Write(line)
			s.mutex.Unlock()
			var entry struct{ Msg, Address string }
			if json.Unmarshal(line, &entry) == nil && entry.Msg == listeningMessage {
				listening <- entry.Address
			}
			if err != nil {
				return
			}
		}
	}()
	address, ok := <-listening
	if !ok {
		return nil, fmt.Errorf("it does not listen: %w\n%s", cmd.Wait(), s.logged())
	}
	s.address = address
	return s, nil
}

// logged returns what the server logged so far.
func (s *runningServer) logged() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.log.String()
}

// stop sends a signal and returns the exit status, or minus the signal that
// ended the process.
func (s *runningServer) stop(signal os.Signal) (int, error) {
	if err := s.process.Process.Signal(signal); err != nil {
		return 0, err
	}
	return s.wait()
}

func (s *runningServer) wait() (int, error) {
	<-s.ended
	err := s.process.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		return 0, err
	} else if ok {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			return -int(status.Signal()), nil
		}
		return exit.ExitCode(), nil
	}
	return 0, nil
}

// serve starts a server in the place, and ends it with the test.
func (p *place) serve(t *testing.T, args ...string) *runningServer {
	t.Helper()
	cmd := exec.Command("jarvis", append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	cmd.Dir, cmd.Env = p.folder, p.env
	s, err := startServer(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	return s
}

// scriptServers are the servers of scripts, by their working folders.
type scriptServers struct{ byFolder sync.Map }

// cmdServer is
//
//	server start [FLAGS...]     starts jarvis serve; SERVER and ADDRESS say where
//	server stop STATUS          ends it with SIGTERM and that status; server.log is its log
//	server kill                 ends it with SIGKILL
func (all *scriptServers) cmdServer(ts *testscript.TestScript, neg bool, args []string) {
	folder := ts.Getenv("WORK")
	if neg || len(args) == 0 {
		ts.Fatalf("usage: server start [FLAGS...] | stop STATUS | kill")
	}
	if args[0] == "start" {
		cmd := exec.Command("jarvis", append([]string{"serve", "--listen", "127.0.0.1:0"}, args[1:]...)...)
		cmd.Dir = folder
		for _, name := range []string{
			"HOME", "PATH", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "TZ", "TMPDIR", "GOCOVERDIR",
			"JARVIS_DEVICE", "JARVIS_MIN_FREE", "JARVIS_DATABASE_URL", "JARVIS_DATA_DIR", "JARVIS_IDENTITY_FILE", "JARVIS_SEAL",
			"JARVIS_OCR_ENGINE", "JARVIS_OCR_TIMEOUT", "JARVIS_OCR_WORKERS", "JARVIS_OCR_LANGUAGES", "JARVIS_MASK_SECRETS",
		} {
			cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
		}
		s, err := startServer(cmd)
		ts.Check(err)
		all.byFolder.Store(folder, s)
		ts.Defer(func() { cmd.Process.Kill() })
		ts.Setenv("SERVER", "http://"+s.address)
		ts.Setenv("ADDRESS", s.address)
		return
	}
	found, ok := all.byFolder.LoadAndDelete(folder)
	s, isServer := found.(*runningServer)
	if !ok || !isServer {
		ts.Fatalf("no server runs")
	}
	signal, want := os.Signal(syscall.SIGTERM), "0"
	if args[0] == "kill" {
		signal, want = os.Kill, fmt.Sprint(-int(syscall.SIGKILL))
	} else if len(args) > 1 {
		want = args[1]
	}
	status, err := s.stop(signal)
	ts.Check(err)
	ts.Check(os.WriteFile(filepath.Join(folder, "server.log"), []byte(s.logged()), 0o600))
	if fmt.Sprint(status) != want {
		ts.Fatalf("exit status %d, want %s\n%s", status, want, s.logged())
	}
}

// ask is a program for scripts that sends one request and prints the status of
// the answer and what it holds:
//
//	ask [-method GET] [-token TOKEN] [-file IMAGE -at TIME] [-host HOST] URL
func ask() {
	method := flag.String("method", http.MethodGet, "")
	token := flag.String("token", "", "")
	file := flag.String("file", "", "")
	at := flag.String("at", "", "")
	host := flag.String("host", "", "")
	flag.Parse()
	if err := sendAsked(*method, flag.Arg(0), *token, *file, *at, *host); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func sendAsked(method, url, token, file, at, host string) (err error) {
	var body io.Reader = http.NoBody
	contentType := ""
	if file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		method = http.MethodPost
		if body, contentType, err = captureForm(data, at, ""); err != nil {
			return err
		}
	}
	request, err := http.NewRequest(method, url, body)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", contentType)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	request.Host = host
	response, err := (&http.Transport{}).RoundTrip(request)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	fmt.Println(response.StatusCode)
	_, err = io.Copy(os.Stdout, response.Body)
	return err
}

// captureForm is the form of existing agents, with an id if there is one.
func captureForm(data []byte, at, id string) (*bytes.Buffer, string, error) {
	config, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, "", err
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="file"; filename="capture"`},
		"Content-Type":        {"image/" + format},
	})
	if err == nil {
		_, err = part.Write(data)
	}
	if err == nil {
		chosen := ""
		if id != "" {
			chosen = fmt.Sprintf(`"id":%q,`, id)
		}
		err = w.WriteField("metadata", fmt.Sprintf(`{%s"timestamp":%q,"monitor_index":0,"width":%d,"height":%d}`, chosen, at, config.Width, config.Height))
	}
	return &b, w.FormDataContentType(), errors.Join(err, w.Close())
}

// eventually polls until the condition holds: what is waited for happens in
// another process.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for !holds() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("%s: not within 20 seconds", what)
		}
	}
}

// lastLine returns the last line of a text.
func lastLine(text string) string {
	text = strings.TrimSuffix(text, "\n")
	return text[strings.LastIndex(text, "\n")+1:]
}
