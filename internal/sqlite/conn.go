package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// maxStatements is how many prepared statements a connection keeps.
const maxStatements = 200

// conn is a connection that keeps its prepared statements. It is for one
// goroutine at a time.
type conn struct {
	*sqlite3.Conn
	statements map[string]*sqlite3.Stmt
}

func (c *conn) Close() error {
	var errs []error
	for _, s := range c.statements {
		errs = append(errs, s.Close())
	}
	c.statements = nil
	return errors.Join(append(errs, c.Conn.Close())...)
}

// prepare returns the statement of an SQL text, with its parameters bound. The
// caller must Reset it.
func (c *conn) prepare(sql string, args []any) (*sqlite3.Stmt, error) {
	s, ok := c.statements[sql]
	if !ok {
		err := c.makeRoom()
		if err != nil {
			return nil, err
		}
		if s, _, err = c.PrepareFlags(sql, sqlite3.PREPARE_PERSISTENT); err != nil {
			return nil, err
		}
		c.statements[sql] = s
	}
	for i, arg := range args {
		if err := bind(s, i+1, arg); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// makeRoom closes a statement when there are many: searches are of any number of
// shapes.
func (c *conn) makeRoom() error {
	if len(c.statements) < maxStatements {
		return nil
	}
	for sql, s := range c.statements {
		if !s.Busy() {
			delete(c.statements, sql)
			return s.Close()
		}
	}
	return nil
}

func bind(s *sqlite3.Stmt, i int, arg any) error {
	switch v := arg.(type) {
	case nil:
		return s.BindNull(i)
	case int:
		return s.BindInt64(i, int64(v))
	case int64:
		return s.BindInt64(i, v)
	case bool:
		return s.BindBool(i, v)
	case string:
		return s.BindText(i, v)
	case *string:
		if v == nil {
			return s.BindNull(i)
		}
		return s.BindText(i, *v)
	case []byte:
		return s.BindBlob(i, v)
	default:
		return fmt.Errorf("cannot bind a %T", arg)
	}
}

// query runs one statement and calls row for each row of its result.
func (c *conn) query(row func(*sqlite3.Stmt) error, sql string, args ...any) error {
	s, err := c.prepare(sql, args)
	if err != nil {
		return err
	}
	for err == nil && s.Step() {
		err = row(s)
	}
	if err == nil {
		err = s.Err()
	}
	// Reset repeats the error of the step, which we have.
	if resetErr := s.Reset(); err == nil {
		err = resetErr
	}
	return err
}

// find is query for at most one row; it reports whether there was one.
func (c *conn) find(row func(*sqlite3.Stmt), sql string, args ...any) (bool, error) {
	found := false
	err := c.query(func(s *sqlite3.Stmt) error {
		if !found {
			row(s)
		}
		found = true
		return nil
	}, sql, args...)
	return found, err
}

// exec runs one statement without a result.
func (c *conn) exec(sql string, args ...any) error {
	return c.query(func(*sqlite3.Stmt) error { return nil }, sql, args...)
}

// changed runs one statement and returns how many rows it changed.
func (c *conn) changed(sql string, args ...any) (int64, error) {
	err := c.exec(sql, args...)
	return c.Changes(), err
}

// number returns the one integer that a statement selects; 0 for NULL.
func (c *conn) number(sql string, args ...any) (int64, error) {
	var n int64
	_, err := c.find(func(s *sqlite3.Stmt) { n = s.ColumnInt64(0) }, sql, args...)
	return n, err
}

// view runs read in one transaction, so that all it reads is of one moment.
func (c *conn) view(read func() error) error {
	if err := c.Exec("BEGIN"); err != nil {
		return err
	}
	err := read()
	// ROLLBACK ends a transaction that only read; it must run even when the
	// context is done.
	return errors.Join(err, c.rollback())
}

// rollback ends the transaction, if there is one.
func (c *conn) rollback() error {
	if c.GetAutocommit() {
		return nil
	}
	defer c.SetInterrupt(c.SetInterrupt(context.Background()))
	return c.Exec("ROLLBACK")
}

// patience is how long an operation may be kept waiting by other connections.
// Those of Jarvis take milliseconds; only a foreign program that holds a
// transaction open takes longer.
const patience = time.Minute

// retryBusy repeats try while another connection is in the way. SQLite waits by
// itself (busyTimeout) where that cannot end in a deadlock; where it could, it
// returns at once.
func retryBusy(ctx context.Context, try func() error) error {
	for began := time.Now(); ; {
		err := try()
		if !errors.Is(err, sqlite3.BUSY) || time.Since(began) > patience {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Millisecond):
		}
	}
}
