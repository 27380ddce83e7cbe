-- What SQLite needs: times as integers (microseconds since 1970, UTC), which
-- compare and range fast, and seq, a rowid that follows time and that VACUUM
-- keeps. ocr_text stays the last column, so that reading the others never walks
-- its overflow pages.
--
-- /*other ...*/ stands for what this program does not know: columns, indexes
-- and triggers that an older Jarvis left on captures; see others in migrate.go.

-- +goose Up
CREATE TABLE captures_order (
    seq INTEGER PRIMARY KEY,
    id  varchar(36) NOT NULL
);

-- seq is the capture's slot in time, or one more than the seq before where that
-- is greater: in closed form, row number + the running maximum of (slot - row number).
INSERT INTO captures_order (seq, id)
SELECT number + max(slot - number) OVER (ORDER BY number), id
FROM (
    SELECT id, jarvis_slot(micros) AS slot, row_number() OVER (ORDER BY micros, id) AS number
    FROM (SELECT id, jarvis_micros(timestamp) AS micros FROM captures)
);

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
SELECT seq, lower(captures.id), filepath, jarvis_micros(timestamp), monitor_index, width, height, file_size,
       jarvis_micros(coalesce(created_at, timestamp)), /*other names*/ ocr_text
FROM captures_order CROSS JOIN captures USING (id)
ORDER BY seq;

DROP TABLE captures_order;
DROP TABLE captures;
ALTER TABLE captures_new RENAME TO captures;
CREATE INDEX ix_captures_timestamp ON captures (timestamp, id);
/*other indexes*/

-- +goose Down
CREATE TABLE captures_new (
    id            varchar(36)  NOT NULL PRIMARY KEY,
    filepath      varchar(500) NOT NULL,
    timestamp     datetime     NOT NULL,
    monitor_index integer      DEFAULT 0,
    width         integer      NOT NULL,
    height        integer      NOT NULL,
    file_size     integer      NOT NULL,
    ocr_text      text,
    /*other definitions*/
    created_at    datetime     DEFAULT CURRENT_TIMESTAMP
);

INSERT INTO captures_new (id, filepath, timestamp, monitor_index, width, height, file_size, ocr_text, /*other names*/ created_at)
SELECT id, filepath, jarvis_text(timestamp), monitor_index, width, height, file_size, ocr_text, /*other names*/ jarvis_text(created_at)
FROM captures
ORDER BY seq;

DROP TABLE captures;
ALTER TABLE captures_new RENAME TO captures;
CREATE INDEX ix_captures_timestamp ON captures (timestamp);
/*other indexes*/
