-- +goose Up
ALTER TABLE captures
	ADD COLUMN device         text COLLATE "C" NOT NULL DEFAULT '',
	ADD COLUMN app_name       text COLLATE "C" NOT NULL DEFAULT '',
	ADD COLUMN window_title   text NOT NULL DEFAULT '',
	ADD COLUMN url            text NOT NULL DEFAULT '',
	ADD COLUMN stored_size    bigint NOT NULL DEFAULT 0, -- 0: not known
	ADD COLUMN stored_sha256  bytea,
	ADD COLUMN content_digest bytea,
	ADD COLUMN recovered      boolean NOT NULL DEFAULT false;
-- The monitor after the order is for a second filter to look at without going to
-- the table. An app's name may be longer than an index entry can be.
CREATE INDEX ix_captures_device ON captures (device, timestamp, id COLLATE "C", coalesce(monitor_index, 0));
CREATE INDEX ix_captures_app_name ON captures (left(app_name, 200), timestamp, id COLLATE "C", coalesce(monitor_index, 0));
CREATE INDEX ix_captures_device_app_name ON captures (device, left(app_name, 200), timestamp, id COLLATE "C", coalesce(monitor_index, 0));

-- One row. It outlives a migration down, and so do the tombstones: the tree's
-- marker names this store, what was deleted stays deleted, and a deletion that
-- was begun is finished.
CREATE TABLE IF NOT EXISTS store (
	singleton  boolean PRIMARY KEY DEFAULT true CHECK (singleton),
	id         varchar(36) NOT NULL,
	secret     bytea NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	adopted    boolean NOT NULL,
	bound      boolean NOT NULL DEFAULT false
);

CREATE TABLE IF NOT EXISTS tombstones (
	id         varchar(36) COLLATE "C" PRIMARY KEY,
	filepath   varchar(500), -- of the image while it may still be there
	deleted_at timestamptz NOT NULL DEFAULT now(),
	purged     boolean NOT NULL DEFAULT false
);
CREATE INDEX IF NOT EXISTS ix_tombstones_pending ON tombstones (id) WHERE filepath IS NOT NULL;
CREATE INDEX IF NOT EXISTS ix_tombstones_unpurged ON tombstones (deleted_at) WHERE NOT purged;

-- Captures and bytes per quarter of an hour since 1970 in UTC and device: what
-- was folded together, and what was counted since. A write only ever appends to
-- the second, so that no two of them wait for one row. devices are the sums of
-- counters.
CREATE TABLE counters (
	bucket   integer NOT NULL,
	device   text COLLATE "C" NOT NULL,
	captures bigint NOT NULL,
	bytes    bigint NOT NULL,
	PRIMARY KEY (bucket, device)
) WITH (fillfactor = 80);
CREATE TABLE devices (
	device   text COLLATE "C" PRIMARY KEY,
	captures bigint NOT NULL,
	bytes    bigint NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE counter_deltas (
	bucket   integer NOT NULL,
	device   text COLLATE "C" NOT NULL,
	captures bigint NOT NULL,
	bytes    bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);

INSERT INTO counters (bucket, device, captures, bytes)
SELECT floor(extract(epoch FROM timestamp) / 900)::integer, '', count(*), sum(file_size)
FROM captures
GROUP BY 1;
INSERT INTO devices (device, captures, bytes)
SELECT device, sum(captures), sum(bytes)
FROM counters
GROUP BY device;

-- +goose Down
DROP TABLE counter_deltas;
DROP TABLE devices;
DROP TABLE counters;
DROP INDEX ix_captures_device_app_name;
DROP INDEX ix_captures_app_name;
DROP INDEX ix_captures_device;
ALTER TABLE captures
	DROP COLUMN device,
	DROP COLUMN app_name,
	DROP COLUMN window_title,
	DROP COLUMN url,
	DROP COLUMN stored_size,
	DROP COLUMN stored_sha256,
	DROP COLUMN content_digest,
	DROP COLUMN recovered;
