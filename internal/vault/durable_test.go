package vault

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	jarvis "github.com/jarvis-memory/jarvis"
)

// namesIn returns the names in a folder, in order.
func namesIn(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// TestRemoveLeftovers: a secret that a killed process left under another name
// is gone with the next creation, and with the next start.
func TestRemoveLeftovers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "identity")
	folder := filepath.Dir(path)
	others := []string{".identity-.new", ".identity-12", ".identity-12.new.bak", ".identity-1a.new", ".other-12.new", "identity"}
	for _, name := range others[:5] {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	leave := func() {
		if name, err := writeTemporary(path, []byte("secret")); err != nil || filepath.Dir(name) != folder {
			t.Fatal(name, err)
		}
	}
	leave()
	if err := CreateIdentityFile(path, newTestIdentity(t), ""); err != nil {
		t.Fatal(err)
	}
	if got := namesIn(t, folder); !slices.Equal(got, others) {
		t.Errorf("after the creation there are %q, want %q", got, others)
	}
	leave()
	if err := RemoveLeftovers(path); err != nil {
		t.Fatal(err)
	}
	if got := namesIn(t, folder); !slices.Equal(got, others) {
		t.Errorf("afterwards there are %q, want %q", got, others)
	}
}

// TestCreateFile_Swept: whoever was second, and finds its temporary file
// removed by whoever was first, was second.
func TestCreateFile_Swept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "identity")
	for range 20 {
		errs := make(chan error)
		const n = 8
		for i := range n {
			go func() { errs <- createFile("test", path, fmt.Append(nil, i)) }()
		}
		made := 0
		for range n {
			if err := <-errs; err == nil {
				made++
			} else {
				wantCode(t, err, jarvis.CodeConflict)
			}
		}
		if made != 1 {
			t.Fatalf("%d of %d made the file", made, n)
		}
		if got := namesIn(t, filepath.Dir(path)); len(got) != 1 {
			t.Fatalf("there are %q", got)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWriteError(t *testing.T) {
	for _, test := range []struct {
		err  error
		want jarvis.Code
		says string
	}{
		{&os.PathError{Err: syscall.ENOSPC}, jarvis.CodeNoSpace, "the file cannot be written: the disk is full: make room and try again"},
		{fmt.Errorf("write: %w", syscall.EDQUOT), jarvis.CodeNoSpace, "the file cannot be written: the disk is full: make room and try again"},
		{errors.New("else"), jarvis.CodeUnavailable, "the file cannot be written: look"},
	} {
		err := writeError("test", "the file cannot be written: look", test.err)
		wantCode(t, err, test.want)
		if err.Error() != test.says {
			t.Errorf("%v becomes %q, want %q", test.err, err, test.says)
		}
	}
}

// TestKeyUnused: a key counts as unused from before there is a key file until a
// catalogue was made with it, whoever was first.
func TestKeyUnused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	id := newTestIdentity(t)
	if KeyUnused(path) {
		t.Error("no key is unused")
	}
	for _, want := range []jarvis.Code{"", jarvis.CodeConflict} {
		err := CreateKeyFile(path, NewDataKey(), jarvis.NewRandomID(), id)
		if got := jarvis.ErrorCode(err); got != want || !KeyUnused(path) {
			t.Errorf("error %v, unused %t", err, KeyUnused(path))
		}
	}
	for range 2 {
		if err := MarkKeyUsed(path); err != nil || KeyUnused(path) {
			t.Errorf("error %v, unused %t", err, KeyUnused(path))
		}
	}
}
