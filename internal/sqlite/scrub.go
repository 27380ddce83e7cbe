package sqlite

import (
	"slices"
	"strings"

	"github.com/ncruces/go-sqlite3"
)

// What FTS5 leaves of a word that no document has any more, with secure-delete
// too, is a key of {index}_idx: of each page of a segment, what is enough of its
// first word to tell it from the last one of the page before. Any other text
// between the two does as well. The keys begin with a 0.
const idxKey = "0"

// scrub takes the words of a document that was removed from an index out of the
// keys of its pages, where no other document has them.
func scrub(on *conn, table, words string) error {
	// An index writes what it was told when a savepoint begins.
	for _, sql := range []string{"SAVEPOINT scrub", "RELEASE scrub"} {
		if err := on.exec(sql); err != nil {
			return err
		}
	}
	var segments []int64
	err := on.query(func(s *sqlite3.Stmt) error {
		segments = append(segments, s.ColumnInt64(0))
		return nil
	}, `WITH RECURSIVE segments (id) AS (
			SELECT min(segid) FROM `+table+`_idx
			UNION ALL
			SELECT (SELECT min(segid) FROM `+table+`_idx WHERE segid > id) FROM segments WHERE id IS NOT NULL
		)
		SELECT id FROM segments WHERE id IS NOT NULL`)
	distinct := strings.Fields(words)
	slices.Sort(distinct)
	for _, word := range slices.Compact(distinct) {
		kept := int64(0)
		if err == nil { // to ask search_words would walk through all that begins before
			kept, err = on.number("SELECT EXISTS (SELECT 1 FROM search WHERE search MATCH ?)", phrase([]string{word}))
		}
		if err != nil {
			return err
		}
		if kept != 0 {
			continue
		}
		for _, segment := range segments {
			if err := scrubSegment(on, table, segment, word); err != nil {
				return err
			}
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
func scrubSegment(on *conn, table string, segment int64, word string) error {
	for len(word) > 0 {
		key := ""
		_, err := on.find(func(s *sqlite3.Stmt) { key = strings.TrimPrefix(string(s.ColumnBlob(0, nil)), idxKey) },
			"SELECT term FROM "+table+"_idx WHERE segid = ? AND term <= ? ORDER BY term DESC LIMIT 1", segment, []byte(idxKey+word))
		if err != nil {
			return err
		}
		same := samePrefix(key, word)
		if same == len(key) && key != "" {
			if err := replaceKey(on, table, segment, key); err != nil {
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
func replaceKey(on *conn, table string, segment int64, key string) error {
	next, err := nextWord(on, key)
	if err != nil || strings.HasPrefix(next, key) {
		return err
	}
	return on.exec("UPDATE "+table+"_idx SET term = ? WHERE segid = ? AND term = ?",
		[]byte(idxKey+next[:samePrefix(key, next)+1]), segment, []byte(idxKey+key))
}

func samePrefix(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}
