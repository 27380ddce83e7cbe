package cli

import (
	"context"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/config"
)

// memory is a store as commands see it: on this machine, or behind a server. Its
// methods are for one goroutine at a time, except Ingest. Errors are
// *jarvis.Error; those of both kinds of store have the same codes.
type memory interface {
	// FindCaptures returns a page, as jarvis.Catalog does.
	FindCaptures(ctx context.Context, f jarvis.CaptureFilter) ([]*jarvis.Capture, error)

	// FindCapture returns a capture with its text.
	FindCapture(ctx context.Context, id jarvis.ID) (*jarvis.Capture, error)

	// Search finds captures by what they say, as search.Service does.
	Search(ctx context.Context, r jarvis.SearchRequest) (*jarvis.SearchPage, error)

	// FindText returns what was read in a capture. The capture in it has its id
	// and its text, and may have nothing else.
	FindText(ctx context.Context, id jarvis.ID) (*jarvis.CaptureText, error)

	// Suggest completes a query that is being typed.
	Suggest(ctx context.Context, text string, limit int) ([]jarvis.Suggestion, error)

	// ReadStatus counts what is to be read, FindFailed lists what was set aside, and
	// Requeue has captures read again, as jarvis.Readings does.
	ReadStatus(ctx context.Context, now time.Time) (jarvis.ReadStatus, error)
	FindFailed(ctx context.Context, after jarvis.Cursor, limit int) ([]*jarvis.FailedReading, error)
	Requeue(ctx context.Context, f jarvis.RequeueFilter, now time.Time) (int64, error)

	// Fetch returns a capture and its image.
	Fetch(ctx context.Context, id jarvis.ID) (*jarvis.Capture, []byte, error)

	// Ingest stores a capture, as archive.Archive does.
	Ingest(ctx context.Context, r jarvis.Submission) (jarvis.Stored, error)

	// SetPinned pins or unpins a capture.
	SetPinned(ctx context.Context, id jarvis.ID, pinned bool) error

	// PlanRemoval counts what the filter selects, and returns what removes just
	// that.
	PlanRemoval(ctx context.Context, f jarvis.CaptureFilter) (jarvis.Summary, removalFunc, error)

	// RemoveIDs removes captures by their ids.
	RemoveIDs(ctx context.Context, ids []jarvis.ID, o jarvis.RemoveOptions) (receipt, error)

	// Stats sums the store up. Days are those of [from, to) in loc; without
	// every, the last daysShown of them that have captures.
	Stats(ctx context.Context, from, to time.Time, loc *time.Location, every bool) (*stats, error)

	// NewToken makes a token, FindTokens lists all by name, RevokeToken ends one.
	NewToken(ctx context.Context, name string, scope jarvis.Scope) (string, error)
	FindTokens(ctx context.Context) ([]*jarvis.Token, error)
	RevokeToken(ctx context.Context, name string) error

	// NewSignIn makes a sign-in link, FindSessions lists the sessions of
	// browsers, the newest first, and EndSession ends one.
	NewSignIn(ctx context.Context) (signInLink, error)
	FindSessions(ctx context.Context) ([]*jarvis.Session, error)
	EndSession(ctx context.Context, id jarvis.ID) error

	// FindAccess returns a page of the access log.
	FindAccess(ctx context.Context, f jarvis.AccessFilter) ([]jarvis.Access, error)

	// close closes what is open. Work that hangs is left behind.
	close(ctx context.Context) error
}

// removalFunc removes what was planned. The receipt holds also with an error.
type removalFunc func(ctx context.Context, o jarvis.RemoveOptions) (receipt, error)

// signInLink is a link that signs a browser in.
type signInLink struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

// needs says what a command needs of a store.
type needs struct {
	may    existence
	key    keyNeed
	images bool // else the catalogue alone is opened
}

// openMemory opens the store that the settings mean.
func (a *app) openMemory(ctx context.Context, cfg *config.Config, n needs) (memory, error) {
	if cfg.ServerURL != "" {
		return a.openRemote(ctx, cfg)
	}
	s := &store{}
	var err error
	if n.images {
		s, err = a.openStore(ctx, cfg, n.may, n.key)
	} else {
		s.catalog, err = a.openCatalog(ctx, cfg, n.may, n.key)
	}
	if err != nil {
		return nil, err
	}
	return &localMemory{app: a, cfg: cfg, store: s}, nil
}

// loadOwnConfig returns the settings for a command that works on this machine's
// own store only.
func (a *app) loadOwnConfig(command string) (*config.Config, error) {
	cfg, err := a.loadConfig()
	if err != nil || cfg.ServerURL == "" {
		return cfg, err
	}
	source := ""
	for _, value := range cfg.Values {
		if value.Key == "server_url" {
			source = value.Source
		}
	}
	return nil, jarvis.Errorf(jarvis.CodeInvalid,
		"jarvis %s works on the store of the machine that it runs on, and %s names the server %s: run it there, or leave %s out", command, source, cfg.ServerURL, source)
}
