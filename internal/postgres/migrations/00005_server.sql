-- What a server keeps: what the person marked, who may come in, who looked at
-- what, and what agents did when.

-- +goose Up
-- A pin has the time of its capture, so that pinned captures are found in their
-- order. It goes with the capture.
CREATE TABLE pins (
	captured_at timestamptz NOT NULL,
	capture_id  varchar(36) COLLATE "C" NOT NULL,
	PRIMARY KEY (captured_at, capture_id)
);

-- Hashes are SHA-256 of what only the holder has. last_used is NULL for never,
-- revoked_at for a token that is valid.
CREATE TABLE tokens (
	name       text COLLATE "C" PRIMARY KEY,
	scope      text NOT NULL,
	hash       bytea NOT NULL UNIQUE,
	created_at timestamptz NOT NULL,
	last_used  timestamptz,
	address    text NOT NULL,
	revoked_at timestamptz
);

CREATE TABLE sessions (
	id         varchar(36) COLLATE "C" PRIMARY KEY,
	hash       bytea NOT NULL UNIQUE,
	created_at timestamptz NOT NULL,
	expires_at timestamptz NOT NULL,
	last_used  timestamptz NOT NULL,
	address    text NOT NULL,
	browser    text NOT NULL,
	own        boolean NOT NULL
);

CREATE TABLE sign_ins (
	hash       bytea PRIMARY KEY,
	expires_at timestamptz NOT NULL
);

-- minute counts minutes since 1970, UTC. The indexes have it negated, so that
-- the order of pages, the newest minute first and then by name, goes one way.
CREATE TABLE accesses (
	minute   bigint NOT NULL,
	who      text COLLATE "C" NOT NULL,
	address  text COLLATE "C" NOT NULL,
	action   text COLLATE "C" NOT NULL,
	times    bigint NOT NULL,
	captures bigint NOT NULL
) WITH (fillfactor = 90);
CREATE UNIQUE INDEX ix_accesses_minute ON accesses ((-minute), who, address, action);
CREATE INDEX ix_accesses_who ON accesses (who, (-minute), address, action);
CREATE INDEX ix_accesses_action ON accesses (action, (-minute), who, address);
CREATE INDEX ix_accesses_who_action ON accesses (who, action, (-minute), address);

-- size is the class of a span's length: what reaches into a time from before it
-- is looked for in each class apart, and not further back than the class allows.
CREATE TABLE spans (
	device text COLLATE "C" NOT NULL,
	number bigint NOT NULL,
	begins timestamptz NOT NULL,
	ends   timestamptz NOT NULL,
	state  text NOT NULL,
	size   integer NOT NULL,
	PRIMARY KEY (device, number)
) WITH (fillfactor = 90);
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
