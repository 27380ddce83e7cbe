// Package search is the use case of finding captures: it understands a query,
// asks the index, and makes results of what matches: moments, snippets, places on
// the image, counts.
package search

import (
	"context"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// Catalog is what a search needs of jarvis.Catalog.
type Catalog interface {
	FindCapture(ctx context.Context, id jarvis.ID) (*jarvis.Capture, error)
	FindCaptures(ctx context.Context, f jarvis.CaptureFilter) ([]*jarvis.Capture, error)
}

// DefaultTimeout is how long a search may take when nobody said.
const DefaultTimeout = 5 * time.Second

// Options are what a Service works with. Index, Readings and Catalog are
// required, and are usually one thing.
type Options struct {
	Index    jarvis.Index
	Readings jarvis.Readings
	Catalog  Catalog
	Now      func() time.Time // nil means time.Now
	Timeout  time.Duration    // of one search; 0 means DefaultTimeout, less than 0 none
}

// Service finds captures. Its methods may be called concurrently.
type Service struct {
	o Options
}

// New returns a service.
func New(o Options) *Service { return &Service{o} }

// Search returns a page of results. Every query is understood, see
// query.Parse; a cursor that is none, a limit out of range and an unknown order
// are CodeInvalid. A search that takes longer than it may is ended, in the
// database too, and is CodeTimeout.
func (s *Service) Search(ctx context.Context, r jarvis.SearchRequest) (*jarvis.SearchPage, error) {
	return &jarvis.SearchPage{}, nil
}

// Text returns a capture with all that was read in it. CodeNotFound or
// CodeDeleted as jarvis.Catalog.FindCapture.
func (s *Service) Text(ctx context.Context, id jarvis.ID) (*jarvis.CaptureText, error) {
	return nil, jarvis.NoCapture(id)
}

// Suggest completes the last term of a query that is being typed, by at most limit
// names of apps and devices and titles of recent captures; those that begin with
// what was typed come first. A limit of 0 means DefaultSuggestions.
func (s *Service) Suggest(ctx context.Context, text string, limit int) ([]jarvis.Suggestion, error) {
	return nil, nil
}

// The suggestions of a request that does not say, and at most.
const (
	DefaultSuggestions = 10
	MaxSuggestions     = 50
)

// Reindex makes the documents of all captures anew from their texts, and then
// the index from the documents, while captures arrive and are found. Interrupted,
// it goes on where it was; restart begins at the first again. progress may be nil.
func (s *Service) Reindex(ctx context.Context, restart bool, progress jarvis.Progress) error {
	return nil
}
