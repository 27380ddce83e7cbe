-- The queue of captures to be read, what was read in them, and full-text search.

-- +goose Up
-- A capture that waits, is being read, or was set aside. It is being read while
-- there is a token and due_at lies ahead. redo_at is when somebody wished to have
-- it read anew. What changes at a claim is in no index.
CREATE TABLE queue (
	capture_id  varchar(36) COLLATE "C" PRIMARY KEY,
	captured_at timestamptz NOT NULL,
	due_at      timestamptz NOT NULL DEFAULT '-infinity',
	token       varchar(36) COLLATE "C",
	claims      integer NOT NULL DEFAULT 0,
	failures    integer NOT NULL DEFAULT 0,
	aside       boolean NOT NULL DEFAULT false,
	redo_at     timestamptz,
	reason      text NOT NULL DEFAULT ''
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
CREATE INDEX ix_queue_order ON queue (captured_at, capture_id) WHERE NOT aside;
CREATE INDEX ix_queue_aside ON queue (captured_at, capture_id) WHERE aside;
ALTER TABLE queue ALTER COLUMN reason SET STATISTICS 0;

-- What was read, but for the text, which captures have. digest is theirs.
CREATE TABLE readings (
	capture_id varchar(36) COLLATE "C" PRIMARY KEY,
	digest     bytea,
	language   text NOT NULL,
	engine     text NOT NULL,
	masked     integer NOT NULL,
	read_at    timestamptz NOT NULL,
	words      bytea
);
CREATE INDEX ix_readings_digest ON readings (digest, read_at);
ALTER TABLE readings
	ALTER COLUMN words SET STORAGE EXTERNAL,
	ALTER COLUMN words SET STATISTICS 0,
	ALTER COLUMN language SET STATISTICS 0;

CREATE TABLE documents (
	capture_id  varchar(36) COLLATE "C" NOT NULL,
	captured_at timestamptz NOT NULL,
	words       text COLLATE "C" NOT NULL,
	PRIMARY KEY (captured_at, capture_id)
);
ALTER TABLE documents ALTER COLUMN words SET STATISTICS 0;

-- jarvis_gram stands for two tokens that follow each other: one of 32768
-- characters that are in no text. It is in the index so that a phrase of two
-- words that are common is not looked for in every document that has both. A
-- hash index relies on hashtext as well: it does not change.
CREATE FUNCTION jarvis_gram(tokens text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	AS $$ SELECT chr(1048576 + (hashtext(tokens) & 32767)) $$;

-- jarvis_lexemes is what the index has of a document: its tokens, its grams, and
-- the hours, and the 8, 64, 512 and 4096 hours, that it is of. Of these, those
-- that cover some time are looked for with the words, so that the newest matches
-- are found without all the others. A tsvector holds a megabyte.
CREATE FUNCTION jarvis_lexemes(words text, at timestamptz) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	AS $$
		SELECT array_to_tsvector(array_remove(w, '')
			|| ARRAY (SELECT chr(1048576 + (hashtext(a || ' ' || b) & 32767)) FROM unnest(w[1:cardinality(w) - 1], w[2:]) AS t (a, b))
			|| ARRAY (SELECT chr(1114000 + level) || floor(extract(epoch FROM at) / (3600 * 8 ^ level)) FROM generate_series(0, 4) AS level))
		FROM string_to_array(left(words, 200000), ' ') AS w
	$$;
-- A document has some 500 entries in the index. Those of some hundred documents
-- are added together, which writes a fraction of the pages; until then a search
-- reads the list of them, which is short enough to take no time.
CREATE INDEX ix_documents_words ON documents USING gin (jarvis_lexemes(words, captured_at)) WITH (gin_pending_list_limit = 2048);
ALTER INDEX ix_documents_words ALTER COLUMN 1 SET STATISTICS 0;

-- How far the documents were made anew; no row when they are not being made.
CREATE TABLE reindexing (
	singleton   boolean PRIMARY KEY DEFAULT true CHECK (singleton),
	captured_at timestamptz NOT NULL,
	capture_id  varchar(36) COLLATE "C" NOT NULL
);

INSERT INTO queue (capture_id, captured_at) SELECT id, timestamp FROM captures;

-- A text that is set later finds room on the page of its row: long ones lie
-- elsewhere, and the row's old version is soon gone.
ALTER TABLE captures SET (fillfactor = 90, toast_tuple_target = 1024);

-- +goose Down
ALTER TABLE captures RESET (fillfactor, toast_tuple_target);
DROP TABLE reindexing;
DROP TABLE documents;
DROP FUNCTION jarvis_lexemes(text, timestamptz);
DROP FUNCTION jarvis_gram(text);
DROP TABLE readings;
DROP TABLE queue;
