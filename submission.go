package jarvis

import "time"

// Submission is a capture to be stored.
type Submission struct {
	// Data is the image. It must not be changed until the archive's Ingest
	// returned, nor after an Ingest that its context ended until the archive was
	// closed.
	Data      []byte
	Timestamp time.Time // when the screen was photographed; MinTime to MaxTime
	ID        ID        // the client's id; zero to derive it with CaptureID
	Monitor   int       // 0 and up

	// Said is what the client says of Data, and must agree with it. Zero fields
	// say nothing.
	Said Said

	// Texts are cleaned and cut with CleanText, never refused.
	Device      string
	AppName     string
	WindowTitle string
	URL         string

	// Undelete stores the capture even if its id was deleted before.
	Undelete bool
}

// Said is what a client says of an image that it sends.
type Said struct {
	Format        Format
	Width, Height int
	SHA256        []byte
}

// Check returns CodeInvalid when the image is not what was said of it.
func (s Said) Check(image Image, sha256 [32]byte) error {
	switch {
	case s.Format != "" && s.Format != image.Format:
		return Errorf(CodeInvalid, "the image is sent as %s, and is %s", s.Format.MediaType(), image.Format.MediaType())
	case s.Width != 0 && s.Width != image.Width, s.Height != 0 && s.Height != image.Height:
		return Errorf(CodeInvalid, "the metadata says that the image has %d x %d pixels, and it has %d x %d", s.Width, s.Height, image.Width, image.Height)
	case s.SHA256 != nil && string(s.SHA256) != string(sha256[:]):
		return Errorf(CodeInvalid, "the SHA-256 of the image is not the one in its metadata: it was damaged on its way, or another was sent")
	}
	return nil
}

// Stored is the answer to a Submission; the same capture sent again gets the same
// Capture.
type Stored struct {
	Capture *Capture
	Existed bool // it was already in the store
	// Restored says that the capture existed, that its image was gone or
	// damaged, and that it is sound again.
	Restored bool
}
