package cli

import (
	"context"
	"net"
	"os"
	"os/user"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/access"
	"github.com/jarvis-memory/jarvis/internal/config"
	"github.com/jarvis-memory/jarvis/internal/search"
	"github.com/jarvis-memory/jarvis/internal/thumbnail"
)

// localMemory is the store of this machine. It writes down in the access log who
// looked at what, before they see it.
type localMemory struct {
	app *app
	cfg *config.Config
	*store
	added  atomic.Int64 // captures, to be written down at the end
	warned bool         // that the log cannot be written
}

// catalogs is what a catalogue of this machine is besides a jarvis.Catalog.
type catalogs interface {
	jarvis.Catalog
	jarvis.Credentials
	jarvis.AccessLog
	jarvis.Coverage
	jarvis.Readings
	jarvis.Index
}

// recordPatience is how long the access log may take to be written.
const recordPatience = 5 * time.Second

// record writes down what the person did. A log that cannot be written, on a
// full disk or while the database is busy, is no reason to keep their own
// history from them.
func (m *localMemory) record(ctx context.Context, action jarvis.Action, captures int64) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordPatience)
	defer cancel()
	err := m.catalog.RecordAccess(ctx, jarvis.Access{
		Minute:   m.app.now().UTC().Truncate(time.Minute),
		Who:      "local " + userName(),
		Action:   action,
		Times:    1,
		Captures: captures,
	})
	if err != nil && !m.warned {
		m.warned = true
		m.app.warn("this is not in the access log: " + errorMessage(err))
	}
}

// userName names who runs the program.
func userName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "uid " + strconv.Itoa(os.Getuid())
}

func (m *localMemory) FindCaptures(ctx context.Context, f jarvis.CaptureFilter) ([]*jarvis.Capture, error) {
	captures, err := m.catalog.FindCaptures(ctx, f)
	if len(captures) > 0 {
		m.record(ctx, jarvis.ActionView, int64(len(captures)))
	}
	return captures, err
}

func (m *localMemory) FindCapture(ctx context.Context, id jarvis.ID) (*jarvis.Capture, error) {
	c, err := m.catalog.FindCapture(ctx, id)
	if err == nil {
		m.record(ctx, jarvis.ActionView, 1)
	}
	return c, err
}

// newSearch returns what finds captures of a catalogue.
func newSearch(cfg *config.Config, c *catalog, now func() time.Time) *search.Service {
	return search.New(searchOptions(cfg, c, now))
}

func searchOptions(cfg *config.Config, c *catalog, now func() time.Time) search.Options {
	return search.Options{Index: c, Readings: c, Catalog: c, Coverage: c, Now: now, Timeout: cfg.SearchTimeout}
}

// searcher finds captures of the store.
func (m *localMemory) searcher() *search.Service { return newSearch(m.cfg, m.catalog, m.app.now) }

func (m *localMemory) Search(ctx context.Context, r jarvis.SearchRequest) (*jarvis.SearchPage, error) {
	page, err := m.searcher().Search(ctx, r)
	if err == nil {
		m.record(ctx, jarvis.ActionSearch, int64(len(page.Results)))
	}
	return page, err
}

func (m *localMemory) FindText(ctx context.Context, id jarvis.ID) (*jarvis.CaptureText, error) {
	text, err := m.searcher().Text(ctx, id)
	if err == nil {
		m.record(ctx, jarvis.ActionView, 1)
	}
	return text, err
}

func (m *localMemory) Suggest(ctx context.Context, text string, limit int) ([]jarvis.Suggestion, error) {
	found, err := m.searcher().Suggest(ctx, text, limit)
	if err == nil {
		m.record(ctx, jarvis.ActionSearch, 0)
	}
	return found, err
}

func (m *localMemory) ReadStatus(ctx context.Context, now time.Time) (jarvis.ReadStatus, error) {
	return m.catalog.ReadStatus(ctx, now)
}

func (m *localMemory) FindFailed(ctx context.Context, after jarvis.Cursor, limit int) ([]*jarvis.FailedReading, error) {
	return m.catalog.FindFailed(ctx, after, limit)
}

func (m *localMemory) Requeue(ctx context.Context, f jarvis.RequeueFilter, now time.Time) (int64, error) {
	return m.catalog.Requeue(ctx, f, now)
}

func (m *localMemory) Fetch(ctx context.Context, id jarvis.ID) (*jarvis.Capture, []byte, error) {
	c, image, err := m.archive.Fetch(ctx, id)
	if err == nil {
		m.record(ctx, jarvis.ActionExport, 1)
	}
	return c, image, err
}

func (m *localMemory) Ingest(ctx context.Context, r jarvis.Submission) (jarvis.Stored, error) {
	result, err := m.archive.Ingest(ctx, r)
	if err == nil && !result.Existed {
		m.added.Add(1)
	}
	return result, err
}

func (m *localMemory) SetPinned(ctx context.Context, id jarvis.ID, pinned bool) error {
	err := m.catalog.SetPinned(ctx, id, pinned)
	if err == nil {
		m.record(ctx, jarvis.ActionPin, 1)
	}
	return err
}

func (m *localMemory) PlanRemoval(ctx context.Context, f jarvis.CaptureFilter) (jarvis.Summary, removalFunc, error) {
	plan, err := m.archive.PlanRemoval(ctx, f)
	if err != nil {
		return jarvis.Summary{}, nil, err
	}
	return plan.Summary, func(ctx context.Context, o jarvis.RemoveOptions) (receipt, error) {
		return m.removing(ctx, o, func(o jarvis.RemoveOptions) (jarvis.Receipt, error) { return m.archive.RemovePlanned(ctx, plan, o) })
	}, nil
}

func (m *localMemory) RemoveIDs(ctx context.Context, ids []jarvis.ID, o jarvis.RemoveOptions) (receipt, error) {
	return m.removing(ctx, o, func(o jarvis.RemoveOptions) (jarvis.Receipt, error) { return m.archive.RemoveIDs(ctx, ids, o) })
}

// removing removes captures, and what a server keeps of them.
func (m *localMemory) removing(ctx context.Context, o jarvis.RemoveOptions, remove func(jarvis.RemoveOptions) (jarvis.Receipt, error)) (receipt, error) {
	var purging error // the first
	pictures := thumbnail.NewPurger(thumbnailFolder(m.cfg))
	o.Removed = func(id jarvis.ID) {
		if err := pictures.Purge(id); err != nil && purging == nil {
			purging = err
		}
	}
	done, err := remove(o)
	if err == nil {
		err = purging
	}
	if done.Removed > 0 {
		m.record(ctx, jarvis.ActionDelete, done.Removed)
	}
	return newReceipt(m.store, done, err == nil), err
}

func (m *localMemory) Stats(ctx context.Context, from, to time.Time, loc *time.Location, every bool) (*stats, error) {
	s, err := collectStats(ctx, m.catalog, from, to, loc, every)
	if err != nil {
		return nil, err
	}
	if usage, err := diskUsage(ctx, m.cfg.StoragePath); err == nil {
		s.Free, s.Total = &usage.Free, &usage.Total
	}
	return s, context.Cause(ctx)
}

// guard makes credentials. It keeps no account: the command does.
func (m *localMemory) guard() *access.Guard {
	return access.New(access.Options{Credentials: m.catalog, Now: m.app.now})
}

func (m *localMemory) NewToken(ctx context.Context, name string, scope jarvis.Scope) (string, error) {
	text, _, err := m.guard().NewToken(ctx, name, scope)
	if err == nil {
		m.record(ctx, jarvis.ActionToken, 0)
	}
	return text, err
}

func (m *localMemory) FindTokens(ctx context.Context) ([]*jarvis.Token, error) {
	return m.guard().Tokens(ctx)
}

func (m *localMemory) RevokeToken(ctx context.Context, name string) error {
	err := m.guard().Revoke(ctx, name)
	if err == nil {
		m.record(ctx, jarvis.ActionToken, 0)
	}
	return err
}

func (m *localMemory) NewSignIn(ctx context.Context) (signInLink, error) {
	secret, expires, err := m.guard().NewSignIn(ctx)
	if err != nil {
		return signInLink{}, err
	}
	m.record(ctx, jarvis.ActionSignIn, 0)
	return signInLink{signInURL(m.baseURL(), secret), expires}, nil
}

func (m *localMemory) FindSessions(ctx context.Context) ([]*jarvis.Session, error) {
	return m.guard().Sessions(ctx)
}

func (m *localMemory) EndSession(ctx context.Context, id jarvis.ID) error {
	err := m.guard().End(ctx, id)
	if err == nil {
		m.record(ctx, jarvis.ActionSignIn, 0)
	}
	return err
}

func (m *localMemory) FindAccess(ctx context.Context, f jarvis.AccessFilter) ([]jarvis.Access, error) {
	return m.catalog.FindAccess(ctx, f)
}

// recordAdded writes down what was added since it was last called.
func (m *localMemory) recordAdded(ctx context.Context) {
	if n := m.added.Swap(0); n > 0 {
		m.record(ctx, jarvis.ActionAdd, n)
	}
}

func (m *localMemory) close(ctx context.Context) error {
	m.recordAdded(ctx)
	return m.store.close(ctx)
}

// signInURL is the link of a secret. What stands after # is not sent to a server
// by whoever only fetches a link.
func signInURL(base, secret string) string { return base + "/sign-in#" + secret }

// baseURL is where browsers find the server: where the one that runs says, else
// where the settings say, else where it would listen by its settings.
func (m *localMemory) baseURL() string {
	if note := readRunning(m.cfg); note.URL != "" && note.Store == m.catalog.info.ID {
		return note.URL
	}
	if !m.app.json {
		m.app.note("No server runs on this store here: the link is for one that is started by these settings, or elsewhere.")
	}
	if len(m.cfg.Server.PublicURLs) > 0 {
		return m.cfg.Server.PublicURLs[0]
	}
	return listenURL(m.cfg, m.cfg.Server.Listen)
}

// listenURL is where this machine reaches a server that listens on an address. It
// needs no name: an empty container knows not even localhost.
func listenURL(cfg *config.Config, address string) string {
	scheme := "http"
	if cfg.Server.TLSCert != "" {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return scheme + "://" + address
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}
