package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// Upload is a capture to be stored. Image, Size, Format and Timestamp are
// required; the server checks that Width and Height are those of the image.
type Upload struct {
	ID        jarvis.ID // zero lets the server choose; the same capture always gets the same
	Timestamp time.Time
	Monitor   int
	Width     int
	Height    int

	Device      string // a device's token says its own, and that one counts
	AppName     string
	WindowTitle string
	URL         string

	Format jarvis.Format
	Size   int64       // of the image, in bytes
	Image  io.ReaderAt // read from 0 to Size, once for the digest and each time it is sent
	SHA256 []byte      // of the image; nil means that it is computed
}

// Stored is what a server says of a capture that it stored.
type Stored struct {
	ID       jarvis.ID `json:"id"`
	Status   string    `json:"status"` // "stored"
	Filepath string    `json:"filepath"`

	// Existed says that it was there before, be it from an attempt of the same
	// call whose answer was lost.
	Existed bool `json:"-"`
}

// existedHeader is "true" where the capture was there before.
const existedHeader = "Jarvis-Existed"

// metadata is the part of an upload beside the image.
type metadata struct {
	ID          jarvis.ID `json:"id,omitzero"`
	Timestamp   time.Time `json:"timestamp"`
	Monitor     int       `json:"monitor_index"`
	Width       int       `json:"width"`
	Height      int       `json:"height"`
	SHA256      string    `json:"sha256"`
	Device      string    `json:"agent_id,omitempty"`
	AppName     string    `json:"app_name,omitempty"`
	WindowTitle string    `json:"window_title,omitempty"`
	URL         string    `json:"url,omitempty"`
}

// Upload stores a capture. When it returns nil the server has the capture for
// good: nothing but the words of a Jarvis server passes for that. It may be
// called again with the same capture, and gets the same answer. The image is
// streamed, with its length told beforehand, and not touched after Upload
// returned.
func (c *Client) Upload(ctx context.Context, u Upload) (Stored, error) {
	const op = "upload a capture"
	if u.Image == nil || u.Size <= 0 {
		return Stored{}, c.failure(op, jarvis.CodeInvalid, "there is no image to upload", nil)
	}
	if u.SHA256 == nil {
		digest := sha256.New()
		if _, err := io.Copy(digest, io.NewSectionReader(u.Image, 0, u.Size)); err != nil {
			return Stored{}, c.failure(op, jarvis.CodeUnavailable, "the image to upload could not be read", err)
		}
		u.SHA256 = digest.Sum(nil)
	}
	form, err := u.form()
	if err != nil {
		return Stored{}, err
	}
	var stored Stored
	r := request{op: op, method: http.MethodPost, path: "/api/captures", payload: form}
	err = c.do(ctx, r, func(res *http.Response) error {
		stored = Stored{Existed: res.Header.Get(existedHeader) == "true"}
		return c.decode(res, &stored)
	})
	if err != nil {
		return Stored{}, err
	}
	if stored.Status != "stored" || stored.ID.IsZero() || !u.ID.IsZero() && stored.ID != u.ID {
		return Stored{}, c.strange(op)
	}
	return stored, nil
}

// form returns the upload as multipart/form-data: the metadata first, so that a
// server can refuse before it reads the image.
func (u *Upload) form() (*payload, error) {
	text, err := json.Marshal(metadata{
		ID: u.ID, Timestamp: jarvis.Instant(u.Timestamp), Monitor: u.Monitor, Width: u.Width, Height: u.Height, SHA256: hex.EncodeToString(u.SHA256),
		Device: u.Device, AppName: u.AppName, WindowTitle: u.WindowTitle, URL: u.URL,
	})
	if err != nil {
		return nil, jarvis.WrapError(jarvis.CodeInvalid, "client: upload a capture", "the capture cannot be put as JSON: its time is not between the years 0 and 9999", err)
	}
	var around strings.Builder
	w := multipart.NewWriter(&around)
	header := make(textproto.MIMEHeader)
	header.Set("Content-Disposition", `form-data; name="file"; filename="capture`+u.Format.Extension()+`"`)
	header.Set("Content-Type", u.Format.MediaType())
	if err := errors.Join(w.WriteField("metadata", string(text)), second(w.CreatePart(header))); err != nil {
		return nil, jarvis.WrapError(jarvis.CodeInternal, "client: upload a capture", "the form could not be made", err)
	}
	before := around.String()
	if err := w.Close(); err != nil {
		return nil, jarvis.WrapError(jarvis.CodeInternal, "client: upload a capture", "the form could not be made", err)
	}
	after := around.String()[len(before):]
	return &payload{w.FormDataContentType(), int64(len(before)) + u.Size + int64(len(after)), func() io.Reader {
		return io.MultiReader(strings.NewReader(before), io.NewSectionReader(u.Image, 0, u.Size), strings.NewReader(after))
	}}, nil
}

func second[T any](_ T, err error) error { return err }
