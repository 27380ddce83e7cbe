package cli

import (
	"errors"
	"slices"
	"strings"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/postgres"
)

// receipt says what a removal removed, and what may remain of it where Jarvis
// does not reach. Both lists are empty when nothing was removed.
type receipt struct {
	jarvis.Receipt
	Gone      []trace `json:"gone"`
	MayRemain []trace `json:"may_remain"`

	pagesLeft bool // of a database on a server, in unused parts of its files
}

// trace is a place where a capture leaves something, as --json names it.
type trace string

// The traces.
const (
	traceRows      trace = "rows"
	traceImages    trace = "images"
	traceIndex     trace = "index_entries"
	tracePages     trace = "freed_pages"
	traceCopies    trace = "upgrade_copies"
	traceBackups   trace = "backups"
	traceSnapshots trace = "snapshots"
	traceSpare     trace = "ssd_spare_blocks"
	traceWAL       trace = "postgresql_wal"
	traceReplicas  trace = "postgresql_replicas"
)

// text names the trace for a person.
func (t trace) text() string {
	switch t {
	case traceIndex:
		return "index entries of the database"
	case tracePages:
		return "freed pages"
	case traceCopies:
		return "copies that upgrades kept"
	case traceSpare:
		return "spare blocks of an SSD"
	case traceWAL:
		return "PostgreSQL's write-ahead log"
	case traceReplicas:
		return "its replicas"
	default:
		return string(t)
	}
}

// newReceipt completes the receipt of the archive. purged says that the removal
// came to its end, with what it left in files and copies of the catalogue.
func newReceipt(s *store, r jarvis.Receipt, purged bool) receipt {
	full := receipt{Receipt: r, Gone: []trace{}, MayRemain: []trace{}}
	if r.Removed == 0 {
		return full
	}
	server, onServer := s.catalog.catalogs.(*postgres.Catalog)
	full.pagesLeft = onServer && server.LeftPages()
	full.Gone = append(full.Gone, traceRows, traceImages, traceIndex)
	if purged && !full.pagesLeft {
		full.Gone = append(full.Gone, tracePages)
	} else {
		full.MayRemain = append(full.MayRemain, tracePages)
	}
	switch {
	case onServer: // there are no copies
	case purged:
		full.Gone = append(full.Gone, traceCopies)
	default:
		full.MayRemain = append(full.MayRemain, traceCopies)
	}
	full.MayRemain = append(full.MayRemain, traceBackups, traceSnapshots, traceSpare)
	if onServer {
		full.MayRemain = append(full.MayRemain, traceWAL, traceReplicas)
	}
	return full
}

func (a *app) printReceipt(r receipt) error {
	if a.json {
		return errors.Join(a.printJSON(r), a.flush())
	}
	a.printf("Removed %s, %s freed", plural(r.Removed, "capture"), sizeText(r.Bytes))
	if r.Missing > 0 {
		a.printf("; of %s the image was already gone", countText(r.Missing))
	}
	a.printf(".\n")
	if r.Removed > 0 {
		a.printf("Gone: %s.\n", traceTexts(r.Gone))
		a.printf("May remain, where you have them: %s.\n", traceTexts(r.MayRemain))
		if r.pagesLeft {
			a.printf("The tables are large or in use, so freed pages remain: VACUUM (FULL) removes them when nobody uses the database.\n")
		}
	}
	return a.flush()
}

func traceTexts(traces []trace) string {
	texts := slices.Collect(func(yield func(string) bool) {
		for _, t := range traces {
			if !yield(t.text()) {
				return
			}
		}
	})
	return strings.Join(texts, ", ")
}
