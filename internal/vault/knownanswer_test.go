package vault

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	jarvis "github.com/jarvis-memory/jarvis"
)

// fixtureIdentity is the throw-away identity of testdata: see its README.
func fixtureIdentity(t testing.TB) *Identity {
	t.Helper()
	id, err := LoadIdentityFile(writeFile(t, "identity", fixture(t, "age/plain.identity")), nil)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// The age tool's identity files, without and with a passphrase.
func TestKnownAnswer_Identity(t *testing.T) {
	const public = "age17ug36kzqtgx5tkl424mf0qh04y769jc0l8t8ymymcskpz750l3uqaggqkx"
	for _, test := range []struct {
		name      string
		protected bool
	}{
		{"plain.identity", false},
		{"protected.identity", true},
		{"protected.armored.identity", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := writeFile(t, "identity", fixture(t, "age/"+test.name))
			passphrase := neverAsk(t)
			if test.protected {
				passphrase = askOnce(t, "correct horse")
			}
			id, err := LoadIdentityFile(path, passphrase)
			if err != nil || id.PublicKey() != public {
				t.Fatalf("error %v", err)
			}
			state, err := InspectIdentityFile(path)
			if err != nil || state.Protected != test.protected || (state.PublicKey == "") != test.protected {
				t.Errorf("state %+v, error %v", state, err)
			}
		})
	}
}

// The age tool's files open. They are no images of ours: nothing says which
// capture they are of.
func TestKnownAnswer_AgeTool(t *testing.T) {
	id := fixtureIdentity(t)
	s := Seal(nil, id)
	name := testImageName(jarvis.NewRandomID(), true)
	chunks := make([]byte, chunkSize+1)
	for i := range chunks {
		chunks[i] = byte(i*7 + i/251)
	}
	for file, want := range map[string][]byte{"small.age": []byte("what was on the screen\n"), "chunks.age": chunks} {
		got, args, err := openBytes(fixture(t, "age/"+file), id.secret(), imageMark)
		if err != nil || args != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, error %v", file, len(got), err)
		}
		_, err = s.Open(name, fixture(t, "age/"+file))
		wantCode(t, err, jarvis.CodeCorrupt)
	}
	_, err := s.Open(name, fixture(t, "age/small.armored.age")) // not a form that we write
	wantCode(t, err, jarvis.CodeCorrupt)
}

// What this version wrote, every later one opens.
func TestKnownAnswer_Ours(t *testing.T) {
	id := fixtureIdentity(t)
	capture, err := jarvis.ParseID("019bef3e-9d00-7000-8000-000000000001")
	if err != nil {
		t.Fatal(err)
	}
	store, err := jarvis.ParseID("0a0a0a0a-0000-4000-8000-000000000002")
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("JARVIS_TEST_WRITE_FIXTURES") == "1" {
		writeFixtures(t, id, capture, store)
	}
	s := Seal(nil, id)
	plain, err := s.Open(testImageName(capture, true), fixture(t, "ours/image.jpg.age"))
	if err != nil || string(plain) != "an image\n" {
		t.Errorf("the image is %q, error %v", plain, err)
	}
	_, err = s.Open(testImageName(store, true), fixture(t, "ours/image.jpg.age"))
	wantCode(t, err, jarvis.CodeCorrupt)
	key, err := UnwrapKey(fixture(t, "ours/key"), store, id)
	if err != nil || hex.EncodeToString(key.bytes()) != strings.Repeat("0102030405060708", 4) {
		t.Errorf("another key came back, error %v", err)
	}
}

func writeFixtures(t *testing.T, id *Identity, capture, store jarvis.ID) {
	t.Helper()
	image, err := sealBytes([]byte("an image\n"), id.secret().Recipient(), mark{imageMark, []string{recipientTag(id.public), capture.String()}})
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err := DataKey{hide(bytes.Repeat([]byte{1, 2, 3, 4, 5, 6, 7, 8}, 4))}.Wrap(store, id)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"image.jpg.age": image, "key": wrapped} {
		if err := os.WriteFile(filepath.Join("testdata", "ours", name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
