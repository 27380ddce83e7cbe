package api_test

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/api"
)

// browse asks for a page as a browser does.
func (r *rig) browse(path string, cookie *http.Cookie) answer {
	r.t.Helper()
	req := r.request(http.MethodGet, path, nil)
	req.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	if cookie != nil {
		req.AddCookie(cookie)
	}
	return r.do(req, "")
}

func (a answer) wantText(texts ...string) {
	a.t.Helper()
	for _, text := range texts {
		if !strings.Contains(string(a.body), text) {
			a.t.Errorf("the page does not say %q: %s", text, a.body)
		}
	}
}

func TestServer_Home(t *testing.T) {
	r := newRig(t)
	if a := r.browse("/", nil).want(http.StatusSeeOther); a.header.Get("Location") != "/sign-in" {
		t.Errorf("/ leads to %q", a.header.Get("Location"))
	}
	if a := r.get(r.admin, "/").want(http.StatusSeeOther); a.header.Get("Location") != "/sign-in" {
		t.Errorf("with a token, / leads to %q", a.header.Get("Location"))
	}
	own, other := r.signIn("on"), r.signIn("")
	sessions := listOf[jarvis.Session](r.get(r.admin, "/api/sessions")).Items
	for _, session := range sessions {
		cookie, says := other, "Until you close this browser"
		if session.Own {
			cookie, says = own, "On this computer of your own"
		}
		r.browse("/sign-in", cookie).want(http.StatusOK).wantText("You are signed in", says, session.ExpiresAt.UTC().Format("2 January 2006, 15:04")+" UTC",
			`action="/sign-out"`, `href="/docs"`, `href="/openapi.json"`, "jarvis device add")
		r.browse("/", cookie).want(http.StatusOK).wantText("There are no captures yet", `action="/sign-out"`, `href="/docs"`, "jarvis device add")
	}
	r.browse("/sign-in", own).want(http.StatusOK).wantText("You are signed in", `action="/sign-out"`)
	if page := r.browse("/sign-in", own); strings.Contains(string(page.body), `name="secret"`) {
		t.Error("who is signed in is shown the form")
	}

	req := r.request(http.MethodPost, "/sign-out", nil)
	req.AddCookie(own)
	r.browse(r.do(req, "").want(http.StatusSeeOther).header.Get("Location"), nil).want(http.StatusOK).wantText("You are signed out.", `name="secret"`)
	if a := r.browse("/", own).want(http.StatusSeeOther); a.header.Get("Location") != "/sign-in" {
		t.Errorf("after signing out, / leads to %q", a.header.Get("Location"))
	}
	r.browse("/sign-in", own).want(http.StatusOK).wantText(`name="secret"`)
}

// Browsers are shown a page where there is nothing, and programs get a problem.
func TestServer_Elsewhere_Browser(t *testing.T) {
	r := newRig(t)
	r.schema = nil // the document tells of programs
	page := r.browse("/nothing", nil).want(http.StatusNotFound)
	page.wantText("There is no such thing", "There is nothing of this name here: /docs lists what there is.", page.header.Get("X-Request-Id"))
	if kind := page.header.Get("Content-Type"); kind != "text/html; charset=utf-8" {
		t.Errorf("a browser is answered %s", kind)
	}
	r.get("", "/nothing").wantProblem(http.StatusNotFound, jarvis.CodeNotFound)
	r.post("", "/nothing", "{}").wantProblem(http.StatusNotFound, jarvis.CodeNotFound)
	if a := r.browse("/sign-out", nil).want(http.StatusMethodNotAllowed); a.header.Get("Allow") != "POST" {
		t.Errorf("Allow is %q", a.header.Get("Allow"))
	}
	if a := r.get("", "/api/tokens/x"); a.header.Get("Allow") != "DELETE" {
		t.Errorf("Allow is %q", a.header.Get("Allow"))
	}
}

func TestServer_SignIn_Sentence(t *testing.T) {
	r := newRig(t)
	r.submit(url.Values{"secret": {"x"}}, func(req *http.Request) { req.Header.Set("Accept", "text/html") }).
		want(http.StatusUnauthorized).wantText(`role="alert">The sign-in link`)
}

// A browser runs and loads the files of this server, and nothing that stands in a page.
// What it loads is there, and may be kept for ever.
func TestServer_Pages_Policy(t *testing.T) {
	r := newRig(t)
	r.schema = nil // the document tells of programs
	cookie := r.signIn("on")
	named := regexp.MustCompile(`(?:src|href)="(/static/[^"]+)"`)
	for _, path := range []string{"/", "/sign-in", "/sign-in?signed-out", "/day/2026-01-24", "/week/2026-W04", "/search", "/nothing"} {
		page := r.browse(path, cookie)
		policy := page.header.Get("Content-Security-Policy")
		if policy != "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'" {
			t.Errorf("%s: the policy is %q", path, policy)
		}
		if kept := page.header.Get("Cache-Control"); kept != "no-store" {
			t.Errorf("%s may be kept: %q", path, kept)
		}
		files := named.FindAllStringSubmatch(string(page.body), -1)
		if len(files) < 2 {
			t.Errorf("%s loads %v", path, files)
		}
		for _, file := range files {
			a := r.get("", file[1]).want(http.StatusOK)
			if kept := a.header.Get("Cache-Control"); kept != "public, max-age=31536000, immutable" {
				t.Errorf("%s: Cache-Control is %q", file[1], kept)
			}
		}
	}
}

// Whoever is not signed in is led there and back, and to no other server.
func TestServer_SignIn_Back(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{"/day/2026-01-24?zoom=hour&at=2026-01-24T12%3A00%3A00Z", "/search?q=a+b", "/frame/019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f00", "/pins"} {
		a := r.browse(path, nil).want(http.StatusSeeOther)
		where, err := url.Parse(a.header.Get("Location"))
		must(t, err)
		if where.Path != "/sign-in" || where.Query().Get("to") != path {
			t.Errorf("%s leads to %s", path, where)
		}
		r.browse(where.String(), nil).want(http.StatusOK).wantText(`name="to" value="` + strings.ReplaceAll(html.EscapeString(path), "+", "&#43;") + `"`)
		r.get("", path).wantProblem(http.StatusUnauthorized, jarvis.CodeNoCredential) // a program
	}
	// The newest moment is where one gets without being led back, too.
	if a := r.browse("/", nil).want(http.StatusSeeOther); a.header.Get("Location") != "/sign-in" {
		t.Errorf("/ leads to %s", a.header.Get("Location"))
	}
	// A link of another site comes without the cookie, and the page asks once more.
	req := r.request(http.MethodGet, "/sign-in?to=%2Fpins", nil)
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	req.Header.Set("Sec-Fetch-Mode", "navigate")
	r.do(req, "").want(http.StatusOK).wantText(`http-equiv="refresh" content="0"`)
	if a := r.browse("/sign-in?to=%2Fpins", r.signIn("on")).want(http.StatusSeeOther); a.header.Get("Location") != "/pins" {
		t.Errorf("who is signed in is led to %q", a.header.Get("Location"))
	}
	if page := r.browse("/sign-in?to=%2Fpins", nil); strings.Contains(string(page.body), "refresh") {
		t.Error("the page asks for ever")
	}
	for to, want := range map[string]string{
		"/day/2026-01-24": "/day/2026-01-24", "": "/", "/": "/", "/search?q=//x": "/search?q=//x",
		"//evil.example": "/", "/\\evil.example": "/", "\\\\evil.example": "/", "https://evil.example/": "/", "javascript:alert(1)": "/", "evil.example": "/",
		"/\t/evil.example": "/", "/\n/evil.example": "/", "/a\r\nSet-Cookie: x=y": "/", "///evil.example": "/", "/sign-in": "/", "/sign-in?to=/sign-in": "/",
		" //evil.example": "/", "/" + strings.Repeat("a", 3000): "/", "/\x00": "/", "/\xff": "/",
	} {
		secret := r.link()
		a := r.submit(url.Values{"secret": {secret}, "to": {to}}, nil).want(http.StatusSeeOther)
		if got := a.header.Get("Location"); got != want {
			t.Errorf("signing in with to=%q leads to %q", to, got)
		}
	}
}

// A page of another site gets neither pictures nor pages into it.
func TestServer_Pages_CrossSite(t *testing.T) {
	r := newRig(t)
	cookie := r.signIn("on")
	for _, path := range []string{"/api/captures", "/api/captures/019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f00/image", "/static/x"} {
		req := r.request(http.MethodGet, path, nil)
		req.AddCookie(cookie)
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		req.Header.Set("Sec-Fetch-Mode", "no-cors")
		r.do(req, "").wantProblem(http.StatusForbidden, jarvis.CodeForbidden)
	}
	// A link from elsewhere leads here; a frame there does not.
	for dest, want := range map[string]int{"document": http.StatusOK, "": http.StatusOK, "iframe": http.StatusForbidden, "frame": http.StatusForbidden, "embed": http.StatusForbidden, "object": http.StatusForbidden} {
		req := r.request(http.MethodGet, "/sign-in", nil)
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		req.Header.Set("Sec-Fetch-Mode", "navigate")
		req.Header.Set("Sec-Fetch-Dest", dest)
		req.Header.Set("Accept", "text/html")
		r.do(req, "").want(want)
	}
}

func TestServer_Docs(t *testing.T) {
	r := newRig(t)
	page := r.get("", "/docs").want(http.StatusOK)
	text := string(page.body)
	for _, row := range r.server.Table() {
		if row.ID != "" && row.ID != "upload-capture-slash" && !strings.Contains(text, `id="`+row.ID+`"`) {
			t.Errorf("the docs do not tell of %s", row.ID)
		}
	}
	for _, code := range []jarvis.Code{jarvis.CodeInvalid, jarvis.CodeNoSpace, jarvis.CodeLocked, jarvis.CodeBusy} {
		if !strings.Contains(text, `id="problem-`+string(code)+`"`) {
			t.Errorf("the docs do not explain %s", code)
		}
	}
	for _, want := range []string{
		`<a href="#upload-capture">`, "A slash at the end", "curl --fail-with-body http://127.0.0.1:8000/api/captures", "The session&#39;s UUID.",
		"<td>binary", "<td>405</td>", "<td>416</td>", "<td>421</td>",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the docs do not have %s", want)
		}
	}
	if count := strings.Count(text, `<h3 `); count != strings.Count(text, `<li><a href="#`)-4 {
		t.Errorf("the contents do not name each of %d operations once", count)
	}
	if strings.Contains(text, "<script") || strings.Contains(text, "//") && strings.Contains(text, "src=") {
		t.Error("the docs load something")
	}
	if policy := page.header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; img-src data:; style-src 'sha256-") || strings.Contains(policy, "unsafe") {
		t.Errorf("the policy of the docs is %q", policy)
	}
	if yaml := r.get("", "/openapi.yaml").want(http.StatusOK); !strings.Contains(string(yaml.body), "openapi: 3.1.0") {
		t.Errorf("the document begins with %.100q", yaml.body)
	}
}

// What was deleted is no longer in the browser of the person's own computer.
func TestServer_Delete_ClearsCache(t *testing.T) {
	for own, want := range map[string]string{"on": `"cache"`, "off": ""} {
		r := newRig(t)
		cookie := r.signIn(own)
		for method, path := range map[string]string{http.MethodDelete: "/api/captures/" + r.add(1).ID.String(), http.MethodPost: "/api/captures/delete"} {
			req := r.request(method, path, nil)
			req.AddCookie(cookie)
			if got := r.do(req, "").want(http.StatusOK).header.Get("Clear-Site-Data"); got != want {
				t.Errorf("own %s, %s: Clear-Site-Data is %q", own, path, got)
			}
		}
	}
}

// What an address says is told to be wrong before a database is asked, whichever it is.
func TestServer_Pages_Refused(t *testing.T) {
	onAll(t, func(t *testing.T, r *rig) {
		r.schema = nil // the document tells of programs
		cookie := r.signIn("on")
		for _, path := range []string{"/", "/day/2026-01-24", "/week/2026-W04", "/at/2026-01-24T12:00:00Z"} {
			for _, parameters := range []string{
				"device=%00", "device=%ff", "device=" + strings.Repeat("x", 256), "monitor=-1", "monitor=2147483648", "monitor=99999999999999999999", "monitor=%00",
				"zoom=%00", "zoom=-1", "tz=%00", "tz=%ff", "tz=../UTC", "at=%00", "at=10000-01-01T00:00:00Z", "at=1969-12-31T23:59:59Z", "off=%ff",
			} {
				if a := r.browse(path+"?"+parameters, cookie); a.status != http.StatusBadRequest {
					t.Errorf("%s?%s is answered %d", path, parameters, a.status)
				}
			}
			for _, parameters := range []string{"device=nobody", "monitor=2147483647", "q=%00%ff", "off=-9223372036854775808", "at=9999-12-31T12:00:00Z", "at=1970-01-01T00:00:00Z"} {
				if a := r.browse(path+"?"+parameters, cookie); a.status != http.StatusOK && a.status != http.StatusFound {
					t.Errorf("%s?%s is answered %d", path, parameters, a.status)
				}
			}
		}
		for monitor, code := range map[string]jarvis.Code{"-1": jarvis.CodeInvalid, "99999999999999999999": jarvis.CodeInvalid, "2147483648": jarvis.CodeNotFound} {
			status := map[jarvis.Code]int{jarvis.CodeInvalid: http.StatusBadRequest, jarvis.CodeNotFound: http.StatusNotFound}[code]
			r.get(r.reader, "/api/timeline/nearest?at=2026-01-24T12:00:00Z&monitor="+monitor).wantProblem(status, code)
		}
	})
}

// busyPages are pages of which each takes until its client is gone.
type busyPages struct {
	api.Pages
	entered chan struct{}
}

// Page implements api.Pages.
func (p busyPages) Page(_ http.ResponseWriter, r *http.Request, _ jarvis.Principal, _ bool) (int64, error) {
	p.entered <- struct{}{}
	<-r.Context().Done()
	return 0, r.Context().Err()
}

// Pages of days have their places among the timelines, and so has the look for a sheet.
func TestServer_Pages_NoRoom(t *testing.T) {
	busy := busyPages{entered: make(chan struct{})}
	r := newRig(t, func(o *api.Options) { busy.Pages, o.Pages = o.Pages, &busy })
	r.server.Hasten(50 * time.Millisecond)
	cookie, other := r.signIn("on"), r.signIn("on")
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	ask := func(cookie *http.Cookie) {
		req := r.request(http.MethodGet, "/day/2026-01-24", nil).WithContext(ctx)
		req.AddCookie(cookie)
		all.Go(func() {
			if res, err := http.DefaultTransport.RoundTrip(req); err == nil {
				t.Errorf("a page that hangs was answered %d", res.StatusCode)
				must(t, res.Body.Close())
			}
		})
		<-busy.entered
	}
	for range 4 {
		ask(cookie)
	}
	for _, path := range []string{"/day/2026-01-24", "/", "/api/timeline?" + between(), "/api/timeline/sheet?from=2026-01-24T12:00:00Z"} {
		req := r.request(http.MethodGet, path, nil)
		req.AddCookie(cookie)
		r.do(req, "").wantProblem(http.StatusServiceUnavailable, jarvis.CodeUnavailable)
	}
	ask(other)
}
