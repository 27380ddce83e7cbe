package vault

import (
	"bytes"
	"crypto/rand"
	"io"
	"testing"

	"filippo.io/age"
)

func BenchmarkSealBytes(b *testing.B) {
	id, _ := NewIdentity()
	data := make([]byte, 156<<10)
	rand.Read(data)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sealBytes(data, id.key, mark{imageMark, []string{"x"}}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenBytes(b *testing.B) {
	id, _ := NewIdentity()
	data := make([]byte, 156<<10)
	rand.Read(data)
	sealed, _ := sealBytes(data, id.key, mark{imageMark, []string{"x"}})
	b.Run("ours", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := openBytes(sealed, id.secret(), imageMark); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("bare", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			r, err := age.Decrypt(bytes.NewReader(sealed), id.secret())
			if err != nil {
				b.Fatal(err)
			}
			if _, err := io.ReadAll(r); err != nil {
				b.Fatal(err)
			}
		}
	})
}
