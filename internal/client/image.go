package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/jarvis-memory/jarvis"
)

const (
	maxImage     = 256 << 20 // bytes of an image that ReadImage reads
	maxThumbnail = 8 << 20

	opImage = "get an image"
)

// Image is an image on its way. Whoever got it closes it. It is for one goroutine.
type Image struct {
	io.ReadCloser
	Format jarvis.Format
	Size   int64  // bytes; -1 when the server does not say
	ETag   string // as the server wrote it
}

// OpenImage returns a capture's image as it comes. Where the connection breaks off
// it goes on with the rest, if the server can tell that the image is the same. One
// that is not whole ends with an error that is not io.EOF.
func (c *Client) OpenImage(ctx context.Context, id jarvis.ID) (*Image, error) {
	return c.openImage(ctx, id, nil)
}

// ExportImage is OpenImage for an image that is taken out as a file, and so
// noted in the access log.
func (c *Client) ExportImage(ctx context.Context, id jarvis.ID) (*Image, error) {
	return c.openImage(ctx, id, url.Values{"download": {"1"}})
}

func (c *Client) openImage(ctx context.Context, id jarvis.ID, query url.Values) (*Image, error) {
	if err := noID(opImage, id); err != nil {
		return nil, err
	}
	r := imageRequest(id, "/image", query)
	whole, err := c.openPart(ctx, r, http.StatusOK)
	if err != nil {
		return nil, err
	}
	tag := whole.header.Get("ETag")
	p := &pixels{body: whole.body, left: c.attempts - 1, fail: func(err error) error {
		_, err = c.judge(ctx, opImage, err)
		return err
	}}
	if tag != "" {
		p.resume = func(at int64) (io.ReadCloser, error) {
			r.header = r.header.Clone()
			r.header.Set("Range", fmt.Sprintf("bytes=%d-", at))
			r.header.Set("If-Range", tag)
			rest, err := c.openPart(ctx, r, http.StatusPartialContent)
			if err != nil {
				return nil, err
			}
			if !strings.HasPrefix(rest.header.Get("Content-Range"), fmt.Sprintf("bytes %d-", at)) {
				return nil, errors.Join(c.strange(opImage), rest.body.Close())
			}
			return rest.body, nil
		}
	}
	return &Image{p, whole.format, whole.size, tag}, nil
}

func imageRequest(id jarvis.ID, of string, query url.Values) request {
	return request{
		op: opImage, method: http.MethodGet, path: capturePath(id, of), query: query,
		header: http.Header{"Accept-Encoding": {"identity"}}, // what breaks off is counted in bytes of the image
	}
}

// part is an answer that holds an image, or the rest of one.
type part struct {
	body   io.ReadCloser
	header http.Header
	format jarvis.Format
	size   int64
}

// openPart returns an answer of the status that holds an image.
func (c *Client) openPart(ctx context.Context, r request, status int) (*part, error) {
	var p *part
	err := c.retry(ctx, r, func() (verdict, error) {
		res, v, err := c.open(ctx, r)
		if err != nil {
			return v, err
		}
		format, ok := imageFormat(res.Header.Get("Content-Type"))
		if !ok || res.StatusCode != status {
			return c.judge(ctx, opImage, errors.Join(c.stranger(), res.Body.Close()))
		}
		p = &part{res.Body, res.Header, format, res.ContentLength}
		return verdict{}, nil
	})
	return p, err
}

// pixels are the body of an image. Their errors are those of the package.
type pixels struct {
	body   io.ReadCloser
	read   int64
	left   int                                   // how often it may still be resumed
	resume func(at int64) (io.ReadCloser, error) // nil when it cannot be
	fail   func(error) error
}

// Read implements io.Reader.
func (p *pixels) Read(b []byte) (int, error) {
	for {
		n, err := p.body.Read(b)
		p.read += int64(n)
		if n > 0 && !errors.Is(err, io.EOF) {
			return n, nil // a failure comes again
		}
		if err == nil || errors.Is(err, io.EOF) {
			return n, err
		}
		if p.resume == nil || p.left == 0 {
			return 0, p.fail(err)
		}
		p.left--
		if err := p.body.Close(); err != nil {
			return 0, p.fail(err)
		}
		rest, err := p.resume(p.read)
		if err != nil {
			p.resume = nil
			return 0, err
		}
		p.body = rest
	}
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
	err := c.do(ctx, imageRequest(id, of, query), func(res *http.Response) (err error) {
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
