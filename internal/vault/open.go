package vault

import (
	"bytes"
	"errors"
	"io"

	"filippo.io/age"
)

// openBytes returns the whole content of an age file and the arguments of its
// mark of the kind. The arguments are authentic if err is nil; with an error
// they are what the damaged or foreign file claims.
func openBytes(sealed []byte, secret *age.X25519Identity, kind string) (plain []byte, args []string, err error) {
	identity := &markedIdentity{secret, mark{kind: kind}}
	r, size, err := age.DecryptReaderAt(bytes.NewReader(sealed), int64(len(sealed)), identity)
	if err != nil {
		return nil, identity.mark.args, err
	}
	plain = make([]byte, size)
	if _, err := r.ReadAt(plain, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, identity.mark.args, err
	}
	return plain, identity.mark.args, nil
}

// markedIdentity opens with secret and notes what the mark of its kind says.
type markedIdentity struct {
	secret *age.X25519Identity
	mark   mark
}

// Unwrap implements age.Identity. With a nil secret it only reads the mark.
func (i *markedIdentity) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	for _, s := range stanzas {
		if s.Type == i.mark.kind {
			i.mark.args = s.Args
			break
		}
	}
	if i.secret == nil {
		return nil, age.ErrIncorrectIdentity
	}
	return i.secret.Unwrap(stanzas)
}

// readMark returns the arguments of the mark of the kind, which nothing
// vouches for, and false when the age file has none or is none.
func readMark(sealed []byte, kind string) ([]string, bool) {
	_, args, err := openBytes(sealed, nil, kind)
	return args, isForeign(err) && args != nil
}

// isForeign reports whether err says that an age file is for another identity.
func isForeign(err error) bool {
	_, ok := errors.AsType[*age.NoIdentityMatchError](err)
	return ok
}
