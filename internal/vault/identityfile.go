package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"

	jarvis "github.com/jarvis-memory/jarvis"
)

// Passphrase returns the passphrase of an identity file: it asks the person, or
// reads a file. It is called only when a file has one, and at most once. Its
// error is returned as it is.
type Passphrase func() (string, error)

// ErrWrongPassphrase is the cause of the error for a wrong passphrase.
var ErrWrongPassphrase = errors.New("wrong passphrase")

const openProtected = "vault: open an identity with its passphrase"

// maxIdentityFile bounds the identity file, in bytes.
const maxIdentityFile = 64 << 10

// workFactor is the scrypt cost that "age --passphrase" uses: about a second.
const workFactor = 18

// CreateIdentityFile writes the identity to a new file at path, and makes its
// folder when there is none. With a passphrase the file is encrypted as
// "age --passphrase --armor" does. When it returns nil the file survives a
// power cut. It never overwrites: a file of that name is CodeConflict. A full
// disk is CodeNoSpace.
func CreateIdentityFile(path string, id *Identity, passphrase string) error {
	content, err := identityContent(id, passphrase, workFactor)
	if err != nil {
		return err
	}
	return createFile("identity", path, content)
}

// ReplaceIdentityFile puts the identity, which is that of the file at path, into
// this file anew, protected by the passphrase or, if that is empty, by none. The
// old file is there until the new one was found to open, and a power cut leaves
// one of the two. Where path is a link, the file at its end is replaced.
func ReplaceIdentityFile(path string, id *Identity, passphrase string) error {
	content, err := identityContent(id, passphrase, workFactor)
	if err != nil {
		return err
	}
	return replaceIdentity(path, id, content, passphrase)
}

func replaceIdentity(path string, id *Identity, content []byte, passphrase string) error {
	const op = "vault: replace an identity file"
	again, err := parseIdentityFile("the new identity file", content, func() (string, error) { return passphrase, nil })
	if err != nil || again.RevealSecret() != id.RevealSecret() {
		return &jarvis.Error{Code: jarvis.CodeInternal, Op: op, Message: "the new identity file would not open: the old one was left as it is", Err: err}
	}
	target, err := filepath.EvalSymlinks(path)
	if err == nil {
		err = replaceFile(target, content)
	}
	if err != nil {
		return writeError(op, fmt.Sprintf("the identity file %s cannot be replaced, and was left as it is: check who owns its folder", path), err)
	}
	return nil
}

// SetAside moves the damaged identity file at path out of the way, to a new name
// beside it, which it returns. Nothing is overwritten.
func SetAside(path string) (moved string, err error) {
	for n := 1; ; n++ {
		moved = fmt.Sprintf("%s.damaged-%d", path, n)
		if err = os.Link(path, moved); !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	if err == nil {
		err = os.Remove(path)
	}
	if err != nil {
		return "", writeError("vault: set an identity aside", fmt.Sprintf("the damaged identity file %s cannot be moved: move it away yourself", path), err)
	}
	return moved, nil
}

// RemoveLeftovers removes what a process that was killed while it wrote the
// identity file at path left beside it: the secret, under another name. It must
// only be called once the file is there.
func RemoveLeftovers(path string) error {
	if err := removeLeftovers(path); err != nil {
		return jarvis.WrapError(jarvis.CodeUnavailable, "vault: tidy up", fmt.Sprintf("a copy of the identity that was left beside %s when Jarvis was killed cannot be removed: remove the hidden file yourself", path), err)
	}
	return nil
}

func identityContent(id *Identity, passphrase string, workFactor int) ([]byte, error) {
	content := id.file(time.Now().Format(time.RFC3339))
	if passphrase == "" {
		return content, nil
	}
	sealed, err := sealWithPassphrase(content, passphrase, workFactor)
	if err != nil {
		return nil, jarvis.WrapError(jarvis.CodeInternal, "vault: protect an identity", "the identity could not be encrypted with the passphrase", err)
	}
	return sealed, nil
}

func sealWithPassphrase(plain []byte, passphrase string, workFactor int) ([]byte, error) {
	recipient, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, err
	}
	recipient.SetWorkFactor(workFactor)
	var sealed bytes.Buffer
	armored := armor.NewWriter(&sealed)
	w, err := age.Encrypt(armored, recipient)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := errors.Join(w.Close(), armored.Close()); err != nil {
		return nil, err
	}
	return sealed.Bytes(), nil
}

// LoadIdentityFile reads the identity file at path: one that age-keygen or
// CreateIdentityFile made, or such a file encrypted by "age --passphrase",
// armored or not. A nil passphrase means that nobody can be asked.
//
// Errors are CodeNotFound for a missing file; CodeInvalid for one that others
// can read, that holds another kind of key or several, and for a wrong
// passphrase; CodeCorrupt for a damaged one. The messages of CodeNotFound and
// CodeCorrupt end with the words that the identity can be restored from.
func LoadIdentityFile(path string, passphrase Passphrase) (*Identity, error) {
	content, err := readIdentityFile(path)
	if err != nil {
		return nil, err
	}
	return parseIdentityFile("the identity file "+path, content, passphrase)
}

func parseIdentityFile(what string, content []byte, passphrase Passphrase) (*Identity, error) {
	sealed, protected, err := unarmor(what, content)
	if err != nil {
		return nil, err
	}
	if !protected {
		return parseIdentities(what, content)
	}
	plain, err := openWithPassphrase(what, sealed, passphrase)
	if err != nil {
		return nil, err
	}
	return parseIdentities(what, plain)
}

// IdentityState is what can be said of an identity file without its passphrase.
type IdentityState struct {
	Path      string `json:"path"`
	Protected bool   `json:"protected"`            // by a passphrase
	PublicKey string `json:"public_key,omitempty"` // empty when protected; see KeyInfo
}

// InspectIdentityFile describes the identity file at path. Its errors are those
// of LoadIdentityFile.
func InspectIdentityFile(path string) (IdentityState, error) {
	content, err := readIdentityFile(path)
	if err != nil {
		return IdentityState{}, err
	}
	what := "the identity file " + path
	sealed, protected, err := unarmor(what, content)
	if err == nil && protected {
		err = wantScrypt(what, sealed)
	}
	if err != nil || protected {
		return IdentityState{Path: path, Protected: protected}, err
	}
	id, err := parseIdentities(what, content)
	if err != nil {
		return IdentityState{}, err
	}
	return IdentityState{Path: path, PublicKey: id.PublicKey()}, nil
}

// readIdentityFile returns the content of a file that nobody else can read. A
// symbolic link is followed: secrets of containers and of declarative systems
// are links; what counts is the file at their end.
func readIdentityFile(path string) ([]byte, error) {
	info, err := os.Stat(path) // before it is opened: opening a pipe would hang
	if err != nil {
		return nil, identityFileError(path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "the identity file %s is not a file but %s", path, modeName(info.Mode()))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, identityFileError(path, err)
	}
	content, err := readPrivate(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, identityFileError(path, err)
	}
	if len(content) > maxIdentityFile {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "the identity file %s is larger than %d KiB: it is no identity file", path, maxIdentityFile>>10)
	}
	return content, nil
}

// readPrivate reads at most a byte more than maxIdentityFile of an open file,
// whose permissions it checks: those of the path might be another file's.
func readPrivate(f *os.File) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !isPrivate(info) {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "others can read the identity file %s (mode %04o): run chmod 600 on it, and consider it stolen if they might have", f.Name(), info.Mode().Perm())
	}
	return io.ReadAll(io.LimitReader(f, maxIdentityFile+1))
}

func identityFileError(path string, err error) error {
	switch {
	case !errors.Is(err, fs.ErrNotExist):
		return jarvis.WrapError(jarvis.CodeUnavailable, "vault: read an identity", fmt.Sprintf("the identity file %s cannot be read: check who owns it and the folders above it", path), err)
	case isLink(path):
		return jarvis.WrapError(jarvis.CodeNotFound, "vault: read an identity", fmt.Sprintf("the identity file %s is a link to a file that does not exist: bring that back from a copy, or remove the link and restore the identity from the recovery words", path), err)
	default:
		return jarvis.WrapError(jarvis.CodeNotFound, "vault: read an identity", fmt.Sprintf("there is no identity file %s: bring it back from a copy, or restore it from the recovery words", path), err)
	}
}

func isLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}

func modeName(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeNamedPipe != 0:
		return "a pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	default:
		return "a device"
	}
}

// unarmor returns the age file that content is, in binary form, and false when
// it is none.
func unarmor(what string, content []byte) (sealed []byte, ok bool, err error) {
	if bytes.HasPrefix(content, []byte("age-encryption.org/")) {
		return content, true, nil
	}
	if !bytes.HasPrefix(bytes.TrimSpace(content), []byte(armor.Header)) {
		return nil, false, nil
	}
	sealed, err = io.ReadAll(armor.NewReader(bytes.NewReader(content)))
	if err != nil { // not the cause: it quotes what it could not read
		return nil, true, damagedIdentity(what)
	}
	return sealed, true, nil
}

func damagedIdentity(what string) error {
	return jarvis.Errorf(jarvis.CodeCorrupt, "%s is damaged: restore it from a copy or from the recovery words", what)
}

// openWithPassphrase decrypts an age file that is encrypted with a passphrase.
func openWithPassphrase(what string, sealed []byte, passphrase Passphrase) ([]byte, error) {
	if err := wantScrypt(what, sealed); err != nil {
		return nil, err
	}
	if passphrase == nil {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "%s is protected by a passphrase, and there is nobody to ask: give the passphrase in a file", what)
	}
	text, err := passphrase()
	if err != nil {
		return nil, err
	}
	identity, err := age.NewScryptIdentity(text)
	if err != nil {
		return nil, &jarvis.Error{Code: jarvis.CodeInvalid, Op: openProtected, Message: "the passphrase of " + what + " is not empty", Err: ErrWrongPassphrase}
	}
	r, err := age.Decrypt(bytes.NewReader(sealed), identity)
	if isForeign(err) {
		return nil, &jarvis.Error{Code: jarvis.CodeInvalid, Op: openProtected, Message: "the passphrase of " + what + " is wrong", Err: ErrWrongPassphrase}
	}
	if err != nil {
		return nil, damagedIdentity(what)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return nil, damagedIdentity(what)
	}
	return plain, nil
}

// wantScrypt refuses an age file that no passphrase opens, before anybody is
// asked for one.
func wantScrypt(what string, sealed []byte) error {
	_, err := age.Decrypt(bytes.NewReader(sealed), &markedIdentity{})
	foreign, ok := errors.AsType[*age.NoIdentityMatchError](err)
	switch {
	case !ok:
		return damagedIdentity(what)
	case len(foreign.StanzaTypes) != 1 || foreign.StanzaTypes[0] != "scrypt":
		return jarvis.Errorf(jarvis.CodeInvalid, "%s is encrypted to another key: Jarvis opens one that is encrypted with a passphrase, or not at all", what)
	default:
		return nil
	}
}
