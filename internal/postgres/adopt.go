package postgres

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/jarvis-memory/jarvis"
)

// The columns, tables and indexes that migrations add.
const (
	laterColumns   = "{device,app_name,window_title,url,stored_size,stored_sha256,content_digest,recovered}"
	laterRelations = "{store,tombstones,counters,counter_deltas,devices," +
		"ix_captures_timestamp_id,ix_captures_monitor,ix_captures_device,ix_captures_app_name,ix_captures_device_app_name," +
		"ix_tombstones_pending,ix_tombstones_unpurged," + serverRelations + "," + readingRelations + "}"
	serverRelations = "pins,tokens,sessions,sign_ins,accesses,spans," +
		"ix_accesses_minute,ix_accesses_who,ix_accesses_action,ix_accesses_who_action,ix_spans_begins,ix_spans_ends,ix_spans_size"
	readingRelations = "queue,readings,documents,reindexing," +
		"ix_queue_order,ix_queue_aside,ix_readings_digest,ix_documents_words"
)

// adoptable refuses captures that the migrations could not carry over, before
// anything is changed.
func adoptable(ctx context.Context, conn *sql.Conn, s schema) error {
	if !s.captures {
		return nil
	}
	if s.version < newestVersion {
		if err := namesFree(ctx, conn, s); err != nil {
			return err
		}
	}
	if s.version < 2 {
		return idsSound(ctx, conn)
	}
	return nil
}

// namesFree looks for other things under names that migrations to come use.
func namesFree(ctx context.Context, conn *sql.Conn, s schema) error {
	coming, made := laterColumns, laterRelations
	if s.version >= 3 {
		coming = "{}"
	}
	switch { // the others are ours
	case s.version >= 5:
		made = "{" + readingRelations + "}"
	case !s.older():
		made = "{" + serverRelations + "," + readingRelations + "}"
	}
	var columns, relations string
	err := conn.QueryRowContext(ctx, `
		SELECT coalesce((SELECT string_agg('captures.' || attname, ',' ORDER BY attname) FROM pg_attribute
				WHERE attrelid = to_regclass('captures') AND NOT attisdropped AND attname = ANY ($1::name[])), ''),
			coalesce((SELECT string_agg(name, ',' ORDER BY name) FROM unnest($2::text[]) AS name
				WHERE to_regclass(name) IS NOT NULL), '')`, coming, made).Scan(&columns, &relations)
	if err != nil {
		return err
	}
	taken := slices.DeleteFunc(strings.Split(columns+","+relations, ","), func(name string) bool { return name == "" })
	if len(taken) > 0 {
		return jarvis.NamesTaken(taken)
	}
	return nil
}

// idsSound checks that every id is a UUID, and still its own in small letters.
func idsSound(ctx context.Context, conn *sql.Conn) error {
	for _, check := range []struct {
		query   string
		problem func(id string) *jarvis.Error
	}{
		{"SELECT id FROM captures WHERE id !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' LIMIT 1", jarvis.ForeignID},
		{"SELECT lower(id) FROM captures GROUP BY 1 HAVING count(*) > 1 LIMIT 1", jarvis.CaptureTwice},
	} {
		var id string
		switch err := conn.QueryRowContext(ctx, check.query).Scan(&id); {
		case err == nil:
			return check.problem(id)
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
	}
	return nil
}
