package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net"
	"net/netip"
	"net/url"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/client"
	"github.com/jarvis-memory/jarvis/internal/config"
	"github.com/jarvis-memory/jarvis/internal/picture"
)

// remoteMemory is the store of a server. Who looked at what, the server writes
// down.
type remoteMemory struct {
	*client.Client
	app    *app
	limits jarvis.ImageLimits
	next   string // cursor of the next page of the access log
}

// openRemote names the server that the settings mean. It asks it nothing.
func (a *app) openRemote(ctx context.Context, cfg *config.Config) (memory, error) {
	c, err := a.newClient(ctx, cfg, jarvis.ScopeAdmin)
	if err != nil {
		return nil, err
	}
	return &remoteMemory{Client: c, app: a, limits: cfg.Images}, nil
}

// newClient returns a client of the server that the settings mean, for what a token
// of the scope permits.
func (a *app) newClient(ctx context.Context, cfg *config.Config, scope jarvis.Scope) (*client.Client, error) {
	if cfg.Token.IsZero() {
		return nil, jarvis.Errorf(jarvis.CodeNoCredential, "the server %s wants a token: make one there with jarvis device add NAME --scope %s, and name the file that holds it in JARVIS_TOKEN_FILE", cfg.ServerURL, scope)
	}
	return client.New(client.Options{
		BaseURL:        cfg.ServerURL,
		Token:          cfg.Token.Reveal(),
		Version:        newBuildVersion(a.version).Version,
		AllowPlainHTTP: allowsPlain(ctx, cfg.Server.PlainHTTP, cfg.ServerURL),
	})
}

// allowsPlain reports whether the server of an address is in networks that the
// settings name for plain HTTP: all its IP addresses are.
func allowsPlain(ctx context.Context, networks []netip.Prefix, address string) bool {
	server, err := url.Parse(address)
	if err != nil || len(networks) == 0 {
		return false
	}
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", server.Hostname())
	if err != nil {
		return false
	}
	for _, address := range addresses {
		if !within(networks, address.Unmap()) {
			return false
		}
	}
	return true
}

func within(networks []netip.Prefix, address netip.Addr) bool {
	for _, network := range networks {
		if network.Contains(address) {
			return true
		}
	}
	return false
}

func (m *remoteMemory) Search(ctx context.Context, r jarvis.SearchRequest) (*jarvis.SearchPage, error) {
	if r.Location != nil {
		r.Location = m.app.namedZone(r.Location)
	}
	return m.Client.Search(ctx, r)
}

func (m *remoteMemory) Fetch(ctx context.Context, id jarvis.ID) (*jarvis.Capture, []byte, error) {
	c, err := m.FindCapture(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	image, err := m.ExportImage(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	data, err := io.ReadAll(image)
	return c, data, errors.Join(err, image.Close())
}

func (m *remoteMemory) Ingest(ctx context.Context, r jarvis.Submission) (jarvis.Stored, error) {
	if r.Undelete {
		return jarvis.Stored{}, jarvis.Errorf(jarvis.CodeInvalid, "--undelete works on the machine of the store only")
	}
	image, err := picture.Inspect(r.Data, m.limits)
	if err != nil {
		return jarvis.Stored{}, err
	}
	sum := sha256.Sum256(r.Data)
	stored, err := m.Upload(ctx, client.Upload{
		ID: r.ID, Timestamp: r.Timestamp, Monitor: r.Monitor, Width: image.Width, Height: image.Height,
		Device: r.Device, AppName: r.AppName, WindowTitle: r.WindowTitle, URL: r.URL,
		Format: image.Format, Size: int64(len(r.Data)), Image: bytes.NewReader(r.Data), SHA256: sum[:],
	})
	if err != nil {
		return jarvis.Stored{}, err
	}
	return jarvis.Stored{
		Capture: &jarvis.Capture{
			ID: stored.ID, Filepath: stored.Filepath, Timestamp: jarvis.Instant(r.Timestamp), FileSize: int64(len(r.Data)),
		},
		Existed: stored.Existed,
	}, nil
}

func (m *remoteMemory) PlanRemoval(ctx context.Context, f jarvis.CaptureFilter) (jarvis.Summary, removalFunc, error) {
	plan, err := m.PlanDeletion(ctx, f)
	if err != nil {
		return jarvis.Summary{}, nil, err
	}
	return plan.Summary, func(ctx context.Context, _ jarvis.RemoveOptions) (receipt, error) {
		done, err := m.ConfirmDeletion(ctx, plan)
		return remoteReceipt(done), err
	}, nil
}

func (m *remoteMemory) RemoveIDs(ctx context.Context, ids []jarvis.ID, o jarvis.RemoveOptions) (receipt, error) {
	var done jarvis.Receipt
	for i, id := range ids {
		one, err := m.Delete(ctx, id)
		switch {
		case isFatal(err):
			return remoteReceipt(done), err
		case err != nil:
			done.Failed++
			o.Failed(id, err)
		default:
			done.Removed += one.Removed
			done.Bytes += one.Bytes
			done.Missing += one.Missing
		}
		o.Progress(int64(i+1), int64(len(ids)))
	}
	return remoteReceipt(done), nil
}

// remoteReceipt completes the receipt of a server. Which database it has is not
// known here: what depends on that may remain.
func remoteReceipt(r jarvis.Receipt) receipt {
	full := receipt{Receipt: r, Gone: []trace{}, MayRemain: []trace{}}
	if r.Removed > 0 {
		full.Gone = append(full.Gone, traceRows, traceImages, traceIndex)
		full.MayRemain = append(full.MayRemain, tracePages, traceCopies, traceBackups, traceSnapshots, traceSpare, traceWAL, traceReplicas)
	}
	return full
}

func (m *remoteMemory) Stats(ctx context.Context, from, to time.Time, loc *time.Location, every bool) (*stats, error) {
	return collectStats(ctx, remoteCounters{m.Client}, from, to, m.app.namedZone(loc), every)
}

// remoteCounters are the counters of a server.
type remoteCounters struct{ *client.Client }

func (c remoteCounters) Stats(ctx context.Context) (jarvis.CatalogStats, error) {
	sums, err := c.Client.Stats(ctx)
	if err != nil {
		return jarvis.CatalogStats{}, err
	}
	return *sums, nil
}

func (m *remoteMemory) NewSignIn(ctx context.Context) (signInLink, error) {
	link, err := m.Client.NewSignIn(ctx)
	return signInLink(link), err
}

// FindAccess returns pages in their order: the one after the last, when the
// filter has an After.
func (m *remoteMemory) FindAccess(ctx context.Context, f jarvis.AccessFilter) ([]jarvis.Access, error) {
	cursor := ""
	if f.After != nil {
		if m.next == "" {
			return nil, nil
		}
		cursor = m.next
	}
	lines, next, err := m.Client.FindAccess(ctx, f, cursor)
	m.next = next
	return lines, err
}

func (m *remoteMemory) close(context.Context) error {
	m.CloseIdle()
	return nil
}
