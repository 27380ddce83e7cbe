package jarvis

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"time"
	"unicode/utf8"
)

// Capture is one photograph of one monitor: a row of the catalogue. The first
// nine fields are the columns of migration 1, in their order.
type Capture struct {
	ID           ID        `json:"id"`
	Filepath     string    `json:"filepath"` // relative to the storage root; see BlobName. An adopted row keeps its absolute path
	Timestamp    time.Time `json:"timestamp"`
	MonitorIndex int       `json:"monitor_index"`
	Width        int       `json:"width"`     // pixels
	Height       int       `json:"height"`    // pixels
	FileSize     int64     `json:"file_size"` // bytes of the image as it was given
	OCRText      *string   `json:"ocr_text"`  // nil until read. Only FindCapture fills it
	CreatedAt    time.Time `json:"created_at"`

	Device      string `json:"device"`       // which machine, "user@host"; empty when nobody said
	AppName     string `json:"app_name"`     // empty when nobody said
	WindowTitle string `json:"window_title"` // empty when nobody said
	URL         string `json:"url"`          // empty when nobody said
	StoredSize  int64  `json:"stored_size"`  // bytes on disk; 0 when unknown, as in adopted rows
	// StoredSHA256 is the digest of the bytes on disk; nil when unknown.
	StoredSHA256 []byte `json:"-"`
	// ContentDigest is Secret.ContentDigest of the bytes as given; nil when unknown.
	ContentDigest []byte `json:"-"`
	// Recovered says that the row was made by verify from a file that had
	// none: device, app and title are not known, the time is the id's or the file's.
	Recovered bool `json:"recovered"`
	// Pinned says that the person marked it. What a catalogue returns has it;
	// InsertCapture does not look at it, see Catalog.SetPinned.
	Pinned bool `json:"pinned"`
}

// Longest texts of a capture, in bytes.
const (
	MaxDevice = 255
	MaxTitle  = 4096
	MaxURL    = 8192
)

// CleanText makes text from outside fit for every database: invalid UTF-8 and
// NUL bytes become U+FFFD, and what is beyond limit bytes is cut at a rune. A
// strange window title must not cost a capture.
func CleanText(text string, limit int) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

// Cursor is a position in the order of captures: between the capture it names
// and the next. The zero Cursor is before the first capture of either order.
type Cursor struct {
	Timestamp time.Time
	ID        ID
}

// Cursor returns the position just after c.
func (c *Capture) Cursor() Cursor { return Cursor{c.Timestamp, c.ID} }

// IsZero reports whether c is no position.
func (c Cursor) IsZero() bool { return c.ID.IsZero() }

// String returns an opaque text, safe in an address, that ParseCursor reads.
func (c Cursor) String() string {
	if c.IsZero() {
		return ""
	}
	b := binary.BigEndian.AppendUint64(nil, uint64(c.Timestamp.UnixMicro()))
	return base64.RawURLEncoding.EncodeToString(append(b, c.ID.text...))
}

// ParseCursor reads what Cursor.String returned. Empty text is the zero Cursor.
func ParseCursor(text string) (Cursor, error) {
	if text == "" {
		return Cursor{}, nil
	}
	invalid := Errorf(CodeInvalid, "%.80q is not a cursor: use the one that the previous page gave", text)
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != 8+36 {
		return Cursor{}, invalid
	}
	id, err := ParseID(string(b[8:]))
	if err != nil {
		return Cursor{}, invalid
	}
	timestamp := time.UnixMicro(int64(binary.BigEndian.Uint64(b))).UTC()
	if year := timestamp.Year(); year < 1 || year > 9999 { // beyond what every database can compare with
		return Cursor{}, invalid
	}
	return Cursor{timestamp, id}, nil
}
