package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/jarvis-memory/jarvis"
)

// staleSignIn is how long after another a sign-in link expires that drops it.
const staleSignIn = 24 * time.Hour

// InsertSignIn adds the hash of a sign-in link.
func (c *Catalog) InsertSignIn(ctx context.Context, hash []byte, expires time.Time) error {
	return c.execute(ctx, "insert sign-in", `
		WITH stale AS (
			DELETE FROM sign_ins WHERE expires_at <= $3::timestamptz AND hash <> $1::bytea
		)
		INSERT INTO sign_ins (hash, expires_at) VALUES ($1::bytea, $2::timestamptz)
		ON CONFLICT (hash) DO UPDATE SET expires_at = excluded.expires_at`, hash, floor(expires), floor(expires.Add(-staleSignIn)))
}

// RedeemSignIn uses up a link and adds the session. Of two that redeem one link
// at once, the second waits for the first and finds the link gone.
func (c *Catalog) RedeemSignIn(ctx context.Context, hash []byte, now time.Time, s *jarvis.Session) error {
	return c.write(ctx, "redeem sign-in", func(ctx context.Context) error {
		var used bool
		err := c.pool.QueryRow(ctx, `
			WITH used AS (
				DELETE FROM sign_ins WHERE hash = $1::bytea AND expires_at > $2::timestamptz RETURNING hash
			), stale AS (
				DELETE FROM sign_ins WHERE expires_at <= $2::timestamptz
			), ended AS (
				DELETE FROM sessions WHERE expires_at <= $2::timestamptz
			), added AS (
				INSERT INTO sessions (`+sessionColumns+`)
				SELECT $3::text, $4::bytea, $5::timestamptz, $6::timestamptz, $7::timestamptz, $8::text, $9::text, $10::boolean FROM used
			)
			SELECT EXISTS (SELECT FROM used)`, hash, floor(now),
			s.ID.String(), s.Hash, floor(s.CreatedAt), floor(s.ExpiresAt), minuteOf(s.LastUsed),
			cleanAddress(s.Address), jarvis.CleanText(s.Browser, jarvis.MaxBrowser), s.Own).Scan(&used)
		switch {
		case sqlState(err) == stateUniqueViolation:
			return jarvis.CredentialExists()
		case err == nil && !used:
			return jarvis.NoSignIn()
		}
		return err
	})
}

const sessionColumns = "id, hash, created_at, expires_at, last_used, address, browser, own"

func scanSession(row pgx.CollectableRow) (*jarvis.Session, error) {
	var s jarvis.Session
	var id string
	err := row.Scan(&id, &s.Hash, &s.CreatedAt, &s.ExpiresAt, &s.LastUsed, &s.Address, &s.Browser, &s.Own)
	if err != nil {
		return nil, err
	}
	s.CreatedAt, s.ExpiresAt, s.LastUsed = s.CreatedAt.UTC(), s.ExpiresAt.UTC(), s.LastUsed.UTC()
	if s.ID, err = storedID(id); err != nil {
		return nil, err
	}
	return &s, nil
}

const findSession = "SELECT " + sessionColumns + " FROM sessions WHERE hash = $1::bytea AND expires_at > $2::timestamptz"

// FindSession returns the session of a hash.
func (c *Catalog) FindSession(ctx context.Context, hash []byte, now time.Time) (session *jarvis.Session, err error) {
	err = c.read(ctx, "find session", func(ctx context.Context) (err error) {
		session, err = findOne(ctx, c, scanSession, jarvis.NoCredential(), findSession, hash, floor(now))
		return err
	})
	return session, err
}

// FindSessions lists the sessions that have not expired.
func (c *Catalog) FindSessions(ctx context.Context, now time.Time) ([]*jarvis.Session, error) {
	return findAll(ctx, c, "list sessions", scanSession, "SELECT "+sessionColumns+` FROM sessions
		WHERE expires_at > $1::timestamptz ORDER BY created_at DESC, id LIMIT $2`, floor(now), jarvis.MaxPage)
}

// TouchSession records a use.
func (c *Catalog) TouchSession(ctx context.Context, id jarvis.ID, at time.Time, address string) error {
	return c.execute(ctx, "touch session", `
		UPDATE sessions SET last_used = $2::timestamptz, address = $3::text
		WHERE id = $1::text AND last_used < $2::timestamptz`, id.String(), minuteOf(at), cleanAddress(address))
}

// EndSession removes a session.
func (c *Catalog) EndSession(ctx context.Context, id jarvis.ID) error {
	return c.write(ctx, "end session", func(ctx context.Context) error {
		tag, err := c.pool.Exec(ctx, "DELETE FROM sessions WHERE id = $1::text", id.String())
		if err == nil && tag.RowsAffected() == 0 {
			err = jarvis.NoSession(id)
		}
		return err
	})
}
