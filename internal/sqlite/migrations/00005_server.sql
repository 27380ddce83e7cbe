-- What a server keeps: what the person marked, who may come in, who looked at
-- what, and what agents did when.

-- +goose Up
-- A pin has the time of its capture, so that pinned captures are found in their
-- order. It goes with the capture.
CREATE TABLE pins (
    captured_at integer     NOT NULL,
    capture_id  varchar(36) NOT NULL,
    PRIMARY KEY (captured_at, capture_id)
) WITHOUT ROWID;

-- Hashes are SHA-256 of what only the holder has. last_used is NULL for never,
-- revoked_at for a token that is valid.
CREATE TABLE tokens (
    name       varchar(255) NOT NULL PRIMARY KEY,
    scope      varchar(16)  NOT NULL,
    hash       blob         NOT NULL UNIQUE,
    created_at integer      NOT NULL,
    last_used  integer,
    address    varchar(255) NOT NULL,
    revoked_at integer
) WITHOUT ROWID;

CREATE TABLE sessions (
    id         varchar(36)  NOT NULL PRIMARY KEY,
    hash       blob         NOT NULL UNIQUE,
    created_at integer      NOT NULL,
    expires_at integer      NOT NULL,
    last_used  integer      NOT NULL,
    address    varchar(255) NOT NULL,
    browser    varchar(255) NOT NULL,
    own        integer      NOT NULL
) WITHOUT ROWID;

CREATE TABLE sign_ins (
    hash       blob    NOT NULL PRIMARY KEY,
    expires_at integer NOT NULL
) WITHOUT ROWID;

-- minute counts minutes since 1970, UTC. The indexes have it negated, so that
-- the order of pages, the newest minute first and then by name, goes one way.
CREATE TABLE accesses (
    minute   integer      NOT NULL,
    who      varchar(319) NOT NULL,
    address  varchar(255) NOT NULL,
    action   varchar(16)  NOT NULL,
    times    integer      NOT NULL,
    captures integer      NOT NULL
);
CREATE UNIQUE INDEX ix_accesses_minute ON accesses (-minute, who, address, action);
CREATE INDEX ix_accesses_who ON accesses (who, -minute, address, action);
CREATE INDEX ix_accesses_action ON accesses (action, -minute, who, address);
CREATE INDEX ix_accesses_who_action ON accesses (who, action, -minute, address);

-- size is the class of a span's length: what reaches into a time from before it
-- is looked for in each class apart, and not further back than the class allows.
CREATE TABLE spans (
    device varchar(255) NOT NULL,
    number integer      NOT NULL,
    begins integer      NOT NULL,
    ends   integer      NOT NULL,
    state  varchar(16)  NOT NULL,
    size   integer      NOT NULL,
    PRIMARY KEY (device, number)
) WITHOUT ROWID;
CREATE INDEX ix_spans_begins ON spans (device, begins, number);
CREATE INDEX ix_spans_ends ON spans (device, ends);
CREATE INDEX ix_spans_size ON spans (device, size, begins);

-- +goose Down
DROP TABLE spans;
DROP TABLE accesses;
DROP TABLE sign_ins;
DROP TABLE sessions;
DROP TABLE tokens;
DROP TABLE pins;
