package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/jarvis-memory/jarvis"
)

// prefix is where the files are. Their names have a digest of what is in them, so a
// name never means anything else and browsers may keep it.
const prefix = "/static/"

// asset is a file that pages use.
type asset struct {
	name   string // below static/, such as day/main.js
	path   string // with its digest
	kind   string // Content-Type
	text   []byte
	packed []byte // gzip; nil where that is not smaller
	static []string
	lazy   []string // what it imports, and what it may import later: names
}

type assets struct {
	named map[string]*asset
	paths map[string]*asset
}

// stylesheet is what all style sheets together are called.
const stylesheet = "app.css"

// styles returns the style sheets in the order of their layers; those of components
// come after components.css.
func styles() []string {
	return []string{"css/reset.css", "css/tokens.css", "css/base.css", "css/layout.css", "css/components.css", "css/components/", "css/utilities.css"}
}

// newAssets reads all files: scripts in the order in which they need each other,
// since the name of one has a digest of the names that it imports.
func newAssets(files fs.FS) (*assets, error) {
	a := &assets{make(map[string]*asset), make(map[string]*asset)}
	var scripts, sheets []string
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(name, ".d.ts") {
			return err
		}
		switch path.Ext(name) {
		case ".js":
			scripts = append(scripts, name)
		case ".css":
			sheets = append(sheets, name)
		case ".svg":
			text, err := fs.ReadFile(files, name)
			if err == nil {
				a.add(&asset{name: name, kind: "image/svg+xml", text: text})
			}
			return err
		default:
			return jarvis.Errorf(jarvis.CodeInternal, "static/%s is no kind of file that pages use", name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	sheet, err := joinStyles(files, sheets)
	if err != nil {
		return nil, err
	}
	a.add(&asset{name: stylesheet, kind: "text/css; charset=utf-8", text: sheet})
	for _, name := range scripts {
		if err := a.addScript(files, name, nil); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// joinStyles returns all sheets as one.
func joinStyles(files fs.FS, sheets []string) ([]byte, error) {
	var joined []byte
	taken := 0
	for _, style := range styles() {
		for _, name := range sheets {
			if name != style && !(strings.HasSuffix(style, "/") && strings.HasPrefix(name, style)) {
				continue
			}
			text, err := fs.ReadFile(files, name)
			if err != nil {
				return nil, err
			}
			joined = append(joined, withoutCSSComments(text)...)
			taken++
		}
	}
	if taken != len(sheets) {
		return nil, jarvis.Errorf(jarvis.CodeInternal, "of the style sheets %v not all have a place: see styles in internal/web/static.go", sheets)
	}
	return joined, nil
}

// withoutCSSComments also drops what indents lines.
func withoutCSSComments(text []byte) []byte {
	var kept []byte
	for {
		before, after, found := bytes.Cut(text, []byte("/*"))
		kept = append(kept, before...)
		if !found {
			break
		}
		_, text, _ = bytes.Cut(after, []byte("*/"))
	}
	return withoutIndent(kept)
}

func withoutIndent(text []byte) []byte {
	var kept []byte
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			kept = append(append(kept, line...), '\n')
		}
	}
	return kept
}

// addScript adds a script after those that it imports. importers are those whose
// imports led to it.
func (a *assets) addScript(files fs.FS, name string, importers []string) error {
	if a.named[name] != nil {
		return nil
	}
	if slices.Contains(importers, name) {
		return jarvis.Errorf(jarvis.CodeInternal, "these scripts import each other in a circle: %s", strings.Join(append(importers, name), ", "))
	}
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return jarvis.WrapError(jarvis.CodeInternal, "web: scripts", "a script that "+strings.Join(importers, ", ")+" imports is missing", err)
	}
	script := &asset{name: name, kind: "text/javascript; charset=utf-8"}
	script.text, err = rewriteScript(text, func(specifier string, lazy bool) (string, error) {
		other := path.Join(path.Dir(name), specifier)
		if err := a.addScript(files, other, append(slices.Clone(importers), name)); err != nil {
			return "", err
		}
		if lazy {
			script.lazy = append(script.lazy, other)
		} else {
			script.static = append(script.static, other)
		}
		return a.named[other].path, nil
	})
	if err != nil {
		return err
	}
	a.add(script)
	return nil
}

// add names a file, and packs it.
func (a *assets) add(f *asset) {
	sum := sha256.Sum256(f.text)
	extension := path.Ext(f.name)
	f.path = prefix + strings.TrimSuffix(f.name, extension) + "." + hex.EncodeToString(sum[:6]) + extension
	if packed := compressed(f.text, gzip.BestCompression); packed != nil && len(packed) < len(f.text) {
		f.packed = packed
	}
	a.named[f.name], a.paths[f.path] = f, f
}

// path returns the address of a file. It is a function of the templates.
func (a *assets) path(name string) (string, error) {
	f, ok := a.named[name]
	if !ok {
		return "", jarvis.Errorf(jarvis.CodeInternal, "there is no file static/%s", name)
	}
	return f.path, nil
}

// modules returns the addresses of what a script imports, and of what these do, each
// once. It is a function of the templates.
func (a *assets) modules(name string) ([]string, error) {
	names, err := a.imports(name)
	for i, other := range names {
		names[i] = a.named[other].path
	}
	return names, err
}

// imports returns the names of all that is loaded with a script.
func (a *assets) imports(name string) ([]string, error) {
	f, ok := a.named[name]
	if !ok {
		return nil, jarvis.Errorf(jarvis.CodeInternal, "there is no file static/%s", name)
	}
	var all []string
	for todo := slices.Clone(f.static); len(todo) > 0; todo = todo[1:] {
		if !slices.Contains(all, todo[0]) {
			all = append(all, todo[0])
			todo = append(todo, a.named[todo[0]].static...)
		}
	}
	return all, nil
}

// Static answers with a file, and reports whether there is one of the address. Nothing
// is in these files that is not in the program.
func (p *Pages) Static(w http.ResponseWriter, r *http.Request) bool {
	f, ok := p.assets.paths[r.URL.Path]
	if !ok {
		return false
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	text := f.text
	if f.packed != nil && acceptsGzip(r) {
		text = f.packed
		h.Set("Content-Encoding", "gzip")
	}
	send(w, r, http.StatusOK, text)
	return true
}

// send answers with a text. Whoever is gone meanwhile cannot be told.
func send(w http.ResponseWriter, r *http.Request, status int, text []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	if _, err := bytes.NewReader(text).WriteTo(w); err != nil {
		return
	}
}

// acceptsGzip reports whether the client can unpack gzip.
func acceptsGzip(r *http.Request) bool {
	for one := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(one, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			return !strings.HasPrefix(strings.ReplaceAll(weight, " ", ""), "q=0") || strings.ContainsAny(weight, "123456789")
		}
	}
	return false
}

// compressed returns the gzip of a text, and nil where there is none.
func compressed(text []byte, level int) []byte {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		return nil
	}
	if _, err := z.Write(text); err != nil {
		return nil
	}
	if err := z.Close(); err != nil {
		return nil
	}
	return b.Bytes()
}
