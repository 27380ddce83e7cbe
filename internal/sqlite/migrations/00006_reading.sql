-- What waits to be read, what was read, and what is found by its words.

-- +goose Up
-- The captures that wait, are leased, or were set aside (aside = 1). A lease has
-- a token and a due_at that lies ahead; whoever was given the token last may use
-- it, late or not. redo_at is when it was asked for to read it anew.
CREATE TABLE queue (
    aside    integer NOT NULL,
    seq      integer NOT NULL,
    due_at   integer NOT NULL,
    token    varchar(36),
    claims   integer NOT NULL,
    failures integer NOT NULL,
    redo_at  integer,
    reason   text,
    PRIMARY KEY (aside, seq)
) WITHOUT ROWID;
-- What waits by the time at which it is due: 0 for most, the newest of which are
-- found at once however many others are leased or are to be tried again later.
CREATE INDEX ix_queue_due ON queue (due_at, seq) WHERE aside = 0;
CREATE INDEX ix_queue_failed ON queue (seq) WHERE failures > 0;

INSERT INTO queue (aside, seq, due_at, claims, failures)
SELECT 0, seq, 0, 0, 0 FROM captures ORDER BY seq;

-- What an engine said besides the text, which is captures.ocr_text. words is
-- jarvis.EncodeWords.
CREATE TABLE readings (
    seq      INTEGER PRIMARY KEY,
    digest   blob,
    language text    NOT NULL,
    engine   text    NOT NULL,
    masked   integer NOT NULL,
    read_at  integer NOT NULL,
    words    blob
);
CREATE INDEX ix_readings_digest ON readings (digest, read_at) WHERE digest IS NOT NULL;

-- What search knows of a capture: see jarvis.TitleMark.
CREATE TABLE documents (
    seq   INTEGER PRIMARY KEY,
    words text NOT NULL
);

-- Words are what blanks part: every other character of ASCII belongs to one, as
-- all beyond do. What is deleted is not only marked so (secure-delete).
CREATE VIRTUAL TABLE search USING fts5 (
    words, content = 'documents', content_rowid = 'seq',
    tokenize = "ascii tokenchars '!""#$%&''''()*+,-./:;<=>?@[\]^_`{|}~'"
);
INSERT INTO search (search, rank) VALUES ('secure-delete', 1);

-- The words of search.
CREATE VIRTUAL TABLE search_words USING fts5vocab (search, instance);

-- The words of documents that are not in search any more, until it was looked
-- whether any other has them: what is left of them goes then.
CREATE TABLE unindexed (
    word text NOT NULL PRIMARY KEY
) WITHOUT ROWID;

-- How far two rebuildings are, which processes go on with when they are started
-- again: that of the documents, and that of the index of them.
CREATE TABLE reindexing (
    what varchar(16) NOT NULL PRIMARY KEY,
    at   integer     NOT NULL,
    id   varchar(36)
) WITHOUT ROWID;

-- +goose Down
-- The texts stay with their captures.
DROP TABLE reindexing;
DROP TABLE unindexed;
DROP TABLE search_words;
DROP TABLE IF EXISTS search_new;
DROP TABLE IF EXISTS search_old;
DROP TABLE search;
DROP TABLE documents;
DROP TABLE readings;
DROP TABLE queue;
