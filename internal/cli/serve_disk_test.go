//go:build prove

// Disks that fail and hang for real take root and loop devices, which a machine that
// runs the ordinary tests need not have. "make prove" builds this file; injected
// faults and a hanging file system stand for such disks in internal/fsblob,
// internal/archive and internal/api otherwise.

package cli

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis/internal/proof"
)

// newFileDrive mounts a disk with ext4, whose blocks are a file.
func newFileDrive(t *testing.T, p *place) *drive {
	t.Helper()
	image := filepath.Join(p.folder, "disk.ext4")
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, 512<<20); err != nil {
		t.Fatal(err)
	}
	// A name space that ends while its disk is frozen would keep it forever.
	return newDrive(t, p, `mkfs.ext4 -qF "$1.ext4" && `+mountFile, `fsfreeze -u "$1" 2>/dev/null; umount -l "$1" 2>/dev/null; :`)
}

const mountFile = `mount -o loop,errors=remount-ro "$1.ext4" "$1"`

// TestServe_CrowdReadOnly spoils the file system under a crowd, so that it turns
// read-only as Linux does when it finds one damaged: the answer is 503, and once
// the disk is mended, all that was acknowledged is there.
func TestServe_CrowdReadOnly(t *testing.T) {
	p := newPlace(t)
	d := newFileDrive(t, p)
	p.env = append(p.env, "JARVIS_STORAGE_PATH="+filepath.Join(d.folder, "store"))
	s := d.serve(t)
	c := newCrowd(t, d.token(t, "agent"), http.StatusServiceUnavailable, 0)
	reader := d.token(t, "reader", "--scope", "read")
	c.at(s)
	stop := c.start(t)
	const rounds = 5
	for range rounds {
		c.until(t, http.StatusOK, 50)
		d.shell(t, `echo 1 >/sys/fs/ext4/$(basename "$(findmnt -no SOURCE "$1")")/trigger_fs_error`)
		c.until(t, http.StatusServiceUnavailable, 2*crowdSize)
		s.is(t, "degraded", "ok", "unavailable")
		one, _ := c.any()
		if err := c.checkOne(reader, one); err != nil {
			t.Errorf("while the disk is read-only: %v", err)
		}
		// What it staged it could not remove, and says so.
		if status, err := s.stop(syscall.SIGTERM); err != nil || status != exitDone && status != exitUnavailable {
			t.Errorf("the server ended with %d, %v: %s", status, err, lastLine(s.logged()))
		}
		d.shell(t, `umount "$1"; e2fsck -fp "$1.ext4" || test $? -le 1 && `+mountFile)
		s = d.serve(t)
		c.at(s)
	}
	c.until(t, http.StatusOK, 100)
	stop()
	c.check(t, reader)
	s.finish(t)
	adopted := d.repair(t, filepath.Join(d.folder, "store"))
	proof.Record(t, "the disk turned read-only %d times under %d clients: %s; all acknowledged captures there byte for byte, %d others adopted, verify clean", rounds, crowdSize, c.summary(), adopted)
}

// TestServe_CrowdHung lets the disk hang under a crowd: health and the catalogue
// answer all the same, what hangs is answered 503 in the end, and once the disk
// answers again, all is well by itself.
func TestServe_CrowdHung(t *testing.T) {
	p := newPlace(t)
	d := newFileDrive(t, p)
	p.env = append(p.env, "JARVIS_STORAGE_PATH="+filepath.Join(d.folder, "store"))
	s := d.serve(t)
	c := newCrowd(t, d.token(t, "agent"), http.StatusServiceUnavailable, 0)
	reader := d.token(t, "reader", "--scope", "read")
	c.at(s)
	stop := c.start(t)
	for i := range 3 {
		c.until(t, http.StatusOK, 50)
		d.freeze(t)
		s.is(t, "degraded", "ok", "unavailable")
		begun := time.Now()
		if n, took := c.captures(t, reader), time.Since(begun); n == 0 || took > 2*time.Second {
			t.Errorf("while the disk hangs the catalogue has %d captures, after %s", n, took)
		}
		if i > 0 { // it takes a minute
			c.until(t, http.StatusServiceUnavailable, crowdSize/2)
		}
		d.thaw(t)
		s.is(t, "healthy", "ok", "ok")
	}
	const ends = 3
	for i := range 2 * ends {
		c.until(t, http.StatusOK, 50)
		d.freeze(t)
		s.is(t, "degraded", "ok", "unavailable")
		if i%2 == 0 {
			s.endHung(t)
		} else if err := s.process.Process.Kill(); err != nil {
			t.Error(err)
		}
		d.thaw(t)
		if _, err := s.wait(); err != nil {
			t.Error(err)
		}
		s = d.serve(t)
		c.at(s)
	}
	c.until(t, http.StatusOK, 100)
	stop()
	c.check(t, reader)
	s.finish(t)
	adopted := d.repair(t, filepath.Join(d.folder, "store"))
	proof.Record(t, "the disk hung under %d clients, and %d servers were ended and %d killed meanwhile: %s; all acknowledged captures there byte for byte, %d others adopted, verify clean", crowdSize, ends, ends, c.summary(), adopted)
}

// freeze lets every write to the disk hang until thaw.
func (d *drive) freeze(t *testing.T) { d.shell(t, `fsfreeze -f "$1"`) }

func (d *drive) thaw(t *testing.T) { d.shell(t, `fsfreeze -u "$1"`) }

// endHung tells a server whose disk hangs to end, which must do what it can of that
// within ten seconds. The kernel keeps the process until the disk answers.
func (s *runningServer) endHung(t *testing.T) {
	t.Helper()
	begun := time.Now()
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	status := fmt.Sprintf("/proc/%d/task/%[1]d/status", s.process.Process.Pid)
	eventually(t, "the server ends", func() bool {
		text, err := os.ReadFile(status)
		return err != nil || bytes.Contains(text, []byte("\nState:\tZ")) || bytes.Contains(text, []byte("\nState:\tX"))
	})
	t.Logf("it ended after %s; the last of its log: %s", time.Since(begun), lastLine(s.logged()))
	if took := time.Since(begun); took > 11*time.Second {
		t.Errorf("it ended after %s", took)
	}
}
