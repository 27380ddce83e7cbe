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

-- ANALYZE keeps samples of what it reads in pg_statistic, where a deletion does
-- not reach. TYPE, which changes nothing else, drops those that are there.
ALTER TABLE captures
	ALTER COLUMN ocr_text TYPE text, ALTER COLUMN ocr_text SET STATISTICS 0,
	ALTER COLUMN app_name TYPE text COLLATE "C", ALTER COLUMN app_name SET STATISTICS 0,
	ALTER COLUMN window_title TYPE text, ALTER COLUMN window_title SET STATISTICS 0,
	ALTER COLUMN url TYPE text, ALTER COLUMN url SET STATISTICS 0;
ALTER INDEX ix_captures_app_name ALTER COLUMN 1 SET STATISTICS 0;
ALTER INDEX ix_captures_device_app_name ALTER COLUMN 2 SET STATISTICS 0;

-- +goose Down
-- The store stays as it is, sealed or not.
ALTER INDEX ix_captures_app_name ALTER COLUMN 1 SET STATISTICS -1;
ALTER INDEX ix_captures_device_app_name ALTER COLUMN 2 SET STATISTICS -1;
ALTER TABLE captures
	ALTER COLUMN ocr_text SET STATISTICS -1,
	ALTER COLUMN app_name SET STATISTICS -1,
	ALTER COLUMN window_title SET STATISTICS -1,
	ALTER COLUMN url SET STATISTICS -1;
