package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/jarvis-memory/jarvis"
)

// SQLSTATE codes that are told apart; see appendix A of PostgreSQL's manual.
const (
	stateForeignKeyViolation    = "23503"
	stateUniqueViolation        = "23505"
	stateReadOnly               = "25006"
	stateInvalidAuthorization   = "28000"
	stateInvalidPassword        = "28P01"
	stateNoDatabase             = "3D000"
	stateSerializationFailure   = "40001"
	stateDeadlock               = "40P01"
	stateInsufficientPrivilege  = "42501"
	stateDiskFull               = "53100"
	stateTooManyConnections     = "53300"
	stateInvalidParameter       = "22023"
	stateUndefinedObject        = "42704"
	stateProgramLimit           = "54000"
	stateLockNotAvailable       = "55P03"
	stateCancelled              = "57014"
	stateAdminShutdown          = "57P01"
	stateCrashShutdown          = "57P02"
	stateCannotConnectNow       = "57P03"
	stateIdleSessionTimeout     = "57P05"
	stateIOError                = "58030"
	stateUndefinedFile          = "58P01"
	classConnection             = "08"
	classData                   = "22"
	classSyntaxOrUndefined      = "42"
	classInsufficientResources  = "53"
	classCorrupt                = "XX"
	stateInternal               = "XX000"
	stateIdleTransactionTimeout = "25P03"
)

// transient reports whether the same transaction may succeed when run again.
func transient(err error) bool {
	state := sqlState(err)
	return state == stateSerializationFailure || state == stateDeadlock
}

// broken reports whether the connection ended under the statement.
func broken(err error) bool {
	switch state := sqlState(err); state {
	case stateAdminShutdown, stateCrashShutdown, stateIdleSessionTimeout, stateIdleTransactionTimeout:
		return true
	case "":
		_, connecting := errors.AsType[*pgconn.ConnectError](err)
		_, ours := errors.AsType[*jarvis.Error](err)
		return !connecting && !ours
	}
	return false
}

func sqlState(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// translate makes err, if it is one, a *jarvis.Error of one line. The message
// and the causes hold nothing of the URL but its host, port, user and database.
func (s server) translate(ctx context.Context, op string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*jarvis.Error](err); ok {
		return e
	}
	op = "postgres: " + op
	if ctx.Err() != nil {
		return s.translateDone(ctx, op)
	}
	if e, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		err = e.Unwrap() // the error itself holds the configuration, and so the password
		// What is undefined or wrong before the first statement was in the URL.
		if state := sqlState(err); state == stateUndefinedObject || state == stateInvalidParameter {
			return &jarvis.Error{Code: jarvis.CodeInvalid, Op: op, Message: s.wrongParameter(), Err: err}
		}
	}
	code, message := s.describe(err)
	return &jarvis.Error{Code: code, Op: op, Message: message, Err: err}
}

func (s server) wrongParameter() string {
	names := strings.Join(slices.Sorted(maps.Keys(s.config.ConnConfig.RuntimeParams)), ", ")
	return fmt.Sprintf("PostgreSQL at %s does not take a parameter of JARVIS_DATABASE_URL: correct what follows the ? in it (%s)", s.address(), names)
}

func (s server) translateDone(ctx context.Context, op string) error {
	e := &jarvis.Error{Code: jarvis.CodeUnavailable, Op: op, Err: ctx.Err()}
	switch {
	case errors.Is(context.Cause(ctx), errNoAnswer):
		e.Message = fmt.Sprintf("PostgreSQL at %s gave no answer within %v: see whether it is overloaded", s.address(), callTimeout)
	case errors.Is(ctx.Err(), context.Canceled):
		e.Message = "the catalogue was not waited for: the operation was cancelled"
	default:
		e.Message = "the catalogue was not waited for: the time allowed ran out"
	}
	return e
}

func (s server) describe(err error) (jarvis.Code, string) {
	if state := sqlState(err); state != "" {
		return s.describeState(state)
	}
	at := "PostgreSQL at " + s.address()
	_, unknownHost := errors.AsType[*net.DNSError](err)
	var timeout net.Error
	switch {
	case unknownHost:
		return jarvis.CodeUnavailable, fmt.Sprintf("the host of %s is not known: correct JARVIS_DATABASE_URL", at)
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOENT):
		return jarvis.CodeUnavailable, fmt.Sprintf("%s is not running: start it, or correct JARVIS_DATABASE_URL", at)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return jarvis.CodeUnavailable, fmt.Sprintf("%s does not answer: see whether it runs and can be reached, or correct JARVIS_DATABASE_URL", at)
	}
	if s.demandsTLS() {
		return jarvis.CodeUnavailable, fmt.Sprintf("the encrypted connection to %s failed: see whether it offers TLS with a valid certificate, which sslmode in JARVIS_DATABASE_URL demands", at)
	}
	return jarvis.CodeUnavailable, fmt.Sprintf("the connection to %s failed: see whether it runs, then try again", at)
}

func (s server) describeState(state string) (jarvis.Code, string) {
	at := "PostgreSQL at " + s.address()
	switch state {
	case stateInvalidPassword, stateInvalidAuthorization:
		return jarvis.CodeUnavailable, fmt.Sprintf("%s refused the login of user %q: correct the user or the password in JARVIS_DATABASE_URL", at, s.user())
	case stateNoDatabase:
		return jarvis.CodeUnavailable, fmt.Sprintf("%s has no database %q: create it with createdb, or correct JARVIS_DATABASE_URL", at, s.database())
	case stateTooManyConnections:
		return jarvis.CodeUnavailable, fmt.Sprintf("%s has no connection left: stop other programs, or raise its max_connections", at)
	case stateReadOnly:
		return jarvis.CodeUnavailable, fmt.Sprintf("%s is read-only: name the primary server in JARVIS_DATABASE_URL, or turn default_transaction_read_only off", at)
	case stateInsufficientPrivilege:
		return jarvis.CodeUnavailable, fmt.Sprintf("user %q may not use the tables of database %q on %s: make it their owner", s.user(), s.database(), at)
	case stateDiskFull:
		return jarvis.CodeNoSpace, fmt.Sprintf("the disk of %s is full: free some space there", at)
	case stateAdminShutdown, stateCrashShutdown, stateCannotConnectNow, stateIdleSessionTimeout, stateIdleTransactionTimeout:
		return jarvis.CodeUnavailable, fmt.Sprintf("%s is stopping or starting: try again in a moment", at)
	case stateCancelled:
		return jarvis.CodeUnavailable, fmt.Sprintf("%s gave up on a statement: see whether it is overloaded, then try again", at)
	case stateSerializationFailure, stateDeadlock:
		return jarvis.CodeUnavailable, fmt.Sprintf("%s has too many writers in each other's way: try again", at)
	case stateProgramLimit:
		return jarvis.CodeInvalid, "a value of the capture is too long for the catalogue"
	case stateIOError:
		return jarvis.CodeUnavailable, fmt.Sprintf("the disk of %s failed: see its log", at)
	case stateInternal:
		return jarvis.CodeInternal, fmt.Sprintf("%s failed: see its log", at)
	}
	switch state[:2] {
	case classConnection, classInsufficientResources:
		return jarvis.CodeUnavailable, fmt.Sprintf("%s cannot serve now: see its log, then try again", at)
	case classData:
		return jarvis.CodeInvalid, "a value of the capture does not fit the catalogue"
	case classSyntaxOrUndefined:
		return jarvis.CodeMismatch, fmt.Sprintf("the tables of database %q are not as this program made them: restore them from a copy", s.database())
	case classCorrupt:
		return jarvis.CodeCorrupt, fmt.Sprintf("%s found its data damaged: restore them from a copy", at)
	}
	return jarvis.CodeInternal, fmt.Sprintf("%s refused a statement with SQLSTATE %s", at, strings.ToValidUTF8(state, "?"))
}
