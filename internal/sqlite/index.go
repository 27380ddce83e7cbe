package sqlite

import (
	"context"

	"github.com/ncruces/go-sqlite3"

	"github.com/jarvis-memory/jarvis"
)

var _ jarvis.Index = (*Catalog)(nil)

// FindNames implements jarvis.Index.
func (c *Catalog) FindNames(ctx context.Context, kind jarvis.NameKind) ([]string, error) {
	sql := devicesOfCapturesSQL
	if kind == jarvis.NameApp {
		sql = appsSQL
	}
	return read(ctx, c, "list names", func(on *conn) ([]string, error) {
		names := []string{}
		err := on.query(func(s *sqlite3.Stmt) error {
			names = append(names, s.ColumnText(0))
			return nil
		}, sql, jarvis.MaxNames)
		return names, err
	})
}

const (
	devicesOfCapturesSQL = "SELECT device FROM devices WHERE device > '' ORDER BY device LIMIT ?"

	// appsSQL looks at the index once for each name.
	appsSQL = `WITH RECURSIVE names (name) AS (
			SELECT min(app_name) FROM captures WHERE app_name > ''
			UNION ALL
			SELECT (SELECT min(app_name) FROM captures WHERE app_name > name) FROM names WHERE name IS NOT NULL
		)
		SELECT name FROM names WHERE name IS NOT NULL ORDER BY name LIMIT ?`
)

// matchColumns are those of scanMatch.
const matchColumns = "id, timestamp, device, monitor_index, app_name, window_title, url"

func scanMatch(s *sqlite3.Stmt) (*jarvis.Match, error) {
	id, err := jarvis.ParseID(s.ColumnText(0))
	if err != nil {
		return nil, corruptRow(err)
	}
	return &jarvis.Match{
		ID:           id,
		Timestamp:    micros(s, 1),
		Device:       s.ColumnText(2),
		MonitorIndex: s.ColumnInt(3),
		AppName:      s.ColumnText(4),
		WindowTitle:  s.ColumnText(5),
		URL:          s.ColumnText(6),
	}, nil
}
