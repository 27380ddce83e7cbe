package archive

import (
	"context"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// Request is a capture to be stored.
type Request struct {
	Data      []byte    // the image; must not be changed until Ingest and, after a cancelled Ingest, Close returned
	Timestamp time.Time // when the screen was photographed; jarvis.MinTime to jarvis.MaxTime
	ID        jarvis.ID // the client's id; zero to derive it with jarvis.CaptureID
	Monitor   int       // 0 and up

	// Texts are cleaned and cut with jarvis.CleanText, never refused.
	Device      string
	AppName     string
	WindowTitle string
	URL         string

	// Undelete stores the capture even if its id was deleted before.
	Undelete bool
}

// Result is the answer to a Request; it is the same for the same capture sent
// again.
type Result struct {
	Capture *jarvis.Capture
	Existed bool // it was already in the store
	// Restored says that the capture existed and its image was gone or damaged,
	// and is there again.
	Restored bool
}

// Ingest stores a capture and returns when image and row are durable.
//
// The same id with the same bytes, time and monitor is the same capture: it
// returns the stored row with Existed set, after checking that its image is
// sound. Of a row that Verify recovered or that an older Jarvis made, only what
// it knows is compared.
//
// Errors: CodeInvalid and CodeTooLarge for what is no acceptable image or time;
// CodeConflict for an id that has other content; CodeDeleted for an id that was
// deleted, unless Undelete; CodeNoSpace and CodeUnavailable as the stores say.
// After any other than the first four it is not known whether the capture was
// stored: send it again.
func (a *Archive) Ingest(ctx context.Context, r Request) (Result, error) {
	return Result{}, nil
}
