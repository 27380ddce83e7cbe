package postgres

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/jarvis-memory/jarvis"
)

// CheckWhole reads every row of every table of the catalogue and, where the
// extension amcheck is installed and may be used, compares each index with its
// table; of the index of words it counts the documents. What the server keeps in
// memory it does not read from its disk again. What is of no capture is found too,
// but in the queue, which loses that by itself.
func (c *Catalog) CheckWhole(ctx context.Context) error {
	if err := c.Check(ctx); err != nil {
		return err
	}
	err := c.alone(ctx, func(conn *pgx.Conn) error {
		for _, table := range []string{"store", "captures", "tombstones", "counters", "counter_deltas", "devices", "queue", "readings", "documents", versionTable} {
			// As text, a row is read whole: also the long values that lie elsewhere.
			if _, err := conn.Exec(ctx, "SELECT sum(length(t::text)) FROM "+table+" AS t"); err != nil {
				return err
			}
		}
		if err := checkIndexes(ctx, conn); err != nil {
			return err
		}
		if err := checkWords(ctx, conn); err != nil {
			return err
		}
		return checkOrphans(ctx, conn)
	})
	if damaged(err) {
		return &jarvis.Error{
			Code: jarvis.CodeCorrupt, Op: "postgres: check the whole", Err: err,
			Message: "PostgreSQL at " + c.server.address() + " found the catalogue damaged (SQLSTATE " + sqlState(err) + "): see its log, check its disk, and restore the database from a copy",
		}
	}
	return c.server.translate(ctx, "check the whole", err)
}

func checkIndexes(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, `
		SELECT format('SELECT %I.bt_index_check(%s, true)', n.nspname, i.indexrelid)
		FROM pg_extension e
			JOIN pg_namespace n ON n.oid = e.extnamespace
			JOIN pg_index i ON i.indrelid IN (SELECT name::regclass FROM unnest(string_to_array($1, ', ')) AS name)
			JOIN pg_class c ON c.oid = i.indexrelid
			JOIN pg_am a ON a.oid = c.relam
		WHERE e.extname = 'amcheck' AND a.amname = 'btree' AND i.indisvalid
			AND has_function_privilege(to_regprocedure(format('%I.bt_index_check(regclass, boolean)', n.nspname)), 'EXECUTE')`, purged)
	if err != nil {
		return err
	}
	checks, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, check := range checks {
		if err == nil {
			_, err = conn.Exec(ctx, check)
		}
	}
	return err
}

// checkWords compares how many documents there are with how many the index of words
// has: each has one number of 4096 hours.
func checkWords(ctx context.Context, conn *pgx.Conn) error {
	return pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		var documents, indexed int64
		if err := tx.QueryRow(ctx, "SELECT count(*) FROM documents").Scan(&documents); err != nil {
			return err
		}
		if err := setPlanner(ctx, tx); err != nil {
			return err
		}
		err := tx.QueryRow(ctx, "SELECT count(*) FROM documents WHERE jarvis_lexemes(words, captured_at) @@ $1::text::tsquery",
			quoteLexeme(string(rune(levelRune+levels-1)))+":*").Scan(&indexed)
		if err == nil && indexed != documents {
			err = jarvis.Errorf(jarvis.CodeCorrupt, "the index of words has %d of %d documents: make it anew with jarvis reindex", indexed, documents)
		}
		return err
	})
}

// checkOrphans looks for what a capture that is gone has left.
func checkOrphans(ctx context.Context, conn *pgx.Conn) error {
	for table, its := range map[string]string{
		"documents": `timestamp = captured_at AND id COLLATE "C" = capture_id`,
		"readings":  `id = capture_id COLLATE "default"`,
	} {
		var orphans int64
		err := conn.QueryRow(ctx, "SELECT count(*) FROM "+table+" WHERE NOT EXISTS (SELECT FROM captures WHERE "+its+")").Scan(&orphans)
		if err == nil && orphans > 0 {
			err = jarvis.Errorf(jarvis.CodeCorrupt, "%d %s are of captures that are not there: did another program remove them? Then remove these rows too", orphans, table)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// damaged reports whether an error at reading tells of damage: a value that is
// none, a file that is gone, or what PostgreSQL itself calls damaged or never
// thought possible.
func damaged(err error) bool {
	state := sqlState(err)
	return state == stateUndefinedFile || strings.HasPrefix(state, classCorrupt) || strings.HasPrefix(state, classData)
}

// alone runs fn on a connection of its own, where no time-out ends a statement,
// only ctx.
func (c *Catalog) alone(ctx context.Context, fn func(*pgx.Conn) error) (err error) {
	conn, err := pgx.ConnectConfig(ctx, c.server.connConfig())
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectTimeout)
		defer cancel()
		err = errors.Join(err, conn.Close(ctx))
	}()
	if _, err := conn.Exec(ctx, "SET statement_timeout = 0"); err != nil {
		return err
	}
	return fn(conn)
}
