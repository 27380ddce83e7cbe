package vault

import (
	"bytes"

	"filippo.io/age"
)

// sealedRoom is more than what sealing adds to an image of up to 4 MiB. It
// only spares the buffer from growing.
const sealedRoom = 1536

// A mark is a stanza of ours in the header of an age file. It holds nothing
// secret. Other age programs pass over a stanza of a type they do not know,
// and the header's MAC covers it: whoever cannot open the file cannot change
// the mark.
type mark struct {
	kind string
	args []string
}

// Wrap implements age.Recipient.
func (m mark) Wrap([]byte) ([]*age.Stanza, error) {
	return []*age.Stanza{{Type: m.kind, Args: m.args}}, nil
}

// sealBytes returns plain as an age file for the recipient, with the mark.
func sealBytes(plain []byte, to *age.X25519Recipient, m mark) ([]byte, error) {
	sealed := bytes.NewBuffer(make([]byte, 0, len(plain)+sealedRoom))
	w, err := age.Encrypt(sealed, to, m)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return sealed.Bytes(), nil
}
