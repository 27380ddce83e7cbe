package sqlite

import (
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"

	"github.com/jarvis-memory/jarvis"
)

func TestRefuseFileSystem(t *testing.T) {
	for magic, name := range map[uint32]string{0x6969: "NFS", 0xfe534d42: "SMB", 0x2011bab0: "exFAT", 0xef53: "", 0x01021994: "", 0x58465342: ""} {
		err := refuseFileSystem("/data", magic)
		if name == "" && err != nil || name != "" && (jarvis.ErrorCode(err) != jarvis.CodeUnavailable || !strings.Contains(err.Error(), name)) {
			t.Errorf("refuseFileSystem(%#x) = %v, want %q", magic, err, name)
		}
	}
}

func TestOpen_ReadOnlyDisk(t *testing.T) {
	o := Options{Path: filepath.Join(t.TempDir(), "jarvis.db")}
	if err := mustOpen(t, o).Close(); err != nil {
		t.Fatal(err)
	}
	for _, fault := range []error{sqlite3.READONLY, vfs.SystemError(syscall.EROFS, sqlite3.IOERR_WRITE)} {
		failing := o
		failing.base = newFaulty(func(_, operation string) error {
			if operation == "write" {
				return fault
			}
			return nil
		})
		c := mustOpen(t, failing)
		err := c.InsertCapture(t.Context(), testCapture(0))
		if jarvis.ErrorCode(err) != jarvis.CodeUnavailable || strings.Contains(err.Error(), "\n") {
			t.Errorf("InsertCapture on a read-only disk = %v (%v)", err, errors.Unwrap(err))
		}
	}
}

// TestOpen_NoFoldersMayBeMade is about file systems that say that a new folder
// does not exist, as /proc does.
func TestOpen_NoFoldersMayBeMade(t *testing.T) {
	_, err := Open(t.Context(), Options{Path: "/proc/jarvis/store/jarvis.db"})
	if !errors.Is(err, jarvis.ErrUnavailable) || !strings.Contains(err.Error(), "/proc lets no folder be made") {
		t.Fatalf("Open in /proc = %v", err)
	}
}
