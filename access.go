package jarvis

import (
	"cmp"
	"context"
	"time"
)

// Action is what somebody did with the history.
type Action string

// The actions.
const (
	ActionView    Action = "view"    // captures were listed or looked at
	ActionSearch  Action = "search"  // they were searched; the words are not kept
	ActionExport  Action = "export"  // images were taken out as files
	ActionAdd     Action = "add"     // captures were added by hand; agents' are not logged
	ActionDelete  Action = "delete"  // captures were deleted
	ActionPin     Action = "pin"     // a capture was pinned or unpinned
	ActionSignIn  Action = "sign_in" // a sign-in link was made or redeemed, or a session ended
	ActionToken   Action = "token"   // a token was made or revoked
	ActionRefused Action = "refused" // a credential was wrong
)

// Access is one line of the access log: what somebody did within one minute.
// It holds no words of a query and no text of a screen.
type Access struct {
	Minute   time.Time `json:"minute"`  // its start
	Who      string    `json:"who"`     // "session ID", "token NAME", "local USER", or "nobody"
	Address  string    `json:"address"` // of the peer; empty for a local command
	Action   Action    `json:"action"`
	Times    int64     `json:"times"`    // how often within the minute
	Captures int64     `json:"captures"` // how many captures it was about, in sum
}

// AccessFilter selects lines of the access log and a page of them, the newest
// minute first, then by who, address and action.
type AccessFilter struct {
	From, To time.Time // of Minute, half-open; a zero time leaves that side open
	Who      string    // exactly; empty for anybody
	Action   Action    // exactly; empty for any

	After *Access // start after this line; only Minute, Who, Address and Action count
	Limit int     // 1 to MaxPage; 0 means DefaultPage
}

// Page returns the lines per page, or CodeInvalid as CheckPage.
func (f *AccessFilter) Page() (int, error) {
	limit := cmp.Or(f.Limit, DefaultPage)
	return limit, CheckPage(limit)
}

// AccessLog keeps who looked at what. It is implemented by every catalogue, with
// the promises of Catalog. Lines can be added and never changed otherwise.
type AccessLog interface {
	// RecordAccess adds Times and Captures to the line of the same minute, who,
	// address and action, which it makes if there is none. Minute may be any
	// time within it; texts are kept, and looked for, as CleanText makes them.
	RecordAccess(ctx context.Context, a Access) error

	// FindAccess returns a page of lines.
	FindAccess(ctx context.Context, f AccessFilter) ([]Access, error)
}
