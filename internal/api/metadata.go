package api

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"math"

	"github.com/jarvis-memory/jarvis"
)

// metadata is what an agent says of a capture. Members that are not known are
// passed over: later agents may say more.
type metadata struct {
	ID          jarvis.ID `json:"id"`
	Timestamp   *string   `json:"timestamp"`
	Monitor     int64     `json:"monitor_index"`
	Width       *int64    `json:"width"`
	Height      *int64    `json:"height"`
	SHA256      string    `json:"sha256"`
	AgentID     string    `json:"agent_id"`
	AppName     string    `json:"app_name"`
	WindowTitle string    `json:"window_title"`
	URL         string    `json:"url"`
}

// parseMetadata reads the metadata of an upload. Its errors do not quote them.
func parseMetadata(text []byte) (*metadata, error) {
	var m metadata
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&m); err != nil {
		if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && e.Field != "" {
			return nil, jarvis.Errorf(jarvis.CodeInvalid, "the metadata's %q has the wrong type: a JSON %s", e.Field, kindOfValue(e.Value))
		}
		if _, ok := errors.AsType[*jarvis.Error](err); ok {
			return nil, jarvis.Errorf(jarvis.CodeInvalid, "the metadata's \"id\" is no UUID of 36 characters")
		}
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "the metadata are not a JSON object")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "the metadata go on after the JSON object")
	}
	return &m, m.check()
}

// kindOfValue returns the first word of what encoding/json calls a value: for a
// number that does not fit, it goes on with the number.
func kindOfValue(value string) string {
	kind, _, _ := bytes.Cut([]byte(value), []byte(" "))
	return string(kind)
}

func (m *metadata) check() error {
	switch {
	case m.Timestamp == nil:
		return jarvis.Errorf(jarvis.CodeInvalid, "the metadata have no \"timestamp\"")
	case m.Width == nil, m.Height == nil:
		return jarvis.Errorf(jarvis.CodeInvalid, "the metadata have no \"width\" and \"height\"")
	case !isPixels(*m.Width), !isPixels(*m.Height):
		return jarvis.Errorf(jarvis.CodeInvalid, "the metadata's \"width\" and \"height\" are numbers of pixels, from 1 up")
	case m.Monitor < 0, m.Monitor > math.MaxInt32:
		return jarvis.Errorf(jarvis.CodeInvalid, "the metadata's \"monitor_index\" is no number of a monitor: they are counted from 0")
	}
	return nil
}

func isPixels(n int64) bool { return n > 0 && n <= math.MaxInt32 }

// submission returns the capture that the form asks to store.
func (f *form) submission(p jarvis.Principal) (jarvis.Submission, error) {
	m, err := parseMetadata(f.metadata)
	if err != nil {
		return jarvis.Submission{}, err
	}
	at, err := parseInstant(*m.Timestamp)
	if err != nil {
		return jarvis.Submission{}, jarvis.Errorf(jarvis.CodeInvalid, "the metadata's \"timestamp\": %s", err.Error())
	}
	said := jarvis.Said{Format: f.format, Width: int(*m.Width), Height: int(*m.Height)}
	if m.SHA256 != "" {
		if said.SHA256, err = hex.DecodeString(m.SHA256); err != nil || len(said.SHA256) != 32 {
			return jarvis.Submission{}, jarvis.Errorf(jarvis.CodeInvalid, "the metadata's \"sha256\" does not have 64 hexadecimal digits")
		}
	}
	return jarvis.Submission{
		Data: f.image, Timestamp: at, ID: m.ID, Monitor: int(m.Monitor), Said: said,
		Device: deviceOf(p, m.AgentID), AppName: m.AppName, WindowTitle: m.WindowTitle, URL: m.URL,
	}, nil
}

// deviceOf returns the device that something is of: a device's own token says
// which it is, whatever else is said.
func deviceOf(p jarvis.Principal, said string) string {
	if p.Kind == jarvis.PrincipalToken && p.Scope == jarvis.ScopeUpload {
		return p.Name
	}
	return said
}
