package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/jarvis-memory/jarvis"
)

const (
	// connectTimeout bounds one attempt to connect where the URL does not.
	connectTimeout = 5 * time.Second
	// callTimeout bounds a call of the catalogue whose context has no earlier
	// end; the server gives up a little sooner, which makes for a better error.
	callTimeout      = 2 * time.Minute
	statementTimeout = callTimeout - 5*time.Second
	// connections is how many a process opens at most: commits beyond as many
	// at once gain nothing, and a server has some hundred for everyone.
	connections = 16
)

// Keys of advisory locks in the database: random, so that no other program has
// them. Ids of captures are the third kind; see lockKey.
const (
	migrateLock int64 = 0x6a61_7276_2c8e_51d3 // held while the schema changes
	useLock     int64 = 0x6a61_7276_91f4_07ba // shared by every connection in use
	rebuildLock int64 = 0x6a61_7276_e5a0_34c9 // held while the index of words is rebuilt
)

// server is where the database is and how to connect to it.
type server struct{ config *pgxpool.Config }

func parse(url string) (server, error) {
	invalid := jarvis.Errorf(jarvis.CodeInvalid,
		"the database URL cannot be read: expected postgres://user:password@host:port/database, with special characters of the password percent-encoded")
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return server{}, invalid // without the cause, which quotes the URL
	}
	return server{config}, nil
}

// connConfig returns settings that neither the database, the role nor the URL
// can turn off.
func (s server) connConfig() *pgx.ConnConfig {
	config := s.config.ConnConfig.Copy()
	if config.ConnectTimeout <= 0 {
		config.ConnectTimeout = connectTimeout
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "jarvis"
	}
	// What was acknowledged survives a power cut.
	config.RuntimeParams["synchronous_commit"] = "on"
	config.RuntimeParams["timezone"] = "UTC"
	// A statement after a lock must see what was committed before it.
	config.RuntimeParams["default_transaction_isolation"] = "read committed"
	config.RuntimeParams["idle_in_transaction_session_timeout"] = milliseconds(statementTimeout)
	// Compiling a query takes longer than any of ours runs.
	config.RuntimeParams["jit"] = "off"
	// A page is read in the order of its index. Every other way reads, and then
	// sorts, everything that the filter selects; the planner takes it for little,
	// since it plans without knowing the filter's values.
	for _, way := range []string{"enable_bitmapscan", "enable_sort", "enable_incremental_sort"} {
		config.RuntimeParams[way] = "off"
	}
	// A cancelled statement must not go on, and commit, behind the caller's back.
	config.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: 2 * time.Second}
	}
	return config
}

func (s server) poolConfig() *pgxpool.Config {
	config := s.config.Copy()
	config.ConnConfig = s.connConfig()
	config.ConnConfig.RuntimeParams["statement_timeout"] = milliseconds(statementTimeout)
	config.MaxConns = connections
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "SELECT pg_advisory_lock_shared($1)", useLock)
		return err
	}
	return config
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

func (s server) database() string { return s.config.ConnConfig.Database }

func (s server) user() string { return s.config.ConnConfig.User }

// address returns the host and port, or the folder of a Unix socket.
func (s server) address() string {
	host := s.config.ConnConfig.Host
	if strings.HasPrefix(host, "/") {
		return host
	}
	return net.JoinHostPort(host, strconv.Itoa(int(s.config.ConnConfig.Port)))
}

// demandsTLS reports whether no connection without TLS is tried.
func (s server) demandsTLS() bool {
	config := s.config.ConnConfig
	return config.TLSConfig != nil && !slices.ContainsFunc(config.Fallbacks, func(f *pgconn.FallbackConfig) bool { return f.TLSConfig == nil })
}

// HoldsOlderStore reports whether a database answers within a second and was
// made by an older Jarvis. Any failure is false.
func HoldsOlderStore(ctx context.Context, url string) bool {
	s, err := parse(url)
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, s.connConfig())
	if err != nil {
		return false
	}
	schema, err := inspect(ctx, conn)
	return errors.Join(err, conn.Close(ctx)) == nil && schema.captures && schema.alembic
}

var errNoAnswer = fmt.Errorf("no answer within %v", callTimeout)

// read runs fn, which changes nothing, and again when its connection broke.
func (c *Catalog) read(ctx context.Context, op string, fn func(context.Context) error) error {
	return c.call(ctx, op, fn, func(err error) bool { return broken(err) || transient(err) })
}

// write runs fn, one transaction, and again when it surely did nothing. When
// the connection breaks while it commits, nobody knows, and the caller is told so.
func (c *Catalog) write(ctx context.Context, op string, fn func(context.Context) error) error {
	return c.call(ctx, op, fn, func(err error) bool { return pgconn.SafeToRetry(err) || transient(err) })
}

func (c *Catalog) call(ctx context.Context, op string, fn func(context.Context) error, again func(error) bool) error {
	const attempts = 5
	if c.closed.Load() {
		return jarvis.Errorf(jarvis.CodeUnavailable, "the catalogue is closed")
	}
	ctx, cancel := context.WithTimeoutCause(ctx, callTimeout, errNoAnswer)
	defer cancel()
	err := ctx.Err()
	for range attempts {
		if ctx.Err() != nil {
			break
		}
		if err = fn(ctx); err == nil {
			return nil
		}
		if ctx.Err() == nil && broken(err) {
			c.pool.Reset() // the server went away, and with it the other idle connections
		}
		if !again(err) {
			break
		}
	}
	if err != nil && c.closed.Load() {
		return jarvis.Errorf(jarvis.CodeUnavailable, "the catalogue is closed")
	}
	return c.server.translate(ctx, op, err)
}
