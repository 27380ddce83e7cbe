package api

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
)

// packedFrom is the shortest JSON that is compressed, in bytes: less fits into one
// packet anyway.
const packedFrom = 1 << 10

// packing is a ResponseWriter that compresses JSON. It keeps such an answer until it
// is whole, which no handler of JSON does otherwise either; whatever else is written
// passes through.
type packing struct {
	http.ResponseWriter
	accepted bool // the client can unpack it
	status   int
	kept     bool
	body     bytes.Buffer
}

// packed compresses the JSON of a handler.
func packed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := &packing{ResponseWriter: w, accepted: acceptsGzip(r)}
		next.ServeHTTP(p, r) // of what ends in a panic nothing was sent
		p.send()
	})
}

// WriteHeader implements http.ResponseWriter.
func (p *packing) WriteHeader(status int) {
	h := p.Header()
	if status >= 200 && p.status == 0 {
		p.status = status
		// A tag names the bytes that are sent: those would be others.
		p.kept = status == http.StatusOK && strings.HasPrefix(h.Get("Content-Type"), "application/json") &&
			h.Get("Content-Encoding") == "" && h.Get("ETag") == ""
	}
	if !p.kept {
		p.ResponseWriter.WriteHeader(status)
	}
}

// Write implements http.ResponseWriter.
func (p *packing) Write(b []byte) (int, error) {
	if p.status == 0 {
		p.WriteHeader(http.StatusOK)
	}
	if p.kept {
		return p.body.Write(b)
	}
	return p.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (p *packing) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// send sends what was kept. Whoever is gone meanwhile cannot be told.
func (p *packing) send() {
	if !p.kept {
		return
	}
	h, text := p.Header(), p.body.Bytes()
	h.Add("Vary", "Accept-Encoding")
	if p.accepted && len(text) > packedFrom {
		if smaller, err := quicklyPacked(text); err == nil && len(smaller) < len(text) {
			text = smaller
			h.Set("Content-Encoding", "gzip")
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(text)))
	p.ResponseWriter.WriteHeader(p.status)
	if _, err := p.ResponseWriter.Write(text); err != nil {
		return
	}
}

// quicklyPacked returns the gzip of a text: a list of captures, which repeats much,
// takes a millisecond or two.
func quicklyPacked(text []byte) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(text); err != nil {
		return nil, err
	}
	err = z.Close()
	return b.Bytes(), err
}
