package sqlite

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// What FTS5 leaves of a word that no document has any more, with secure-delete
// too, is a key of {index}_idx: of each page of a segment, what is enough of its
// first word to tell it from the last one of the page before. Any other text
// between the two does as well. The keys begin with a 0.
const idxKey = "0"

// scrubFor bounds how long others wait for a transaction of Purge.
const scrubFor = 10 * time.Millisecond

// scrubBatch bounds the words that such a transaction begins with.
const scrubBatch = 200

// noteUnindexed notes the words of a document that is not in the index any more, but
// for those of the one that came instead. To look for each in the index takes too
// long for whoever waits for the deletion.
func noteUnindexed(on *conn, words, instead string) error {
	old, kept := distinctWords(words), distinctWords(instead)
	for _, word := range old {
		if _, found := slices.BinarySearch(kept, word); found {
			continue
		}
		if err := on.exec("INSERT INTO unindexed (word) VALUES (?) ON CONFLICT DO NOTHING", word); err != nil {
			return err
		}
	}
	return nil
}

// distinctWords returns the words of a document in order, as the index parts them.
func distinctWords(document string) []string {
	words := strings.FieldsFunc(document, func(r rune) bool { return r <= ' ' || r == 0x7f })
	slices.Sort(words)
	return slices.Compact(words)
}

// scrub takes the words that were noted out of the index, in transactions that
// are short.
func (c *Catalog) scrub(ctx context.Context) error {
	noted, err := read(ctx, c, "purge", func(on *conn) (int64, error) {
		return on.number("SELECT EXISTS (SELECT 1 FROM unindexed)")
	})
	if err != nil || noted == 0 {
		return err
	}
	c.scrubbed.Store(true)
	for more := true; more && err == nil; {
		more, err = doWrite(ctx, c, "purge", func(on *conn) (bool, error) { return scrubSome(on, scrubFor) })
	}
	return err
}

// scrubSome takes some of the words that were noted, at least one, out of the keys
// of the pages of an index, where no document has them. It reports whether there
// may be more.
func scrubSome(on *conn, within time.Duration) (more bool, err error) {
	began := time.Now()
	if err := flush(on); err != nil {
		return false, err
	}
	var words []string
	err = on.query(func(s *sqlite3.Stmt) error {
		words = append(words, s.ColumnText(0))
		return nil
	}, "SELECT word FROM unindexed ORDER BY word LIMIT ?", scrubBatch)
	if err != nil || len(words) == 0 {
		return false, err
	}
	segments, err := findSegments(on)
	for i := 0; i < len(words) && err == nil && (i == 0 || time.Since(began) < within); i++ {
		if err = scrubWord(on, segments, words[i]); err == nil {
			err = on.exec("DELETE FROM unindexed WHERE word = ?", words[i])
		}
	}
	return true, err
}

// flush has the indexes write what they were told, which they do when a savepoint
// begins.
func flush(on *conn) error {
	if err := on.exec("SAVEPOINT told"); err != nil {
		return err
	}
	return on.exec("RELEASE told")
}

// segment is one of the parts that an index is made of.
type segment struct {
	table string
	id    int64
}

// findSegments lists the parts of the index, and of the one that is made anew.
func findSegments(on *conn) (segments []segment, err error) {
	err = eachIndex(on, math.MinInt64, func(table string) error {
		return on.query(func(s *sqlite3.Stmt) error {
			segments = append(segments, segment{table, s.ColumnInt64(0)})
			return nil
		}, `WITH RECURSIVE segments (id) AS (
				SELECT min(segid) FROM `+table+`_idx
				UNION ALL
				SELECT (SELECT min(segid) FROM `+table+`_idx WHERE segid > id) FROM segments WHERE id IS NOT NULL
			)
			SELECT id FROM segments WHERE id IS NOT NULL`)
	})
	return segments, err
}

// scrubWord replaces the keys that begin a word, unless a document has it. To ask
// search_words for that would walk through all that begins before.
func scrubWord(on *conn, segments []segment, word string) error {
	kept, err := on.number("SELECT EXISTS (SELECT 1 FROM search WHERE search MATCH ?)", phrase([]string{word}))
	if kept != 0 {
		return nil
	}
	for _, s := range segments {
		if err == nil {
			err = scrubSegment(on, s, word)
		}
	}
	return err
}

// nextWord returns the first word of the index that is not before another, or what
// is after every word.
func nextWord(on *conn, word string) (string, error) {
	next := "\xff"
	_, err := on.find(func(s *sqlite3.Stmt) { next = s.ColumnText(0) }, "SELECT term FROM search_words WHERE term >= ? LIMIT 1", word)
	return next, err
}

// scrubSegment replaces the keys that begin a word.
func scrubSegment(on *conn, in segment, word string) error {
	for len(word) > 0 {
		key := ""
		_, err := on.find(func(s *sqlite3.Stmt) { key = strings.TrimPrefix(string(s.ColumnBlob(0, nil)), idxKey) },
			"SELECT term FROM "+in.table+"_idx WHERE segid = ? AND term <= ? ORDER BY term DESC LIMIT 1", in.id, []byte(idxKey+word))
		if err != nil {
			return err
		}
		same := samePrefix(key, word)
		if same == len(key) && key != "" {
			if err := replaceKey(on, in, key); err != nil {
				return err
			}
			same--
		}
		word = word[:same]
	}
	return nil
}

// replaceKey replaces a key, unless it begins a word that is still there. The words
// of a page are not before its key, and those of pages before it are: so is true
// of the beginning of the next word that there is anywhere.
func replaceKey(on *conn, in segment, key string) error {
	next, err := nextWord(on, key)
	if err != nil || strings.HasPrefix(next, key) {
		return err
	}
	return on.exec("UPDATE "+in.table+"_idx SET term = ? WHERE segid = ? AND term = ?",
		[]byte(idxKey+next[:samePrefix(key, next)+1]), in.id, []byte(idxKey+key))
}

func samePrefix(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}
