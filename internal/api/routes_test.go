package api_test

import (
	"bytes"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/api"
)

// concrete returns a path that the route's pattern matches.
func concrete(pattern string) string {
	return strings.NewReplacer("{$}", "", "{id}", "019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f00", "{date}", "2026-01-24", "{name}", "nobody",
		"{day}", "2026-01-24", "{week}", "2026-W04", "{instant}", "2026-01-24T12:00:00Z").Replace(pattern)
}

// openRoutes are all that may be asked by anybody.
var openRoutes = []string{
	"GET /health/{$}", "GET /health", "GET /health/ready", "GET /sign-in", "POST /sign-in",
	"GET /docs", "GET /openapi.json", "GET /openapi.yaml", "GET /static/{path...}", " /{path...}",
}

func TestServer_Routes_Scopes(t *testing.T) {
	r := newRig(t)
	tokens := map[string]string{"upload": r.device, "read": r.reader, "work": r.worker, "admin": r.admin}
	for _, row := range r.server.Table() {
		name := row.Method + " " + row.Path
		path := concrete(row.Path)
		if row.Scope == "open" {
			if !slices.Contains(openRoutes, name) {
				t.Errorf("%s is open to everybody", name)
			}
			if a := r.do(r.request(row.Method, path, nil), ""); a.status == http.StatusForbidden {
				t.Errorf("%s: %d", name, a.status)
			}
			continue
		}
		if tokens[row.Scope] == "" {
			t.Errorf("%s needs %q, which is no scope", name, row.Scope)
		}
		none := r.do(r.request(row.Method, path, nil), "")
		none.wantProblem(http.StatusUnauthorized, jarvis.CodeNoCredential)
		if none.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: a 401 without WWW-Authenticate", name)
		}
		for scope, token := range tokens {
			a := r.do(r.request(row.Method, path, nil), token)
			permitted := scope == row.Scope || scope == row.Also || scope == "admin"
			if permitted == (a.status == http.StatusForbidden) || a.status == http.StatusUnauthorized {
				t.Errorf("%s with the scope %s: %d %s", name, scope, a.status, a.body)
			}
			if !permitted {
				a.wantProblem(http.StatusForbidden, jarvis.CodeForbidden)
			}
		}
	}
}

// What needs the scope admin is what changes, and what tells of others.
func TestServer_Routes_Changes(t *testing.T) {
	r := newRig(t)
	for _, row := range r.server.Table() {
		if row.Scope == "read" && row.Method != http.MethodGet && row.Path != "/sign-out" {
			t.Errorf("%s %s changes something, and needs no more than the scope read", row.Method, row.Path)
		}
	}
}

func TestServer_Routes_Documented(t *testing.T) {
	r := newRig(t)
	seen := make(map[string]bool)
	for _, row := range r.server.Table() {
		if row.ID != "" {
			seen[row.ID] = true
		}
	}
	for path, operations := range r.schema.Paths {
		for method, operation := range operations {
			if !seen[operation.OperationID] {
				t.Errorf("%s %s is in the document, and in no table", method, path)
			}
			delete(seen, operation.OperationID)
		}
	}
	if len(seen) > 0 {
		t.Errorf("these are not in the document: %v", seen)
	}
	for _, path := range []string{"/api/captures", "/api/captures/"} {
		body := r.schema.Paths[path]["post"].RequestBody
		properties, ok := body.Content["multipart/form-data"].Schema["properties"].(schema)
		if !ok || properties["file"] == nil || properties["metadata"] == nil {
			t.Errorf("the document has %v as the body of an upload to %s", body, path)
		}
	}
}

func TestServer_Elsewhere(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{
		"/api", "/api/", "/api/nothing", "/favicon.ico", "/api/captures/x/y/z", "/api//captures", "/api/captures/../stats", "/../etc/passwd",
		"/api/captures/%2e%2e/stats", "/api/captures/..%2f..%2fetc%2fpasswd/image/x", "/.git/config", "/health/x", "/pages/style.css",
		"/static/", "/static/day/main.js", "/static/../day.html", "/static/base/types.d.ts",
	} {
		req := r.request(http.MethodGet, "/", nil)
		req.URL.Opaque = r.http.URL[len("http:"):] + path
		client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		res, err := client.Do(req)
		must(t, err)
		must(t, res.Body.Close())
		if res.StatusCode != http.StatusNotFound || res.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s", path, res.StatusCode, res.Header.Get("Content-Type"))
		}
	}
	a := r.do(r.request(http.MethodPatch, "/api/captures", nil), "")
	a.wantProblem(http.StatusMethodNotAllowed, jarvis.CodeInvalid)
	if allow := a.header.Get("Allow"); !strings.Contains(allow, "POST") || !strings.Contains(allow, "GET") {
		t.Errorf("Allow is %q", allow)
	}
}

// The document that lies in docs/ is the one of this code.
func TestWriteDocument(t *testing.T) {
	committed, err := os.ReadFile("../../docs/openapi.yaml")
	must(t, err)
	for range 2 { // in the same words each time
		var b bytes.Buffer
		must(t, api.WriteDocument(&b, "1"))
		if !bytes.Equal(b.Bytes(), committed) {
			t.Fatal("docs/openapi.yaml is not what the code says: run make generate")
		}
	}
}
