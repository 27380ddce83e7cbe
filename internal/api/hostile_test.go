package api_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/api"
)

func TestServer_Hosts(t *testing.T) {
	r := newRig(t, func(o *api.Options) {
		o.PublicURLs = []string{"https://memory.example.org:8443", "http://desk.local"}
	})
	for host, allowed := range map[string]bool{
		"127.0.0.1": true, "127.0.0.1:8000": true, "[::1]:8000": true, "100.64.0.7": true, "localhost": true, "localhost:8000": true, "LOCALHOST.": true,
		"memory.example.org": true, "memory.example.org:443": true, "desk.local:8000": true,
		"evil.example": false, "127.0.0.1.evil.example": false, "memory.example.org.evil.example": false, "localhost.evil.example:80": false, "xlocalhost": false, "": false,
	} {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/health/", nil)
		req.Host = host
		w := httptest.NewRecorder()
		r.server.Handler().ServeHTTP(w, req)
		if want := map[bool]int{true: 200, false: http.StatusMisdirectedRequest}[allowed]; w.Code != want {
			t.Errorf("the host %q: %d; want %d", host, w.Code, want)
		}
	}
	var link struct{ URL string }
	r.post(r.admin, "/api/sign-in-links", "").want(http.StatusOK).json(&link)
	if !strings.HasPrefix(link.URL, "https://memory.example.org:8443/sign-in#") {
		t.Errorf("the link is %q", link.URL)
	}
}

func TestServer_OtherSites(t *testing.T) {
	const friend = "https://friend.example"
	r := newRig(t, func(o *api.Options) { o.AllowedOrigins = []string{friend} })
	ask := func(method, path string, header ...string) answer {
		req := r.request(method, path, nil)
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		return r.do(req, r.admin)
	}
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch} {
			ask(method, "/api/captures/delete", header...).wantProblem(http.StatusForbidden, jarvis.CodeForbidden)
		}
		ask(http.MethodPost, "/sign-in", header...).wantProblem(http.StatusForbidden, jarvis.CodeForbidden)
	}
	ask(http.MethodPost, "/api/captures/delete", "Sec-Fetch-Site", "same-origin").want(http.StatusOK)
	for origin, allowed := range map[string]string{"https://evil.example": "", friend: friend, "https://friend.example.evil.example": "", "null": ""} {
		a := ask(http.MethodGet, "/api/stats", "Origin", origin)
		if got := a.header.Get("Access-Control-Allow-Origin"); got != allowed || a.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s is allowed as %q", origin, got)
		}
	}
	ask(http.MethodPost, "/api/captures/delete", "Origin", friend, "Sec-Fetch-Site", "cross-site").want(http.StatusOK)
	preflight := r.request(http.MethodOptions, "/api/captures", nil)
	preflight.Header.Set("Origin", friend)
	preflight.Header.Set("Access-Control-Request-Method", "POST")
	res, err := http.DefaultTransport.RoundTrip(preflight)
	must(t, err)
	must(t, res.Body.Close())
	if res.StatusCode != http.StatusNoContent || !strings.Contains(res.Header.Get("Access-Control-Allow-Headers"), "Authorization") {
		t.Errorf("a preflight is answered %d %v", res.StatusCode, res.Header)
	}
}

func TestServer_Headers(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{"/api/stats", "/nothing", "/docs", "/sign-in", "/health/"} {
		h := r.get("", path).header
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY",
			"Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store",
		} {
			if h.Get(name) != want {
				t.Errorf("%s: %s is %q; want %q", path, name, h.Get(name), want)
			}
		}
		if policy := h.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s: the policy is %q", path, policy)
		}
	}
}

// Whatever stands in names, times and forms of an upload, it writes one file under
// the day's folder, and no header of an answer.
func TestServer_Upload_Hostile(t *testing.T) {
	r := newRig(t)
	outside := r.root + "/../outside"
	for n, header := range []string{
		`form-data; name="file"; filename="../../../outside/x.jpg"`, `form-data; name="file"; filename="/etc/passwd"`, `form-data; name="file"; filename="a\r\nX-Evil: 1"`,
		`form-data; name=file; filename*=UTF-8''..%2f..%2fx.jpg`, "form-data; name=\"file\"; filename=\"\x00.jpg\"", `form-data; name="file"`,
	} {
		said := fmt.Sprintf(`{"timestamp":"2026-01-24T12:00:%02dZ","width":16,"height":9,"agent_id":"a\r\nX-Evil: 1","window_title":"\u0000\r\n<script>","url":"javascript:alert(1)"}`, n)
		a := r.send(r.admin, form(metadataPart(said), part{"Content-Disposition: " + header + "\r\nContent-Type: image/jpeg", string(photo(n))}))
		if a.status == http.StatusBadRequest && strings.Contains(header, "\x00") {
			continue
		}
		var s stored
		a.want(http.StatusOK).json(&s)
		if s.Filepath != "2026/01/24/"+s.ID.String()+".jpg" || a.header.Get("X-Evil") != "" {
			t.Errorf("%s is stored as %s", header, s.Filepath)
		}
		if c := r.get(r.reader, "/api/captures/"+s.ID.String()+"/image?download=1").want(http.StatusOK); c.header.Get("X-Evil") != "" || strings.Contains(c.header.Get("Content-Disposition"), "..") {
			t.Errorf("the image is answered with %v", c.header)
		}
	}
	if _, err := os.Stat(outside); err == nil {
		t.Error("something was written outside of the storage")
	}
}

// A form of 100,000 parts costs neither time nor memory.
func TestServer_Upload_ManyParts(t *testing.T) {
	r := newRig(t)
	one := "--" + boundary + "\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n\r\n"
	r.send(r.device, strings.Repeat(one, 100_000)+form(metadataPart(saying(1)), filePart("image/jpeg", photo(1)))).wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
}

// A PNG that says it has 400 megapixels is refused by its header, and one of 150
// that are all of one colour is stored without being decoded.
func TestServer_Upload_Bomb(t *testing.T) {
	r := newRig(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, tt := range []struct{ side, status int }{{20_000, http.StatusRequestEntityTooLarge}, {12_000, http.StatusOK}} {
		said := fmt.Sprintf(`{"timestamp":"2026-01-24T12:00:00Z","width":%d,"height":%d}`, tt.side, tt.side)
		r.send(r.device, form(metadataPart(said), filePart("image/png", bomb(t, tt.side)))).want(tt.status)
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 64<<20 {
		t.Errorf("it took %d MiB", took>>20)
	}
}

// bomb returns a small PNG of that many pixels wide and high.
func bomb(t testing.TB, side int) []byte {
	t.Helper()
	var packed bytes.Buffer
	z, err := zlib.NewWriterLevel(&packed, zlib.BestSpeed)
	must(t, err)
	row := make([]byte, 1+side/8)
	for range min(side, 2000) {
		_, err := z.Write(row)
		must(t, err)
	}
	must(t, z.Close())
	var b bytes.Buffer
	b.WriteString("\x89PNG\r\n\x1a\n")
	chunk := func(name string, data []byte) {
		head := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
		b.Write(append(append(head, name...), data...))
		b.Write(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(append([]byte(name), data...))))
	}
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(side)), uint32(side))
	chunk("IHDR", append(header, 1, 0, 0, 0, 0))
	chunk("IDAT", packed.Bytes())
	chunk("IEND", nil)
	return b.Bytes()
}

// Bytes that are no HTTP are answered by net/http, and the server lives on.
func TestServer_Garbage(t *testing.T) {
	r := newRig(t)
	for _, text := range []string{
		"\x16\x03\x01\x00\x00", "GET / HTTP/9.9\r\n\r\n", "POST /api/captures HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
		"GET /api/captures HTTP/1.1\r\nHost: localhost\r\nRange: bytes=" + strings.Repeat("0-0,", 10_000) + "\r\n\r\n",
		"POST /api/captures HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Type: multipart/form-data; boundary=x\r\n\r\nFFFFFFFFFFFFFFFFF\r\n",
		"GET /api/captures HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
	} {
		c, err := net.Dial("tcp", r.http.Listener.Addr().String())
		must(t, err)
		_, err = io.WriteString(c, text)
		must(t, err)
		if tcp, ok := c.(*net.TCPConn); ok {
			must(t, tcp.CloseWrite())
		}
		_, err = io.Copy(io.Discard, c)
		if err != nil {
			t.Logf("%.20q: %v", text, err)
		}
		must(t, c.Close())
	}
	r.get("", "/health/").want(http.StatusOK)
}
