package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis/internal/proof"
)

// agent uploads pictures to a server until it is told to stop.
type agent struct {
	url, token string
	pictures   [][]byte
	first      time.Time
}

// acknowledged is a capture that a server said it has.
type acknowledged struct {
	id      string
	picture []byte
}

// upload sends one capture.
func (a *agent) upload(ctx context.Context, number int) (acknowledged, int, error) {
	picture := a.pictures[number%len(a.pictures)]
	body, contentType, err := captureForm(picture, a.first.Add(time.Duration(number)*time.Second).Format(time.RFC3339), "")
	if err != nil {
		return acknowledged{}, 0, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url+"/api/captures/", body)
	if err != nil {
		return acknowledged{}, 0, err
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("Authorization", "Bearer "+a.token)
	status, text, err := send(request)
	var answer struct{ ID, Status string }
	if err == nil && status == http.StatusOK {
		err = json.Unmarshal(text, &answer)
	}
	return acknowledged{answer.ID, picture}, status, err
}

// send sends a request and reads the whole answer.
func send(request *http.Request) (status int, body []byte, err error) {
	response, err := new(http.Client).Do(request)
	if err != nil {
		return 0, nil, err
	}
	body, err = io.ReadAll(response.Body)
	return response.StatusCode, body, errors.Join(err, response.Body.Close())
}

// health asks a server how it is, and whether it is ready.
func (s *runningServer) health(path string) (status int, err error) {
	request, err := http.NewRequest(http.MethodGet, "http://"+s.address+path, http.NoBody)
	if err != nil {
		return 0, err
	}
	status, _, err = send(request)
	return status, err
}

// run uploads with several clients until a request fails, and returns what was
// acknowledged, and every status that was no 200.
func (a *agent) run(clients int, more func(n int)) (told []acknowledged, others map[int]int) {
	var (
		mutex sync.Mutex
		all   sync.WaitGroup
	)
	others = map[int]int{}
	for client := range clients {
		all.Go(func() {
			for i := 0; ; i++ {
				got, status, err := a.upload(context.Background(), client*100_000+i)
				mutex.Lock()
				switch {
				case err == nil && status == http.StatusOK:
					told = append(told, got)
					more(len(told))
				case err == nil:
					others[status]++
				}
				mutex.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	all.Wait()
	return told, others
}

// device makes a token, beside a running server.
func (p *place) device(t *testing.T, name string, flags ...string) string {
	t.Helper()
	return strings.TrimSpace(p.must(t, append([]string{"device", "add", name}, flags...)...))
}

func (p *place) agent(t *testing.T, s *runningServer, name string, first time.Time) *agent {
	t.Helper()
	a := &agent{url: "http://" + s.address, token: p.device(t, name), first: first}
	for i := range 8 {
		data, err := drawPicture(".png", "64x48", fmt.Sprint(name, i))
		if err != nil {
			t.Fatal(err)
		}
		a.pictures = append(a.pictures, data)
	}
	return a
}

// checkAcknowledged checks that captures are in the store byte for byte.
func (p *place) checkAcknowledged(t *testing.T, told []acknowledged) {
	t.Helper()
	s := p.openStore(t)
	defer closeStore(t, s)
	for _, capture := range told {
		ids, err := parseIDs([]string{capture.id})
		if err != nil {
			t.Fatal(err)
		}
		if _, got, err := s.archive.Fetch(t.Context(), ids[0]); err != nil || !bytes.Equal(got, capture.picture) {
			t.Errorf("acknowledged capture %s: %d bytes, %v", capture.id, len(got), err)
		}
	}
}

// TestServe_Kill kills the server while clients upload: what was acknowledged is
// there byte for byte, whatever is left of the rest can be repaired, and the next
// server starts.
func TestServe_Kill(t *testing.T) {
	p := newPlace(t)
	var all []acknowledged
	rounds := proof.Rounds(3, 20)
	for i := range rounds {
		s := p.serve(t)
		agent := p.agent(t, s, fmt.Sprintf("agent%d@desk", i), time.Date(2026, 1, 1+i, 0, 0, 0, 0, time.UTC))
		enough := 20 + 7*i
		told, others := agent.run(8, func(n int) {
			if n == enough {
				s.process.Process.Kill()
			}
		})
		if len(others) > 0 {
			t.Errorf("other answers: %v\n%s", others, s.logged())
		}
		if status, err := s.wait(); err != nil || status != -int(syscall.SIGKILL) {
			t.Errorf("the server ended with %d, %v", status, err)
		}
		all = append(all, told...)
		p.age(t)
		p.repair(t)
	}
	p.checkAcknowledged(t, all)
	proof.Record(t, "%d servers killed while 8 clients uploaded, %d acknowledged captures all there", rounds, len(all))
}

// TestServe_Terminate ends the server by SIGTERM while clients upload: it ends in
// time and in order, and answers nothing falsely.
func TestServe_Terminate(t *testing.T) {
	p := newPlace(t)
	s := p.serve(t)
	agent := p.agent(t, s, "agent@desk", time.Date(2026, 1, 24, 0, 0, 0, 0, time.UTC))
	var begun time.Time
	told, others := agent.run(8, func(n int) {
		if n == 50 {
			begun = time.Now()
			if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
				t.Error(err)
			}
		}
	})
	status, err := s.wait()
	if took := time.Since(begun); err != nil || status != exitDone || took > 10*time.Second {
		t.Errorf("the server ended with %d, %v after %s\n%s", status, err, took, s.logged())
	}
	for status := range others {
		if status != http.StatusServiceUnavailable {
			t.Errorf("an upload was answered %d", status)
		}
	}
	if !strings.Contains(lastLine(s.logged()), `"msg":"stopped"`) {
		t.Errorf("the last it logged: %s", lastLine(s.logged()))
	}
	p.checkAcknowledged(t, told)
	if out, _, status := p.run(t, "verify", "--deep"); status != 0 {
		t.Errorf("verify: %d\n%s", status, out)
	}
}

// stuckUpload begins an upload that never ends, and returns once the server reads it.
func stuckUpload(t *testing.T, url, token string) io.Closer {
	t.Helper()
	reader, writer := io.Pipe()
	request, err := http.NewRequest(http.MethodPost, url+"/api/captures", reader)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	request.Header.Set("Authorization", "Bearer "+token)
	go func() {
		if status, _, err := send(request); err == nil && status == http.StatusOK {
			t.Error("half an upload was acknowledged")
		}
	}()
	// Once so much was taken, the server reads.
	chunk := "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n" + strings.Repeat("0", 8<<20)
	if _, err := io.WriteString(writer, chunk); err != nil {
		t.Fatal(err)
	}
	return writer
}

// TestServe_Twice: a request that never ends does not keep the server, and a
// second signal ends it at once.
func TestServe_Twice(t *testing.T) {
	p := newPlace(t)
	for _, test := range []struct {
		signals, want int
		within        time.Duration
	}{{1, exitDone, 10 * time.Second}, {2, exitInterrupted, 2 * time.Second}} {
		t.Run(fmt.Sprint(test.signals), func(t *testing.T) {
			s := p.serve(t)
			stuck := stuckUpload(t, "http://"+s.address, p.device(t, fmt.Sprint("agent", test.signals)))
			defer shut(t, stuck)
			begun := time.Now()
			for i := range test.signals {
				if i > 0 { // two at once may be taken for one
					eventually(t, "it stops to listen", func() bool {
						_, err := s.health("/health/")
						return err != nil
					})
				}
				if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
					t.Fatal(err)
				}
			}
			status, err := s.wait()
			if took := time.Since(begun); err != nil || status != test.want || took > test.within {
				t.Errorf("it ended with %d, %v after %s, want %d\n%s", status, err, took, test.want, s.logged())
			}
		})
	}
	p.must(t, "verify")
}

var signInForm = regexp.MustCompile(`http://127\.0\.0\.1:\d+/sign-in#[A-Za-z0-9_-]{43}`)

// TestServe_Link: a link that signs in is for a terminal, never for a pipe or a log.
func TestServe_Link(t *testing.T) {
	p := newPlace(t)
	s := p.serve(t, "--log-level", "debug")
	if status, err := s.stop(syscall.SIGTERM); err != nil || status != 0 {
		t.Errorf("it ended with %d, %v", status, err)
	}
	if strings.Contains(s.logged(), "sign-in") {
		t.Errorf("it logged a link:\n%s", s.logged())
	}
	for _, command := range []string{"serve", "start"} {
		t.Run(command, func(t *testing.T) {
			term := p.onTerminal(t, command, "--listen", "127.0.0.1:0")
			term.waitFor(t, "Ctrl-C ends the server.")
			shown := term.seen.String()
			if !signInForm.MatchString(shown) || strings.Contains(shown, `"level":"INFO"`) {
				t.Errorf("it shows:\n%s", shown)
			}
			if err := term.cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			if shown, status := term.end(t); status != 0 {
				t.Errorf("exit status %d\n%s", status, shown)
			}
		})
	}
}

// TestServe_Taken: an address that another program has.
func TestServe_Taken(t *testing.T) {
	p := newPlace(t)
	s := p.serve(t)
	_, stderr, status := p.run(t, "serve", "--listen", s.address)
	if status != exitUnavailable || !strings.Contains(stderr, "another program, or another jarvis serve, listens there") {
		t.Errorf("exit status %d\n%s", status, stderr)
	}
	_, stderr, status = p.run(t, "serve", "--listen", "0.0.0.0:0")
	if status != exitInvalid || !strings.Contains(stderr, "TLS") {
		t.Errorf("exit status %d\n%s", status, stderr)
	}
	_, stderr, status = p.run(t, "serve", "--listen", "127.0.0.1:0", "--tls-cert", "none.pem", "--tls-key", "none.pem")
	if status != exitInvalid || !strings.Contains(stderr, "none.pem") {
		t.Errorf("exit status %d\n%s", status, stderr)
	}
}

// TestServe_Database: a server whose database goes away says so, and comes back
// by itself.
func TestServe_Database(t *testing.T) {
	p := newPlace(t)
	p.env = append(p.env, "JARVIS_DATABASE_URL="+server.OverTCP(t, server.NewDatabase(t)))
	s := p.serve(t)
	agent := p.agent(t, s, "agent@desk", time.Date(2026, 1, 24, 0, 0, 0, 0, time.UTC))
	upload := func(number int) int {
		_, status, err := agent.upload(t.Context(), number)
		if err != nil {
			t.Fatal(err)
		}
		return status
	}
	ready := func() bool {
		status, err := s.health("/health/ready")
		if err != nil {
			t.Fatal(err)
		}
		return status == http.StatusOK
	}
	if status := upload(0); status != http.StatusOK || !ready() {
		t.Fatalf("at first: %d\n%s", status, s.logged())
	}
	server.Stop(t)
	if status := upload(1); status != http.StatusServiceUnavailable {
		t.Errorf("without its database: %d", status)
	}
	eventually(t, "it is not ready", func() bool { return !ready() })
	server.Restart(t)
	eventually(t, "it is ready again", ready)
	if status := upload(1); status != http.StatusOK {
		t.Errorf("with its database again: %d\n%s", status, s.logged())
	}
	if status, err := s.stop(syscall.SIGTERM); err != nil || status != 0 {
		t.Errorf("it ended with %d, %v\n%s", status, err, s.logged())
	}
	p.must(t, "verify", "--deep")
}

// TestServe_Silent: the log of a server has no token, no title and no picture.
func TestServe_Silent(t *testing.T) {
	p := newPlace(t)
	s := p.serve(t, "--log-level", "debug")
	agent := p.agent(t, s, "agent@desk", time.Date(2026, 1, 24, 0, 0, 0, 0, time.UTC))
	if _, status, err := agent.upload(t.Context(), 0); err != nil || status != http.StatusOK {
		t.Fatal(status, err)
	}
	admin := p.device(t, "admin", "--scope", "admin")
	if err := os.WriteFile(filepath.Join(p.folder, "token"), []byte(admin), 0o600); err != nil {
		t.Fatal(err)
	}
	p.pictures(t, "shots", 1)
	remote := *p
	remote.env = append(append([]string{}, p.env...), "JARVIS_SERVER_URL=http://"+s.address, "JARVIS_TOKEN_FILE="+filepath.Join(p.folder, "token"))
	remote.must(t, "add", "shots", "--title", "s3cret title", "--app", "s3cretapp")
	remote.must(t, "list", "--app", "s3cretapp")
	remote.must(t, "signin")
	if status, err := s.stop(syscall.SIGTERM); err != nil || status != 0 {
		t.Errorf("it ended with %d, %v", status, err)
	}
	for _, secret := range []string{agent.token, admin, "jarvis_", "s3cret", "sign-in#"} {
		if strings.Contains(s.logged(), secret) {
			t.Errorf("the log holds %q:\n%s", secret, s.logged())
		}
	}
}
