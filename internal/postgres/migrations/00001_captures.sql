-- The table that an older Jarvis made, column by column; its databases are
-- adopted as being at this version. There is no way down: this table is the
-- captures.

-- +goose Up
CREATE TABLE captures (
	id            varchar(36)  NOT NULL PRIMARY KEY,
	filepath      varchar(500) NOT NULL,
	timestamp     timestamptz  NOT NULL,
	monitor_index integer      DEFAULT 0,
	width         integer      NOT NULL,
	height        integer      NOT NULL,
	file_size     integer      NOT NULL,
	ocr_text      text,
	created_at    timestamptz  DEFAULT now()
);
CREATE INDEX ix_captures_timestamp ON captures (timestamp);
