-- The order of captures, (timestamp, id) with ids compared as bytes, whatever
-- the collation of the database. The column keeps its collation: what other
-- programs built on it in an adopted database stays valid. Ids are in small
-- letters, as everything that asks for one writes it.

-- +goose Up
CREATE INDEX ix_captures_timestamp_id ON captures (timestamp, id COLLATE "C");
CREATE INDEX ix_captures_monitor ON captures (coalesce(monitor_index, 0), timestamp, id COLLATE "C");
DROP INDEX IF EXISTS ix_captures_timestamp;
-- Last, since a table that refers to captures may have it checked at the end.
UPDATE captures SET id = lower(id) WHERE id <> lower(id);

-- +goose Down
CREATE INDEX ix_captures_timestamp ON captures (timestamp);
DROP INDEX ix_captures_monitor;
DROP INDEX ix_captures_timestamp_id;
