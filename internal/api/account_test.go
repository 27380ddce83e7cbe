package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/jarvis-memory/jarvis"
)

// submit sends the form of the sign-in page.
func (r *rig) submit(values url.Values, change func(*http.Request)) answer {
	r.t.Helper()
	req := r.request(http.MethodPost, "/sign-in", strings.NewReader(values.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if change != nil {
		change(req)
	}
	return r.do(req, "")
}

// signIn makes a link, redeems it and returns the cookie.
func (r *rig) signIn(own string) *http.Cookie {
	r.t.Helper()
	a := r.submit(url.Values{"secret": {r.link()}, "own": {own}}, nil).want(http.StatusSeeOther)
	cookie, err := http.ParseSetCookie(a.header.Get("Set-Cookie"))
	must(r.t, err)
	return cookie
}

// link makes a sign-in link and returns its secret.
func (r *rig) link() string {
	r.t.Helper()
	var link struct{ URL string }
	r.post(r.admin, "/api/sign-in-links", "").want(http.StatusOK).json(&link)
	address, secret, ok := strings.Cut(link.URL, "#")
	if !ok || address != r.http.URL+"/sign-in" {
		r.t.Fatalf("the link is %q", link.URL)
	}
	return secret
}

func TestServer_SignIn(t *testing.T) {
	onAll(t, func(t *testing.T, r *rig) {
		secret := r.link()
		page := r.get("", "/sign-in").want(http.StatusOK) // as a preview does, which burns nothing
		if !strings.Contains(page.header.Get("Content-Security-Policy"), "script-src 'self';") || strings.Contains(string(page.body), secret) {
			t.Errorf("the page is %v", page.header)
		}
		a := r.submit(url.Values{"secret": {secret}, "own": {"on"}}, nil).want(http.StatusSeeOther)
		cookie, err := http.ParseSetCookie(a.header.Get("Set-Cookie"))
		must(t, err)
		if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || a.header.Get("Location") != "/" {
			t.Errorf("the answer is %v", a.header)
		}
		r.submit(url.Values{"secret": {secret}}, nil).wantProblem(http.StatusUnauthorized, jarvis.CodeNoCredential)
		again := r.submit(url.Values{"secret": {secret}}, func(req *http.Request) { req.Header.Set("Accept", "text/html,*/*") }).want(http.StatusUnauthorized)
		if !strings.Contains(string(again.body), `role="alert"`) || again.header.Get("WWW-Authenticate") != "" {
			t.Errorf("a browser is answered %v %s", again.header, again.body)
		}
		r.submit(url.Values{"secret": {"x"}, "own": {"maybe"}}, nil).wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
		r.submit(url.Values{"secret": {strings.Repeat("x", 5<<10)}}, nil).wantProblem(http.StatusRequestEntityTooLarge, jarvis.CodeTooLarge)

		with := func(req *http.Request) *http.Request { req.AddCookie(cookie); return req }
		sessions := listOf[jarvis.Session](r.do(with(r.request(http.MethodGet, "/api/sessions", nil)), ""))
		if len(sessions.Items) != 1 || !sessions.Items[0].Own {
			t.Fatalf("the sessions are %+v", sessions.Items)
		}
		out := r.do(with(r.request(http.MethodPost, "/sign-out", nil)), "").want(http.StatusSeeOther)
		if out.header.Get("Set-Cookie") == "" || out.header.Get("Clear-Site-Data") == "" {
			t.Errorf("signing out is answered %v", out.header)
		}
		r.do(with(r.request(http.MethodGet, "/api/stats", nil)), "").wantProblem(http.StatusUnauthorized, jarvis.CodeNoCredential)
		r.do(r.request(http.MethodPost, "/sign-out", nil), r.admin).wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)

		other := r.signIn("")
		sessions = listOf[jarvis.Session](r.get(r.admin, "/api/sessions"))
		r.delete(r.admin, "/api/sessions/"+sessions.Items[0].ID.String()).want(http.StatusNoContent)
		r.delete(r.admin, "/api/sessions/"+sessions.Items[0].ID.String()).wantProblem(http.StatusNotFound, jarvis.CodeNotFound)
		req := r.request(http.MethodGet, "/api/stats", nil)
		req.AddCookie(other)
		r.do(req, "").wantProblem(http.StatusUnauthorized, jarvis.CodeNoCredential)
	})
}

func TestServer_Tokens(t *testing.T) {
	onAll(t, func(t *testing.T, r *rig) {
		var made struct{ Name, Scope, Token string }
		r.post(r.admin, "/api/tokens", `{"name":"lap top"}`).want(http.StatusOK).json(&made)
		if made.Name != "lap top" || made.Scope != "upload" || !strings.HasPrefix(made.Token, "jarvis_u") {
			t.Errorf("the token is %+v", made)
		}
		r.post(r.admin, "/api/tokens", `{"name":"lap top","scope":"read"}`).wantProblem(http.StatusConflict, jarvis.CodeConflict)
		for _, body := range []string{"", "{}", `{"name":""}`, `{"name":"x","scope":"everything"}`, `{"name":"a\u0000b"}`, `[]`, `{"name":"` + strings.Repeat("x", 256) + `"}`} {
			r.post(r.admin, "/api/tokens", body).wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
		}
		r.post(r.admin, "/api/tokens", `{"name":"`+strings.Repeat("x", 2<<20)+`"}`).wantProblem(http.StatusRequestEntityTooLarge, jarvis.CodeTooLarge)
		if tokens := listOf[jarvis.Token](r.get(r.admin, "/api/tokens")); len(tokens.Items) != 5 {
			t.Errorf("the tokens are %+v", tokens.Items)
		}
		r.send(made.Token, form(metadataPart(saying(1)), filePart("image/jpeg", photo(1)))).want(http.StatusOK)
		r.delete(r.admin, "/api/tokens/lap%20top").want(http.StatusNoContent)
		r.send(made.Token, form(metadataPart(saying(1)), filePart("image/jpeg", photo(1)))).wantProblem(http.StatusUnauthorized, jarvis.CodeNoCredential)
		r.delete(r.admin, "/api/tokens/nobody").wantProblem(http.StatusNotFound, jarvis.CodeNotFound)
	})
}

func TestServer_Audit(t *testing.T) {
	onAll(t, func(t *testing.T, r *rig) {
		s := r.add(1)
		r.send(r.admin, form(metadataPart(saying(2)), filePart("image/jpeg", photo(2)))).want(http.StatusOK)
		path := "/api/captures/" + s.ID.String()
		r.get(r.reader, "/api/captures")
		r.get(r.reader, path)
		r.get(r.reader, path+"/image")
		r.get(r.reader, path+"/thumbnail")
		r.get(r.reader, path+"/image?download=1")
		r.do(r.request(http.MethodPut, path+"/pin", nil), r.admin)
		r.delete(r.admin, path)
		r.get(r.device, "/api/captures")
		r.get("jarvis_u"+strings.Repeat("A", 43), "/api/captures")
		r.signIn("")
		got := make(map[string]jarvis.Access)
		query := url.Values{"limit": {"2"}}
		for {
			page := listOf[jarvis.Access](r.get(r.admin, "/api/audit?"+query.Encode()))
			for _, a := range page.Items {
				key := a.Who + " " + string(a.Action)
				if strings.HasPrefix(key, "session ") {
					key = "session " + string(a.Action)
				}
				sum := got[key]
				sum.Times, sum.Captures = sum.Times+a.Times, sum.Captures+a.Captures
				got[key] = sum
			}
			if page.Next == "" {
				break
			}
			query.Set("cursor", page.Next)
		}
		for key, want := range map[string][2]int64{
			"token eyes view": {4, 5}, "token eyes export": {1, 1}, "token boss pin": {1, 1}, "token boss delete": {1, 1}, "token boss add": {1, 1},
			"token boss sign_in": {1, 0}, "session sign_in": {1, 0}, "nobody refused": {1, 0}, "token desk refused": {1, 0},
		} {
			if got[key].Times != want[0] || got[key].Captures != want[1] {
				t.Errorf("%s: %d times, %d captures; want %v", key, got[key].Times, got[key].Captures, want)
			}
			delete(got, key)
		}
		if len(got) > 0 {
			t.Errorf("besides: %+v", got)
		}
		if one := listOf[jarvis.Access](r.get(r.admin, "/api/audit?action=delete&who=token+boss")); len(one.Items) != 1 {
			t.Errorf("the filter finds %+v", one.Items)
		}
		for _, query := range []string{"cursor=x", "action=dance", "limit=0", "from=x"} {
			r.get(r.admin, "/api/audit?"+query).wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
		}
	})
}
