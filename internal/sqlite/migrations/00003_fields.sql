-- What a capture knows about itself beyond the nine columns, the identity of
-- the store, what was deleted, and the counters.

-- +goose Up
CREATE TABLE captures_new (
    seq            INTEGER PRIMARY KEY,
    id             varchar(36)   NOT NULL UNIQUE,
    filepath       varchar(500)  NOT NULL,
    timestamp      integer       NOT NULL,
    monitor_index  integer       DEFAULT 0,
    width          integer       NOT NULL,
    height         integer       NOT NULL,
    file_size      integer       NOT NULL,
    created_at     integer       NOT NULL,
    device         varchar(255)  NOT NULL DEFAULT '',
    app_name       varchar(4096) NOT NULL DEFAULT '',
    window_title   varchar(4096) NOT NULL DEFAULT '',
    url            varchar(8192) NOT NULL DEFAULT '',
    stored_size    integer       NOT NULL DEFAULT 0,
    stored_sha256  blob,
    content_digest blob,
    recovered      integer       NOT NULL DEFAULT 0,
    /*other definitions*/
    ocr_text       text
);

INSERT INTO captures_new (seq, id, filepath, timestamp, monitor_index, width, height, file_size, created_at, /*other names*/ ocr_text)
SELECT seq, id, filepath, timestamp, monitor_index, width, height, file_size, created_at, /*other names*/ ocr_text
FROM captures
ORDER BY seq;

DROP TABLE captures;
ALTER TABLE captures_new RENAME TO captures;
CREATE INDEX ix_captures_timestamp ON captures (timestamp, id);
CREATE INDEX ix_captures_device ON captures (device, timestamp, id);
CREATE INDEX ix_captures_app_name ON captures (app_name, timestamp, id);
CREATE INDEX ix_captures_device_app_name ON captures (device, app_name, timestamp, id);
CREATE INDEX ix_captures_monitor_index ON captures (coalesce(monitor_index, 0), timestamp, id);
/*other indexes*/

-- One row. It outlives a migration down, and so do the tombstones: the tree's
-- marker names this store, what was deleted stays deleted, and a deletion that
-- was begun is finished.
CREATE TABLE IF NOT EXISTS store (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    id         varchar(36) NOT NULL,
    secret     blob        NOT NULL,
    created_at integer     NOT NULL,
    adopted    integer     NOT NULL,
    bound      integer     NOT NULL DEFAULT 0
);

-- A deletion is pending until finished_at is set; filepath is kept until then.
-- purged_at is set when no copy of the database holds the capture any more.
CREATE TABLE IF NOT EXISTS tombstones (
    id          varchar(36) NOT NULL PRIMARY KEY,
    filepath    varchar(500),
    deleted_at  integer     NOT NULL,
    finished_at integer,
    purged_at   integer
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS ix_tombstones_pending ON tombstones (id) WHERE finished_at IS NULL;
CREATE INDEX IF NOT EXISTS ix_tombstones_unpurged ON tombstones (id) WHERE finished_at IS NOT NULL AND purged_at IS NULL;

-- bucket counts quarter hours since 1970, UTC: every time zone in use today is
-- a whole number of them away from UTC.
CREATE TABLE counters (
    bucket   integer      NOT NULL,
    device   varchar(255) NOT NULL,
    captures integer      NOT NULL,
    bytes    integer      NOT NULL,
    PRIMARY KEY (bucket, device)
) WITHOUT ROWID;

INSERT INTO counters (bucket, device, captures, bytes)
SELECT jarvis_bucket(timestamp) AS bucket, device, count(*), sum(file_size)
FROM captures
GROUP BY bucket, device;

-- The sums of the counters.
CREATE TABLE devices (
    device   varchar(255) NOT NULL PRIMARY KEY,
    captures integer      NOT NULL,
    bytes    integer      NOT NULL
) WITHOUT ROWID;

INSERT INTO devices (device, captures, bytes)
SELECT device, sum(captures), sum(bytes)
FROM counters
GROUP BY device;

-- +goose Down
CREATE TABLE captures_new (
    seq           INTEGER PRIMARY KEY,
    id            varchar(36)  NOT NULL UNIQUE,
    filepath      varchar(500) NOT NULL,
    timestamp     integer      NOT NULL,
    monitor_index integer      DEFAULT 0,
    width         integer      NOT NULL,
    height        integer      NOT NULL,
    file_size     integer      NOT NULL,
    created_at    integer      NOT NULL,
    /*other definitions*/
    ocr_text      text
);

INSERT INTO captures_new (seq, id, filepath, timestamp, monitor_index, width, height, file_size, created_at, /*other names*/ ocr_text)
SELECT seq, id, filepath, timestamp, monitor_index, width, height, file_size, created_at, /*other names*/ ocr_text
FROM captures
ORDER BY seq;

DROP TABLE captures;
ALTER TABLE captures_new RENAME TO captures;
CREATE INDEX ix_captures_timestamp ON captures (timestamp, id);
/*other indexes*/
DROP TABLE counters;
DROP TABLE devices;
