package sqlite

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/ncruces/go-sqlite3"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/filelock"
)

// nearlyFull is the free space below which a failed write is put down to a full
// disk. SQLite reports one as an I/O error, often without the system's reason.
const nearlyFull = 1 << 20

// translate turns an error of SQLite or the system into a *jarvis.Error.
func (db *database) translate(ctx context.Context, op string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*jarvis.Error](err); ok {
		return e
	}
	if ctx.Err() != nil {
		return contextError(ctx)
	}
	code, message := db.explain(err)
	return &jarvis.Error{Code: code, Op: "sqlite: " + op, Message: message, Err: err}
}

func (db *database) explain(err error) (jarvis.Code, string) {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, sqlite3.FULL) || db.full(err) {
		return jarvis.CodeNoSpace, "the disk that holds the catalogue " + db.path + " is full: free some space and try again"
	}
	switch {
	case errors.Is(err, sqlite3.CORRUPT), errors.Is(err, sqlite3.IOERR_DATA):
		return jarvis.CodeCorrupt, "the catalogue " + db.path + " is damaged: keep the file, and restore it from a copy"
	case errors.Is(err, sqlite3.NOTADB):
		return db.explainUnreadable()
	case errors.Is(err, sqlite3.READONLY), errors.Is(err, sqlite3.PERM), errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return jarvis.CodeUnavailable, "the catalogue " + db.path + " cannot be written: the file, its folder or the disk is read-only"
	case errors.Is(err, sqlite3.BUSY):
		return jarvis.CodeUnavailable, "another program has kept the catalogue " + db.path + " locked for too long: close the program that has it open"
	case errors.Is(err, sqlite3.CANTOPEN):
		return jarvis.CodeUnavailable, "the catalogue " + db.path + " cannot be opened: check the file, its folder and their permissions"
	case errors.Is(err, sqlite3.IOERR):
		return jarvis.CodeUnavailable, "the disk that holds the catalogue " + db.path + " failed: check the disk"
	}
	return jarvis.CodeInternal, "the catalogue " + db.path + " failed in an unforeseen way"
}

// explainUnreadable says why the file is no database with the key that we have,
// or without one.
func (db *database) explainUnreadable() (jarvis.Code, string) {
	plain, whole := db.look()
	switch {
	case db.encrypted && plain:
		return jarvis.CodeInvalid, db.path + " is not encrypted, and was to be opened with a key: it is the catalogue of a plain store"
	case db.encrypted && whole:
		return jarvis.CodeMismatch, db.path + " does not open with this key: it is the catalogue of another store, or its beginning is damaged; put back the key file or the catalogue that belong together"
	case !plain && whole:
		return jarvis.CodeLocked, db.path + " is sealed and there is no key for it, or it is not a SQLite database: put back the key file that belongs beside it"
	}
	return jarvis.CodeInvalid, db.path + " is not a catalogue: it is no SQLite database, nor an encrypted one"
}

// look reports whether the file begins as an unencrypted database, and whether
// it consists of whole blocks, as an encrypted one does.
func (db *database) look() (plain, whole bool) {
	const magic = "SQLite format 3\x00"
	f, err := os.Open(db.path)
	if err != nil {
		return false, false
	}
	defer f.Close() // nothing was written to it
	begin := make([]byte, len(magic))
	if _, err := io.ReadFull(f, begin); err != nil {
		return false, false
	}
	info, err := f.Stat()
	return string(begin) == magic, err == nil && info.Size()%blockSize == 0
}

// full reports whether err is what a full disk looks like.
func (db *database) full(err error) bool {
	if !errors.Is(err, sqlite3.IOERR) && !errors.Is(err, sqlite3.CANTOPEN) {
		return false
	}
	free, freeErr := db.free()
	return freeErr == nil && free < nearlyFull
}

// contextError is the error of a call whose context is done.
func contextError(ctx context.Context) error {
	message := "the catalogue was not waited for: the operation was cancelled"
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		message = "the catalogue was not waited for: the time allowed ran out"
	}
	return &jarvis.Error{Code: jarvis.CodeUnavailable, Message: message, Err: ctx.Err()}
}

// translateContext replaces an error that a done context caused.
func translateContext(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx)) || errors.Is(err, sqlite3.INTERRUPT)) {
		return contextError(ctx)
	}
	return err
}

// pathError is the error of a file system call on path.
func pathError(verb, path string, err error) error {
	code, reason := jarvis.CodeUnavailable, "the disk failed"
	switch {
	case errors.Is(err, fs.ErrPermission):
		reason = "permission is missing"
	case errors.Is(err, syscall.EROFS):
		reason = "the disk is read-only"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		code, reason = jarvis.CodeNoSpace, "the disk is full"
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EISDIR), errors.Is(err, fs.ErrExist):
		code, reason = jarvis.CodeInvalid, "a file is where a folder should be, or a link that leads nowhere, or a folder where a file should be"
	case errors.Is(err, fs.ErrNotExist):
		code, reason = jarvis.CodeNotFound, "it does not exist"
	case errors.Is(err, syscall.ELOOP), errors.Is(err, syscall.ENAMETOOLONG):
		code, reason = jarvis.CodeInvalid, "it is no usable path"
	}
	return &jarvis.Error{
		Code: code, Op: "sqlite: " + verb, Err: err,
		Message: "the catalogue cannot " + strings.TrimSuffix(verb, " ") + " " + path + ": " + reason,
	}
}

// joinClose returns err, whose type is kept when closing went well.
func joinClose(err error, closeErrs ...error) error {
	if closeErr := errors.Join(closeErrs...); closeErr != nil {
		if e, ok := errors.AsType[*jarvis.Error](err); ok {
			joined := *e
			joined.Err = errors.Join(e.Err, closeErr)
			return &joined
		}
		return errors.Join(err, closeErr)
	}
	return err
}

func closeLock(l *filelock.Lock) error {
	if l == nil {
		return nil
	}
	return l.Close()
}
