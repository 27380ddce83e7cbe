-- How the store is sealed. A sealed one keeps no secret here: it is derived
-- from the store's data key, and whoever reads the catalogue must not have it.

-- +goose Up
CREATE TABLE store_new (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    id          varchar(36) NOT NULL,
    secret      blob CHECK (sealed OR secret IS NOT NULL),
    created_at  integer     NOT NULL,
    adopted     integer     NOT NULL,
    bound       integer     NOT NULL DEFAULT 0,
    sealed      integer     NOT NULL DEFAULT 0,
    public_key  text        NOT NULL DEFAULT '',
    wrapped_key blob,
    no_text     integer     NOT NULL DEFAULT 0
);
-- What this is sealed with outlives a migration down: a name that store does not
-- have yet is fresh's.
INSERT INTO store_new (one, id, secret, created_at, adopted, bound, sealed, public_key, wrapped_key, no_text)
SELECT one, id, secret, created_at, adopted, bound, (SELECT sealed FROM store), (SELECT public_key FROM store),
       (SELECT wrapped_key FROM store), (SELECT no_text FROM store)
FROM store AS known, (SELECT 0 AS sealed, '' AS public_key, NULL AS wrapped_key, 0 AS no_text) AS fresh;
DROP TABLE store;
ALTER TABLE store_new RENAME TO store;

-- +goose Down
-- The store stays as it is, sealed or not.
SELECT 1;
