package vault

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"filippo.io/age"
	"pgregory.net/rapid"

	jarvis "github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

// putSealed stages and publishes data for a new id, bound to it.
func putSealed(t testing.TB, s *Store, data []byte) jarvis.BlobName {
	t.Helper()
	id := jarvis.NewRandomID()
	blob, err := s.Stage(t.Context(), id, data)
	if err != nil {
		t.Fatal(err)
	}
	defer blob.Discard()
	name := testImageName(id, true)
	if err := blob.Publish(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestStore_Read(t *testing.T) {
	// Around every border that a chunk has, and what age itself makes of it.
	below := newMemory()
	s := Seal(below, newTestIdentity(t))
	for _, size := range []int{0, 1, 15, 16, 17, chunkSize - 1, chunkSize, chunkSize + 1, 2*chunkSize - 1, 2 * chunkSize, 3*chunkSize + 5} {
		data := bytes.Repeat([]byte("\xff\xd8\xffJarvis"), size/9+1)[:size]
		name := putSealed(t, s, data)
		got, err := s.Read(t.Context(), name)
		if err != nil || !bytes.Equal(got, data) {
			t.Fatalf("%d bytes came back as %d, error %v", size, len(got), err)
		}
		r, err := age.Decrypt(bytes.NewReader(below.files[name]), s.identity.secret())
		if err != nil {
			t.Fatalf("age does not open %d bytes: %v", size, err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data) {
			t.Fatalf("age opens %d bytes as %d, error %v", size, len(got), err)
		}
	}
}

func TestStore_Stage(t *testing.T) {
	below := newMemory()
	s := Seal(below, newTestIdentity(t))
	data := bytes.Repeat([]byte("secret words "), 100)
	kept := bytes.Clone(data)
	name := s.Name(jarvis.NewRandomID(), jarvis.MinTime, jarvis.PNG)
	blob, err := s.Stage(t.Context(), name.ID(), data)
	if err != nil {
		t.Fatal(err)
	}
	if !name.Sealed() || name.Format() != jarvis.PNG {
		t.Fatalf("the name is %s", name)
	}
	if err := blob.Replace(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	stored, err := s.ReadStored(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(stored); blob.Size() != int64(len(stored)) || !bytes.Equal(blob.SHA256(), sum[:]) {
		t.Error("size or digest is not that of the sealed bytes")
	}
	if bytes.Contains(stored, []byte("secret")) {
		t.Error("the stored bytes are plain")
	}
	if !bytes.Equal(data, kept) {
		t.Error("Stage changed the caller's bytes")
	}
	if overhead := len(stored) - len(data); overhead > sealedRoom {
		t.Errorf("sealing added %d bytes", overhead)
	}
	if opened, err := s.Open(name, stored); err != nil || !bytes.Equal(opened, data) {
		t.Errorf("opened as %d bytes, error %v", len(opened), err)
	}
}

func TestStore_Read_Plain(t *testing.T) {
	below := newMemory()
	s := Seal(below, newTestIdentity(t))
	name := testImageName(jarvis.NewRandomID(), false)
	below.files[name] = []byte("an image from before the store was sealed")
	if got, err := s.Read(t.Context(), name); err != nil || !bytes.Equal(got, below.files[name]) {
		t.Errorf("got %q, error %v", got, err)
	}
	_, err := s.Read(t.Context(), testImageName(jarvis.NewRandomID(), true))
	wantCode(t, err, jarvis.CodeNotFound)
}

// Damage to any byte is called damage, never another identity, and never
// a picture.
func TestStore_Open_Flipped(t *testing.T) {
	below := newMemory()
	s := Seal(below, newTestIdentity(t))
	name := putSealed(t, s, []byte("a small picture"))
	for i := range below.files[name] {
		for bit := range proof.Rounds(1, 8) {
			stored := bytes.Clone(below.files[name])
			stored[i] ^= 1 << ((i + bit) % 8)
			plain, err := s.Open(name, stored)
			if jarvis.ErrorCode(err) != jarvis.CodeCorrupt || plain != nil {
				t.Fatalf("a bit of byte %d flipped: %q, error %v", i, plain, err)
			}
		}
	}
}

func TestStore_Open_Truncated(t *testing.T) {
	below := newMemory()
	s := Seal(below, newTestIdentity(t))
	name := putSealed(t, s, []byte("a small picture"))
	large := putSealed(t, s, make([]byte, 2*chunkSize+1))
	check := func(name jarvis.BlobName, stored []byte) {
		t.Helper()
		plain, err := s.Open(name, stored)
		if jarvis.ErrorCode(err) != jarvis.CodeCorrupt || plain != nil {
			t.Fatalf("%d bytes are left: %d bytes opened, error %v", len(stored), len(plain), err)
		}
	}
	for n := range below.files[name] {
		check(name, below.files[name][:n])
	}
	check(name, append(bytes.Clone(below.files[name]), 0))
	header := len(below.files[large]) - (2*chunkSize + 1) - 3*chunkOverhead
	for _, end := range []int{header, header + chunkSize + chunkOverhead, header + 2*(chunkSize+chunkOverhead)} {
		check(large, below.files[large][:end]) // at the ends of chunks
	}
	check(large, append(bytes.Clone(below.files[large]), make([]byte, chunkSize)...))
}

func TestStore_Read_Swapped(t *testing.T) {
	below := newMemory()
	s := Seal(below, newTestIdentity(t))
	a, b := putSealed(t, s, []byte("picture a")), putSealed(t, s, []byte("picture b"))
	below.files[a], below.files[b] = below.files[b], below.files[a]
	for _, name := range []jarvis.BlobName{a, b} {
		plain, err := s.Read(t.Context(), name)
		wantCode(t, err, jarvis.CodeCorrupt)
		if plain != nil {
			t.Errorf("another capture's picture came back: %q", plain)
		}
	}
}

func TestStore_Read_WrongIdentity(t *testing.T) {
	below := newMemory()
	s := Seal(below, newTestIdentity(t))
	name := putSealed(t, s, []byte("a picture"))
	stranger := Seal(below, newTestIdentity(t))
	plain, err := stranger.Read(t.Context(), name)
	wantCode(t, err, jarvis.CodeMismatch)
	if strings.Contains(err.Error(), "age1") {
		t.Errorf("%v: a key would be repeated for each image", err)
	}
	if plain != nil {
		t.Errorf("got %q", plain)
	}
	// One that somebody sealed by hand does not say which capture it is of.
	var byHand bytes.Buffer
	w, err := age.Encrypt(&byHand, s.identity.secret().Recipient())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("by hand")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	below.files[name] = byHand.Bytes()
	_, err = s.Read(t.Context(), name)
	wantCode(t, err, jarvis.CodeCorrupt)
	_, err = stranger.Read(t.Context(), name)
	wantCode(t, err, jarvis.CodeMismatch)
}

// Whoever has only the public key seals, and opens nothing.
func TestSealTo(t *testing.T) {
	below := newMemory()
	s := Seal(below, newTestIdentity(t))
	locked, err := SealTo(below, s.identity.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	name := putSealed(t, locked, []byte("a picture"))
	if plain, err := s.Read(t.Context(), name); err != nil || string(plain) != "a picture" {
		t.Errorf("got %q, error %v", plain, err)
	}
	plain, err := locked.Read(t.Context(), name)
	wantCode(t, err, jarvis.CodeLocked)
	if plain != nil || !strings.Contains(err.Error(), s.identity.PublicKey()) {
		t.Errorf("got %q, error %v", plain, err)
	}
	if stored, err := locked.ReadStored(t.Context(), name); err != nil || !bytes.Equal(stored, below.files[name]) {
		t.Errorf("stored are %d bytes, error %v", len(stored), err)
	}
	for _, text := range []string{"", "age1", s.identity.RevealSecret(), s.identity.PublicKey() + "x"} {
		_, err := SealTo(below, text)
		wantCode(t, err, jarvis.CodeInvalid)
		if secret := s.identity.RevealSecret(); strings.Contains(fmt.Sprintf("%+v %+v", err, errors.Unwrap(err)), secret[len(secretPrefix)+1:]) {
			t.Error("the error quotes the secret")
		}
	}
}

// What comes out is what went in, whatever it is; and two seals of one image
// have nothing in common.
func TestStore_Property(t *testing.T) {
	below := newMemory()
	s := Seal(below, newTestIdentity(t))
	rapid.Check(t, func(r *rapid.T) {
		data := rapid.SliceOf(rapid.Byte()).Draw(r, "data")
		data = bytes.Repeat(data, rapid.SampledFrom([]int{1, 1, 1, 700, 5000}).Draw(r, "times"))
		a, b := putSealed(t, s, data), putSealed(t, s, data)
		got, err := s.Read(t.Context(), a)
		if err != nil || !bytes.Equal(got, data) {
			r.Fatalf("%d bytes came back as %d, error %v", len(data), len(got), err)
		}
		if bytes.Equal(below.files[a][len(below.files[a])-chunkOverhead:], below.files[b][len(below.files[b])-chunkOverhead:]) {
			r.Fatal("two seals are alike")
		}
	})
}
