package crashfs_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"slices"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/jarvis-memory/jarvis/internal/crashfs"
	"github.com/jarvis-memory/jarvis/internal/filelock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// write makes a file and syncs its bytes when sync is set.
func write(t testing.TB, disk *crashfs.FS, name string, data []byte, sync bool) {
	t.Helper()
	file, err := disk.Create(name)
	ok(t, err)
	_, err = file.Write(data)
	ok(t, err)
	if sync {
		ok(t, file.Sync())
	}
	ok(t, file.Close())
}

func syncDir(t testing.TB, disk *crashfs.FS, name string) {
	t.Helper()
	dir, err := disk.OpenDir(name)
	ok(t, err)
	ok(t, dir.Sync())
	ok(t, dir.Close())
}

// TestFS_Crash: synced bytes and names survive, and nothing else has to.
func TestFS_Crash(t *testing.T) {
	big := bytes.Repeat([]byte("0123456789abcdef"), 1024) // four blocks
	fresh := func() *crashfs.FS {
		disk := crashfs.New()
		write(t, disk, "durable", big, true)
		write(t, disk, "removed", big, true)
		write(t, disk, "renamed", big, true)
		write(t, disk, "bytes lost", big, false)
		syncDir(t, disk, ".")
		ok(t, disk.Remove("removed"))
		ok(t, disk.Rename("renamed", "new name"))
		write(t, disk, "name lost", big, true)
		return disk
	}

	files := func(disk *crashfs.FS) []string {
		t.Helper()
		names, err := disk.Files()
		ok(t, err)
		return names
	}
	nothing := fresh().Crash(1, 0)
	if got, want := files(nothing), []string{"bytes lost", "durable", "removed", "renamed"}; !slices.Equal(got, want) {
		t.Errorf("when nothing unsynced survives: %q, want %q", got, want)
	}
	for name, want := range map[string][]byte{"durable": big, "removed": big, "bytes lost": nil} {
		if got, err := nothing.ReadFile(name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s has %d bytes, %v; want %d", name, len(got), err, len(want))
		}
	}
	everything := fresh().Crash(1, 100)
	if got, want := files(everything), []string{"bytes lost", "durable", "name lost", "new name"}; !slices.Equal(got, want) {
		t.Errorf("when everything survives: %q, want %q", got, want)
	}
	if got, err := everything.ReadFile("bytes lost"); err != nil || !bytes.Equal(got, big) {
		t.Errorf("bytes lost has %d bytes, %v", len(got), err)
	}

	// In between, each outcome comes up by itself, torn files among them.
	seen := map[string]bool{}
	for seed := range uint64(200) {
		disk := fresh().Crash(seed, 50)
		names := files(disk)
		seen["removed"] = seen["removed"] || !slices.Contains(names, "removed")
		seen["came back"] = seen["came back"] || slices.Contains(names, "removed")
		seen["both names"] = seen["both names"] || slices.Contains(names, "renamed") && slices.Contains(names, "new name")
		got, err := disk.ReadFile("bytes lost")
		ok(t, err)
		seen["torn"] = seen["torn"] || len(got) > 0 && !bytes.Equal(got, big)
		if got, err := disk.ReadFile("durable"); err != nil || !bytes.Equal(got, big) {
			t.Fatalf("seed %d: what was synced has %d bytes, %v", seed, len(got), err)
		}
	}
	for _, outcome := range []string{"removed", "came back", "both names", "torn"} {
		if !seen[outcome] {
			t.Errorf("in 200 crashes the outcome %q never came up", outcome)
		}
	}
}

func TestFS_CutAfter(t *testing.T) {
	disk := crashfs.New()
	disk.CutAfter(2)
	ok(t, disk.Mkdir("a"))
	select {
	case <-disk.PowerOff():
		t.Fatal("the power went too early")
	default:
	}
	ok(t, disk.Mkdir("b"))
	<-disk.PowerOff()
	if err := disk.Mkdir("c"); !errors.Is(err, crashfs.ErrPowerOff) {
		t.Errorf("an operation without power = %v", err)
	}
	if disk.Operations() != 2 || len(disk.Trace()) != 2 {
		t.Errorf("Operations = %d, Trace = %q", disk.Operations(), disk.Trace())
	}
	after := disk.Crash(1, 100)
	if _, err := after.Lstat("b"); err != nil {
		t.Errorf("what the last operation did: %v", err)
	}
	if _, err := after.Lstat("c"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what was done without power: %v", err)
	}
}

func TestFS_Fail(t *testing.T) {
	disk := crashfs.New()
	disk.FailAt(2, syscall.EIO, crashfs.Mkdir)
	ok(t, disk.Mkdir("a"))
	write(t, disk, "file", nil, true) // of other kinds
	if err := disk.Mkdir("b"); !errors.Is(err, syscall.EIO) {
		t.Errorf("the second Mkdir = %v", err)
	}
	ok(t, disk.Mkdir("b"))

	disk.FailFrom(1, syscall.ENOSPC, crashfs.Write)
	file, err := disk.Create("full")
	ok(t, err)
	for range 2 {
		if n, err := file.Write([]byte("0123")); n != 2 || !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("Write to a full disk = %d, %v; want half", n, err)
		}
	}
	disk.Mend()
	if _, err := io.WriteString(file, "4567"); err != nil {
		t.Errorf("Write to a mended disk: %v", err)
	}
	ok(t, file.Close())
	if got, err := disk.ReadFile("full"); err != nil || string(got) != "01014567" {
		t.Errorf("the file holds %q, %v", got, err)
	}
}

func TestFS_Hang(t *testing.T) {
	disk := crashfs.New()
	entered, release := disk.Hang(crashfs.Mkdir)
	done := make(chan error, 1)
	go func() { done <- disk.Mkdir("a") }()
	if op := <-entered; op != "make folder a" {
		t.Errorf("entered %q", op)
	}
	if _, err := disk.Lstat("a"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an operation that hangs has done something: %v", err)
	}
	release()
	release()
	ok(t, <-done)
}

func TestFS_LocksDieInACrash(t *testing.T) {
	disk := crashfs.New()
	held, err := disk.OpenLock("lock")
	ok(t, err)
	if got, err := held.Try(filelock.Exclusive); !got || err != nil {
		t.Fatal(got, err)
	}
	after := disk.Crash(1, 100)
	if _, err := held.Try(filelock.Exclusive); !errors.Is(err, crashfs.ErrPowerOff) {
		t.Errorf("Try without power = %v", err)
	}
	fresh, err := after.OpenLock("lock")
	ok(t, err)
	if got, err := fresh.Try(filelock.Exclusive); !got || err != nil {
		t.Errorf("Try after the reboot = %t, %v", got, err)
	}
}
