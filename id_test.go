package jarvis_test

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jarvis-memory/jarvis"
)

func TestParseID(t *testing.T) {
	const canonical = "019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f00"
	for _, tt := range []struct{ text, want string }{
		{canonical, canonical},
		{strings.ToUpper(canonical), canonical},
		{"00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000000"},
		{"ffffffff-ffff-ffff-ffff-ffffffffffff", "ffffffff-ffff-ffff-ffff-ffffffffffff"},
	} {
		id, err := jarvis.ParseID(tt.text)
		if err != nil || id.String() != tt.want {
			t.Errorf("ParseID(%q) = %q, %v; want %q", tt.text, id, err, tt.want)
		}
	}
	for _, text := range []string{
		"", canonical[:35], canonical + "0", "{" + canonical + "}", "urn:uuid:" + canonical,
		strings.ReplaceAll(canonical, "-", ""), strings.ReplaceAll(canonical, "-", "_"),
		strings.Replace(canonical, "0", "g", 1), strings.Replace(canonical, "0", "/", 1),
		"../../../../../../etc/passwd........", "019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f\x000",
		"019be5a4-7c3e-7d10-8f2a-5b6c7d8e9é", strings.Repeat("-", 36), strings.Repeat("a", 1<<20),
	} {
		id, err := jarvis.ParseID(text)
		if !errors.Is(err, jarvis.ErrInvalid) || !id.IsZero() {
			t.Errorf("ParseID(%.50q) = %q, %v; want an invalid-input error", text, id, err)
		} else if len(err.Error()) > 300 || strings.ContainsAny(err.Error(), "\n\x00") {
			t.Errorf("ParseID(%.50q): the message is no short line: %.400q", text, err)
		}
	}
}

func FuzzParseID(f *testing.F) {
	f.Add("019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f00")
	f.Add("019BE5A4-7C3E-7D10-8F2A-5B6C7D8E9F00")
	f.Add("../../../../../../etc/passwd........")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := jarvis.ParseID(text)
		if err != nil {
			return
		}
		if id.String() != strings.ToLower(text) {
			t.Fatalf("ParseID(%q) = %q", text, id)
		}
		if strings.Trim(id.String(), "0123456789abcdef-") != "" {
			t.Fatalf("ParseID(%q) let through %q", text, id)
		}
	})
}

func TestNewRandomID(t *testing.T) {
	a, b := jarvis.NewRandomID(), jarvis.NewRandomID()
	if a == b || a.String()[14] != '4' || !strings.ContainsRune("89ab", rune(a.String()[19])) {
		t.Errorf("NewRandomID() = %q, then %q; want two different UUIDs of version 4", a, b)
	}
	if _, ok := a.Time(); ok {
		t.Errorf("a version 4 id claims to carry a time")
	}
}

func TestCaptureID(t *testing.T) {
	secret, other := jarvis.NewSecret(), jarvis.NewSecret()
	content := sha256.Sum256([]byte("a picture"))
	at := time.Date(2026, 1, 24, 20, 39, 9, 123_456_000, time.UTC)
	id := jarvis.CaptureID(secret, content, at, "anna@desk", 1)

	if again := jarvis.CaptureID(secret, content, at.In(time.FixedZone("", 3600)), "anna@desk", 1); again != id {
		t.Errorf("the same capture got %s, then %s", id, again)
	}
	if got, ok := id.Time(); !ok || !got.Equal(at.Truncate(time.Millisecond)) {
		t.Errorf("%s carries %v, %v; want %v", id, got, ok, at.Truncate(time.Millisecond))
	}
	if parsed, err := jarvis.ParseID(id.String()); err != nil || parsed != id || id.String()[14] != '7' {
		t.Errorf("%s is no UUID of version 7: %v", id, err)
	}
	for what, differs := range map[string]jarvis.ID{
		"store":       jarvis.CaptureID(other, content, at, "anna@desk", 1),
		"content":     jarvis.CaptureID(secret, sha256.Sum256([]byte("another")), at, "anna@desk", 1),
		"microsecond": jarvis.CaptureID(secret, content, at.Add(time.Microsecond), "anna@desk", 1),
		"device":      jarvis.CaptureID(secret, content, at, "anna@lap", 1),
		"monitor":     jarvis.CaptureID(secret, content, at, "anna@desk", 2),
	} {
		if differs == id {
			t.Errorf("another %s got the same id", what)
		}
	}
}

func TestCaptureID_OrderedByMillisecond(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		instant := rapid.Int64Range(jarvis.MinTime.UnixMilli(), jarvis.MaxTime.UnixMilli())
		a, b := instant.Draw(t, "a"), instant.Draw(t, "b")
		secret := jarvis.NewSecret()
		idA := jarvis.CaptureID(secret, [32]byte{1}, time.UnixMilli(a), "", 0)
		idB := jarvis.CaptureID(secret, [32]byte{2}, time.UnixMilli(b), "", 0)
		if a < b && idA.String() >= idB.String() {
			t.Fatalf("%d < %d, but %s >= %s", a, b, idA, idB)
		}
		if got, ok := idA.Time(); !ok || got.UnixMilli() != a {
			t.Fatalf("%s carries %v, %v; want %d ms", idA, got, ok, a)
		}
	})
}

func TestID_JSON(t *testing.T) {
	var got struct{ ID, None jarvis.ID }
	if err := json.Unmarshal([]byte(`{"ID":"019BE5A4-7C3E-7D10-8F2A-5B6C7D8E9F00","None":""}`), &got); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(got)
	if want := `{"ID":"019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f00","None":""}`; err != nil || string(text) != want {
		t.Errorf("got %s, %v; want %s", text, err, want)
	}
	if err := json.Unmarshal([]byte(`{"ID":"nonsense"}`), &got); !errors.Is(err, jarvis.ErrInvalid) {
		t.Errorf("a malformed id in JSON: %v", err)
	}
}

func TestSecret(t *testing.T) {
	secret := jarvis.NewSecret()
	again, err := jarvis.ParseSecret(secret.Bytes())
	if err != nil || !again.Equal(secret) || again.IsZero() {
		t.Errorf("ParseSecret(Bytes()) is another secret, or %v", err)
	}
	if none := (jarvis.Secret{}); !none.IsZero() || none.Equal(secret) || !none.Equal(jarvis.Secret{}) || none.Bytes() != nil || secret.Equal(jarvis.NewSecret()) {
		t.Error("secrets are told apart wrongly")
	}
	for _, b := range [][]byte{nil, make([]byte, 31), make([]byte, 33)} {
		if _, err := jarvis.ParseSecret(b); !errors.Is(err, jarvis.ErrCorrupt) {
			t.Errorf("ParseSecret of %d bytes: %v; want corrupt", len(b), err)
		}
	}
	wrapped := struct{ S jarvis.Secret }{secret}
	hidden := struct{ s *jarvis.Secret }{&secret}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
		text := fmt.Sprintf(verb+verb+verb+verb, secret, &secret, wrapped, hidden)
		for _, form := range []string{"%d", "%x", "%v", "%s"} {
			if bytes := strings.Trim(fmt.Sprintf(form, secret.Bytes()), "[]"); strings.Contains(text, bytes) {
				t.Errorf("%s prints the secret: %s", verb, text)
			}
		}
	}
	if text := fmt.Sprintf("%v %+v %#v", wrapped, wrapped, secret); strings.Count(text, "[redacted]") != 3 {
		t.Errorf("a secret prints as %s", text)
	}
	if text, err := json.Marshal(wrapped); err != nil || string(text) != `{"S":{}}` {
		t.Errorf("JSON shows %s, %v", text, err)
	}

	content := sha256.Sum256([]byte("a picture"))
	digest := secret.ContentDigest(content)
	if string(digest) != string(secret.ContentDigest(content)) || string(digest) == string(content[:]) ||
		string(digest) == string(jarvis.NewSecret().ContentDigest(content)) {
		t.Error("a content digest must be stable in its store and tell nothing outside it")
	}
}
