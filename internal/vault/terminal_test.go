//go:build linux

package vault

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/jarvis-memory/jarvis/internal/proof"
)

// The age tool asks for a passphrase on a terminal only.
func TestAgeTool_OpensProtected(t *testing.T) {
	program, err := exec.LookPath("age")
	if err != nil {
		proof.Skip(t, "the age tool is not installed: apt-get install age")
	}
	id := newTestIdentity(t)
	identity := filepath.Join(t.TempDir(), "identity")
	content, err := identityContent(id, "correct horse", proof.Rounds(10, workFactor))
	if err != nil {
		t.Fatal(err)
	}
	if err := createFile("identity", identity, content); err != nil {
		t.Fatal(err)
	}
	below := newMemory()
	data := []byte("a picture")
	sealed := below.files[putSealed(t, Seal(below, id), data)]

	person, terminal := openTerminal(t)
	var out bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, "--decrypt", "--identity", identity, writeFile(t, "image.jpg.age", sealed))
	cmd.Stdin, cmd.Stderr, cmd.Stdout = terminal, terminal, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if prompt, err := bufio.NewReader(person).ReadString(':'); err != nil {
		t.Fatalf("age asks %q, error %v", prompt, err)
	}
	if _, err := person.WriteString("correct horse\n"); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || !bytes.Equal(out.Bytes(), data) {
		t.Errorf("age opened %q, error %v", out.Bytes(), err)
	}
}

// openTerminal returns both ends of a pseudoterminal.
func openTerminal(t *testing.T) (person, terminal *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		proof.Skip(t, "there are no pseudoterminals: %v", err)
	}
	number, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := terminal.Close(); err != nil {
			t.Error(err)
		}
		if err := person.Close(); err != nil {
			t.Error(err)
		}
	})
	return person, terminal
}
