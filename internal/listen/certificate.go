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
	seen    stamp  // of the files that current was read from
	trouble string // why the last attempt failed; logged once
}

// stamp tells whether files changed. A symbolic link stands for what it names.
type stamp struct{ cert, key fs.FileInfo }

func openCertificate(certFile, keyFile string, logger *slog.Logger) (*certificate, error) {
	if certFile == "" || keyFile == "" {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "TLS needs both a certificate and its key: name both files (--tls-cert, --tls-key)")
	}
	c := &certificate{certFile: certFile, keyFile: keyFile, logger: logger, looked: time.Now()}
	seen, err := c.stamp()
	if err == nil {
		err = c.load(seen)
	}
	if err != nil {
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

// look takes changed files when they are good. A broken file is tried again
// each time: one that is just being written soon is whole.
func (c *certificate) look() {
	now := time.Now()
	if now.Sub(c.looked) < lookEvery {
		return
	}
	c.looked = now
	seen, err := c.stamp()
	if err == nil && seen.same(c.seen) {
		c.trouble = ""
		return
	}
	if err == nil {
		err = c.load(seen)
	}
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

// load reads the files, which looked like seen just before.
func (c *certificate) load(seen stamp) error {
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

func (c *certificate) stamp() (s stamp, err error) {
	if s.cert, err = os.Stat(c.certFile); err != nil {
		return stamp{}, err
	}
	if s.key, err = os.Stat(c.keyFile); err != nil {
		return stamp{}, err
	}
	return s, nil
}

func (s stamp) same(t stamp) bool { return sameFile(s.cert, t.cert) && sameFile(s.key, t.key) }

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
