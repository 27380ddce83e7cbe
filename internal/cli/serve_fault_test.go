package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis/internal/proof"
)

// onBothDatabases runs a test on a sealed store on SQLite, and on one on
// PostgreSQL.
func onBothDatabases(t *testing.T, test func(t *testing.T, p *place)) {
	t.Run("SQLite", func(t *testing.T) { test(t, newPlace(t)) })
	t.Run("PostgreSQL", func(t *testing.T) {
		p := newPlace(t)
		p.env = append(p.env, "JARVIS_DATABASE_URL="+server.OverTCP(t, server.NewDatabase(t)))
		test(t, p)
	})
}

// finish ends the server, which must do so in order.
func (s *runningServer) finish(t *testing.T) {
	t.Helper()
	if status, err := s.stop(syscall.SIGTERM); err != nil || status != exitDone {
		t.Errorf("the server ended with %d, %v: %s", status, err, lastLine(s.logged()))
	}
}

// TestServe_CrowdKilled kills the server under a crowd, again and again, and starts
// it again each time. Nothing is repaired before the end.
func TestServe_CrowdKilled(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, p *place) {
		s := p.serve(t)
		c := newCrowd(t, p.device(t, "agent"), 0)
		c.at(s)
		stop := c.start(t)
		rounds := proof.Rounds(2, 20)
		for range rounds {
			c.until(t, http.StatusOK, 50+rand.IntN(100))
			if status, err := s.stop(syscall.SIGKILL); err != nil || status != -int(syscall.SIGKILL) {
				t.Errorf("the server ended with %d, %v: %s", status, err, lastLine(s.logged()))
			}
			s = p.serve(t)
			c.at(s)
		}
		c.until(t, http.StatusOK, 50)
		stop()
		c.check(t, p.device(t, "reader", "--scope", "read"))
		s.finish(t)
		p.age(t)
		adopted := p.repair(t).Adopted
		proof.Record(t, "%d servers killed under %d clients: %s; all acknowledged captures there byte for byte, %d others adopted, verify clean", rounds, crowdSize, c.summary(), adopted)
	})
}

// TestServe_CrowdDatabase takes the database away from under a crowd: the answer is
// 503 until it is back, and then all is well by itself.
func TestServe_CrowdDatabase(t *testing.T) {
	p := newPlace(t)
	p.env = append(p.env, "JARVIS_DATABASE_URL="+server.OverTCP(t, server.NewDatabase(t)))
	s := p.serve(t)
	c := newCrowd(t, p.device(t, "agent"), http.StatusServiceUnavailable)
	c.at(s)
	stop := c.start(t)
	rounds := proof.Rounds(1, 5)
	for range rounds {
		c.until(t, http.StatusOK, 100)
		server.Stop(t)
		c.until(t, http.StatusServiceUnavailable, crowdSize)
		s.is(t, "degraded", "unavailable", "ok")
		server.Restart(t)
		s.is(t, "healthy", "ok", "ok")
	}
	c.until(t, http.StatusOK, 100)
	stop()
	c.check(t, p.device(t, "reader", "--scope", "read"))
	s.finish(t)
	p.age(t)
	adopted := p.repair(t).Adopted
	proof.Record(t, "PostgreSQL stopped and started %d times under %d clients: %s; all acknowledged captures there byte for byte, %d others adopted, verify clean", rounds, crowdSize, c.summary(), adopted)
}

// is waits until the server says that it is so, and checks that it is ready only
// when all is well. It must answer at once, however it is.
func (s *runningServer) is(t *testing.T, status, database, storage string) {
	t.Helper()
	type health struct{ Status, Database, Storage string }
	want := health{status, database, storage}
	var got health
	defer func() {
		if got != want {
			t.Logf("the last health: %v; the last of the log:\n%s", got, lastLine(s.logged()))
		}
	}()
	eventually(t, fmt.Sprintf("the health is %v", want), func() bool {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.address+"/health/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		code, text, err := send(request)
		if took := time.Since(begun); err != nil || code != http.StatusOK || took > 5*time.Second {
			t.Fatalf("the health is %d, %v after %s", code, err, took)
		}
		got = health{}
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		if storage == "" {
			want.Storage = got.Storage
		}
		return got == want
	})
	ready, err := s.health("/health/ready")
	if err != nil || (ready == http.StatusOK) != (status == "healthy") {
		t.Errorf("with health %v it is ready: %d, %v", want, ready, err)
	}
}

// drive is a disk of a place that can be filled, frozen and spoiled. It is mounted
// in a name space of its own, which ends with the test, however that ends.
type drive struct {
	place  *place
	folder string   // where it is mounted
	enter  []string // the command that runs another in the name space
}

// newDrive mounts a disk by a shell script, in which $1 is the folder, and which is
// what undo is when the name space ends. It skips the test where that is not possible.
func newDrive(t *testing.T, p *place, mount, undo string) *drive {
	t.Helper()
	d := &drive{place: p, folder: filepath.Join(p.folder, "disk")}
	if err := os.Mkdir(d.folder, 0o700); err != nil {
		t.Fatal(err)
	}
	unshare, enter := []string{"unshare", "--mount"}, []string{"nsenter", "--mount"}
	if os.Geteuid() != 0 {
		unshare, enter = append(unshare, "--map-root-user"), append(enter, "--user", "--preserve-credentials")
	}
	script := "exec 2>&1; " + mount + " || exit; echo mounted; read line; " + undo
	keeper := exec.Command(unshare[0], append(unshare[1:], "sh", "-c", script, "sh", d.folder)...)
	leash, err := keeper.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	told, err := keeper.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := keeper.Start(); err != nil {
		proof.Skip(t, "no disk can be mounted here: %v", err)
	}
	said := make([]byte, len("mounted\n"))
	if n, err := io.ReadFull(told, said); err != nil || string(said) != "mounted\n" {
		rest, readErr := io.ReadAll(told)
		proof.Skip(t, "no such disk can be mounted here, run as root where there are loop devices: %s%s: %v", said[:n], rest, errors.Join(readErr, leash.Close(), keeper.Wait()))
	}
	t.Cleanup(func() {
		shut(t, leash)
		if err := keeper.Wait(); err != nil {
			t.Errorf("the disk: %v", err)
		}
	})
	d.enter = append(enter, "--target", fmt.Sprint(keeper.Process.Pid), "--")
	return d
}

// newMemoryDrive mounts a disk of so many bytes in memory.
func newMemoryDrive(t *testing.T, p *place, size string) *drive {
	return newDrive(t, p, "mount -t tmpfs -o size="+size+` none "$1"`, ":")
}

func (d *drive) command(name string, args ...string) *exec.Cmd {
	words := append(append(append([]string{}, d.enter...), name), args...)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir, cmd.Env = d.place.folder, d.place.env
	return cmd
}

// must runs a command in the name space, which has to succeed, and returns its output.
func (d *drive) must(t *testing.T, name string, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := d.command(name, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, &out, &errs)
	}
	return out.String()
}

// shell runs a script in which $1 is the folder of the disk.
func (d *drive) shell(t *testing.T, script string) {
	t.Helper()
	d.must(t, "sh", "-c", script, "sh", d.folder)
}

func (d *drive) serve(t *testing.T) *runningServer {
	t.Helper()
	cmd := d.command("jarvis", "serve", "--listen", "127.0.0.1:0")
	s, err := startServer(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	return s
}

func (d *drive) token(t *testing.T, name string, flags ...string) string {
	t.Helper()
	return strings.TrimSpace(d.must(t, "jarvis", append([]string{"device", "add", name}, flags...)...))
}

// repair mends the store, after which nothing is wrong, and returns how many
// captures it adopted.
func (d *drive) repair(t *testing.T, captures string) int64 {
	t.Helper()
	d.must(t, "find", captures, "-type", "f", "-exec", "touch", "-d", "2 hours ago", "{}", "+")
	var report struct{ Adopted int64 }
	told := d.must(t, "jarvis", "verify", "--repair", "--force", "--json")
	if err := json.Unmarshal([]byte(lastLine(told)), &report); err != nil {
		t.Fatalf("%v in %s", err, told)
	}
	if told := d.must(t, "jarvis", "verify", "--deep", "--json"); strings.Count(told, "\n") != 1 {
		t.Errorf("after the repair there are still findings:\n%s", told)
	}
	return report.Adopted
}

// TestServe_CrowdFull fills the disk under a crowd: the answer is 507 until there is
// room, and then all is well by itself.
func TestServe_CrowdFull(t *testing.T) {
	const onDisk = "disk/store"
	for _, test := range []struct {
		name         string
		data, images string // where the catalogue is, and where the images are
		free         string
		// As health sees them while the disk is full; "" is any. Without a reserve, a
		// staging file that is removed leaves a little room, and storage is ok.
		database, storage string
	}{
		{"Watermark", "data", onDisk, "2MiB", "ok", "full"},
		{"Images", "data", onDisk, "0", "ok", ""},
		{"Catalogue", onDisk, "images", "0", "unavailable", "ok"},
		{"Everything", onDisk, onDisk + "/captures", "0", "unavailable", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newPlace(t)
			d := newMemoryDrive(t, p, "8m")
			images := filepath.Join(p.folder, test.images)
			p.env = append(p.env, "JARVIS_MIN_FREE="+test.free, "JARVIS_DATA_DIR="+filepath.Join(p.folder, test.data), "JARVIS_STORAGE_PATH="+images)
			s := d.serve(t)
			c := newCrowd(t, d.token(t, "agent"), http.StatusInsufficientStorage)
			if test.database != "ok" {
				// SQLite does not tell what failed, and once there is room again nothing
				// else does.
				c.tolerated = append(c.tolerated, http.StatusServiceUnavailable)
			}
			reader := d.token(t, "reader", "--scope", "read")
			c.at(s)
			stop := c.start(t)
			rounds := proof.Rounds(1, 5)
			for i := range rounds {
				c.until(t, http.StatusOK, 50)
				d.shell(t, `cat /dev/zero >"$1/filler" 2>/dev/null; :`)
				c.until(t, http.StatusInsufficientStorage, 2*crowdSize)
				s.is(t, "degraded", test.database, test.storage)
				one, _ := c.any()
				if err := c.checkOne(reader, one); err != nil {
					t.Errorf("while the disk is full: %v", err)
				}
				d.shell(t, fmt.Sprintf(`rm "$1/filler" && mount -o remount,size=%dm "$1"`, 64*(i+2)))
				s.is(t, "healthy", "ok", "ok")
			}
			c.until(t, http.StatusOK, 100)
			stop()
			c.check(t, reader)
			s.finish(t)
			adopted := d.repair(t, images)
			proof.Record(t, "the disk filled %d times under %d clients: %s; all acknowledged captures there byte for byte, %d others adopted, verify clean", rounds, crowdSize, c.summary(), adopted)
		})
	}
}
