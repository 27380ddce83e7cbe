package vault

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"filippo.io/age"
	"golang.org/x/crypto/chacha20poly1305"
)

// The age format, https://age-encryption.org/v1, where sealBytes has to know it.
const (
	x25519Stanza  = "X25519"
	x25519Info    = "age-encryption.org/v1/X25519"
	payloadInfo   = "payload"
	payloadNonce  = 16       // bytes between the header and the first chunk
	chunkSize     = 64 << 10 // plain bytes of every chunk but the last
	chunkOverhead = chacha20poly1305.Overhead
	headerRoom    = 384 // more bytes than the header and the nonce have
)

// A mark is a stanza of ours in the header of an age file. It holds nothing
// secret. Other age programs pass over a stanza of a type they do not know,
// and the header's MAC covers it: whoever cannot open the file cannot change
// the mark.
type mark struct {
	kind string
	args []string
}

// sealBytes returns plain as an age file for the public key, with the mark.
//
// It has the library write the header, and encrypts the chunks itself, straight
// to where they belong: the library's writer copies everything twice. Its
// X25519Recipient multiplies four times where two do. Together that is half of
// the time of an image of 156 KB.
func sealBytes(plain []byte, to *ecdh.PublicKey, m mark) ([]byte, error) {
	chunks := len(plain)/chunkSize + 1
	header := bytes.NewBuffer(make([]byte, 0, headerRoom+len(plain)+chunks*chunkOverhead))
	recipient := &markedRecipient{to: to, mark: m}
	if _, err := age.Encrypt(header, recipient); err != nil {
		return nil, err
	}
	sealed := header.Bytes() // ends with the nonce
	key, err := hkdf.Key(sha256.New, recipient.fileKey, sealed[len(sealed)-payloadNonce:], payloadInfo, chacha20poly1305.KeySize)
	if err != nil {
		return nil, err
	}
	aead, err := chacha20poly1305.New(key)
	if err != nil {
		return nil, err
	}
	var nonce [chacha20poly1305.NonceSize]byte // the chunk's number, and 1 in the last byte of the last
	for i := uint64(0); len(plain) > chunkSize; i++ {
		sealed = aead.Seal(sealed, nonce[:], plain[:chunkSize], nil)
		plain = plain[chunkSize:]
		binary.BigEndian.PutUint64(nonce[3:11], i+1)
	}
	nonce[11] = 1
	return aead.Seal(sealed, nonce[:], plain, nil), nil
}

// markedRecipient is an age.X25519Recipient that leaves a mark beside its
// stanza, and keeps the file key. It is for one file.
type markedRecipient struct {
	to      *ecdh.PublicKey
	mark    mark
	fileKey []byte
}

// Wrap implements age.Recipient.
func (r *markedRecipient) Wrap(fileKey []byte) ([]*age.Stanza, error) {
	r.fileKey = fileKey
	ephemeral, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	shared, err := ephemeral.ECDH(r.to)
	if err != nil {
		return nil, err
	}
	share := ephemeral.PublicKey().Bytes()
	key, err := hkdf.Key(sha256.New, shared, append(bytes.Clone(share), r.to.Bytes()...), x25519Info, chacha20poly1305.KeySize)
	if err != nil {
		return nil, err
	}
	aead, err := chacha20poly1305.New(key)
	if err != nil {
		return nil, err
	}
	var nonce [chacha20poly1305.NonceSize]byte // zero: the key encrypts nothing else
	return []*age.Stanza{
		{Type: x25519Stanza, Args: []string{base64.RawStdEncoding.EncodeToString(share)}, Body: aead.Seal(nil, nonce[:], fileKey, nil)},
		{Type: r.mark.kind, Args: r.mark.args},
	}, nil
}
