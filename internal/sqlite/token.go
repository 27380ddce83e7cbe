package sqlite

import (
	"context"
	"slices"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/jarvis-memory/jarvis"
)

var _ jarvis.Credentials = (*Catalog)(nil)

const tokenColumns = "name, scope, hash, created_at, last_used, address, revoked_at"

func scanToken(s *sqlite3.Stmt) *jarvis.Token {
	return &jarvis.Token{
		Name:      s.ColumnText(0),
		Scope:     jarvis.Scope(s.ColumnText(1)),
		Hash:      s.ColumnBlob(2, nil),
		CreatedAt: micros(s, 3),
		LastUsed:  microsOrZero(s, 4),
		Address:   s.ColumnText(5),
		RevokedAt: microsOrZero(s, 6),
	}
}

// microsOrZero is micros for a column where NULL is the zero time.
func microsOrZero(s *sqlite3.Stmt, column int) time.Time {
	if s.ColumnType(column) == sqlite3.NULL {
		return time.Time{}
	}
	return micros(s, column)
}

// orNever returns t in microseconds, NULL for the zero time.
func orNever(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

// minuteOf returns the start of the minute that t lies in.
func minuteOf(t time.Time) time.Time { return jarvis.Instant(t).Truncate(time.Minute) }

func cleanName(name string) string { return jarvis.CleanText(name, jarvis.MaxTokenName) }

func cleanAddress(address string) string { return jarvis.CleanText(address, jarvis.MaxAddress) }

// InsertToken implements jarvis.Credentials.
func (c *Catalog) InsertToken(ctx context.Context, t *jarvis.Token) error {
	row := *t // the caller may be gone when the row is written
	row.Name, row.Hash = cleanName(t.Name), slices.Clone(t.Hash)
	if !row.LastUsed.IsZero() {
		row.LastUsed = minuteOf(row.LastUsed)
	}
	return c.write(ctx, "add a token", func(on *conn) error {
		taken, err := on.number("SELECT EXISTS (SELECT 1 FROM tokens WHERE name = ? AND (revoked_at IS NULL OR scope <> ?))", row.Name, string(row.Scope))
		switch {
		case err != nil:
			return err
		case taken != 0:
			return jarvis.TokenExists(row.Name)
		}
		taken, err = on.number("SELECT EXISTS (SELECT 1 FROM tokens WHERE hash = ?)", row.Hash)
		switch {
		case err != nil:
			return err
		case taken != 0:
			return jarvis.CredentialExists()
		}
		return on.exec("REPLACE INTO tokens ("+tokenColumns+") VALUES (?, ?, ?, ?, ?, ?, ?)",
			row.Name, string(row.Scope), row.Hash, row.CreatedAt.UnixMicro(), orNever(row.LastUsed), cleanAddress(row.Address), orNever(row.RevokedAt))
	})
}

// FindToken implements jarvis.Credentials.
func (c *Catalog) FindToken(ctx context.Context, hash []byte) (*jarvis.Token, error) {
	return read(ctx, c, "find a token", func(on *conn) (token *jarvis.Token, err error) {
		found, err := on.find(func(s *sqlite3.Stmt) { token = scanToken(s) }, findTokenSQL, hash)
		if err == nil && !found {
			err = jarvis.NoCredential()
		}
		return token, err
	})
}

const findTokenSQL = "SELECT " + tokenColumns + " FROM tokens WHERE hash = ?"

// FindTokens implements jarvis.Credentials.
func (c *Catalog) FindTokens(ctx context.Context) ([]*jarvis.Token, error) {
	return read(ctx, c, "list tokens", func(on *conn) ([]*jarvis.Token, error) {
		tokens := []*jarvis.Token{}
		err := on.query(func(s *sqlite3.Stmt) error {
			tokens = append(tokens, scanToken(s))
			return nil
		}, "SELECT "+tokenColumns+" FROM tokens ORDER BY name LIMIT ?", jarvis.MaxPage)
		return tokens, err
	})
}

// RevokeToken implements jarvis.Credentials.
func (c *Catalog) RevokeToken(ctx context.Context, name string, at time.Time) error {
	name = cleanName(name)
	return c.write(ctx, "revoke a token", func(on *conn) error {
		known, err := on.number("SELECT EXISTS (SELECT 1 FROM tokens WHERE name = ?)", name)
		switch {
		case err != nil:
			return err
		case known == 0:
			return jarvis.NoToken(name)
		}
		return on.exec("UPDATE tokens SET revoked_at = ? WHERE name = ? AND revoked_at IS NULL", at.UnixMicro(), name)
	})
}

// TouchToken implements jarvis.Credentials.
func (c *Catalog) TouchToken(ctx context.Context, name string, at time.Time, address string) error {
	minute := minuteOf(at).UnixMicro()
	return c.write(ctx, "record the use of a token", func(on *conn) error {
		return on.exec("UPDATE tokens SET last_used = ?, address = ? WHERE name = ? AND coalesce(last_used < ?, true)",
			minute, cleanAddress(address), cleanName(name), minute)
	})
}
