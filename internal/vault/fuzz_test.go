package vault

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	jarvis "github.com/jarvis-memory/jarvis"
)

// wantOneLine fails the test unless err is a *jarvis.Error of one short line.
func wantOneLine(t *testing.T, err error) {
	t.Helper()
	e, ok := errors.AsType[*jarvis.Error](err)
	if !ok || strings.Contains(e.Message, "\n") || len(e.Message) > 500 {
		t.Fatalf("the error is %q", err)
	}
}

func FuzzParseIdentityFile(f *testing.F) {
	for _, name := range []string{"age/plain.identity", "age/protected.identity", "age/protected.armored.identity", "age/small.age"} {
		f.Add(fixture(f, name))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		id, err := parseIdentityFile("the file", content, nil)
		if err != nil {
			wantOneLine(t, err)
			wantNoLine(t, err, content)
			return
		}
		again, err := parseIdentityFile("the file", id.file("now"), nil)
		if err != nil || again.RevealSecret() != id.RevealSecret() {
			t.Fatalf("written again, it is another identity, error %v", err)
		}
	})
}

// wantNoLine fails the test when err quotes what a secret key line says.
func wantNoLine(t *testing.T, err error, content []byte) {
	t.Helper()
	text := strings.ToLower(fmt.Sprintf("%+v %+v", err, errors.Unwrap(err)))
	for line := range strings.Lines(string(content)) {
		secret, ok := strings.CutPrefix(strings.TrimSpace(line), secretPrefix+"1")
		if ok && len(secret) >= 8 && strings.Contains(text, strings.ToLower(secret[:8])) {
			t.Fatalf("the error quotes the secret: %s", text)
		}
	}
}

func FuzzParseWords(f *testing.F) {
	f.Add(strings.Repeat("abandon ", 23) + "art")
	f.Add("1. zoo 2) ZOO, 3 zoo")
	f.Add("aband0n ábandon abandonabandonabandon")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := ParseWords(text)
		if err != nil {
			wantOneLine(t, err)
			return
		}
		words, err := id.RevealWords()
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseWords(strings.Join(words, " "))
		if err != nil || again.RevealSecret() != id.RevealSecret() {
			t.Fatalf("%q: its own words give another identity, error %v", words, err)
		}
	})
}

func FuzzUnwrapKey(f *testing.F) {
	id := fixtureIdentity(f)
	wrapped := fixture(f, "ours/key")
	info, err := InspectKey(wrapped)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(wrapped)
	f.Add(fixture(f, "age/small.age"))
	f.Add(fixture(f, "ours/image.jpg.age"))
	f.Fuzz(func(t *testing.T, content []byte) {
		if info, err := InspectKey(content); err != nil {
			wantOneLine(t, err)
		} else if info.Store.IsZero() || info.PublicKey == "" {
			t.Fatalf("the header tells %+v", info)
		}
		if _, err := UnwrapKey(content, info.Store, id); err == nil && string(content) != string(wrapped) {
			t.Fatal("another file passes for the key file")
		} else if err != nil {
			wantOneLine(t, err)
		}
		if plain, err := Seal(nil, id).Open(testImageName(info.Store, true), content); err == nil && len(plain) > len(content) {
			t.Fatalf("%d bytes came out of %d", len(plain), len(content))
		}
	})
}
