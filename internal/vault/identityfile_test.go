package vault

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"filippo.io/age"

	jarvis "github.com/jarvis-memory/jarvis"
)

// askOnce returns a passphrase and fails the test when it is asked for twice.
func askOnce(t *testing.T, text string) Passphrase {
	asked := false
	return func() (string, error) {
		if asked {
			t.Error("the passphrase was asked for twice")
		}
		asked = true
		return text, nil
	}
}

// neverAsk fails the test when a passphrase is asked for.
func neverAsk(t *testing.T) Passphrase {
	return func() (string, error) {
		t.Error("a passphrase was asked for")
		return "", errors.New("nobody is here")
	}
}

func TestCreateIdentityFile(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new", "jarvis")
	path := filepath.Join(folder, "identity")
	id := newTestIdentity(t)
	if err := CreateIdentityFile(path, id, ""); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{path: 0o600, folder: 0o700, filepath.Dir(folder): 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, error %v, want %v", path, info.Mode(), err, want)
		}
	}
	loaded, err := LoadIdentityFile(path, neverAsk(t))
	if err != nil || loaded.RevealSecret() != id.RevealSecret() {
		t.Fatalf("another identity came back, error %v", err)
	}

	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, CreateIdentityFile(path, newTestIdentity(t), ""), jarvis.CodeConflict)
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file was overwritten, error %v", err)
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, error %v", entries, err)
	}
	if ids, err := age.ParseIdentities(bytes.NewReader(before)); err != nil || len(ids) != 1 {
		t.Errorf("age reads %d identities, error %v", len(ids), err)
	}
}

func TestCreateIdentityFile_Failing(t *testing.T) {
	file := writeFile(t, "file", nil)
	err := CreateIdentityFile(filepath.Join(file, "below", "identity"), newTestIdentity(t), "")
	wantCode(t, err, jarvis.CodeUnavailable)

	// A dangling link has the name already: what it points to is not made.
	link := filepath.Join(t.TempDir(), "identity")
	if err := os.Symlink(filepath.Join(t.TempDir(), "elsewhere"), link); err != nil {
		t.Fatal(err)
	}
	wantCode(t, CreateIdentityFile(link, newTestIdentity(t), ""), jarvis.CodeConflict)
}

func TestLoadIdentityFile_Protected(t *testing.T) {
	id := newTestIdentity(t)
	content, err := identityContent(id, "correct horse", 4) // cheap; the real factor is among the known answers
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(content, []byte("AGE-SECRET")) || bytes.Contains(content, []byte(id.PublicKey())) {
		t.Fatal("the file is plain")
	}
	path := writeFile(t, "identity", content)
	binary, _, err := unarmor(path, content)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{path, writeFile(t, "binary", binary)} {
		if got, err := LoadIdentityFile(path, askOnce(t, "correct horse")); err != nil || got.RevealSecret() != id.RevealSecret() {
			t.Fatalf("another identity came back, error %v", err)
		}
	}
	state, err := InspectIdentityFile(path)
	if want := (IdentityState{Path: path, Protected: true}); err != nil || state != want {
		t.Errorf("state %+v, error %v", state, err)
	}
	for _, wrong := range []string{"correct hors", "", "correct horse\n"} {
		_, err := LoadIdentityFile(path, askOnce(t, wrong))
		wantCode(t, err, jarvis.CodeInvalid)
	}
	_, err = LoadIdentityFile(path, nil)
	wantCode(t, err, jarvis.CodeInvalid)
	gone := errors.New("the terminal is gone")
	if _, err := LoadIdentityFile(path, func() (string, error) { return "", gone }); !errors.Is(err, gone) {
		t.Errorf("the error of the callback became %v", err)
	}
}

func TestLoadIdentityFile_Content(t *testing.T) {
	id, other := newTestIdentity(t), newTestIdentity(t)
	secret := id.RevealSecret()
	hybrid, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	protected, err := identityContent(id, "correct horse", 4)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := sealBytes(id.file("now"), other.secret().Recipient(), mark{imageMark, nil})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		content string
		want    jarvis.Code
		says    string
	}{
		{"Bare", secret, "", ""},
		{"Windows", "# a comment\r\n\r\n" + secret + "\r\n", "", ""},
		{"Empty", "", jarvis.CodeCorrupt, "no identity"},
		{"Comments", "# public key: " + id.PublicKey() + "\n", jarvis.CodeCorrupt, "no identity"},
		{"Several", secret + "\n" + other.RevealSecret() + "\n", jarvis.CodeInvalid, "more than one"},
		{"Typo", secret[:40] + "B" + secret[41:], jarvis.CodeCorrupt, "damaged"},
		{"TypoOne", secret[:40] + "1" + secret[41:], jarvis.CodeCorrupt, "damaged"},
		{"Short", secret[:50], jarvis.CodeCorrupt, "damaged"},
		{"PostQuantum", hybrid.String(), jarvis.CodeInvalid, "post-quantum"},
		{"Plugin", "AGE-PLUGIN-YUBIKEY-1QQQQQQQQQ", jarvis.CodeInvalid, "plugin"},
		{"Public", id.PublicKey(), jarvis.CodeInvalid, "public key"},
		{"SSH", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n", jarvis.CodeInvalid, "SSH"},
		{"SSHPublic", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI", jarvis.CodeInvalid, "SSH"},
		{"Binary", "\x00\xff\xfe", jarvis.CodeCorrupt, "not an age identity"},
		{"Large", strings.Repeat("#\n", maxIdentityFile), jarvis.CodeInvalid, "larger"},
		{"Indented", "  " + secret, jarvis.CodeCorrupt, "not an age identity"}, // the age tool refuses it too
		{"ProtectedCut", string(protected[:len(protected)/2]), jarvis.CodeCorrupt, "damaged"},
		{"ProtectedDoubled", string(protected) + string(protected), jarvis.CodeCorrupt, "damaged"},
		{"SealedToKey", string(sealed), jarvis.CodeInvalid, "another key"},
		{"SealedCut", string(sealed[:60]), jarvis.CodeCorrupt, "damaged"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := writeFile(t, "identity", []byte(test.content))
			got, err := LoadIdentityFile(path, neverAsk(t))
			if test.want == "" {
				if err != nil || got.RevealSecret() != secret {
					t.Fatalf("another identity came back, error %v", err)
				}
				if state, err := InspectIdentityFile(path); err != nil || state.PublicKey != id.PublicKey() || state.Protected {
					t.Errorf("state %+v, error %v", state, err)
				}
				return
			}
			wantCode(t, err, test.want)
			if _, inspected := InspectIdentityFile(path); jarvis.ErrorCode(inspected) != test.want {
				t.Errorf("the state's error is %v, want %v", inspected, err)
			}
			if test.want == jarvis.CodeCorrupt && !strings.HasSuffix(err.Error(), "from the recovery words") {
				t.Errorf("the error %q does not say how to go on", err)
			}
			if !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n") {
				t.Errorf("the error is %q: expected one line with the path and %q", err, test.says)
			}
		})
	}
}

func TestLoadIdentityFile_Permissions(t *testing.T) {
	root := os.Getuid() == 0
	for _, test := range []struct {
		mode  os.FileMode
		owner int // -1: whoever runs the test
		ok    bool
	}{
		{0o600, -1, true},
		{0o400, -1, true},
		{0o700, -1, true},
		{0o440, 0, true}, // a secret of a container
		{0o440, 1, false},
		{0o440, -1, root},
		{0o640, 0, false},
		{0o444, 0, false},
		{0o460, 0, false},
		{0o604, -1, false},
		{0o620, -1, false},
		{0o601, -1, false},
		{0o666, -1, false},
	} {
		if test.owner >= 0 && !root {
			continue // cannot give files away
		}
		path := writeFile(t, "identity", newTestIdentity(t).file("now"))
		if err := os.Chown(path, test.owner, -1); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, test.mode); err != nil {
			t.Fatal(err)
		}
		link := path + ".link" // a link is judged by the file at its end
		if err := os.Symlink(path, link); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{path, link} {
			if _, err := LoadIdentityFile(path, nil); (err == nil) != test.ok {
				t.Errorf("mode %04o, owner %d: error %v", test.mode, test.owner, err)
			} else if err != nil {
				wantCode(t, err, jarvis.CodeInvalid)
			}
			if _, err := InspectIdentityFile(path); (err == nil) != test.ok {
				t.Errorf("mode %04o, owner %d: the state's error %v", test.mode, test.owner, err)
			}
		}
	}
}

func TestLoadIdentityFile_NoFile(t *testing.T) {
	folder := t.TempDir()
	pipe := filepath.Join(folder, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	dangling := filepath.Join(folder, "dangling")
	loop := filepath.Join(folder, "loop")
	toFolder := filepath.Join(folder, "to-folder")
	for link, target := range map[string]string{dangling: "nowhere", loop: "loop", toFolder: folder} {
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		path string
		want jarvis.Code
		says string
	}{
		{filepath.Join(folder, "missing"), jarvis.CodeNotFound, "there is no identity file"},
		{dangling, jarvis.CodeNotFound, "a link to a file that does not exist"},
		{loop, jarvis.CodeUnavailable, "cannot be read"},
		{folder, jarvis.CodeInvalid, "a folder"},
		{toFolder, jarvis.CodeInvalid, "a folder"},
		{pipe, jarvis.CodeInvalid, "a pipe"},
		{"/dev/null", jarvis.CodeInvalid, "a device"},
	} {
		_, err := LoadIdentityFile(test.path, neverAsk(t))
		wantCode(t, err, test.want)
		if !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", test.path, err, test.says)
		}
	}
}

func TestReplaceIdentityFile(t *testing.T) {
	id := newTestIdentity(t)
	path := writeFile(t, "identity", id.file("now"))
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content, err := identityContent(id, "correct horse", 4) // cheap
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []error{
		replaceIdentity(link, id, content, "another"),
		replaceIdentity(link, newTestIdentity(t), content, "correct horse"),
		replaceIdentity(link, id, content[:len(content)/2], "correct horse"),
	} {
		wantCode(t, bad, jarvis.CodeInternal)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Fatalf("the old file is no more: %v", err)
	}
	if err := replaceIdentity(link, id, content, "correct horse"); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, error %v", info.Mode(), err)
	}
	if got, err := LoadIdentityFile(link, askOnce(t, "correct horse")); err != nil || got.RevealSecret() != id.RevealSecret() {
		t.Errorf("another identity came back, error %v", err)
	}
	if !isLink(link) {
		t.Error("the link is no more")
	}
	if got := namesIn(t, filepath.Dir(path)); len(got) != 1 {
		t.Errorf("there are %q", got)
	}
	if err := ReplaceIdentityFile(path, id, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadIdentityFile(path, neverAsk(t)); err != nil {
		t.Error(err)
	}
	wantCode(t, ReplaceIdentityFile(path+".missing", id, ""), jarvis.CodeUnavailable)
}

func TestSetAside(t *testing.T) {
	path := writeFile(t, "identity", []byte("damaged"))
	if err := os.WriteFile(path+".damaged-1", []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	moved, err := SetAside(path)
	if err != nil || moved != path+".damaged-2" {
		t.Fatalf("moved to %s, error %v", moved, err)
	}
	if content, err := os.ReadFile(moved); err != nil || string(content) != "damaged" {
		t.Errorf("%q, error %v", content, err)
	}
	if !missing(path) {
		t.Error("it is still there")
	}
}
