package sqlite

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/ncruces/go-sqlite3"

	"github.com/jarvis-memory/jarvis"
)

// maxBatch bounds the writes of one commit.
const maxBatch = 256

// defaultCheckpointPages is the length of the WAL at which it is written back to the
// database. A flipped bit in the WAL silently ends it, one in the database is
// found by its checksum; so it is kept short.
const defaultCheckpointPages = 400

// write is one request to the writer.
type write struct {
	ctx  context.Context
	do   func(*conn) error
	done chan error // buffered; gets exactly one result
}

// writer owns the one connection that writes. Requests that come while a commit
// runs are committed together by the next: one fsync for all.
type writer struct {
	db       *database
	conn     *conn // nil until the first write
	requests chan *write
	stop     chan struct{} // closed to end run
	stopped  chan struct{} // closed when run has ended
	closeErr error         // of conn; valid once stopped

	walPages   int                   // length of the WAL after the last commit
	backfilled int                   // how much of it the database has
	broken     atomic.Pointer[error] // of the first failed fsync: nothing is accepted after it
}

func newWriter(db *database, c *conn) *writer {
	w := &writer{
		db:       db,
		requests: make(chan *write),
		stop:     make(chan struct{}),
		stopped:  make(chan struct{}),
	}
	w.attach(c)
	return w
}

// attach takes c, which may be nil, as the writer's connection.
func (w *writer) attach(c *conn) {
	if w.conn = c; c == nil {
		return
	}
	c.WALHook(func(_ *sqlite3.Conn, _ string, pages int) error {
		if w.walPages = pages; pages < w.backfilled {
			w.backfilled = 0 // the WAL began anew
		}
		return nil
	})
}

// doWrite runs fn in a transaction and returns when that is durable, or with
// the error of ctx as soon as that is done. fn must leave nothing half done
// when it fails: what it changed is rolled back.
func doWrite[T any](ctx context.Context, c *Catalog, op string, fn func(*conn) (T, error)) (T, error) {
	var zero, value T
	if err := c.enter(ctx); err != nil {
		return zero, err
	}
	defer c.leave()
	w := &write{ctx: ctx, done: make(chan error, 1)}
	w.do = func(on *conn) (err error) { value, err = fn(on); return err }
	select {
	case c.writer.requests <- w:
	case <-ctx.Done():
		return zero, contextError(ctx)
	}
	select {
	case err := <-w.done:
		if err != nil {
			return zero, c.db.translate(ctx, op, err)
		}
		return value, nil
	case <-ctx.Done():
		return zero, contextError(ctx)
	}
}

func (w *writer) run() {
	defer close(w.stopped)
	defer func() { w.closeErr = closeConn(w.conn) }()
	for {
		select {
		case first := <-w.requests:
			w.commit(w.collect(first))
			w.checkpoint()
		case <-w.stop:
			return
		}
	}
}

// collect returns first and the requests that wait behind it.
func (w *writer) collect(first *write) []*write {
	batch := []*write{first}
	for len(batch) < maxBatch {
		select {
		case next := <-w.requests:
			batch = append(batch, next)
		default:
			return batch
		}
	}
	return batch
}

// commit runs a batch in one transaction and answers each of its requests.
func (w *writer) commit(batch []*write) {
	results := make([]error, len(batch))
	if err := w.transact(batch, results); err != nil {
		for i := range results {
			if results[i] == nil {
				results[i] = err
			}
		}
	}
	for i, r := range batch {
		r.done <- results[i]
	}
}

// transact fills in the results of those that failed alone. An error that it
// returns is that of all others.
func (w *writer) transact(batch []*write, results []error) error {
	if err := w.begin(batch); err != nil {
		return err
	}
	for i, r := range batch {
		if results[i] = context.Cause(r.ctx); results[i] != nil {
			continue
		}
		results[i] = w.savepoint(r)
		if w.conn.GetAutocommit() {
			// SQLite has rolled everything back, as it does when the disk is full.
			return results[i]
		}
	}
	err := w.conn.Exec("COMMIT")
	if err != nil {
		w.noteFailedSync(err)
		return errors.Join(err, w.conn.rollback())
	}
	return nil
}

// begin starts a transaction. It waits for other processes as long as anybody
// waits for the batch.
func (w *writer) begin(batch []*write) error {
	if broken := w.broken.Load(); broken != nil {
		return failedSyncError(*broken)
	}
	if w.conn == nil {
		c, err := w.db.connectWriter(w.db.path)
		if err != nil {
			return err
		}
		w.attach(c)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var live atomic.Int64
	live.Add(int64(len(batch)))
	for _, r := range batch {
		defer context.AfterFunc(r.ctx, func() {
			if live.Add(-1) == 0 {
				cancel()
			}
		})()
	}
	defer w.conn.SetInterrupt(w.conn.SetInterrupt(ctx))
	return retryBusy(ctx, func() error { return w.conn.Exec("BEGIN IMMEDIATE") })
}

// savepoint runs one request so that its failure leaves the others alone. It is
// not interrupted: SQLite would roll the whole transaction back.
func (w *writer) savepoint(r *write) error {
	if err := w.conn.exec("SAVEPOINT request"); err != nil {
		return err
	}
	err := r.do(w.conn)
	if w.conn.GetAutocommit() {
		return err
	}
	if err != nil {
		err = errors.Join(err, w.conn.exec("ROLLBACK TO request"))
	}
	return errors.Join(err, w.conn.exec("RELEASE request"))
}

// checkpoint writes a WAL that has grown long back to the database. What it
// cannot do now it does after a later commit.
func (w *writer) checkpoint() {
	if w.conn == nil || w.walPages-w.backfilled < w.db.checkpointPages || w.broken.Load() != nil {
		return
	}
	_, pages, err := w.conn.WALCheckpoint("main", sqlite3.CHECKPOINT_PASSIVE)
	if err == nil {
		w.backfilled = pages
	}
	if err == nil || errors.Is(err, sqlite3.BUSY) {
		return
	}
	w.noteFailedSync(err)
	w.db.log.Warn("the write-ahead log of the catalogue could not be written back", "path", w.db.path, "error", err)
}

// noteFailedSync remembers a failed fsync: after one, the system may have
// dropped what was written, and a second would report success.
func (w *writer) noteFailedSync(err error) {
	if errors.Is(err, sqlite3.IOERR_FSYNC) || errors.Is(err, sqlite3.IOERR_DIR_FSYNC) {
		w.broken.CompareAndSwap(nil, &err)
	}
}

func failedSyncError(cause error) error {
	return &jarvis.Error{
		Code:    jarvis.CodeUnavailable,
		Op:      "sqlite: write",
		Message: "the disk failed to make the catalogue durable, so nothing more is accepted: check the disk and start jarvis again",
		Err:     cause,
	}
}
