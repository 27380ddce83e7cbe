package api

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"github.com/jarvis-memory/jarvis"
)

//go:embed pages
var files embed.FS

// sheet is a page, and the policy that lets a browser use its own style and
// script and nothing else.
type sheet struct {
	template *template.Template
	policy   string
}

// newSheet reads a page, in which "/* style */" and "// script" stand for files.
func newSheet(page, script string) (*sheet, error) {
	style, err := files.ReadFile("pages/style.css")
	if err != nil {
		return nil, err
	}
	s := &sheet{policy: "default-src 'none'; style-src '" + digest(style) + "'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"}
	text, err := files.ReadFile("pages/" + page)
	if err != nil {
		return nil, err
	}
	text = bytes.Replace(text, []byte("/* style */"), style, 1)
	if script != "" {
		code, err := files.ReadFile("pages/" + script)
		if err != nil {
			return nil, err
		}
		text = bytes.Replace(text, []byte("// script"), code, 1)
		s.policy += "; script-src '" + digest(code) + "'"
	}
	s.template, err = template.New(page).Parse(string(text))
	return s, err
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
type signInData struct{ Error string }

// signInPage shows the form that redeems a sign-in link. The link's secret stands
// after #, so that it is neither sent nor logged when the page is fetched.
func (s *Server) signInPage(w http.ResponseWriter, r *http.Request) error {
	return s.showSignIn(w, r, http.StatusOK, "")
}

func (s *Server) showSignIn(w http.ResponseWriter, r *http.Request, status int, failure string) error {
	text, err := s.pages.signIn.render(signInData{failure})
	if err == nil {
		s.show(w, r, s.pages.signIn, status, text)
	}
	return err
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
		if !strings.Contains(r.Header.Get("Accept"), "text/html") {
			return err
		}
		p := s.fail(r.Context(), err)
		for name, values := range p.header {
			if name != "Www-Authenticate" { // a browser would ask for a password
				w.Header()[name] = values
			}
		}
		return s.showSignIn(w, r, p.Status, p.Detail)
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
	if err := s.o.Guard.End(r.Context(), p.Session); err != nil && jarvis.ErrorCode(err) != jarvis.CodeNotFound {
		return err
	}
	s.record(r.Context(), jarvis.ActionSignIn, 0)
	http.SetCookie(w, s.o.Guard.NoCookie(r))
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
	return nil
}

// home leads to what a browser can look at.
func (s *Server) home(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, "/docs", http.StatusSeeOther)
	return nil
}
