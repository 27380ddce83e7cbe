package api_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/jarvis-memory/jarvis"
)

// Nothing of a screen, no credential and no path is in a log; no path and no SQL
// is in an answer.
func TestServer_Tells_Nothing(t *testing.T) {
	onAll(t, func(t *testing.T, r *rig) {
		s := r.add(1)
		path := "/api/captures/" + s.ID.String()
		secret := r.link()
		cookie := r.signIn("on")
		for _, token := range []string{r.admin, r.reader, r.device, "", "jarvis_r" + strings.Repeat("zebra", 9)[:43], "zebra-bearer"} {
			for _, row := range r.server.Table() {
				p := strings.Replace(concrete(row.Path), "019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f00", s.ID.String(), 1)
				if row.Method == http.MethodDelete && row.Path == "/api/captures/{id}" || row.Path == "/sign-out" {
					continue
				}
				req := r.request(row.Method, p, nil)
				if row.Method == http.MethodGet && row.Path == "/api/captures" {
					req.URL.RawQuery = url.Values{"app": {secretApp}}.Encode()
				}
				r.do(req, token)
			}
		}
		r.get(r.reader, "/api/captures?app="+secretApp+"&zebra-parameter=1")
		r.get(r.reader, "/zebra-path/"+secretTitle)
		r.get(r.reader, "/api/search?q=zebra-query&facets=true")
		r.get(r.reader, "/api/search?q=zebra-query&cursor=zebra-cursor")
		r.get(r.reader, "/api/suggest?q=zebra")
		r.submit(url.Values{"secret": {"zebra-secret"}}, nil)
		r.submit(url.Values{"secret": {secret}}, nil)
		r.send(r.device, form(metadataPart(`{"window_title":"`+secretTitle+`","timestamp":"`+secretTitle+`"`), filePart("image/jpeg", photo(1))))
		r.send(r.device, form(metadataPart(`{"timestamp":"2026-01-24T12:00:00Z","width":1,"height":1,"window_title":"`+secretTitle+`"}`), filePart("image/jpeg", photo(1))))
		conflicting := `{"id":"` + s.ID.String() + `","timestamp":"2026-01-24T12:00:00Z","width":16,"height":9,"window_title":"` + secretTitle + `"}`
		r.send(r.device, form(metadataPart(conflicting), filePart("image/jpeg", photo(2)))).wantProblem(http.StatusConflict, jarvis.CodeConflict)
		r.post(r.admin, "/api/tokens", `{"name":"zebra`)
		r.delete(r.admin, path).want(http.StatusOK)
		r.get(r.reader, "/metrics")

		log, answers := r.log.String(), r.answers.String()
		if strings.Count(log, "\n") < 100 || !strings.Contains(log, `"route":"/api/captures/{id}/image"`) || !strings.Contains(log, `"who":"token eyes"`) {
			t.Errorf("the log says little: %.300s", log)
		}
		for what, text := range map[string]string{
			"something of a screen or a request": "zebra", "a token": r.admin, "another token": r.device, "a link": secret, "a cookie": cookie.Value, "the storage": r.root,
		} {
			if at := strings.Index(log, text); at >= 0 {
				t.Errorf("the log has %s: %.200s", what, log[max(0, at-100):])
			}
		}
		for what, text := range map[string]string{"the storage": r.root, "SQL": "SELECT ", "a file of Go": ".go:", "the module": "github.com/", "a driver": "pgx", "a table": "goose"} {
			if at := strings.Index(answers, text); at >= 0 {
				t.Errorf("an answer has %s: %.200s", what, answers[max(0, at-100):])
			}
		}
	})
}

func TestServer_Metrics(t *testing.T) {
	r := newRig(t)
	r.add(1)
	r.add(1)
	r.get(r.reader, "/nothing/"+secretTitle)
	text := string(r.get(r.reader, "/metrics").want(http.StatusOK).body)
	for _, line := range []string{
		`jarvis_uploads_total{result="new"} 1`, `jarvis_uploads_total{result="existed"} 1`, `jarvis_storage_up 1`, `jarvis_build_info{version="1.2.3"} 1`,
		`jarvis_http_requests_total{method="POST",route="/api/captures",status="200"} 2`, `jarvis_http_requests_total{method="GET",route="/{path...}",status="404"} 1`, "go_goroutines", "jarvis_storage_free_bytes ",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("the metrics do not have %s", line)
		}
	}
}

// Programs that say nothing about themselves may upload from a trusted network,
// and nothing else; wrong credentials are slowed down.
func TestServer_Strangers(t *testing.T) {
	r := newRig(t)
	ask := func(address, token, method, path, body string) *httptest.ResponseRecorder {
		req := httptest.NewRequestWithContext(t.Context(), method, "http://localhost"+path, strings.NewReader(body))
		req.RemoteAddr = address
		req.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		w := httptest.NewRecorder()
		r.server.Handler().ServeHTTP(w, req)
		return w
	}
	upload := form(metadataPart(saying(1)), filePart("image/jpeg", photo(1)))
	if w := ask("192.0.2.7:5000", "", http.MethodPost, "/api/captures/", upload); w.Code != http.StatusOK {
		t.Errorf("from a trusted network: %d %s", w.Code, w.Body)
	}
	if w := ask("192.0.2.7:5000", "", http.MethodGet, "/api/captures", ""); w.Code != http.StatusForbidden {
		t.Errorf("reading from a trusted network: %d %s", w.Code, w.Body)
	}
	if w := ask("198.51.100.7:5000", "", http.MethodPost, "/api/captures/", upload); w.Code != http.StatusUnauthorized {
		t.Errorf("from elsewhere: %d %s", w.Code, w.Body)
	}
	var c jarvis.Capture
	page := listOf[jarvis.Capture](r.get(r.reader, "/api/captures"))
	if c = page.Items[0]; c.Device != "elsewhere" {
		t.Errorf("the device is %q", c.Device)
	}
	wrong := "jarvis_r" + strings.Repeat("A", 43)
	statuses := make(map[int]int)
	var last *httptest.ResponseRecorder
	for range 15 {
		last = ask("198.51.100.7:5000", wrong, http.MethodGet, "/api/stats", "")
		statuses[last.Code]++
	}
	if statuses[http.StatusUnauthorized] != 10 || statuses[http.StatusTooManyRequests] != 5 || last.Header().Get("Retry-After") == "" {
		t.Errorf("wrong credentials are answered %v %v", statuses, last.Header())
	}
	if w := ask("198.51.100.7:5000", r.reader, http.MethodGet, "/api/stats", ""); w.Code != http.StatusOK {
		t.Errorf("a right one from there: %d %s", w.Code, w.Body)
	}
}
