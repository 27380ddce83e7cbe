package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/jarvis-memory/jarvis"
)

// identify gives a store its identity, once.
func (c *Catalog) identify(ctx context.Context) error {
	var known bool
	if err := c.pool.QueryRow(ctx, "SELECT EXISTS (SELECT FROM store)").Scan(&known); err != nil || known {
		return err
	}
	_, err := c.pool.Exec(ctx, `
		INSERT INTO store (id, secret, adopted) VALUES ($1, $2, to_regclass('alembic_version') IS NOT NULL)
		ON CONFLICT DO NOTHING`, jarvis.NewRandomID().String(), jarvis.NewSecret().Bytes())
	return err
}

// Store returns the store's identity.
func (c *Catalog) Store(ctx context.Context) (info jarvis.StoreInfo, err error) {
	err = c.read(ctx, "read the store's identity", func(ctx context.Context) error {
		var id string
		var secret []byte
		err := c.pool.QueryRow(ctx, "SELECT id, secret, created_at, adopted, bound FROM store").
			Scan(&id, &secret, &info.CreatedAt, &info.Adopted, &info.Bound)
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
		info.Secret, err = jarvis.ParseSecret(secret)
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

// purgeBatch bounds the deletions that are made final at a time.
const purgeBatch = 50_000

// Purge removes what deletions left in the tables' files. PostgreSQL would do
// so later, at a time of its own choosing.
func (c *Catalog) Purge(ctx context.Context) error {
	for {
		ids, err := c.unpurged(ctx)
		if err != nil || len(ids) == 0 {
			return err
		}
		if err := c.vacuum(ctx); err != nil {
			return c.server.translate(ctx, "purge", err)
		}
		// Not those that were finished meanwhile: VACUUM may have passed them by.
		err = c.write(ctx, "purge", func(ctx context.Context) error {
			_, err := c.pool.Exec(ctx, "UPDATE tombstones SET purged = true WHERE id = ANY ($1) AND filepath IS NULL", ids)
			return err
		})
		if err != nil || len(ids) < purgeBatch {
			return err
		}
	}
}

func (c *Catalog) unpurged(ctx context.Context) (ids []string, err error) {
	err = c.read(ctx, "find what to purge", func(ctx context.Context) error {
		rows, err := c.pool.Query(ctx, "SELECT id FROM tombstones WHERE NOT purged AND filepath IS NULL LIMIT $1", purgeBatch)
		if err != nil {
			return err
		}
		ids, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return ids, err
}

// vacuum takes as long as it takes: no time-out ends it, only ctx.
func (c *Catalog) vacuum(ctx context.Context) (err error) {
	conn, err := c.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	defer func() {
		// The pool makes another one, with the time-out.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectTimeout)
		defer cancel()
		err = errors.Join(err, conn.Conn().Close(ctx))
	}()
	if _, err := conn.Exec(ctx, "SET statement_timeout = 0"); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "VACUUM captures, tombstones, counters, counter_deltas, devices")
	return err
}
