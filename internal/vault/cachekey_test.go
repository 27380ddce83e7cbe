package vault

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	jarvis "github.com/jarvis-memory/jarvis"
)

func newTestCacheKey(t testing.TB) CacheKey {
	t.Helper()
	key, err := NewDataKey().CacheKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestCacheKey_Property(t *testing.T) {
	key, id := newTestCacheKey(t), jarvis.NewRandomID()
	rapid.Check(t, func(r *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(r, "plain")
		a, err := key.Seal(id, plain)
		if err != nil {
			r.Fatal(err)
		}
		b, err := key.Seal(id, plain)
		if err != nil || bytes.Equal(a, b) {
			r.Fatalf("two seals are alike, error %v", err)
		}
		if got, err := key.Open(id, a); err != nil || !bytes.Equal(got, plain) {
			r.Fatalf("%d bytes came back as %d, error %v", len(plain), len(got), err)
		}
	})
}

// Nothing passes for what the key sealed for a capture.
func TestCacheKey_Open(t *testing.T) {
	key, id, plain := newTestCacheKey(t), jarvis.NewRandomID(), []byte("a thumbnail")
	sealed, err := key.Seal(id, plain)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, plain) {
		t.Fatal("the sealed bytes are plain")
	}
	refuse := func(name string, key CacheKey, id jarvis.ID, sealed []byte) {
		t.Helper()
		got, err := key.Open(id, sealed)
		if jarvis.ErrorCode(err) != jarvis.CodeCorrupt || got != nil {
			t.Errorf("%s: %q, error %v", name, got, err)
		}
	}
	refuse("another capture", key, jarvis.NewRandomID(), sealed)
	refuse("another store", newTestCacheKey(t), id, sealed)
	refuse("plain", key, id, plain)
	refuse("more", key, id, append(bytes.Clone(sealed), 0))
	for i := range sealed {
		flipped := bytes.Clone(sealed)
		flipped[i] ^= 1
		refuse(fmt.Sprintf("byte %d", i), key, id, flipped)
		refuse(fmt.Sprintf("%d bytes", i), key, id, sealed[:i])
	}
	// An image of the store is none, and none of these is an image.
	below := newMemory()
	s := Seal(below, newTestIdentity(t))
	image := putSealed(t, s, plain)
	refuse("an image", key, image.ID(), below.files[image])
	_, err = s.Open(testImageName(id, true), sealed)
	wantCode(t, err, jarvis.CodeCorrupt)
}

// The key and the sealed form, by other means: HKDF-SHA256 of the bytes 0 to 31
// by another program, and AES-GCM with the mark and the id as additional data.
func TestCacheKey_KnownAnswer(t *testing.T) {
	numbers := make([]byte, dataKeySize)
	for i := range numbers {
		numbers[i] = byte(i)
	}
	key, err := DataKey{hide(numbers)}.CacheKey()
	if err != nil {
		t.Fatal(err)
	}
	id := jarvis.NewRandomID()
	sealed, err := key.Seal(id, []byte("a thumbnail"))
	if err != nil {
		t.Fatal(err)
	}
	derived, err := hex.DecodeString("c968fd48c78dd9d8b0058e235f3db6d72fb1407b31ef2442926c21fe3b4ca54d")
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	rest, ok := bytes.CutPrefix(sealed, []byte("jarvis cache 1\n"))
	if !ok {
		t.Fatalf("it begins with %q", sealed[:20])
	}
	plain, err := aead.Open(nil, rest[:12], rest[12:], []byte("jarvis cache 1\n"+id.String()))
	if err != nil || string(plain) != "a thumbnail" {
		t.Errorf("it is %q, error %v", plain, err)
	}
}

func TestCacheKey_None(t *testing.T) {
	_, err := DataKey{}.CacheKey()
	wantCode(t, err, jarvis.CodeInternal)
	_, err = CacheKey{}.Seal(jarvis.NewRandomID(), nil)
	wantCode(t, err, jarvis.CodeInternal)
	_, err = CacheKey{}.Open(jarvis.NewRandomID(), nil)
	wantCode(t, err, jarvis.CodeInternal)
	_, err = newTestCacheKey(t).Seal(jarvis.ID{}, nil)
	wantCode(t, err, jarvis.CodeInternal)
}

func TestCacheKey_Print(t *testing.T) {
	data := NewDataKey()
	key, err := data.CacheKey()
	if err != nil {
		t.Fatal(err)
	}
	secret, err := data.derive("jarvis cache key 1")
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(struct{ Key CacheKey }{key})
	if err != nil {
		t.Fatal(err)
	}
	type holder struct{ key CacheKey }
	text := string(encoded)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		text += fmt.Sprintf(verb+verb+verb, key, &key, holder{key})
	}
	if how := leaks(text, secret); how != "" || !strings.Contains(text, redacted) {
		t.Errorf("tells the key as %q: %s", how, text)
	}
}
