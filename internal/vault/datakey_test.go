package vault

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	jarvis "github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

// What is derived is HKDF-SHA256 (RFC 5869), by another program, of the bytes 0 to 31.
func TestDataKey_Derive(t *testing.T) {
	numbers := make([]byte, dataKeySize)
	for i := range numbers {
		numbers[i] = byte(i)
	}
	for _, test := range []struct {
		name   string
		derive func(DataKey) ([]byte, error)
		want   string
	}{
		{"CatalogKey", DataKey.RevealCatalogKey, "de829a9f230cc8d0d8f8579ec96cbd751b4d7780f328dc71b2b6a731e5135d18"},
		{"Secret", func(k DataKey) ([]byte, error) {
			secret, err := k.Secret()
			return secret.Bytes(), err
		}, "3292c89933a0c1e605ab1967c313d5b5b88650a71b7eae31cfc73b16b8af3f73"},
	} {
		t.Run(test.name, func(t *testing.T) {
			derived, err := test.derive(DataKey{hide(numbers)})
			if got := hex.EncodeToString(derived); err != nil || got != test.want {
				t.Errorf("derived %s, error %v", got, err)
			}
			other, err := test.derive(NewDataKey())
			if err != nil || bytes.Equal(derived, other) {
				t.Errorf("two stores derive the same, error %v", err)
			}
			_, err = test.derive(DataKey{})
			wantCode(t, err, jarvis.CodeInternal)
		})
	}
}

func TestUnwrapKey(t *testing.T) {
	id, store, key := newTestIdentity(t), jarvis.NewRandomID(), NewDataKey()
	wrapped, err := key.Wrap(store, id)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := InspectKey(wrapped); err != nil || info != (KeyInfo{store, id.PublicKey()}) {
		t.Errorf("the header tells %+v, error %v", info, err)
	}
	for _, store := range []jarvis.ID{store, {}} {
		if got, err := UnwrapKey(wrapped, store, id); err != nil || !bytes.Equal(got.bytes(), key.bytes()) {
			t.Errorf("another key came back, error %v", err)
		}
	}

	_, err = UnwrapKey(wrapped, jarvis.NewRandomID(), id)
	wantCode(t, err, jarvis.CodeMismatch)
	if !strings.Contains(err.Error(), "key of the store "+store.String()) {
		t.Errorf("the error does not name the store: %v", err)
	}

	stranger := newTestIdentity(t)
	_, err = UnwrapKey(wrapped, store, stranger)
	wantCode(t, err, jarvis.CodeMismatch)
	if !strings.Contains(err.Error(), id.PublicKey()) || !strings.Contains(err.Error(), stranger.PublicKey()) {
		t.Errorf("the error does not name both identities: %v", err)
	}

	_, err = key.Wrap(jarvis.ID{}, id)
	wantCode(t, err, jarvis.CodeInternal)
	_, err = DataKey{}.Wrap(store, id)
	wantCode(t, err, jarvis.CodeInternal)
}

func TestUnwrapKey_Damaged(t *testing.T) {
	id, store := newTestIdentity(t), jarvis.NewRandomID()
	wrapped, err := NewDataKey().Wrap(store, id)
	if err != nil {
		t.Fatal(err)
	}
	for i := range wrapped {
		for bit := range proof.Rounds(1, 8) {
			damaged := bytes.Clone(wrapped)
			damaged[i] ^= 1 << ((i + bit) % 8)
			key, err := UnwrapKey(damaged, store, id)
			if code := jarvis.ErrorCode(err); code != jarvis.CodeCorrupt || key.bytes != nil {
				t.Fatalf("a bit of byte %d flipped: %v", i, err)
			}
		}
		_, err := UnwrapKey(wrapped[:i], store, id)
		wantCode(t, err, jarvis.CodeCorrupt)
	}
	_, err = UnwrapKey(append(wrapped, '\n'), store, id)
	wantCode(t, err, jarvis.CodeCorrupt)
}

// Sealed to the right identity, but not by Wrap.
func TestUnwrapKey_Foreign(t *testing.T) {
	id, store := newTestIdentity(t), jarvis.NewRandomID()
	zeros := strings.Repeat("00", 32)
	args := []string{store.String(), id.PublicKey()}
	for _, test := range []struct {
		name, plain string
		args        []string
	}{
		{"NoMark", "jarvis store " + store.String() + "\nkey " + zeros + "\n", nil},
		{"OtherStoreInside", "jarvis store " + jarvis.NewRandomID().String() + "\nkey " + zeros + "\n", args},
		{"Short", "jarvis store " + store.String() + "\nkey " + zeros[2:] + "\n", args},
		{"Long", "jarvis store " + store.String() + "\nkey " + zeros + "00\n", args},
		{"NoDigits", "jarvis store " + store.String() + "\nkey " + zeros[2:] + "zz\n", args},
		{"NoEnd", "jarvis store " + store.String() + "\nkey " + zeros, args},
		{"Empty", "", args},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := mark{keyMark, test.args}
			if test.args == nil {
				m.kind = imageMark
			}
			wrapped, err := sealBytes([]byte(test.plain), id.secret().Recipient(), m)
			if err != nil {
				t.Fatal(err)
			}
			_, err = UnwrapKey(wrapped, store, id)
			wantCode(t, err, jarvis.CodeCorrupt)
			if strings.Contains(err.Error(), "0000000000000000") {
				t.Errorf("the error tells the key: %v", err)
			}
		})
	}
	wrapped, err := sealBytes([]byte("jarvis store "+store.String()+"\nkey "+zeros+"\n"), id.secret().Recipient(), mark{keyMark, args})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := UnwrapKey(wrapped, store, id); err != nil {
		t.Errorf("the model of the cases is refused: %v", err)
	}
}

func TestLoadKeyFile(t *testing.T) {
	id, store, key := newTestIdentity(t), jarvis.NewRandomID(), NewDataKey()
	path := filepath.Join(t.TempDir(), "data", "key")
	if err := CreateKeyFile(path, key, store, id); err != nil {
		t.Fatal(err)
	}
	wantCode(t, CreateKeyFile(path, NewDataKey(), store, id), jarvis.CodeConflict)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, error %v", info.Mode(), err)
	}
	if got, err := LoadKeyFile(path, store, id); err != nil || !bytes.Equal(got.bytes(), key.bytes()) {
		t.Errorf("another key came back, error %v", err)
	}
	if info, err := InspectKeyFile(path); err != nil || info.Store != store || info.PublicKey != id.PublicKey() {
		t.Errorf("the file tells %+v, error %v", info, err)
	}
	for _, test := range []struct {
		name  string
		path  string
		store jarvis.ID
		id    *Identity
		want  jarvis.Code
	}{
		{"Missing", path + "x", store, id, jarvis.CodeNotFound},
		{"NoFolder", filepath.Join(path, "key"), store, id, jarvis.CodeUnavailable},
		{"Folder", filepath.Dir(path), store, id, jarvis.CodeCorrupt},
		{"Garbage", writeFile(t, "key", []byte("a shopping list\n")), store, id, jarvis.CodeCorrupt},
		{"Empty", writeFile(t, "key", nil), store, id, jarvis.CodeCorrupt},
		{"Large", writeFile(t, "key", make([]byte, maxKeyFile+1)), store, id, jarvis.CodeCorrupt},
		{"OtherStore", path, jarvis.NewRandomID(), id, jarvis.CodeMismatch},
		{"OtherIdentity", path, store, newTestIdentity(t), jarvis.CodeMismatch},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := LoadKeyFile(test.path, test.store, test.id)
			wantCode(t, err, test.want)
			if !strings.Contains(err.Error(), test.path) {
				t.Errorf("the error does not name the file: %v", err)
			}
		})
	}
}
