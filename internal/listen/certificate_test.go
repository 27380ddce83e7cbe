package listen

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// put writes a certificate that is valid until then, and its key, as a program
// that renews them does: beside, and then by renaming.
func put(t *testing.T, cert, key string, until time.Time) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(until.Unix()), NotBefore: until.Add(-24 * time.Hour), NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	replace(t, key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}))
	replace(t, cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func replace(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path+".new", data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func TestCertificate(t *testing.T) {
	var log bytes.Buffer
	cert, key := filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	first := time.Now().Add(time.Hour).Truncate(time.Second).UTC()
	put(t, cert, key, first)
	c, err := openCertificate(cert, key, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	until := func(later bool) time.Time {
		if later {
			c.looked = time.Time{}
		}
		got, err := c.get(nil)
		if err != nil {
			t.Fatalf("get: %v", err)
		}
		return got.Leaf.NotAfter
	}
	logged := func(text string, want int) {
		t.Helper()
		if got := strings.Count(log.String(), text); got != want {
			t.Errorf("%q was logged %d times, want %d:\n%s", text, got, want, log.String())
		}
	}

	second := first.Add(time.Hour)
	put(t, cert, key, second)
	if got := until(false); !got.Equal(first) {
		t.Errorf("looked again at once: valid until %v", got)
	}
	for range 3 {
		if got := until(true); !got.Equal(second) {
			t.Errorf("renewed: valid until %v, want %v", got, second)
		}
	}
	logged("was renewed", 1)

	replace(t, cert, []byte("broken"))
	for range 3 {
		if got := until(true); !got.Equal(second) {
			t.Errorf("broken: valid until %v, want %v", got, second)
		}
	}
	logged("cannot be used", 1)
	if err := os.Remove(cert); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if got := until(true); !got.Equal(second) {
			t.Errorf("gone: valid until %v, want %v", got, second)
		}
	}
	logged("cannot be used", 2)

	// One who looks while the disk hangs holds up nobody else.
	third := second.Add(time.Hour)
	put(t, cert, key, third)
	c.looking.Lock()
	if got := until(true); !got.Equal(second) {
		t.Errorf("while another looks: valid until %v, want %v", got, second)
	}
	c.looking.Unlock()
	if got := until(true); !got.Equal(third) {
		t.Errorf("whole again: valid until %v, want %v", got, third)
	}
	logged("was renewed", 2)

	put(t, cert, key, time.Now().Add(-time.Hour))
	until(true)
	logged("is not valid now", 1)
}
