package vault

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jarvis-memory/jarvis/internal/proof"

	jarvis "github.com/jarvis-memory/jarvis"
)

// ageTool returns how to run the age tool, or skips the test.
func ageTool(t *testing.T) func(input []byte, args ...string) []byte {
	t.Helper()
	program, err := exec.LookPath("age")
	if err != nil {
		proof.Skip(t, "the age tool is not installed: apt-get install age")
	}
	return func(input []byte, args ...string) []byte {
		t.Helper()
		var complaint bytes.Buffer
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Stdin, cmd.Stderr = bytes.NewReader(input), &complaint
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("age %s: %v\n%s", strings.Join(args, " "), err, complaint.String())
		}
		return out
	}
}

// A person who has the age tool and the identity needs nothing of ours.
func TestAgeTool_OpensOurs(t *testing.T) {
	age := ageTool(t)
	id := newTestIdentity(t)
	identity := filepath.Join(t.TempDir(), "identity")
	if err := CreateIdentityFile(identity, id, ""); err != nil {
		t.Fatal(err)
	}
	below := newMemory()
	s := Seal(below, id)
	for _, size := range []int{0, 1, 156 << 10, chunkSize, 2 * chunkSize} {
		data := bytes.Repeat([]byte("pixels! "), size/8+1)[:size]
		sealed := writeFile(t, "image.jpg.age", below.files[putSealed(t, s, data)])
		if got := age(nil, "--decrypt", "--identity", identity, sealed); !bytes.Equal(got, data) {
			t.Errorf("%d bytes are opened as %d", size, len(got))
		}
	}

	store, key := jarvis.NewRandomID(), filepath.Join(t.TempDir(), "key")
	if err := CreateKeyFile(key, NewDataKey(), store, id); err != nil {
		t.Fatal(err)
	}
	if got := age(nil, "--decrypt", "--identity", identity, key); !strings.HasPrefix(string(got), "jarvis store "+store.String()+"\nkey ") {
		t.Error("the key file is opened as something else")
	}
}

func TestAgeTool_SealsForUs(t *testing.T) {
	age := ageTool(t)
	id := newTestIdentity(t)
	data := bytes.Repeat([]byte("pixels! "), 20_000)
	got, _, err := openBytes(age(data, "--recipient", id.PublicKey()), id.secret(), imageMark)
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes came back, error %v", len(got), err)
	}
}

// age-keygen finds the public key that the comment of our file tells.
func TestAgeTool_ReadsIdentity(t *testing.T) {
	keygen, err := exec.LookPath("age-keygen")
	if err != nil {
		proof.Skip(t, "age-keygen is not installed: apt-get install age")
	}
	id := newTestIdentity(t)
	path := filepath.Join(t.TempDir(), "identity")
	if err := CreateIdentityFile(path, id, ""); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), keygen, "-y", path).Output()
	if err != nil || strings.TrimSpace(string(out)) != id.PublicKey() {
		t.Errorf("age-keygen says %s, error %v", out, err)
	}
	content, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(content), "\n# public key: "+id.PublicKey()+"\n") {
		t.Errorf("the comment tells another public key, error %v", err)
	}
}
