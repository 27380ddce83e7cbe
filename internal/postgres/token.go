package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/jarvis-memory/jarvis"
)

var _ jarvis.Credentials = (*Catalog)(nil)

const tokenColumns = "name, scope, hash, created_at, last_used, address, revoked_at"

func scanToken(row pgx.CollectableRow) (*jarvis.Token, error) {
	var t jarvis.Token
	var scope string
	var used, revoked *time.Time
	if err := row.Scan(&t.Name, &scope, &t.Hash, &t.CreatedAt, &used, &t.Address, &revoked); err != nil {
		return nil, err
	}
	t.Scope = jarvis.Scope(scope)
	t.CreatedAt, t.LastUsed, t.RevokedAt = t.CreatedAt.UTC(), orZero(used), orZero(revoked)
	return &t, nil
}

// orZero returns the time of a column where NULL is the zero time.
func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// orNever returns t for the catalogue, NULL for the zero time.
func orNever(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = floor(t)
	return &t
}

// minuteOf returns the start of the minute that t lies in.
func minuteOf(t time.Time) time.Time { return floor(t).Truncate(time.Minute) }

func cleanName(name string) string { return jarvis.CleanText(name, jarvis.MaxTokenName) }

func cleanAddress(address string) string { return jarvis.CleanText(address, jarvis.MaxAddress) }

// InsertToken adds a token.
func (c *Catalog) InsertToken(ctx context.Context, t *jarvis.Token) error {
	name, used := cleanName(t.Name), orNever(t.LastUsed)
	if used != nil {
		*used = minuteOf(*used)
	}
	return c.write(ctx, "insert token", func(ctx context.Context) error {
		var added, named bool
		err := c.pool.QueryRow(ctx, `
			WITH added AS (
				INSERT INTO tokens (`+tokenColumns+`) VALUES ($1::text, $2::text, $3::bytea, $4::timestamptz, $5::timestamptz, $6::text, $7::timestamptz)
				ON CONFLICT DO NOTHING
				RETURNING name
			)
			SELECT EXISTS (SELECT FROM added), EXISTS (SELECT FROM tokens WHERE name = $1::text)`,
			name, string(t.Scope), t.Hash, floor(t.CreatedAt), used, cleanAddress(t.Address), orNever(t.RevokedAt)).Scan(&added, &named)
		switch {
		case err != nil || added:
			return err
		case !named:
			return c.whyTaken(ctx, name)
		}
		return c.replaceToken(ctx, name, t, used)
	})
}

// replaceToken puts a token in the place of a revoked one of its name and scope.
func (c *Catalog) replaceToken(ctx context.Context, name string, t *jarvis.Token, used *time.Time) error {
	var replaced, sameText bool
	err := c.pool.QueryRow(ctx, `
		WITH revoked AS (
			SELECT name FROM tokens WHERE name = $1::text AND scope = $2::text AND revoked_at IS NOT NULL
		), replaced AS (
			UPDATE tokens SET hash = $3::bytea, created_at = $4::timestamptz, last_used = $5::timestamptz, address = $6::text, revoked_at = $7::timestamptz
			WHERE name = $1::text AND scope = $2::text AND revoked_at IS NOT NULL
				AND NOT EXISTS (SELECT FROM tokens WHERE hash = $3::bytea)
			RETURNING name
		)
		SELECT EXISTS (SELECT FROM replaced), EXISTS (SELECT FROM revoked) AND EXISTS (SELECT FROM tokens WHERE hash = $3::bytea)`,
		name, string(t.Scope), t.Hash, floor(t.CreatedAt), used, cleanAddress(t.Address), orNever(t.RevokedAt)).Scan(&replaced, &sameText)
	switch {
	case err != nil || replaced:
		return err
	case sameText:
		return jarvis.CredentialExists()
	}
	return jarvis.TokenExists(name) // it is not revoked, or was replaced just now
}

// whyTaken says why a token was not added by a statement that saw none of its
// name: of its hash there is one, or one of its name has just been added.
func (c *Catalog) whyTaken(ctx context.Context, name string) error {
	var named bool
	err := c.pool.QueryRow(ctx, "SELECT EXISTS (SELECT FROM tokens WHERE name = $1::text)", name).Scan(&named)
	switch {
	case err != nil:
		return err
	case named:
		return jarvis.TokenExists(name)
	}
	return jarvis.CredentialExists()
}

const findToken = "SELECT " + tokenColumns + " FROM tokens WHERE hash = $1::bytea"

// FindToken returns the token of a hash.
func (c *Catalog) FindToken(ctx context.Context, hash []byte) (token *jarvis.Token, err error) {
	err = c.read(ctx, "find token", func(ctx context.Context) (err error) {
		token, err = findOne(ctx, c, scanToken, jarvis.NoCredential(), findToken, hash)
		return err
	})
	return token, err
}

// findOne returns the one row of a query, or absent where there is none.
func findOne[T any](ctx context.Context, c *Catalog, scan func(pgx.CollectableRow) (*T, error), absent error, query string, args ...any) (*T, error) {
	rows, err := c.pool.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		err = absent
	}
	if err != nil {
		return nil, err
	}
	return found, nil
}

// findAll returns the rows of a query; never nil and nil.
func findAll[T any](ctx context.Context, c *Catalog, op string, scan func(pgx.CollectableRow) (T, error), query string, args ...any) (all []T, err error) {
	err = c.read(ctx, op, func(ctx context.Context) error {
		rows, err := c.pool.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, scan)
		return err
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// FindTokens lists all tokens by name.
func (c *Catalog) FindTokens(ctx context.Context) ([]*jarvis.Token, error) {
	return findAll(ctx, c, "list tokens", scanToken, "SELECT "+tokenColumns+" FROM tokens ORDER BY name LIMIT $1", jarvis.MaxPage)
}

// RevokeToken records when a token ceased to be valid.
func (c *Catalog) RevokeToken(ctx context.Context, name string, at time.Time) error {
	name = cleanName(name)
	return c.write(ctx, "revoke token", func(ctx context.Context) error {
		var known bool
		err := c.pool.QueryRow(ctx, `
			WITH revoked AS (
				UPDATE tokens SET revoked_at = $2::timestamptz WHERE name = $1::text AND revoked_at IS NULL
			)
			SELECT EXISTS (SELECT FROM tokens WHERE name = $1::text)`, name, floor(at)).Scan(&known)
		if err == nil && !known {
			err = jarvis.NoToken(name)
		}
		return err
	})
}

// TouchToken records a use.
func (c *Catalog) TouchToken(ctx context.Context, name string, at time.Time, address string) error {
	return c.execute(ctx, "touch token", `
		UPDATE tokens SET last_used = $2::timestamptz, address = $3::text
		WHERE name = $1::text AND (last_used IS NULL OR last_used < $2::timestamptz)`, cleanName(name), minuteOf(at), cleanAddress(address))
}

// execute runs one statement that writes.
func (c *Catalog) execute(ctx context.Context, op, statement string, args ...any) error {
	return c.write(ctx, op, func(ctx context.Context) error {
		_, err := c.pool.Exec(ctx, statement, args...)
		return err
	})
}
