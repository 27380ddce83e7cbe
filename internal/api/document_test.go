package api_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// document is an OpenAPI document, as far as answers are held against it.
type document struct {
	Paths map[string]map[string]struct {
		OperationID string
		Parameters  []struct{ Name, In string }
		RequestBody *struct {
			Content map[string]struct{ Schema schema }
		}
		Responses map[string]struct {
			Content map[string]struct{ Schema schema }
		}
	}
	Components struct{ Schemas map[string]schema }
}

type schema = map[string]any

func readDocument(t testing.TB, text []byte) *document {
	t.Helper()
	d := new(document)
	must(t, json.Unmarshal(text, d))
	return d
}

// json reads the answer's body.
func (a answer) json(into any) {
	a.t.Helper()
	if err := json.Unmarshal(a.body, into); err != nil {
		a.t.Fatalf("the answer %q is no JSON: %v", a.body, err)
	}
}

// undocumented are the routes that are for browsers and Prometheus.
var undocumented = []string{"/", "/health", "/metrics", "/sign-in", "/sign-out", "/docs", "/openapi.json", "/openapi.yaml", "/search", "/pins"}

// pageFolders are what the paths of other pages begin with.
var pageFolders = regexp.MustCompile("^/(day|week|at|frame|static)/[^/]")

// check fails the test unless the document has the answer. Problems have the
// schema of problems also where there is no such route.
func (d *document) check(t testing.TB, req *http.Request, a answer) {
	t.Helper()
	kind, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	if err != nil && len(a.body) > 0 {
		t.Errorf("%s %s: the answer has no type", req.Method, req.URL.Path)
		return
	}
	if kind == "application/problem+json" {
		d.validate(t, req, d.Components.Schemas["Problem"], a.body)
		if a.status == http.StatusNotFound || a.status == http.StatusMethodNotAllowed || a.status == http.StatusMisdirectedRequest || a.status == http.StatusForbidden {
			return // they may come from outside of any route
		}
	}
	template, ok := d.find(req.URL.Path)
	operation, hasMethod := d.Paths[template][strings.ToLower(strings.Replace(req.Method, http.MethodHead, http.MethodGet, 1))]
	if !ok || !hasMethod {
		if !slices.Contains(undocumented, req.URL.Path) && !pageFolders.MatchString(req.URL.Path) {
			t.Errorf("%s %s was answered %d, and is not in the document", req.Method, req.URL.Path, a.status)
		}
		return
	}
	response, ok := operation.Responses[strconv.Itoa(a.status)]
	if !ok {
		t.Errorf("%s %s: the document has no answer %d", req.Method, template, a.status)
		return
	}
	if len(a.body) == 0 && (len(response.Content) == 0 || req.Method == http.MethodHead) {
		return
	}
	content, ok := response.Content[kind]
	if !ok {
		t.Errorf("%s %s: the document has no %s in the answer %d", req.Method, template, kind, a.status)
		return
	}
	if content.Schema["format"] != "binary" {
		d.validate(t, req, content.Schema, a.body)
	}
}

func (d *document) validate(t testing.TB, req *http.Request, s schema, body []byte) {
	t.Helper()
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		t.Errorf("%s %s: %q is no JSON", req.Method, req.URL.Path, body)
		return
	}
	if err := d.fits(s, value, "body"); err != nil {
		t.Errorf("%s %s: %v in %s", req.Method, req.URL.Path, err, body)
	}
}

// find returns the path of the document that a path is of.
func (d *document) find(path string) (string, bool) {
	if _, ok := d.Paths[path]; ok {
		return path, true
	}
	parts := strings.Split(path, "/")
	for template := range d.Paths {
		names := strings.Split(template, "/")
		if len(names) == len(parts) {
			same := true
			for i, name := range names {
				same = same && (name == parts[i] || strings.HasPrefix(name, "{") && parts[i] != "")
			}
			if same {
				return template, true
			}
		}
	}
	return "", false
}

// fits returns how a value differs from its schema.
func (d *document) fits(s schema, v any, at string) error {
	if s == nil {
		return fmt.Errorf("%s: there is no schema", at)
	}
	if ref, ok := s["$ref"].(string); ok {
		named, ok := d.Components.Schemas[strings.TrimPrefix(ref, "#/components/schemas/")]
		if !ok {
			return fmt.Errorf("%s: there is no %s", at, ref)
		}
		return d.fits(named, v, at)
	}
	if choices, ok := s["oneOf"].([]any); ok {
		var failures []error
		for _, one := range choices {
			choice, _ := one.(schema)
			failures = append(failures, d.fits(choice, v, at))
		}
		if count(failures, nil) != 1 {
			return fmt.Errorf("%s: not one of %d: %w", at, len(choices), errors.Join(failures...))
		}
		return nil
	}
	if enum, ok := s["enum"].([]any); ok && !slices.Contains(enum, v) {
		return fmt.Errorf("%s: %v is none of %v", at, v, enum)
	}
	if kinds := typesOf(s); len(kinds) > 0 && !slices.Contains(kinds, kindOf(v)) && (kindOf(v) != "integer" || !slices.Contains(kinds, "number")) {
		return fmt.Errorf("%s: %v is a %s, not %v", at, v, kindOf(v), kinds)
	}
	switch v := v.(type) {
	case string:
		return d.fitsText(s, v, at)
	case []any:
		items, _ := s["items"].(schema)
		for i, item := range v {
			if err := d.fits(items, item, fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
	case schema:
		return d.fitsObject(s, v, at)
	}
	return nil
}

func (d *document) fitsText(s schema, v, at string) error {
	switch s["format"] {
	case "date-time":
		if _, err := time.Parse(time.RFC3339Nano, v); err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
	case "uri-reference", nil:
	default:
		return fmt.Errorf("%s: the format %v is not known", at, s["format"])
	}
	if pattern, ok := s["pattern"].(string); ok && !regexp.MustCompile(pattern).MatchString(v) {
		return fmt.Errorf("%s: %q is not %s", at, v, pattern)
	}
	return nil
}

func (d *document) fitsObject(s, v schema, at string) error {
	properties, ok := s["properties"].(schema)
	if !ok {
		return fmt.Errorf("%s: the schema has no properties", at)
	}
	required, _ := s["required"].([]any)
	for _, name := range required {
		if _, ok := v[fmt.Sprint(name)]; !ok {
			return fmt.Errorf("%s: %s is missing", at, name)
		}
	}
	for name, member := range v {
		property, ok := properties[name].(schema)
		if !ok {
			return fmt.Errorf("%s: %s is not in the document", at, name)
		}
		if err := d.fits(property, member, at+"."+name); err != nil {
			return err
		}
	}
	return nil
}

func count(errs []error, want error) (n int) {
	for _, err := range errs {
		if errors.Is(err, want) {
			n++
		}
	}
	return n
}

func typesOf(s schema) (kinds []string) {
	switch t := s["type"].(type) {
	case string:
		return []string{t}
	case []any:
		for _, one := range t {
			kinds = append(kinds, fmt.Sprint(one))
		}
	}
	return kinds
}

func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case float64:
		if v == float64(int64(v)) {
			return "integer"
		}
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	}
	return "object"
}
