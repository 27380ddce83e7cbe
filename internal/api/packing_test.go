package api_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// JSON is compressed where the client can unpack it and where it saves something.
func TestServer_Packing(t *testing.T) {
	r := newRig(t)
	r.schema = nil // which reads JSON as it is
	for n := range 20 {
		r.add(n)
	}
	ask := func(method, path, accept string) answer {
		t.Helper()
		req := r.request(method, path, nil)
		req.Header.Set("Accept-Encoding", accept)
		return r.do(req, r.reader).want(http.StatusOK)
	}
	const list = "/api/captures?limit=20"
	plain := ask(http.MethodGet, list, "identity")
	if plain.header.Get("Content-Encoding") != "" || len(plain.body) < 2<<10 {
		t.Fatalf("%d bytes, %v", len(plain.body), plain.header)
	}
	packed := ask(http.MethodGet, list, "br, gzip")
	if packed.header.Get("Content-Encoding") != "gzip" || packed.header.Get("Content-Length") != fmt.Sprint(len(packed.body)) || len(packed.body) > len(plain.body)/2 {
		t.Errorf("%d of %d bytes, %v", len(packed.body), len(plain.body), packed.header)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed.body))
	must(t, err)
	if body, err := io.ReadAll(z); err != nil || !bytes.Equal(body, plain.body) {
		t.Errorf("unpacked it is another list, error %v", err)
	}
	for _, a := range []answer{plain, packed} {
		if !strings.Contains(strings.Join(a.header.Values("Vary"), ","), "Accept-Encoding") || !strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
			t.Errorf("the headers are %v", a.header)
		}
	}
	if head := ask(http.MethodHead, list, "gzip"); len(head.body) != 0 || head.header.Get("Content-Encoding") != "gzip" || head.header.Get("Content-Length") != packed.header.Get("Content-Length") {
		t.Errorf("HEAD is answered with %d bytes, %v", len(head.body), head.header)
	}
	for _, path := range []string{"/api/captures?limit=1&from=2001-01-01T00:00:00Z&to=2001-01-02T00:00:00Z", fmt.Sprintf("/api/captures/%s/image", r.add(30).ID)} {
		if a := ask(http.MethodGet, path, "gzip"); a.header.Get("Content-Encoding") != "" {
			t.Errorf("%s is compressed: %v", path, a.header)
		}
	}
}
