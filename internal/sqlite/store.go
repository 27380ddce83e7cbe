package sqlite

import (
	"context"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/jarvis-memory/jarvis"
)

// checkNewStore refuses a store that the catalogue cannot keep.
func (db *database) checkNewStore() error {
	switch {
	case db.newStore.Sealed && db.newStore.PublicKey == "":
		return jarvis.Errorf(jarvis.CodeInvalid, "a sealed store needs the public key of its identity, and got none")
	case db.newStore.Sealed && !db.encrypted:
		return jarvis.Errorf(jarvis.CodeInvalid, "a sealed store needs a key for its catalogue, and got none")
	}
	return nil
}

// identify gives a new store its identity.
func (db *database) identify(c *conn) error {
	known, err := db.known(c)
	if err != nil || known {
		return err
	}
	adopted, err := c.number("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'alembic_version')")
	if err != nil {
		return err
	}
	store := db.newStore
	switch {
	case adopted != 0:
		store = jarvis.NewStore{}
	case db.mustExist:
		return db.missing()
	default:
		if err := db.checkNewStore(); err != nil {
			return err
		}
	}
	if store.ID.IsZero() {
		store.ID = jarvis.NewRandomID()
	}
	var secret []byte
	if !store.Sealed {
		if store.Secret.IsZero() {
			store.Secret = jarvis.NewSecret()
		}
		secret = store.Secret.Bytes()
	}
	db.noText = store.NoText
	return c.exec(`INSERT INTO store (one, id, secret, created_at, adopted, sealed, public_key, wrapped_key, no_text)
		VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)`,
		store.ID.String(), orNull(secret), time.Now().UnixMicro(), adopted,
		store.Sealed, store.PublicKey, orNull(store.WrappedKey), store.NoText)
}

// known reports whether the store has an identity, and notes what it says of text.
func (db *database) known(c *conn) (bool, error) {
	return c.find(func(s *sqlite3.Stmt) { db.noText = s.ColumnBool(0) }, "SELECT no_text FROM store")
}

// orNull returns NULL for nil: an empty blob is not NULL.
func orNull(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}

// Store implements jarvis.Catalog.
func (c *Catalog) Store(ctx context.Context) (jarvis.StoreInfo, error) {
	return read(ctx, c, "read the store's identity", func(on *conn) (info jarvis.StoreInfo, err error) {
		var id string
		var secret []byte
		found, err := on.find(func(s *sqlite3.Stmt) {
			id, secret = s.ColumnText(0), s.ColumnBlob(1, nil)
			info.CreatedAt = micros(s, 2)
			info.Adopted, info.Bound = s.ColumnBool(3), s.ColumnBool(4)
			info.Sealed, info.PublicKey = s.ColumnBool(5), s.ColumnText(6)
			info.WrappedKey, info.NoText = s.ColumnBlob(7, nil), s.ColumnBool(8)
		}, "SELECT id, secret, created_at, adopted, bound, sealed, public_key, wrapped_key, no_text FROM store")
		if err != nil {
			return info, err
		}
		if !found {
			return info, jarvis.Errorf(jarvis.CodeCorrupt, "the catalogue has lost the store's identity: restore it from a copy")
		}
		if info.ID, err = jarvis.ParseID(id); err != nil {
			return info, corruptRow(err)
		}
		if !info.Sealed {
			info.Secret, err = jarvis.ParseSecret(secret)
		}
		return info, err
	})
}

// BindStore implements jarvis.Catalog.
func (c *Catalog) BindStore(ctx context.Context) error {
	return c.write(ctx, "bind the store", func(on *conn) error {
		return on.exec("UPDATE store SET bound = 1 WHERE bound = 0")
	})
}
