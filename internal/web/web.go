// Package web is the pages of a server: templates, and the scripts and styles that
// they use.
//
// There is no build step. Scripts are ES modules, which the server names after what
// is in them when it starts, see [Pages.Static]; docs/web.md tells how they are laid
// out. No page has markup from outside: what was on a screen is text.
package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"slices"
	"time"

	"github.com/jarvis-memory/jarvis"
)

//go:embed static templates
var files embed.FS

// Catalog is what the pages read of a catalogue. Every jarvis.Catalog is one; the
// methods are described there.
type Catalog interface {
	FindCapture(ctx context.Context, id jarvis.ID) (*jarvis.Capture, error)
	FindCaptures(ctx context.Context, f jarvis.CaptureFilter) ([]*jarvis.Capture, error)
}

// Options are what Pages work with.
type Options struct {
	Catalog   Catalog
	Search    Search           // nil where there is none
	Timelines jarvis.Timelines // nil where there are none: the pages draw no minutes
	// Location is the zone of the days, unless the address names another. Browsers must
	// know its name: nil and time.Local are UTC.
	Location *time.Location
	Version  string
	Now      func() time.Time // nil for time.Now
}

// Pages makes pages. Its methods may be called concurrently.
type Pages struct {
	o         Options
	now       func() time.Time
	assets    *assets
	templates map[string]*template.Template
}

// New returns Pages, or what is wrong with the files that were built in.
func New(o Options) (*Pages, error) {
	if o.Location == nil || o.Location == time.Local {
		o.Location = time.UTC
	}
	p := &Pages{o: o, now: o.Now, templates: make(map[string]*template.Template)}
	if p.now == nil {
		p.now = time.Now
	}
	static, err := fs.Sub(files, "static")
	if err != nil {
		return nil, err
	}
	if p.assets, err = newAssets(static); err != nil {
		return nil, err
	}
	return p, p.parse()
}

// shared are the templates that every page may use.
func shared() []string { return []string{"layout.html", "icons.html"} }

func (p *Pages) parse() error {
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		return err
	}
	functions := template.FuncMap{"asset": p.assets.path, "modules": p.assets.modules}
	base, err := template.New("").Funcs(functions).ParseFS(files, "templates/layout.html", "templates/icons.html")
	if err != nil {
		return err
	}
	for _, path := range names {
		name := path[len("templates/"):]
		if slices.Contains(shared(), name) {
			continue
		}
		page, err := base.Clone()
		if err != nil {
			return err
		}
		if page, err = page.ParseFS(files, path); err != nil {
			return err
		}
		p.templates[name] = page.Lookup(name)
	}
	return nil
}

// Policy is the Content-Security-Policy of every page: its own files and the API,
// and nothing that stands in the page itself.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// show answers with a page.
func (p *Pages) show(w http.ResponseWriter, r *http.Request, status int, name string, data any) error {
	var b bytes.Buffer
	if err := p.templates[name].Execute(&b, data); err != nil {
		return jarvis.WrapError(jarvis.CodeInternal, "web: page", "the page could not be made", err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", Policy)
	h.Set("Cache-Control", "no-store")
	text := b.Bytes()
	h.Add("Vary", "Accept-Encoding")
	if packed := compressed(text, gzip.DefaultCompression); packed != nil && acceptsGzip(r) {
		text = packed
		h.Set("Content-Encoding", "gzip")
	}
	send(w, r, status, text)
	return nil
}

// SignIn shows the form that redeems a sign-in link, or the session where the browser
// has one. The link's secret stands after #, so that it is neither sent nor logged when
// the page is fetched. to is where signing in leads; failure says why it failed, and is
// empty where it was not tried.
func (p *Pages) SignIn(w http.ResponseWriter, r *http.Request, status int, to string, session *jarvis.Session, failure string) error {
	data := struct {
		To, Error, Version  string
		SignedIn, SignedOut bool
		Own, Again          bool
		Until               time.Time
	}{To: to, Error: failure, Version: p.o.Version, SignedOut: r.URL.RawQuery == "signed-out"}
	// Whoever follows a link of another site brings no cookie of a session, and brings
	// it when the page itself asks once more.
	data.Again = session == nil && failure == "" && to != "/" && r.Header.Get("Sec-Fetch-Site") == "cross-site"
	if session != nil {
		data.SignedIn, data.Own, data.Until = true, session.Own, session.ExpiresAt.UTC()
	}
	return p.show(w, r, status, "signin.html", data)
}

// problemData is what the page of a problem shows.
type problemData struct {
	Status                   int
	Title, Detail, RequestID string
	Links                    []link
}

// link is an address, and what it leads to.
type link struct{ Href, Text string }

// Problem shows what failed.
func (p *Pages) Problem(w http.ResponseWriter, r *http.Request, status int, title, detail, requestID string) error {
	return p.show(w, r, status, "problem.html", problemData{Status: status, Title: title, Detail: detail, RequestID: requestID})
}
