package filelock

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	jarvis "github.com/jarvis-memory/jarvis"
)

func TestFile_Refused(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "lock"))
	if err != nil {
		t.Fatal(err)
	}
	locked := flockFile{file}
	for errno, says := range map[syscall.Errno]string{
		syscall.ENOLCK:     "has no file locks",
		syscall.EOPNOTSUPP: "has no file locks",
		syscall.ENOSYS:     "has no file locks",
		syscall.EIO:        "input/output error",
	} {
		err := locked.refused(errno)
		if !errors.Is(err, jarvis.ErrUnavailable) || !errors.Is(err, errno) ||
			!strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), file.Name()) {
			t.Errorf("refused(%v) = %v, want CodeUnavailable that says %q and names the file", errno, err, says)
		}
	}
	if err := locked.refused(nil); err != nil {
		t.Errorf("refused(nil) = %v", err)
	}
	if err := locked.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := locked.Try(Exclusive); !errors.Is(err, jarvis.ErrUnavailable) {
		t.Errorf("Try of a closed file = %v, want CodeUnavailable", err)
	}
}
