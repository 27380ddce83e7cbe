package postgres

import (
	"context"

	"github.com/jarvis-memory/jarvis"
)

// isPinned says of a row of captures whether it is pinned. It is no EXISTS, of
// which PostgreSQL makes a join, and then starts processes to share the work.
const isPinned = `(SELECT true FROM pins WHERE captured_at = captures.timestamp AND capture_id = captures.id COLLATE "C") IS NOT NULL`

// pinnedCaptures are the captures that are pinned, for FROM: each pin finds its
// capture, in the order of pins. Without OFFSET, PostgreSQL may walk both beside
// each other, and pass by years of captures to the first that is pinned.
const pinnedCaptures = `pins CROSS JOIN LATERAL (
	SELECT * FROM captures WHERE timestamp = captured_at AND id COLLATE "C" = capture_id OFFSET 0
) AS captures`

// SetPinned pins a capture or unpins it.
func (c *Catalog) SetPinned(ctx context.Context, id jarvis.ID, pinned bool) error {
	const statement = `
		WITH found AS (
			SELECT timestamp, id FROM captures WHERE id = $1::text
		), pinned AS (
			INSERT INTO pins (captured_at, capture_id) SELECT timestamp, id FROM found WHERE $2::boolean
			ON CONFLICT DO NOTHING
		), unpinned AS (
			DELETE FROM pins USING found WHERE NOT $2::boolean AND captured_at = timestamp AND capture_id = id COLLATE "C"
		)
		SELECT EXISTS (SELECT FROM found)`
	var found bool
	if err := c.writeID(ctx, "pin capture", id, statement, []any{id.String(), pinned}, &found); err != nil {
		return err
	}
	if !found {
		return c.read(ctx, "pin capture", func(ctx context.Context) error { return c.absent(ctx, id) })
	}
	return nil
}
