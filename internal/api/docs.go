package api

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/jarvis-memory/jarvis"
)

const documentAbout = "Jarvis keeps what was on your screens. Every request needs a credential, but for those that are open: a token (\"Authorization: Bearer jarvis_...\"), or the session of a browser that signed in. A credential that may upload may do nothing else, one that may read changes nothing, and one of admin may do everything. Times are UTC."

// pages are the page of the API, and its document: made once.
type pages struct {
	docs       []byte
	docsPolicy string
	json       []byte
	yaml       []byte
}

// writeDocument makes the pages once all routes are known.
func (s *Server) writeDocument() (err error) {
	s.nameSession()
	p := &s.pages
	if p.docs, p.docsPolicy, err = renderDocs(s.describe()); err != nil {
		return err
	}
	if p.json, err = json.Marshal(s.document); err != nil {
		return err
	}
	p.yaml, err = s.document.YAML()
	return err
}

// nameSession says what the id in the path of a session is: its type, which is
// also that of a capture's id, says the latter.
func (s *Server) nameSession() {
	for _, p := range s.document.Paths["/api/sessions/{id}"].Delete.Parameters {
		p.Description, p.Schema.Description = "The session's UUID.", "The session's UUID."
	}
}

func (s *Server) docsPage(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", s.pages.docsPolicy)
	h.Set("Content-Length", strconv.Itoa(len(s.pages.docs)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		s.write(w, r, s.pages.docs)
	}
	return nil
}

func (s *Server) openAPIJSON(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "application/openapi+json;version=3.1")
	s.write(w, r, s.pages.json)
	return nil
}

func (s *Server) openAPIYAML(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "application/openapi+yaml;version=3.1")
	s.write(w, r, s.pages.yaml)
	return nil
}

// description is what the docs page shows.
type description struct {
	Version    string
	About      string
	Example    string
	Operations []described
	Problems   []describedProblem
}

type described struct {
	ID, Method, Path, Scope, About, Answers string
	Fields                                  []describedField
	Slash                                   bool // it is answered with a slash after the path too
}

type describedField struct {
	Name, In, Type, About string
	Required              bool
}

type describedProblem struct {
	Code   jarvis.Code
	Status int
	Title  string
	Anchor string // to which the type of a problem leads
}

// statusProblems are problems whose status is not that of their code.
var statusProblems = []describedProblem{
	{Code: jarvis.CodeInvalid, Status: http.StatusMethodNotAllowed, Title: "The path does not take this method; the header Allow lists those that it takes"},
	{Code: jarvis.CodeInvalid, Status: http.StatusRequestedRangeNotSatisfiable, Title: "The image has no bytes in the range asked for"},
	{Code: jarvis.CodeForbidden, Status: http.StatusMisdirectedRequest, Title: "The header Host names a host that is not the server's; jarvis serve --public-url names it"},
}

// describe returns the document as people read it, in the order of the table.
func (s *Server) describe() description {
	d := description{Version: s.o.Version, About: documentAbout, Example: s.example()}
	for _, t := range s.routes() {
		path := cmp.Or(t.as, t.path)
		op := operationOf(s.document.Paths[path], t.method)
		if t.id == "" || op == nil {
			continue
		}
		same := func(o described) bool { return o.Method == t.method && o.Path+"/" == path }
		if i := slices.IndexFunc(d.Operations, same); i >= 0 {
			d.Operations[i].Slash = true
			continue
		}
		d.Operations = append(d.Operations, described{
			ID: t.id, Method: t.method, Path: path, Scope: strings.Join(t.scopes(), " or "), About: t.about,
			Answers: strings.Join(slices.Sorted(maps.Keys(op.Responses)), ", "), Fields: s.fieldsOf(op),
		})
	}
	for _, k := range kinds {
		d.Problems = append(d.Problems, describedProblem{k.code, k.status, capital(k.title), "problem-" + string(k.code)})
	}
	d.Problems = append(d.Problems, statusProblems...)
	slices.SortStableFunc(d.Problems, func(a, b describedProblem) int { return a.Status - b.Status })
	return d
}

// example returns the commands that upload a capture.
func (s *Server) example() string {
	address := "http://127.0.0.1:8000"
	if len(s.o.PublicURLs) > 0 {
		address = strings.TrimRight(s.o.PublicURLs[0], "/")
	}
	return `curl --fail-with-body ` + address + `/api/captures \
  --header "Authorization: Bearer $JARVIS_TOKEN" \
  --form 'metadata={"timestamp":"2026-01-24T12:00:00Z","width":1920,"height":1080};type=application/json' \
  --form 'file=@shot.png;type=image/png'`
}

func operationOf(item *huma.PathItem, method string) *huma.Operation {
	if item == nil {
		return nil
	}
	switch method {
	case http.MethodGet:
		return item.Get
	case http.MethodPost:
		return item.Post
	case http.MethodPut:
		return item.Put
	case http.MethodDelete:
		return item.Delete
	}
	return nil
}

// fieldsOf lists the parameters of an operation, and the members of its body.
func (s *Server) fieldsOf(op *huma.Operation) []describedField {
	var fields []describedField
	for _, p := range op.Parameters {
		about := p.Description
		if p.Schema.Description != "" && about == "" {
			about = p.Schema.Description
		}
		fields = append(fields, describedField{p.Name, p.In, typeText(p.Schema), about, p.Required})
	}
	if op.RequestBody == nil {
		return fields
	}
	for kind, media := range op.RequestBody.Content {
		schema := s.resolve(media.Schema)
		in := "body"
		if kind == "multipart/form-data" {
			in = "form"
		}
		fields = append(fields, s.membersOf(schema, "", in)...)
	}
	return fields
}

func (s *Server) resolve(schema *huma.Schema) *huma.Schema {
	if schema.Ref != "" {
		return s.document.Components.Schemas.SchemaFromRef(schema.Ref)
	}
	return schema
}

// membersOf lists the members of an object, and of the objects in it.
func (s *Server) membersOf(schema *huma.Schema, prefix, in string) []describedField {
	var fields []describedField
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		member := s.resolve(schema.Properties[name])
		fields = append(fields, describedField{prefix + name, in, typeText(member), member.Description, slices.Contains(schema.Required, name)})
		switch {
		case member.Type == huma.TypeObject:
			fields = append(fields, s.membersOf(member, prefix+name+".", in)...)
		case member.Type == huma.TypeArray:
			fields = append(fields, s.membersOf(s.resolve(member.Items), prefix+name+"[].", in)...)
		}
	}
	return fields
}

// typeText says what values there are.
func typeText(s *huma.Schema) string {
	if s.ContentEncoding == "binary" {
		return "binary"
	}
	if len(s.Enum) == 0 {
		text := s.Type
		if s.Minimum != nil && s.Maximum != nil {
			text += " " + strconv.FormatFloat(*s.Minimum, 'f', -1, 64) + " to " + strconv.FormatFloat(*s.Maximum, 'f', -1, 64)
		}
		return text
	}
	var values []string
	for _, v := range s.Enum {
		if text, ok := v.(string); ok {
			values = append(values, text)
		}
	}
	return strings.Join(values, " | ")
}
