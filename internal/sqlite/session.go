package sqlite

import (
	"context"
	"slices"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/jarvis-memory/jarvis"
)

// staleSignIn is how long after another a sign-in link expires that drops it.
const staleSignIn = 24 * time.Hour

// InsertSignIn implements jarvis.Credentials.
func (c *Catalog) InsertSignIn(ctx context.Context, hash []byte, expires time.Time) error {
	hash = slices.Clone(hash) // the caller may be gone when the row is written
	return c.write(ctx, "add a sign-in link", func(on *conn) error {
		if err := on.exec("DELETE FROM sign_ins WHERE expires_at <= ?", expires.Add(-staleSignIn).UnixMicro()); err != nil {
			return err
		}
		return on.exec("INSERT INTO sign_ins (hash, expires_at) VALUES (?, ?) ON CONFLICT DO UPDATE SET expires_at = excluded.expires_at",
			hash, expires.UnixMicro())
	})
}

// RedeemSignIn implements jarvis.Credentials.
func (c *Catalog) RedeemSignIn(ctx context.Context, hash []byte, now time.Time, s *jarvis.Session) error {
	row := *s // the caller may be gone when the row is written
	row.Hash, hash = slices.Clone(s.Hash), slices.Clone(hash)
	return c.write(ctx, "redeem a sign-in link", func(on *conn) error {
		at := now.UnixMicro()
		used, err := on.find(func(*sqlite3.Stmt) {}, "DELETE FROM sign_ins WHERE hash = ? AND expires_at > ? RETURNING 1", hash, at)
		switch {
		case err != nil:
			return err
		case !used:
			return jarvis.NoSignIn()
		}
		for _, table := range []string{"sign_ins", "sessions"} {
			if err := on.exec("DELETE FROM "+table+" WHERE expires_at <= ?", at); err != nil {
				return err
			}
		}
		return insertSession(on, &row)
	})
}

func insertSession(on *conn, s *jarvis.Session) error {
	taken, err := on.number("SELECT EXISTS (SELECT 1 FROM sessions WHERE id = ? OR hash = ?)", s.ID.String(), s.Hash)
	switch {
	case err != nil:
		return err
	case taken != 0:
		return jarvis.CredentialExists()
	}
	return on.exec("INSERT INTO sessions ("+sessionColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		s.ID.String(), s.Hash, s.CreatedAt.UnixMicro(), s.ExpiresAt.UnixMicro(), minuteOf(s.LastUsed).UnixMicro(),
		cleanAddress(s.Address), jarvis.CleanText(s.Browser, jarvis.MaxBrowser), s.Own)
}

const sessionColumns = "id, hash, created_at, expires_at, last_used, address, browser, own"

func scanSession(s *sqlite3.Stmt) (*jarvis.Session, error) {
	id, err := jarvis.ParseID(s.ColumnText(0))
	if err != nil {
		return nil, corruptRow(err)
	}
	return &jarvis.Session{
		ID:        id,
		Hash:      s.ColumnBlob(1, nil),
		CreatedAt: micros(s, 2),
		ExpiresAt: micros(s, 3),
		LastUsed:  micros(s, 4),
		Address:   s.ColumnText(5),
		Browser:   s.ColumnText(6),
		Own:       s.ColumnBool(7),
	}, nil
}

const findSessionSQL = "SELECT " + sessionColumns + " FROM sessions WHERE hash = ? AND expires_at > ?"

// FindSession implements jarvis.Credentials.
func (c *Catalog) FindSession(ctx context.Context, hash []byte, now time.Time) (*jarvis.Session, error) {
	return read(ctx, c, "find a session", func(on *conn) (session *jarvis.Session, err error) {
		err = on.query(func(s *sqlite3.Stmt) (err error) {
			session, err = scanSession(s)
			return err
		}, findSessionSQL, hash, now.UnixMicro())
		if err == nil && session == nil {
			err = jarvis.NoCredential()
		}
		return session, err
	})
}

// FindSessions implements jarvis.Credentials.
func (c *Catalog) FindSessions(ctx context.Context, now time.Time) ([]*jarvis.Session, error) {
	return read(ctx, c, "list sessions", func(on *conn) ([]*jarvis.Session, error) {
		sessions := []*jarvis.Session{}
		err := on.query(func(s *sqlite3.Stmt) error {
			session, err := scanSession(s)
			sessions = append(sessions, session)
			return err
		}, "SELECT "+sessionColumns+" FROM sessions WHERE expires_at > ? ORDER BY created_at DESC, id LIMIT ?", now.UnixMicro(), jarvis.MaxPage)
		return sessions, err
	})
}

// TouchSession implements jarvis.Credentials.
func (c *Catalog) TouchSession(ctx context.Context, id jarvis.ID, at time.Time, address string) error {
	minute := minuteOf(at).UnixMicro()
	return c.write(ctx, "record the use of a session", func(on *conn) error {
		return on.exec("UPDATE sessions SET last_used = ?, address = ? WHERE id = ? AND last_used < ?",
			minute, cleanAddress(address), id.String(), minute)
	})
}

// EndSession implements jarvis.Credentials.
func (c *Catalog) EndSession(ctx context.Context, id jarvis.ID) error {
	return c.write(ctx, "end a session", func(on *conn) error {
		ended, err := on.find(func(*sqlite3.Stmt) {}, "DELETE FROM sessions WHERE id = ? RETURNING 1", id.String())
		if err == nil && !ended {
			err = jarvis.NoSession(id)
		}
		return err
	})
}
