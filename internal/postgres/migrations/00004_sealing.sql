-- How the store is sealed. A sealed one keeps no secret here: it is derived
-- from the store's data key, and whoever reads the catalogue must not have it.

-- +goose Up
ALTER TABLE store
	ALTER COLUMN secret DROP NOT NULL,
	ADD COLUMN IF NOT EXISTS sealed      boolean NOT NULL DEFAULT false,
	ADD COLUMN IF NOT EXISTS public_key  text NOT NULL DEFAULT '',
	ADD COLUMN IF NOT EXISTS wrapped_key bytea,
	ADD COLUMN IF NOT EXISTS no_text     boolean NOT NULL DEFAULT false,
	DROP CONSTRAINT IF EXISTS store_secret,
	ADD CONSTRAINT store_secret CHECK (sealed OR secret IS NOT NULL);

-- +goose Down
-- The store stays as it is, sealed or not.
SELECT 1;
