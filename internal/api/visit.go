package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"sync/atomic"

	"github.com/jarvis-memory/jarvis"
)

// visit is what is known of a request while it is answered. It belongs to the
// request's goroutine.
type visit struct {
	id        string
	route     string // the pattern; empty for none
	principal jarvis.Principal
	err       error // that was answered
	quiet     bool  // it is logged for debugging only
}

type visitKey struct{}

func withVisit(ctx context.Context, v *visit) context.Context {
	return context.WithValue(ctx, visitKey{}, v)
}

// visitOf returns the visit of a request's context, and an empty one of any
// other.
func visitOf(ctx context.Context) *visit {
	if v, ok := ctx.Value(visitKey{}).(*visit); ok {
		return v
	}
	return &visit{}
}

// principal returns who makes the request.
func principal(ctx context.Context) jarvis.Principal { return visitOf(ctx).principal }

// requestIDs makes ids of requests: random for the process, and counted in it.
type requestIDs struct {
	process string
	count   *atomic.Uint64
}

func newRequestIDs() requestIDs {
	var b [6]byte
	rand.Read(b[:]) // never fails: crypto/rand aborts the program instead
	return requestIDs{hex.EncodeToString(b[:]), new(atomic.Uint64)}
}

func (r requestIDs) next() string {
	return r.process + "-" + strconv.FormatUint(r.count.Add(1), 36)
}
