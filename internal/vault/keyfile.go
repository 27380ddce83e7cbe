package vault

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	jarvis "github.com/jarvis-memory/jarvis"
)

// maxKeyFile bounds the key file, in bytes: it has some 500.
const maxKeyFile = 16 << 10

// CreateKeyFile writes the key of a store, sealed to the identity, to a new
// file at path. When it returns nil the file survives a power cut. It never
// overwrites: a file of that name is CodeConflict. Until MarkKeyUsed the key
// counts as unused; see KeyUnused.
//
// Without the key file the catalogue is lost; the images need only the
// identity. A copy of a store has to hold it.
func CreateKeyFile(path string, key DataKey, store jarvis.ID, id *Identity) error {
	wrapped, err := key.Wrap(store, id)
	if err != nil {
		return err
	}
	if err := createFile("key", unusedMark(path), nil); err != nil && !errors.Is(err, jarvis.ErrConflict) {
		return err
	}
	return createFile("key", path, wrapped)
}

// unusedMark is the empty file that lies beside a key file from before there is
// one until a catalogue was made with the key.
func unusedMark(path string) string { return path + ".unused" }

// KeyUnused reports whether no catalogue was made yet with the key of the file at
// path: whoever made the key is still at it, or was stopped. When it is false and
// the key file was there before, the catalogue was made, and lost if it is missing.
func KeyUnused(path string) bool { return !missing(unusedMark(path)) }

// MarkKeyUsed notes that a catalogue was made with the key of the file at path.
func MarkKeyUsed(path string) error {
	if err := os.Remove(unusedMark(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return jarvis.WrapError(jarvis.CodeUnavailable, "vault: mark a key as used", fmt.Sprintf("%s cannot be removed: check who owns its folder", unusedMark(path)), err)
	}
	return nil
}

// LoadKeyFile reads the key of a store from the file at path. Errors are
// CodeNotFound for a missing file and those of UnwrapKey.
func LoadKeyFile(path string, store jarvis.ID, id *Identity) (DataKey, error) {
	wrapped, err := readKeyFile(path)
	if err != nil {
		return DataKey{}, err
	}
	key, err := UnwrapKey(wrapped, store, id)
	return key, atPath(path, err)
}

// InspectKeyFile is InspectKey of the file at path, and CodeNotFound for a
// missing one.
func InspectKeyFile(path string) (KeyInfo, error) {
	wrapped, err := readKeyFile(path)
	if err != nil {
		return KeyInfo{}, err
	}
	info, err := InspectKey(wrapped)
	return info, atPath(path, err)
}

func readKeyFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err == nil && (!info.Mode().IsRegular() || info.Size() > maxKeyFile) {
		return nil, atPath(path, damagedKey())
	}
	var wrapped []byte
	if err == nil {
		wrapped, err = os.ReadFile(path)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, jarvis.WrapError(jarvis.CodeNotFound, "vault: read a store's key", fmt.Sprintf("the key file of the store, %s, is missing: restore it from a copy of the store", path), err)
	case err != nil:
		return nil, jarvis.WrapError(jarvis.CodeUnavailable, "vault: read a store's key", fmt.Sprintf("the key file of the store, %s, cannot be read: check who owns it", path), err)
	}
	return wrapped, nil
}

// atPath says in which key file something is wrong.
func atPath(path string, err error) error {
	if e, ok := errors.AsType[*jarvis.Error](err); ok {
		return &jarvis.Error{Code: e.Code, Op: "vault: read a store's key", Message: path + ": " + e.Message, Err: e.Err}
	}
	return err
}
