package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/jarvis-memory/jarvis"
)

// identify gives a new store its identity. Of several processes that make one
// at once the first decides.
func (c *Catalog) identify(ctx context.Context, o Options) error {
	const known = "SELECT no_text FROM store"
	err := c.pool.QueryRow(ctx, known).Scan(&c.noText)
	if !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	schema, err := inspect(ctx, c.pool)
	if err != nil {
		return err
	}
	n := o.NewStore
	switch {
	case schema.alembic:
		n = jarvis.NewStore{}
	case o.MustExist:
		return c.server.missing()
	}
	if n.Sealed && n.PublicKey == "" {
		return jarvis.Errorf(jarvis.CodeInvalid, "a sealed store needs the public key of its identity, and got none")
	}
	if n.ID.IsZero() {
		n.ID = jarvis.NewRandomID()
	}
	var secret []byte
	if !n.Sealed {
		if n.Secret.IsZero() {
			n.Secret = jarvis.NewSecret()
		}
		secret = n.Secret.Bytes()
	}
	_, err = c.pool.Exec(ctx, `
		INSERT INTO store (id, secret, adopted, sealed, public_key, wrapped_key, no_text) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT DO NOTHING`, n.ID.String(), secret, schema.alembic, n.Sealed, n.PublicKey, n.WrappedKey, n.NoText)
	if err != nil {
		return err
	}
	return c.pool.QueryRow(ctx, known).Scan(&c.noText)
}

// Store returns the store's identity.
func (c *Catalog) Store(ctx context.Context) (info jarvis.StoreInfo, err error) {
	err = c.read(ctx, "read the store's identity", func(ctx context.Context) error {
		var id string
		var secret []byte
		err := c.pool.QueryRow(ctx, `
			SELECT id, secret, created_at, adopted, bound, sealed, public_key, wrapped_key, no_text FROM store`).
			Scan(&id, &secret, &info.CreatedAt, &info.Adopted, &info.Bound, &info.Sealed, &info.PublicKey, &info.WrappedKey, &info.NoText)
		if errors.Is(err, pgx.ErrNoRows) {
			return jarvis.Errorf(jarvis.CodeCorrupt, "the catalogue has lost the identity of its store: restore it from a copy")
		}
		if err != nil {
			return err
		}
		info.CreatedAt = info.CreatedAt.UTC()
		if info.ID, err = jarvis.ParseID(id); err != nil {
			return jarvis.Errorf(jarvis.CodeCorrupt, "the identity of the store is damaged: restore the catalogue from a copy")
		}
		if !info.Sealed {
			info.Secret, err = jarvis.ParseSecret(secret)
		}
		return err
	})
	if err != nil {
		return jarvis.StoreInfo{}, err
	}
	return info, nil
}

// BindStore records that the tree carries the store's marker.
func (c *Catalog) BindStore(ctx context.Context) error {
	return c.write(ctx, "bind the store", func(ctx context.Context) error {
		_, err := c.pool.Exec(ctx, "UPDATE store SET bound = true WHERE NOT bound")
		return err
	})
}

// Check returns nil while the database answers and accepts writes.
func (c *Catalog) Check(ctx context.Context) error {
	return c.read(ctx, "check", func(ctx context.Context) error {
		var readOnly bool
		err := c.pool.QueryRow(ctx, "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean FROM store").Scan(&readOnly)
		if err == nil && readOnly {
			_, message := c.server.describeState(stateReadOnly)
			return jarvis.Errorf(jarvis.CodeUnavailable, "%s", message)
		}
		return err
	})
}
