package listen

import (
	"crypto/tls"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	jarvis "github.com/jarvis-memory/jarvis"
)

// Files are looked at again at most this often, when somebody connects.
const lookEvery = time.Second

// certificate is a certificate that follows its files.
type certificate struct {
	certFile, keyFile string
	logger            *slog.Logger
	current           atomic.Pointer[tls.Certificate]

	// The one who holds looking compares; others take what is there, so a disk
	// that hangs stops one handshake and not all.
	looking sync.Mutex
	looked  time.Time
	seen    fs.FileInfo // of certFile, before current was read
	trouble string      // why the last attempt failed; logged once
}

func openCertificate(certFile, keyFile string, logger *slog.Logger) (*certificate, error) {
	if certFile == "" || keyFile == "" {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "TLS needs both a certificate and its key: name both files (--tls-cert, --tls-key)")
	}
	c := &certificate{certFile: certFile, keyFile: keyFile, logger: logger, looked: time.Now()}
	if err := c.load(); err != nil {
		failed := &jarvis.Error{Code: jarvis.CodeInvalid, Op: "listen: read certificate", Err: err}
		failed.Message = jarvis.Errorf(failed.Code, "cannot use the certificate %s with the key %s: %v", certFile, keyFile, reason(err)).Message
		return nil, failed
	}
	return c, nil
}

// get is the GetCertificate of tls.Config.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if c.looking.TryLock() {
		defer c.looking.Unlock()
		c.look()
	}
	return c.current.Load(), nil
}

// look takes changed files when they are good. A new key comes with a new
// certificate, so looking at that is enough. Broken files are tried again each
// time: those that are just being written soon are whole.
func (c *certificate) look() {
	now := time.Now()
	if now.Sub(c.looked) < lookEvery {
		return
	}
	c.looked = now
	if seen, err := os.Stat(c.certFile); err == nil && sameFile(seen, c.seen) {
		c.trouble = ""
		return
	}
	err := c.load()
	if err == nil {
		c.trouble = ""
		c.logger.Info("the certificate was renewed", "file", c.certFile, "until", c.current.Load().Leaf.NotAfter)
		return
	}
	if text := reason(err).Error(); text != c.trouble {
		c.trouble = text
		c.logger.Error("the new certificate cannot be used; the old one stays", "file", c.certFile, "key", c.keyFile, "error", text)
	}
}

// load reads the files. What they looked like is noted before, so that a change
// while they are read is seen the next time.
func (c *certificate) load() error {
	seen, err := os.Stat(c.certFile)
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return err
	}
	if now := time.Now(); now.After(pair.Leaf.NotAfter) || now.Before(pair.Leaf.NotBefore) {
		c.logger.Warn("the certificate is not valid now", "file", c.certFile, "from", pair.Leaf.NotBefore, "until", pair.Leaf.NotAfter)
	}
	c.current.Store(&pair)
	c.seen = seen
	return nil
}

// sameFile reports whether a file did not change. A symbolic link stands for
// what it names.
func sameFile(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// reason returns the part of an error that does not repeat the path.
func reason(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}
