package sqlite

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/ext/fts5"
	"github.com/ncruces/go-sqlite3/vfs"

	"github.com/jarvis-memory/jarvis"
)

// database is a file and how to connect to it.
type database struct {
	path      string // absolute, without symbolic links
	mustExist bool
	encrypted bool
	log       *slog.Logger
	newStore  jarvis.NewStore
	noText    bool // the store keeps no OCRText; known once it is open

	// vfs names the VFS that holds the key. The key is nowhere else: not in the
	// URI, which SQLite repeats in errors, and not in a statement.
	vfs string

	checkpointPages int // see defaultCheckpointPages

	// free returns the bytes that this user may still write beside path.
	free func() (uint64, error)
}

// newDatabase checks the options. The caller must close what it returns.
func newDatabase(o Options) (*database, error) {
	if len(o.Key) != 0 && len(o.Key) != KeySize {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "the key of the catalogue has %d bytes, not %d", len(o.Key), KeySize)
	}
	path, err := realPath(o.Path)
	if err != nil {
		return nil, err
	}
	db := &database{
		path:            path,
		mustExist:       o.MustExist,
		encrypted:       len(o.Key) != 0,
		log:             o.Logger,
		newStore:        o.NewStore,
		checkpointPages: cmp.Or(o.checkpointPages, defaultCheckpointPages),
		free:            o.free,
	}
	if db.free == nil {
		db.free = func() (uint64, error) { return freeSpace(filepath.Dir(path)) }
	}
	if db.log == nil {
		db.log = slog.New(slog.DiscardHandler)
	}
	db.vfs = registerVFS(o.base, o.Key)
	return db, nil
}

// closeAfter forgets the key, once every connection is closed. It returns err.
func (db *database) closeAfter(err error) error {
	vfs.Unregister(db.vfs)
	return err
}

// realPath resolves symbolic links, so that every name of a file has one lock.
func realPath(path string) (string, error) {
	if path == "" {
		return "", jarvis.Errorf(jarvis.CodeInvalid, "the catalogue has no path: name a file")
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", jarvis.WrapError(jarvis.CodeUnavailable, "sqlite: open", "the current folder is gone: change to another and try again", err)
	}
	resolved, err := filepath.EvalSymlinks(absolute)
	if errors.Is(err, fs.ErrNotExist) {
		resolved, err = filepath.EvalSymlinks(filepath.Dir(absolute))
		if errors.Is(err, fs.ErrNotExist) {
			return absolute, nil // the folder is still to be made
		}
		resolved = filepath.Join(resolved, filepath.Base(absolute))
	}
	if err != nil {
		return "", pathError("open", absolute, err)
	}
	return resolved, nil
}

func (db *database) lockPath() string { return db.path + ".lock" }
func (db *database) walPath() string  { return db.path + "-wal" }

// uri names a file of this database's kind. modeof gives the files that SQLite
// makes beside it the permissions of the database.
func (db *database) uri(path string) string {
	query := url.Values{"vfs": {db.vfs}, "modeof": {path}}
	if db.encrypted {
		query.Set("textkey", "store") // see keyring
	}
	// SQLite reads %20 as a space, and a plus as a plus.
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + strings.ReplaceAll(query.Encode(), "+", "%20")
}

// How long a connection waits for another by itself. Callers of the catalogue
// wait until their context is done or patience is over; see retryBusy.
const busyTimeout = 5 * time.Second

// Page caches, in KiB. The memory of a connection never shrinks.
const (
	readerCache = "-1024"
	writerCache = "-8192" // a deletion changes as many pages as the capture has words
)

// connectReader opens the file at path for reading only. It neither makes nor
// changes a database, nor its WAL, whatever the key.
func (db *database) connectReader(path string) (*conn, error) {
	return db.connect(db.uri(path), sqlite3.OPEN_READONLY, `
		PRAGMA query_only = ON;
		PRAGMA cache_size = `+readerCache)
}

// connectWriter opens the existing file at path for writing. A transaction is
// held in memory until it commits; see gathering. So is what a savepoint would put
// back (temp_store): in a file it would be encrypted, twice for each page.
func (db *database) connectWriter(path string) (*conn, error) {
	return db.connect(db.uri(path)+"&"+gathers+"=1", sqlite3.OPEN_READWRITE, writerPragmas+`;
		PRAGMA cache_spill = OFF;
		PRAGMA temp_store = MEMORY`)
}

// Checkpoints are the writer's own work: an automatic one would report the
// errors of a checkpoint as those of a commit that did succeed.
const writerPragmas = `
	PRAGMA synchronous = FULL;
	PRAGMA foreign_keys = ON;
	PRAGMA secure_delete = ON;
	PRAGMA wal_autocheckpoint = 0;
	PRAGMA journal_size_limit = 4194304;
	PRAGMA cache_size = ` + writerCache

func (db *database) connect(uri string, flags sqlite3.OpenFlag, pragmas string) (*conn, error) {
	c, err := sqlite3.OpenFlags(uri, flags|sqlite3.OPEN_URI)
	if err != nil {
		return nil, err
	}
	err = errors.Join(c.BusyTimeout(busyTimeout), fts5.Register(c))
	if err == nil {
		err = c.Exec("PRAGMA trusted_schema = OFF;" + pragmas)
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return &conn{Conn: c, statements: make(map[string]*sqlite3.Stmt)}, nil
}

// closeConn closes c, which may be nil.
func closeConn(c *conn) error {
	if c == nil {
		return nil
	}
	return c.Close()
}

// withConn runs use on a connection of its own.
func withConn(ctx context.Context, connect func() (*conn, error), use func(*conn) error) error {
	c, err := connect()
	if err != nil {
		return err
	}
	c.SetInterrupt(ctx)
	err = use(c)
	c.SetInterrupt(context.Background())
	return errors.Join(err, c.Close())
}

// restrict takes the permissions of others from the database's files, which an
// older Jarvis or a careless copy may have left.
func (db *database) restrict() error {
	for _, path := range []string{db.path, db.walPath(), db.path + "-shm"} {
		if err := os.Chmod(path, 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return pathError("protect", path, err)
		}
	}
	return nil
}
