package client

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jarvis-memory/jarvis"
)

const (
	maxImage     = 8 * 32 << 20 // bytes of an image that ReadImage reads
	maxThumbnail = 8 << 20
)

// FindCaptures returns a page of captures without their text, as
// [jarvis.Catalog] does. CreatedBefore is not supported.
func (c *Client) FindCaptures(ctx context.Context, f jarvis.CaptureFilter) ([]*jarvis.Capture, error) {
	const op = "list captures"
	if !f.CreatedBefore.IsZero() {
		return nil, c.noStoredTime(op)
	}
	query := filterQuery(&f)
	if !f.After.IsZero() {
		query.Set("cursor", f.After.String())
	}
	if f.Limit != 0 {
		query.Set("limit", strconv.Itoa(f.Limit))
	}
	if f.Order == jarvis.OldestFirst {
		query.Set("order", "oldest")
	}
	found, _, err := list[*jarvis.Capture](ctx, c, op, "/api/captures", query)
	return found, err
}

// noStoredTime is the error of a filter that the API cannot express: to leave it
// out would select more than was meant.
func (c *Client) noStoredTime(op string) error {
	return c.failure(op, jarvis.CodeInvalid, "a server does not select captures by when they were stored", nil)
}

// filterQuery returns what a filter selects, without the page.
func filterQuery(f *jarvis.CaptureFilter) url.Values {
	query := rangeQuery(f.From, f.To)
	setText(query, "device", f.Device)
	setText(query, "app", f.AppName)
	if f.Monitor != nil {
		query.Set("monitor", strconv.Itoa(*f.Monitor))
	}
	if f.Pinned != nil {
		query.Set("pinned", strconv.FormatBool(*f.Pinned))
	}
	return query
}

func rangeQuery(from, to time.Time) url.Values {
	query := make(url.Values)
	if !from.IsZero() {
		query.Set("from", timeText(from))
	}
	if !to.IsZero() {
		query.Set("to", timeText(to))
	}
	return query
}

func timeText(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func setText(query url.Values, name, text string) {
	if text != "" {
		query.Set(name, text)
	}
}

func capturePath(id jarvis.ID, of string) string { return "/api/captures/" + id.String() + of }

// noID refuses the zero id: without one, a path means something else.
func noID(op string, id jarvis.ID) error {
	if id.IsZero() {
		return &jarvis.Error{Code: jarvis.CodeInvalid, Op: "client: " + op, Message: "no id is given"}
	}
	return nil
}

// FindCapture returns a capture with its text.
func (c *Client) FindCapture(ctx context.Context, id jarvis.ID) (*jarvis.Capture, error) {
	const op = "get a capture"
	if err := noID(op, id); err != nil {
		return nil, err
	}
	capture := new(jarvis.Capture)
	if err := c.getJSON(ctx, op, capturePath(id, ""), nil, capture); err != nil {
		return nil, err
	}
	if capture.ID != id {
		return nil, c.strange(op)
	}
	return capture, nil
}

// Image is an image on its way. Whoever got it closes it.
type Image struct {
	io.ReadCloser
	Format jarvis.Format
	Size   int64  // bytes; -1 when the server does not say
	ETag   string // as the server wrote it
}

// OpenImage returns a capture's image as it comes. An image that breaks off ends
// with an error that is not io.EOF.
func (c *Client) OpenImage(ctx context.Context, id jarvis.ID) (*Image, error) {
	return c.openImage(ctx, id, "/image", nil)
}

// ExportImage is OpenImage for an image that is taken out as a file, and so
// noted in the access log.
func (c *Client) ExportImage(ctx context.Context, id jarvis.ID) (*Image, error) {
	return c.openImage(ctx, id, "/image", url.Values{"download": {"1"}})
}

const opImage = "get an image"

func (c *Client) openImage(ctx context.Context, id jarvis.ID, of string, query url.Values) (*Image, error) {
	if err := noID(opImage, id); err != nil {
		return nil, err
	}
	var image *Image
	r := request{op: opImage, method: http.MethodGet, path: capturePath(id, of), query: query}
	err := c.retry(ctx, r, func() (verdict, error) {
		res, v, err := c.open(ctx, r)
		if err != nil {
			return v, err
		}
		format, ok := imageFormat(res.Header.Get("Content-Type"))
		if !ok {
			return c.judge(ctx, opImage, errors.Join(c.stranger(), res.Body.Close()))
		}
		fail := func(err error) error {
			_, err = c.judge(ctx, opImage, err)
			return err
		}
		image = &Image{&pixels{res.Body, fail}, format, res.ContentLength, res.Header.Get("ETag")}
		return verdict{}, nil
	})
	return image, err
}

// pixels are the body of an image. Their errors are those of the package.
type pixels struct {
	body io.ReadCloser
	fail func(error) error
}

// Read implements io.Reader.
func (p *pixels) Read(b []byte) (int, error) {
	n, err := p.body.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		err = p.fail(err)
	}
	return n, err
}

// Close implements io.Closer.
func (p *pixels) Close() error { return p.fail(p.body.Close()) }

func imageFormat(mediaType string) (jarvis.Format, bool) {
	kind, _, err := mime.ParseMediaType(mediaType)
	format := jarvis.Format(strings.TrimPrefix(kind, "image/"))
	return format, err == nil && (format == jarvis.JPEG || format == jarvis.PNG || format == jarvis.WebP)
}

// ReadImage returns a capture's image as a whole, at most 256 MiB.
func (c *Client) ReadImage(ctx context.Context, id jarvis.ID) ([]byte, error) {
	return c.readImage(ctx, id, "/image", nil, maxImage)
}

// ReadThumbnail returns a JPEG of the capture, about as wide as asked for in
// pixels, and never wider than the image.
func (c *Client) ReadThumbnail(ctx context.Context, id jarvis.ID, width int) ([]byte, error) {
	return c.readImage(ctx, id, "/thumbnail", url.Values{"width": {strconv.Itoa(width)}}, maxThumbnail)
}

func (c *Client) readImage(ctx context.Context, id jarvis.ID, of string, query url.Values, limit int64) ([]byte, error) {
	if err := noID(opImage, id); err != nil {
		return nil, err
	}
	var content []byte
	r := request{op: opImage, method: http.MethodGet, path: capturePath(id, of), query: query}
	err := c.do(ctx, r, func(res *http.Response) (err error) {
		if _, ok := imageFormat(res.Header.Get("Content-Type")); !ok {
			return c.stranger()
		}
		content, err = readBounded(res.Body, limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	return content, nil
}

// SetPinned pins a capture or unpins it; it may be repeated.
func (c *Client) SetPinned(ctx context.Context, id jarvis.ID, pinned bool) error {
	const op = "pin a capture"
	if err := noID(op, id); err != nil {
		return err
	}
	method := http.MethodDelete
	if pinned {
		method = http.MethodPut
	}
	return c.doJSON(ctx, request{op: op, method: method, path: capturePath(id, "/pin")}, nil)
}
