package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/jarvis-memory/jarvis"
)

var _ jarvis.Index = (*Catalog)(nil)

// FindMatches returns a page of the captures that a query matches.
func (c *Catalog) FindMatches(ctx context.Context, f jarvis.MatchFilter) (matches []*jarvis.Match, err error) {
	limit, err := f.Page()
	if err != nil {
		return nil, err
	}
	m := newMatcher(f.Query)
	err = c.read(ctx, "search", func(ctx context.Context) error {
		return pgx.BeginTxFunc(ctx, c.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) (err error) {
			if err = m.narrow(ctx, tx, c.walked, f.After); err != nil {
				return err
			}
			if f.Sort == jarvis.SortRelevance {
				matches, err = rank(ctx, tx, m, c.walked, f.Skip, limit)
				return err
			}
			s := newSearch(tx, m, c.walked, func(*conditions) string { return matchColumns }, scanMatch, f.After)
			s.captures = true
			matches, err = s.find(ctx, limit)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return matches, nil
}

// matchColumns are what scanMatch reads.
const matchColumns = "c.id, c.timestamp, c.device, coalesce(c.monitor_index, 0), c.app_name, c.window_title, c.url"

func scanMatch(row pgx.CollectableRow) (*jarvis.Match, error) {
	var m jarvis.Match
	var id string
	err := row.Scan(&id, &m.Timestamp, &m.Device, &m.MonitorIndex, &m.AppName, &m.WindowTitle, &m.URL)
	if err == nil {
		m.ID, err = storedID(id)
	}
	m.Timestamp = m.Timestamp.UTC()
	return &m, err
}

// nameStatements list names; of apps the first 200 characters, and nearly always
// all, by one look at their index for each.
const (
	deviceNames = `
		SELECT device FROM (SELECT device, captures FROM devices UNION ALL SELECT device, captures FROM counter_deltas) AS counts
		WHERE device > '' GROUP BY device HAVING sum(captures) > 0 ORDER BY device LIMIT $1`
	appNames = `
		WITH RECURSIVE names (name) AS (
			(SELECT left(app_name, 200) FROM captures WHERE left(app_name, 200) > '' ORDER BY left(app_name, 200) LIMIT 1)
			UNION ALL
			SELECT (SELECT left(app_name, 200) FROM captures WHERE left(app_name, 200) > name ORDER BY left(app_name, 200) LIMIT 1)
			FROM names WHERE name IS NOT NULL
		), first AS (
			SELECT name FROM names WHERE name IS NOT NULL LIMIT $1
		)
		SELECT name FROM first WHERE length(name) < 200
		UNION ALL
		SELECT DISTINCT app_name FROM first JOIN captures ON left(app_name, 200) = name WHERE length(name) = 200`
)

// FindNames lists the distinct values of a field.
func (c *Catalog) FindNames(ctx context.Context, kind jarvis.NameKind) ([]string, error) {
	statement := deviceNames
	if kind == jarvis.NameApp {
		statement = appNames
	}
	names, err := findAll(ctx, c, "list names", pgx.RowTo[string], statement, jarvis.MaxNames)
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	return names[:min(len(names), jarvis.MaxNames)], nil
}
