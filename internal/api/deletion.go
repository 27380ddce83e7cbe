package api

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"hash"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/jarvis-memory/jarvis"
)

const deleteAbout = "Without \"confirm\", counts what the filter selects and returns a text that confirms just that: once, within ten minutes. With it, deletes those captures for good and returns the receipt."

const (
	planLasts = 10 * time.Minute
	maxPlans  = 64 // the oldest is forgotten
	samples   = 5
)

// plan is a removal that may be confirmed.
type plan struct {
	removal *jarvis.Removal
	who     string
	list    [sha256.Size]byte // of the ids and pins, see fingerprint
	expires time.Time
}

// plans keeps removals until they are confirmed.
type plans struct {
	now func() time.Time
	mu  sync.Mutex
	all map[string]*plan
}

func newPlans(now func() time.Time) *plans { return &plans{now: now, all: make(map[string]*plan)} }

// put keeps a plan and returns the text that confirms it.
func (p *plans) put(made *plan) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.all, func(_ string, old *plan) bool { return !p.now().Before(old.expires) })
	for len(p.all) >= maxPlans {
		oldest := slices.MinFunc(slices.Collect(maps.Keys(p.all)), func(a, b string) int { return p.all[a].expires.Compare(p.all[b].expires) })
		delete(p.all, oldest)
	}
	text := rand.Text()
	p.all[text] = made
	return text
}

// take returns the plan of a text, which is then used up.
func (p *plans) take(text, who string) (*plan, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	found := p.all[text]
	if found == nil || found.who != who || !p.now().Before(found.expires) {
		return nil, jarvis.Errorf(jarvis.CodeNotFound, "this confirms nothing: it was used, is older than ten minutes, or was made for somebody else; ask for another preview")
	}
	delete(p.all, text)
	return found, nil
}

type deleteInput struct {
	Selection
	Body *struct {
		Confirm string `json:"confirm,omitempty" maxLength:"200" doc:"What the preview gave; then no filter is looked at."`
	} `required:"false"`
}

// deleteOutput is a preview, or a receipt.
type deleteOutput struct {
	Body deletion
}

// deletion is one of both.
type deletion struct {
	preview *preview
	receipt *jarvis.Receipt
}

// MarshalJSON implements json.Marshaler.
func (d deletion) MarshalJSON() ([]byte, error) {
	if d.receipt != nil {
		return json.Marshal(d.receipt)
	}
	return json.Marshal(d.preview)
}

type preview struct {
	jarvis.Summary
	Samples   []*jarvis.Capture `json:"samples" nullable:"false" doc:"Some of the captures, without text."`
	Confirm   string            `json:"confirm" doc:"Send it to delete just these."`
	ExpiresAt time.Time         `json:"expires_at"`
}

// Schema implements huma.SchemaProvider.
func (deletion) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{
		r.Schema(typeOf[preview](), true, "Preview"), r.Schema(typeOf[jarvis.Receipt](), true, "Receipt"),
	}}
}

func (s *Server) deleteCaptures(ctx context.Context, in *deleteInput) (*deleteOutput, error) {
	var out deletion
	var err error
	if in.Body != nil && in.Body.Confirm != "" {
		out.receipt, err = s.confirmDeletion(ctx, in.Body.Confirm)
	} else {
		out.preview, err = s.previewDeletion(ctx, &in.Selection)
	}
	return &deleteOutput{out}, err
}

func (s *Server) previewDeletion(ctx context.Context, selected *Selection) (*preview, error) {
	f, err := selected.filter()
	if err != nil {
		return nil, err
	}
	removal, err := s.o.Archive.PlanRemoval(ctx, f)
	if err != nil {
		return nil, err
	}
	f.Limit = samples
	shown, err := s.o.Catalog.FindCaptures(ctx, f)
	if err != nil {
		return nil, err
	}
	for _, c := range shown {
		show(c)
	}
	list, err := s.fingerprint(ctx, removal)
	if err != nil {
		return nil, err
	}
	expires := jarvis.Instant(s.now().Add(planLasts))
	s.record(ctx, jarvis.ActionView, int64(len(shown)))
	summary := removal.Summary
	summary.Devices = append([]string{}, summary.Devices...) // null is no list
	return &preview{
		Summary: summary, Samples: shown, ExpiresAt: expires,
		Confirm: s.plans.put(&plan{removal, principal(ctx).Who(), list, expires}),
	}, nil
}

func (s *Server) confirmDeletion(ctx context.Context, confirm string) (*jarvis.Receipt, error) {
	made, err := s.plans.take(strings.TrimSpace(confirm), principal(ctx).Who())
	if err != nil {
		return nil, err
	}
	// A pin that was set or taken away since could have others selected, or be on
	// what the preview said had none.
	list, err := s.fingerprint(ctx, made.removal)
	if err != nil {
		return nil, err
	}
	if list != made.list {
		return nil, jarvis.Errorf(jarvis.CodeConflict, "other captures are selected or pinned now than in the preview: ask for another preview")
	}
	if err := s.recordNow(ctx, jarvis.ActionDelete, made.removal.Captures); err != nil {
		return nil, err
	}
	receipt, err := s.o.Archive.RemovePlanned(ctx, made.removal, s.removing(ctx, func(id jarvis.ID, err error) {
		s.log.WarnContext(ctx, "a capture could not be deleted", "request_id", visitOf(ctx).id, "id", id.String(), "error", cause(err))
	}))
	s.metrics.deleted.Add(float64(receipt.Removed))
	if err != nil {
		return nil, err
	}
	return &receipt, nil
}

// fingerprint is of the ids that a removal is about, in their order, and of which
// of them are pinned.
func (s *Server) fingerprint(ctx context.Context, r *jarvis.Removal) (sum [sha256.Size]byte, err error) {
	digest := sha256.New()
	f := r.Filter
	if err := s.digestIDs(ctx, digest, f); err != nil {
		return sum, err
	}
	if f.Pinned == nil {
		digest.Write([]byte("pinned"))
		f.Pinned = new(true)
		if err := s.digestIDs(ctx, digest, f); err != nil {
			return sum, err
		}
	}
	for _, id := range slices.SortedFunc(maps.Keys(r.Ahead), func(a, b jarvis.ID) int { return strings.Compare(a.String(), b.String()) }) {
		pinned := "gone"
		c, err := s.o.Catalog.FindCapture(ctx, id)
		switch {
		case err == nil:
			pinned = strconv.FormatBool(c.Pinned)
		case !errors.Is(err, jarvis.ErrNotFound) && !errors.Is(err, jarvis.ErrDeleted):
			return sum, err
		}
		digest.Write([]byte(id.String() + pinned))
	}
	return [sha256.Size]byte(digest.Sum(nil)), nil
}

// digestIDs adds the ids of what a filter selects, the oldest first.
func (s *Server) digestIDs(ctx context.Context, digest hash.Hash, f jarvis.CaptureFilter) error {
	f.Order, f.After, f.Limit = jarvis.OldestFirst, jarvis.Cursor{}, jarvis.MaxPage
	for {
		files, err := s.o.Catalog.FindFiles(ctx, f)
		if err != nil {
			return err
		}
		for _, file := range files {
			digest.Write([]byte(file.ID.String()))
		}
		if len(files) < f.Limit {
			return nil
		}
		f.After = files[len(files)-1].Cursor()
	}
}
