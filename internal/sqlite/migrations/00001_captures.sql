-- The nine columns that every Jarvis has had. Times are text in UTC,
-- 2026-01-24 20:39:09.123456, as SQLAlchemy writes them.

-- +goose Up
CREATE TABLE captures (
    id            varchar(36)  NOT NULL PRIMARY KEY,
    filepath      varchar(500) NOT NULL,
    timestamp     datetime     NOT NULL,
    monitor_index integer      DEFAULT 0,
    width         integer      NOT NULL,
    height        integer      NOT NULL,
    file_size     integer      NOT NULL,
    ocr_text      text,
    created_at    datetime     DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX ix_captures_timestamp ON captures (timestamp);

-- +goose Down
DROP TABLE captures;
