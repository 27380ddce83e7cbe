package api

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"github.com/jarvis-memory/jarvis"
)

// The bounds of a form, besides that of its image.
const (
	metadataLimit = 64 << 10 // bytes
	formParts     = 16
	partHeaders   = 16 << 10 // bytes of one part, and of what stands before it
	maxBoundary   = 70       // after RFC 2046
)

// form is an upload that was read. It must be released.
type form struct {
	image    []byte
	format   jarvis.Format // that the part says
	metadata []byte

	memory *budget
	taken  portion
}

// release gives the memory of the image back.
func (f *form) release() { f.memory.give(f.taken) }

// readForm reads the parts of an upload, in any order.
func (s *Server) readForm(ctx context.Context, r *http.Request) (*form, error) {
	reader, err := newFormReader(r)
	if err != nil {
		return nil, err
	}
	f := &form{memory: s.receiving}
	for parts := 0; ; parts++ {
		part, err := reader.next()
		if errors.Is(err, io.EOF) { // of the whole form, see boundedReader
			break
		}
		if err == nil && parts == formParts {
			err = jarvis.Errorf(jarvis.CodeInvalid, "the form has more than %d parts", formParts)
		}
		if err == nil {
			err = s.readPart(ctx, f, part, r.ContentLength)
		}
		if err != nil {
			f.release()
			return nil, broken(ctx, err)
		}
	}
	return f, f.complete()
}

// complete fails, and releases the form, unless both parts were there.
func (f *form) complete() error {
	var missing string
	switch {
	case f.image == nil:
		missing = "file"
	case f.metadata == nil:
		missing = "metadata"
	default:
		return nil
	}
	f.release()
	return jarvis.Errorf(jarvis.CodeInvalid, "the form has no part %q: send \"file\", an image, and \"metadata\", a JSON text", missing)
}

func (s *Server) readPart(ctx context.Context, f *form, part *multipart.Part, length int64) (err error) {
	switch part.FormName() {
	case "file":
		if f.image != nil {
			return jarvis.Errorf(jarvis.CodeInvalid, "the form has two parts \"file\": send one capture at a time")
		}
		if f.format, err = formatOfPart(part); err == nil {
			err = f.readImage(ctx, part, s.o.MaxImageBytes, length)
		}
	case "metadata":
		if f.metadata != nil {
			return jarvis.Errorf(jarvis.CodeInvalid, "the form has two parts \"metadata\"")
		}
		f.metadata, err = io.ReadAll(io.LimitReader(part, metadataLimit+1))
		if err == nil && len(f.metadata) > metadataLimit {
			err = jarvis.Errorf(jarvis.CodeTooLarge, "the metadata has more than %d bytes", metadataLimit)
		}
	default:
		_, err = io.Copy(io.Discard, part)
	}
	return err
}

// formatOfPart returns the format that the part of the image says it has.
func formatOfPart(part *multipart.Part) (jarvis.Format, error) {
	kind, _, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
	if err == nil {
		switch kind {
		case "image/jpeg", "image/jpg":
			return jarvis.JPEG, nil
		case "image/png":
			return jarvis.PNG, nil
		case "image/webp":
			return jarvis.WebP, nil
		}
	}
	return "", jarvis.Errorf(jarvis.CodeInvalid, "the part \"file\" has the wrong type: send image/jpeg, image/png or image/webp")
}

// readImage reads the image. It takes the memory for all of it at once: whoever
// waited for more while holding some would keep others waiting who do the same.
func (f *form) readImage(ctx context.Context, part *multipart.Part, limit, length int64) (err error) {
	room := limit + 1 // one byte more tells that an image is too large
	if length > 0 {
		room = min(room, length)
	}
	if f.taken, err = f.memory.take(ctx, room); err != nil {
		return err
	}
	buffer := make([]byte, 0, room)
	for len(buffer) < cap(buffer) {
		n, err := part.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		if errors.Is(err, io.EOF) { // of the part, see boundedReader
			f.image = buffer
			return f.fits(limit)
		}
		if err != nil {
			return err
		}
	}
	f.image = buffer
	return errors.Join(f.fits(limit), io.ErrUnexpectedEOF) // longer than the form said it is
}

func (f *form) fits(limit int64) error {
	if int64(len(f.image)) > limit {
		return jarvis.Errorf(jarvis.CodeTooLarge, "the image has more than the %d bytes that are taken", limit)
	}
	return nil
}

// formReader reads a form part by part.
type formReader struct {
	body  *boundedReader
	parts *multipart.Reader
}

func newFormReader(r *http.Request) (*formReader, error) {
	kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "an upload is a form: send multipart/form-data with the parts \"file\" and \"metadata\"")
	}
	boundary := parameters["boundary"]
	if boundary == "" || len(boundary) > maxBoundary {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "the form's Content-Type has no boundary, or one of more than %d characters", maxBoundary)
	}
	body := &boundedReader{reader: r.Body}
	return &formReader{body, multipart.NewReader(body, boundary)}, nil
}

// next returns the next part, and io.EOF after the last boundary. The part before must have
// been read whole.
func (f *formReader) next() (*multipart.Part, error) {
	f.body.bound(partHeaders)
	part, err := f.parts.NextRawPart()
	f.body.bound(-1)
	return part, err
}

// boundedReader is a reader that may be allowed a number of bytes only. It ends with
// a line end of its own, and then with io.ErrUnexpectedEOF: so that an io.EOF of the
// form is one of a boundary that was read. Package mime/multipart returns that of the
// body too, wrapped or not, where a form breaks off in the headers of a part.
type boundedReader struct {
	reader io.Reader
	left   int    // negative for any number
	after  string // what is still to be read after the body
	ended  bool
}

func (b *boundedReader) bound(n int) { b.left = n }

// Read implements io.Reader.
func (b *boundedReader) Read(p []byte) (int, error) {
	if b.left < 0 {
		return b.read(p)
	}
	if b.left == 0 {
		return 0, jarvis.Errorf(jarvis.CodeInvalid, "the headers of a part of the form have more than %d bytes", partHeaders)
	}
	n, err := b.read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

func (b *boundedReader) read(p []byte) (int, error) {
	if b.ended {
		n := copy(p, b.after)
		if b.after = b.after[n:]; n == 0 {
			return 0, io.ErrUnexpectedEOF
		}
		return n, nil
	}
	n, err := b.reader.Read(p)
	if errors.Is(err, io.EOF) {
		b.ended, b.after, err = true, "\r\n", nil
	}
	return n, err
}

// broken returns the error of a form that could not be read.
func broken(ctx context.Context, err error) error {
	if _, ok := errors.AsType[*jarvis.Error](err); ok {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return jarvis.Errorf(jarvis.CodeTooLarge, "the upload is larger than is taken")
	}
	return &jarvis.Error{Code: jarvis.CodeInvalid, Op: "api: read form", Err: err, Message: "the form is broken, or breaks off"}
}
