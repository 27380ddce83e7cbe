package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/jarvis-memory/jarvis"
)

//go:embed pages
var files embed.FS

// Pages are what browsers are shown. *web.Pages is one; the methods are described
// there. Each answers, or returns an error and has answered nothing.
type Pages interface {
	// Static answers with a file of the pages, and reports whether there is one.
	Static(w http.ResponseWriter, r *http.Request) bool
	// Page answers with the page of an address, and returns of how many captures it
	// tells.
	Page(w http.ResponseWriter, r *http.Request, p jarvis.Principal, secure bool) (captures int64, err error)
	SignIn(w http.ResponseWriter, r *http.Request, status int, to string, session *jarvis.Session, failure string) error
	Problem(w http.ResponseWriter, r *http.Request, status int, title, detail, requestID string) error
}

// errNoPages is the answer of a server that has no pages.
func errNoPages() error {
	return jarvis.Errorf(jarvis.CodeNotFound, "this server has no pages: /docs lists what it has")
}

// docsPolicy lets a browser use the style of the page of the API, and nothing else.
func docsPolicy(style []byte) string {
	sum := sha256.Sum256(style)
	return "default-src 'none'; img-src data:; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
}

// renderDocs returns the page of the API and its policy.
func renderDocs(data any) (text []byte, policy string, err error) {
	style, err := files.ReadFile("pages/style.css")
	if err != nil {
		return nil, "", err
	}
	page, err := files.ReadFile("pages/docs.html")
	if err != nil {
		return nil, "", err
	}
	t, err := template.New("docs").Parse(string(bytes.Replace(page, []byte("/* style */"), style, 1)))
	if err != nil {
		return nil, "", err
	}
	var b bytes.Buffer
	err = t.Execute(&b, data)
	return b.Bytes(), docsPolicy(style), err
}

// signInPage shows the form that redeems a sign-in link. The link's secret stands
// after #, so that it is neither sent nor logged when the page is fetched.
func (s *Server) signInPage(w http.ResponseWriter, r *http.Request) error {
	p, err := s.browser(r)
	if err != nil {
		return err
	}
	if s.o.Pages == nil {
		return errNoPages()
	}
	session, err := s.sessionOf(r.Context(), p)
	if err != nil {
		return err
	}
	to := localPath(r.URL.Query().Get("to"))
	if session != nil && to != "/" {
		http.Redirect(w, r, to, http.StatusSeeOther)
		return nil
	}
	return s.o.Pages.SignIn(w, r, http.StatusOK, to, session, "")
}

// sessionOf returns the session of a browser, and nil where it has none, or one that
// ended meanwhile.
func (s *Server) sessionOf(ctx context.Context, p jarvis.Principal) (*jarvis.Session, error) {
	if p.Kind != jarvis.PrincipalSession {
		return nil, nil
	}
	sessions, err := s.o.Guard.Sessions(ctx)
	if err != nil {
		return nil, err
	}
	for _, session := range sessions {
		if session.ID == p.Session {
			return session, nil
		}
	}
	return nil, nil
}

// signedOut is the query of the page to which signing out leads.
const signedOut = "signed-out"

// localPath returns an address of this server that somebody named, and "/" for one
// that a browser might take for another server's.
func localPath(to string) string {
	if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || len(to) > maxPath {
		return "/"
	}
	// Browsers read \ as /, and pass over what is no character.
	if strings.ContainsFunc(to, func(r rune) bool { return r == '\\' || r == utf8.RuneError || unicode.IsControl(r) }) {
		return "/"
	}
	u, err := url.Parse(to)
	if err != nil || u.IsAbs() || u.Host != "" || u.Path == "/sign-in" {
		return "/"
	}
	return to
}

// maxPath is the longest address to which signing in leads, in bytes.
const maxPath = 2000

// leadToSignIn sends a browser to where it signs in, and back from there.
func leadToSignIn(w http.ResponseWriter, r *http.Request) {
	where := "/sign-in"
	if to := localPath(r.URL.RequestURI()); to != "/" {
		where += "?to=" + url.QueryEscape(to)
	}
	http.Redirect(w, r, where, http.StatusSeeOther)
}

// browser returns the session that asks for an open page, and nobody for whoever
// has none: that is no failure.
func (s *Server) browser(r *http.Request) (jarvis.Principal, error) {
	p, err := s.o.Guard.Authenticate(r)
	if err != nil && jarvis.ErrorCode(err) != jarvis.CodeNoCredential {
		return jarvis.Principal{}, err
	}
	visitOf(r.Context()).principal = p
	if p.Kind != jarvis.PrincipalSession {
		return jarvis.Principal{}, nil
	}
	return p, nil
}

// signIn redeems a link and begins a session.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return jarvis.Errorf(jarvis.CodeTooLarge, "the form is larger than is taken")
		}
		return jarvis.Errorf(jarvis.CodeInvalid, "the form is broken")
	}
	own := r.PostForm.Get("own")
	if own != "" && own != "on" && own != "off" {
		return jarvis.Errorf(jarvis.CodeInvalid, "the form's \"own\" is on or off")
	}
	to := localPath(r.PostForm.Get("to"))
	cookie, _, err := s.o.Guard.Redeem(r, strings.TrimSpace(r.PostForm.Get("secret")), own == "on")
	if err != nil {
		if s.o.Pages == nil || !wantsPage(r) {
			return err
		}
		p := s.fail(r.Context(), err)
		p.writeHeader(w)
		return s.o.Pages.SignIn(w, r, p.Status, to, nil, sentence(p.Detail))
	}
	http.SetCookie(w, cookie)
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// signOut ends the session that asks for it.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request) error {
	p := principal(r.Context())
	if p.Kind != jarvis.PrincipalSession {
		return jarvis.Errorf(jarvis.CodeInvalid, "only the session of a browser can be signed out: a token is revoked")
	}
	if err := s.recordNow(r.Context(), jarvis.ActionSignIn, 0); err != nil {
		return err
	}
	if err := s.o.Guard.End(r.Context(), p.Session); err != nil && jarvis.ErrorCode(err) != jarvis.CodeNotFound {
		return err
	}
	http.SetCookie(w, s.o.Guard.NoCookie(r))
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	http.Redirect(w, r, "/sign-in?"+signedOut, http.StatusSeeOther)
	return nil
}

// page answers with a page of the history. What is on it is recorded like any other
// look.
func (s *Server) page(w http.ResponseWriter, r *http.Request) error {
	p := principal(r.Context())
	if p.Kind != jarvis.PrincipalSession { // a token is for programs
		leadToSignIn(w, r)
		return nil
	}
	if s.o.Pages == nil {
		return errNoPages()
	}
	action, busy, places := jarvis.ActionView, s.sums, int64(1)
	if r.URL.Path == "/search" {
		action, busy, places = jarvis.ActionSearch, s.searching, searchPlaces(&searchInput{Facets: true})
	}
	place, err := busy.take(r.Context(), places)
	if err != nil {
		return err
	}
	defer busy.give(place)
	captures, err := s.o.Pages.Page(w, r, p, s.o.Guard.Secure(r))
	if err == nil {
		s.record(r.Context(), action, captures)
	}
	return err
}

// static answers with a file that the pages use: they tell nothing of anybody.
func (s *Server) static(w http.ResponseWriter, r *http.Request) error {
	if s.o.Pages == nil || !s.o.Pages.Static(w, r) {
		return jarvis.Errorf(jarvis.CodeNotFound, "there is no file of this name: reload the page that asks for it")
	}
	return nil
}

// forBrowsers is raw for what browsers look at: they are shown what fails.
func forBrowsers(s *Server, handle func(http.ResponseWriter, *http.Request) error) operation {
	return raw(s, s.orShow(handle))
}

func (s *Server) orShow(handle func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		err := handle(w, r)
		if err == nil || s.o.Pages == nil || !wantsPage(r) {
			return err
		}
		p := s.fail(r.Context(), err)
		p.writeHeader(w)
		return s.o.Pages.Problem(w, r, p.Status, capital(p.Title), sentence(p.Detail), p.RequestID)
	}
}

// unknown answers what no other route takes: that there is no such thing,
// or which methods it takes.
func (s *Server) unknown() operation {
	return func(m *mounting, op huma.Operation) {
		m.HandleFunc(op.Path, s.orRefuse(s.orShow(func(w http.ResponseWriter, r *http.Request) error {
			var taken []string
			for _, method := range []string{get, http.MethodHead, post, put, del} {
				other := r.WithContext(r.Context())
				other.Method = method
				if _, pattern := m.mux.Handler(other); pattern != op.Path {
					taken = append(taken, method)
				}
			}
			if len(taken) == 0 {
				return jarvis.Errorf(jarvis.CodeNotFound, "there is nothing of this name here: /docs lists what there is")
			}
			methods := strings.Join(taken, ", ")
			w.Header().Set("Allow", methods)
			return &statusError{http.StatusMethodNotAllowed, jarvis.Errorf(jarvis.CodeInvalid, "the method is not one of those that this takes: %s", methods)}
		})))
	}
}

// writeHeader sets the headers of a problem that is shown as a page.
func (p *problemError) writeHeader(w http.ResponseWriter) {
	for name, values := range p.header {
		if name != "Www-Authenticate" { // a browser would ask for a password
			w.Header()[name] = values
		}
	}
}

// wantsPage reports whether the client is a browser that asks for a page.
func wantsPage(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

// sentence makes a sentence of an error's message.
func sentence(message string) string { return strings.TrimSuffix(capital(message), ".") + "." }

func capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + text[size:]
}
