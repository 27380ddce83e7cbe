package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/jarvis-memory/jarvis"
)

// operation puts a route into the mux and, where it has an id, into the OpenAPI
// document.
type operation func(m *mounting, op huma.Operation)

// mounting is what routes are put into.
type mounting struct {
	mux  *http.ServeMux
	api  huma.API
	wrap func(http.Handler) http.Handler // of the route at hand
}

// HandleFunc puts a handler into the mux, behind what guards its route.
func (m *mounting) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	m.mux.Handle(pattern, m.wrap(http.HandlerFunc(handler)))
}

// ServeHTTP implements humago.Mux.
func (m *mounting) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.mux.ServeHTTP(w, r) }

// mount returns a handler of all routes.
func (s *Server) mount() (http.Handler, error) {
	m := &mounting{mux: http.NewServeMux()}
	m.api = humago.New(m, s.config())
	s.document = m.api.OpenAPI()
	problems := s.document.Components.Schemas.Schema(typeOf[Problem](), true, "Problem")
	table := s.routes()
	for i := range table {
		t := &table[i]
		m.wrap = func(h http.Handler) http.Handler {
			if strings.HasPrefix(t.path, "/api/") {
				h = packed(h)
			}
			return s.enter(t, h)
		}
		op := huma.Operation{
			OperationID: t.id, Method: t.method, Path: t.path, Summary: t.about, Hidden: t.id == "" || t.as != "",
			MaxBodyBytes: t.body(s), BodyReadTimeout: -1, // whoever listens bounds how slowly a body may come
			Responses: t.problems(problems),
		}
		if t.scope != open {
			op.Security = []map[string][]string{{"token": t.scopes()}, {"session": {string(t.scope)}}}
		}
		t.handle(m, op)
		if t.as != "" {
			op.Path, op.Hidden = t.as, false
			s.document.AddOperation(&op)
		}
		if t.form != nil {
			s.document.Paths[cmp.Or(t.as, t.path)].Post.RequestBody = t.form
		}
	}
	// huma describes its own kind of problem, which is never sent.
	delete(s.document.Components.Schemas.Map(), "ErrorModel")
	delete(s.document.Components.Schemas.Map(), "ErrorDetail")
	return s.elsewhere(m.mux), s.writeDocument()
}

// problems returns the answers to what may fail.
func (t *route) problems(schema *huma.Schema) map[string]*huma.Response {
	statuses := append([]int{http.StatusBadRequest, http.StatusMisdirectedRequest, http.StatusInternalServerError, http.StatusServiceUnavailable}, t.errors...)
	if t.scope != open {
		statuses = append(statuses, http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests)
	}
	responses := make(map[string]*huma.Response)
	for _, status := range statuses {
		responses[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status),
			Content:     map[string]*huma.MediaType{problemType: {Schema: schema}},
		}
	}
	return responses
}

// config returns huma's: JSON and nothing else, and none of its own pages.
func (s *Server) config() huma.Config {
	c := huma.DefaultConfig("Jarvis", s.o.Version)
	c.OpenAPIPath, c.DocsPath, c.SchemasPath, c.CreateHooks = "", "", "", nil
	form := huma.Format{Marshal: s.marshal, Unmarshal: json.Unmarshal}
	c.Formats = map[string]huma.Format{"application/json": form, "json": form}
	c.RejectUnknownQueryParameters = true // a filter that is misspelt must not select everything
	c.Transformers = []huma.Transformer{s.reword}
	c.Info.Description = documentAbout
	c.Info.License = &huma.License{Name: "See the file LICENSE"}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token":   {Type: "http", Scheme: "bearer", Description: "A token that \"jarvis device add\" made: jarvis_..."},
		"session": {Type: "apiKey", In: "cookie", Name: "__Host-jarvis", Description: "The session of a browser that signed in; without TLS the cookie is called jarvis. On a port that the address names, -PORT follows."},
	}
	return c
}

// marshal writes an answer without a line end: older agents were answered so.
func (s *Server) marshal(w io.Writer, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	if _, err := w.Write(bytes.TrimSuffix(b.Bytes(), []byte("\n"))); err != nil {
		// The client is gone. huma would panic for an error.
		s.log.Debug("an answer was not taken")
	}
	return nil
}

// with returns the operation of a function from an input to an output.
func with[I, O any](s *Server, handle func(context.Context, *I) (*O, error)) operation {
	return func(m *mounting, op huma.Operation) {
		op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) { next(&plainContext{humaContext: ctx}) })
		huma.Register(m.api, op, func(ctx context.Context, in *I) (*O, error) {
			out, err := handle(ctx, in)
			if err != nil {
				return nil, s.fail(ctx, err)
			}
			return out, nil
		})
	}
}

// raw returns the operation of a handler that is not in the document. An error
// that it returns is answered.
func raw(s *Server, handle func(http.ResponseWriter, *http.Request) error) operation {
	return func(m *mounting, op huma.Operation) {
		m.HandleFunc(op.Method+" "+op.Path, s.orRefuse(handle))
	}
}

func (s *Server) orRefuse(handle func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := handle(w, r); err != nil {
			s.refuse(w, r, err)
		}
	}
}

// plainContext makes an operation answer in JSON whatever the request accepts, and
// lets reword choose the status of what huma refuses by itself.
type plainContext struct {
	humaContext
	status int
}

// humaContext is a name for embedding: huma.Context has a method of its own name.
type humaContext = huma.Context

// Unwrap is for humago.Unwrap.
func (c *plainContext) Unwrap() huma.Context { return c.humaContext }

// Header returns a request's header.
func (c *plainContext) Header(name string) string {
	if name == "Accept" {
		return ""
	}
	return c.humaContext.Header(name)
}

// SetStatus sets an answer's status.
func (c *plainContext) SetStatus(status int) { c.humaContext.SetStatus(cmp.Or(c.status, status)) }

// reword is what huma sends of an error: a problem, also of what it refuses by
// itself.
func (s *Server) reword(ctx huma.Context, _ string, v any) (any, error) {
	if p, ok := v.(*problemError); ok {
		return &p.Problem, nil
	}
	model, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	var err error
	switch model.Status {
	case http.StatusRequestEntityTooLarge:
		err = jarvis.Errorf(jarvis.CodeTooLarge, "the body has more bytes than the %d that are taken", ctx.Operation().MaxBodyBytes)
	case http.StatusInternalServerError:
		err = jarvis.Errorf(jarvis.CodeInvalid, "the body broke off, or came too slowly")
		ctx.SetHeader("Connection", "close")
	default:
		err = jarvis.Errorf(jarvis.CodeInvalid, "%s", reasons(model))
	}
	p := s.fail(ctx.Context(), err)
	if plain, ok := ctx.(*plainContext); ok {
		plain.status = p.Status
	}
	return &p.Problem, nil
}

// reasons says why huma refused something, without quoting it.
func reasons(model *huma.ErrorModel) string {
	var all []string
	for _, e := range model.Errors {
		if _, isText := e.Value.(string); e.Location == "" || e.Location == "body" && isText {
			return "the body is not the JSON that is taken here" // what a decoder says may quote it
		}
		place := strings.NewReplacer("query.", "the parameter ", "path.", "the path's ", "body.", "the body's ", "body", "the body").Replace(e.Location)
		all = append(all, strings.TrimSpace(place+": "+e.Message))
		if len(all) == 5 {
			break
		}
	}
	if len(all) == 0 {
		return model.Detail
	}
	return jarvis.CleanText(strings.Join(all, "; "), 500)
}

// elsewhere answers what is no route with a problem too.
func (s *Server) elsewhere(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler, pattern := mux.Handler(r)
		if pattern != "" && r.URL.Path != "" && clean(r.URL.Path) {
			mux.ServeHTTP(w, r)
			return
		}
		var refusal recorder
		handler.ServeHTTP(&refusal, r)
		if refusal.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", refusal.Header().Get("Allow"))
			s.refuse(w, r, &statusError{http.StatusMethodNotAllowed, jarvis.Errorf(jarvis.CodeInvalid, "the method is not one of those that this takes: %s", refusal.Header().Get("Allow"))})
			return
		}
		s.refuse(w, r, jarvis.Errorf(jarvis.CodeNotFound, "there is nothing of this name here: /docs lists what there is"))
	})
}

// clean reports whether a path is one that the mux does not redirect.
func clean(path string) bool {
	return !slices.ContainsFunc(strings.Split(path, "/")[1:], func(part string) bool { return part == "." || part == ".." }) && !strings.Contains(path, "//")
}

// recorder keeps an answer from being sent.
type recorder struct {
	header http.Header
	status int
}

// Header implements http.ResponseWriter.
func (r *recorder) Header() http.Header {
	if r.header == nil {
		r.header = make(http.Header)
	}
	return r.header
}

// Write implements http.ResponseWriter.
func (r *recorder) Write(p []byte) (int, error) { return len(p), nil }

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) { r.status = status }
