package vault

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	jarvis "github.com/jarvis-memory/jarvis"
)

// leaks returns how text tells at least 8 bytes of secret in a row, or "".
func leaks(text string, secret []byte) string {
	lower := strings.ToLower(text)
	for i := range len(secret) - 7 {
		part := secret[i : i+8]
		for how, form := range map[string]string{
			"raw":       string(part),
			"hex":       hex.EncodeToString(part),
			"hex bytes": strings.ToLower(strings.Trim(fmt.Sprintf("%#v", part), "[]byte{}")),
			"decimal":   strings.Trim(fmt.Sprint(part), "[]"),
		} {
			if strings.Contains(lower, strings.ToLower(form)) {
				return how
			}
		}
	}
	if strings.Contains(text, base64.StdEncoding.EncodeToString(secret)[:12]) {
		return "base64"
	}
	return ""
}

func newRapidIdentity(t *rapid.T) *Identity {
	id, err := NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// secretsOf returns the secret of an identity, in bytes and in age's letters.
func secretsOf(id *Identity) [][]byte {
	text := id.RevealSecret()
	return [][]byte{secretBytes(text), []byte(strings.TrimPrefix(text, secretPrefix+"1"))}
}

// However a value that holds a secret is printed, the secret is not told.
func TestSecret_Print(t *testing.T) {
	type unexported struct {
		id    *Identity
		key   DataKey
		store *Store
	}
	type exported struct {
		ID    Identity
		Keys  []DataKey
		Named map[string]*Identity
	}
	rapid.Check(t, func(t *rapid.T) {
		id, key := newRapidIdentity(t), NewDataKey()
		values := []any{
			id, *id, key, &key, Seal(nil, id),
			unexported{id, key, Seal(nil, id)},
			&unexported{id, key, nil},
			exported{*id, []DataKey{key}, map[string]*Identity{"id": id}},
			[]any{id, key},
		}
		flags := rapid.SampledFrom([]string{"", "+", "#", " ", "0", "-", "8", ".3", "# "}).Draw(t, "flags")
		verb := rapid.SampledFrom([]string{"v", "s", "q", "x", "X", "d", "o", "b", "c", "U", "e", "t", "T", "w", "z"}).Draw(t, "verb")
		var text strings.Builder
		for _, value := range values {
			fmt.Fprintf(&text, "%"+flags+verb+"\n", value)
			if encoded, err := json.Marshal(value); err == nil {
				text.Write(encoded)
			}
			slog.New(slog.NewTextHandler(&text, nil)).Info("x", "value", value)
			slog.New(slog.NewJSONHandler(&text, nil)).Info("x", "value", value)
		}
		for _, secret := range append(secretsOf(id), key.bytes()) {
			if how := leaks(text.String(), secret); how != "" {
				t.Fatalf("%%%s%s tells a secret as %s:\n%s", flags, verb, how, text.String())
			}
		}
		if !strings.Contains(text.String(), "[redacted]") {
			t.Fatal("nothing is redacted: the test prints nothing")
		}
	})
}

// leaks finds what it looks for.
func TestSecret_Leaks(t *testing.T) {
	secret := NewDataKey().bytes()
	for _, form := range []string{"%v", "%x", "%X", "%#v", "%s"} {
		if text := fmt.Sprintf("key: "+form+"!", secret); leaks(text, secret) == "" {
			t.Errorf("%s is not found in %s", form, text)
		}
	}
	if leaks(base64.StdEncoding.EncodeToString(secret), secret) == "" {
		t.Error("base64 is not found")
	}
}

// No error, with all of its causes, tells a secret: not of damaged identities,
// of wrong passphrases, of words or of keys.
func TestSecret_Errors(t *testing.T) {
	folder := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		id, key, store := newRapidIdentity(t), NewDataKey(), jarvis.NewRandomID()
		words, err := id.RevealWords()
		if err != nil {
			t.Fatal(err)
		}
		wrapped, err := key.Wrap(store, id)
		if err != nil {
			t.Fatal(err)
		}
		protected, err := identityContent(id, "Xylophon-7391", 1)
		if err != nil {
			t.Fatal(err)
		}
		var seen []error
		damage := func(content []byte) []byte {
			damaged := bytes.Clone(content)
			i := rapid.IntRange(0, len(content)-1).Draw(t, "at")
			damaged[i] = rapid.Byte().Draw(t, "byte")
			if rapid.Bool().Draw(t, "cut") {
				damaged = damaged[:i]
			}
			return damaged
		}
		path := filepath.Join(folder, "identity")
		for _, content := range [][]byte{id.file("now"), []byte(id.RevealSecret()), append(id.file("now"), id.file("now")...), protected} {
			if err := os.WriteFile(path, damage(content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := LoadIdentityFile(path, func() (string, error) { return "Xylophon-7391x", nil })
			_, stateErr := InspectIdentityFile(path)
			seen = append(seen, err, stateErr)
		}
		seen = append(seen, CreateIdentityFile(path, id, ""))
		_, err = ParseSecret(string(damage([]byte(id.RevealSecret()))))
		seen = append(seen, err)
		_, err = UnwrapKey(damage(wrapped), store, id)
		seen = append(seen, err)
		_, err = UnwrapKey(wrapped, jarvis.NewRandomID(), id)
		seen = append(seen, err)
		_, err = Seal(nil, id).Open(testImageName(store, true), damage(wrapped))
		seen = append(seen, err)
		words[3], words[5] = words[5], words[3]
		_, err = ParseWords(strings.Join(words, " "))
		seen = append(seen, err)
		for _, err := range seen {
			for ; err != nil; err = errors.Unwrap(err) {
				text := fmt.Sprintf("%v %+v %#v", err, err, err)
				for _, secret := range append(secretsOf(id), key.bytes(), []byte("Xylophon-7391")) {
					if how := leaks(text, secret); how != "" {
						t.Fatalf("an error tells a secret as %s: %s", how, text)
					}
				}
				if strings.Contains(text, words[0]+" "+words[1]) {
					t.Fatalf("an error tells the words: %s", text)
				}
			}
		}
	})
}
