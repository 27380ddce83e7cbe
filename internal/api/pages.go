package api

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/jarvis-memory/jarvis"
)

//go:embed pages
var files embed.FS

// sheet is a page, and the policy that lets a browser use its own style, icon and
// script and nothing else.
type sheet struct {
	template *template.Template
	policy   string
}

// newSheet reads a page and what all pages share, in which "/* style */" and
// "// script" stand for files.
func newSheet(page, script string) (*sheet, error) {
	style, err := files.ReadFile("pages/style.css")
	if err != nil {
		return nil, err
	}
	shared, err := files.ReadFile("pages/layout.html")
	if err != nil {
		return nil, err
	}
	text, err := files.ReadFile("pages/" + page)
	if err != nil {
		return nil, err
	}
	s := &sheet{policy: "default-src 'none'; img-src data:; style-src '" + digest(style) + "'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"}
	if script != "" {
		code, err := files.ReadFile("pages/" + script)
		if err != nil {
			return nil, err
		}
		text = bytes.Replace(text, []byte("// script"), code, 1)
		s.policy += "; script-src '" + digest(code) + "'"
	}
	s.template = template.New(page)
	for _, part := range [][]byte{bytes.Replace(shared, []byte("/* style */"), style, 1), text} {
		if _, err := s.template.Parse(string(part)); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// render returns the page for data.
func (s *sheet) render(data any) ([]byte, error) {
	var b bytes.Buffer
	if err := s.template.Execute(&b, data); err != nil {
		return nil, jarvis.WrapError(jarvis.CodeInternal, "api: page", "the page could not be made", err)
	}
	return b.Bytes(), nil
}

// show answers with the text of a page.
func (s *Server) show(w http.ResponseWriter, r *http.Request, page *sheet, status int, text []byte) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", page.policy)
	h.Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		s.write(w, r, text)
	}
}

// signInData is what the page shows.
type signInData struct {
	Error     string
	SignedIn  bool
	SignedOut bool
}

// signInPage shows the form that redeems a sign-in link. The link's secret stands
// after #, so that it is neither sent nor logged when the page is fetched.
func (s *Server) signInPage(w http.ResponseWriter, r *http.Request) error {
	p, err := s.browser(r)
	if err != nil {
		return err
	}
	return s.showSignIn(w, r, http.StatusOK, signInData{
		SignedIn: p.Kind == jarvis.PrincipalSession, SignedOut: r.URL.RawQuery == signedOut,
	})
}

// signedOut is the query of the page to which signing out leads.
const signedOut = "signed-out"

func (s *Server) showSignIn(w http.ResponseWriter, r *http.Request, status int, data signInData) error {
	text, err := s.pages.signIn.render(data)
	if err == nil {
		s.show(w, r, s.pages.signIn, status, text)
	}
	return err
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
	cookie, _, err := s.o.Guard.Redeem(r, strings.TrimSpace(r.PostForm.Get("secret")), own == "on")
	if err != nil {
		if !wantsPage(r) {
			return err
		}
		p := s.fail(r.Context(), err)
		p.writeHeader(w)
		return s.showSignIn(w, r, p.Status, signInData{Error: sentence(p.Detail)})
	}
	http.SetCookie(w, cookie)
	http.Redirect(w, r, "/", http.StatusSeeOther)
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

// homeData is what the start page shows.
type homeData struct {
	Version string
	Own     bool
	Until   time.Time
}

// home says to a browser that it is signed in, and leads others to where they
// sign in.
func (s *Server) home(w http.ResponseWriter, r *http.Request) error {
	p, err := s.browser(r)
	if err != nil {
		return err
	}
	if p.Kind != jarvis.PrincipalSession {
		http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
		return nil
	}
	sessions, err := s.o.Guard.Sessions(r.Context())
	if err != nil {
		return err
	}
	i := slices.IndexFunc(sessions, func(session *jarvis.Session) bool { return session.ID == p.Session })
	if i < 0 { // it ended meanwhile
		http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
		return nil
	}
	text, err := s.pages.home.render(homeData{Version: s.o.Version, Own: p.Own, Until: sessions[i].ExpiresAt.UTC()})
	if err == nil {
		s.show(w, r, s.pages.home, http.StatusOK, text)
	}
	return err
}

// forBrowsers is raw for what browsers look at: they are shown what fails.
func forBrowsers(s *Server, handle func(http.ResponseWriter, *http.Request) error) operation {
	return raw(s, s.orShow(handle))
}

func (s *Server) orShow(handle func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		err := handle(w, r)
		if err == nil || !wantsPage(r) {
			return err
		}
		return s.showProblem(w, r, s.fail(r.Context(), err))
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

func (s *Server) showProblem(w http.ResponseWriter, r *http.Request, p *problemError) error {
	shown := p.Problem
	shown.Title, shown.Detail = capital(p.Title), sentence(p.Detail)
	text, err := s.pages.problem.render(shown)
	if err == nil {
		p.writeHeader(w)
		s.show(w, r, s.pages.problem, p.Status, text)
	}
	return err
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
