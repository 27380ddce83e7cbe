package sqlite

import (
	"context"

	"github.com/jarvis-memory/jarvis"
)

// isPinned says of a row of captures whether it is pinned.
const isPinned = "EXISTS (SELECT 1 FROM pins WHERE captured_at = captures.timestamp AND capture_id = captures.id)"

// SetPinned implements jarvis.Catalog.
func (c *Catalog) SetPinned(ctx context.Context, id jarvis.ID, pinned bool) error {
	return c.write(ctx, "pin a capture", func(on *conn) error {
		row, found, err := findCounted(on, id)
		switch {
		case err != nil:
			return err
		case !found:
			return whyMissing(on, id)
		case pinned:
			return on.exec("INSERT INTO pins (captured_at, capture_id) VALUES (?, ?) ON CONFLICT DO NOTHING", row.at, id.String())
		}
		return unpin(on, row.at, id)
	})
}

func unpin(on *conn, at int64, id jarvis.ID) error {
	return on.exec("DELETE FROM pins WHERE captured_at = ? AND capture_id = ?", at, id.String())
}
