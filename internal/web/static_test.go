package web

import (
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jarvis-memory/jarvis/internal/proof"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newPages(t testing.TB, o Options) *Pages {
	t.Helper()
	p, err := New(o)
	must(t, err)
	return p
}

// What is sent of styles and scripts: the limits of the specification, compressed.
const (
	maxStyles  = 25 << 10
	maxScripts = 60 << 10 // until a page is ready
	maxLater   = 80 << 10 // with all that it may load later
	maxModules = 9        // with the page, its style and its picture they are 12 requests
)

// entries are the scripts that pages name.
func entries(t testing.TB) []string {
	t.Helper()
	named := regexp.MustCompile(`<script[^>]* src="\{\{asset "([^"]+)"\}\}"`)
	var scripts []string
	eachTemplate(t, func(_, text string) {
		for _, match := range named.FindAllStringSubmatch(text, -1) {
			scripts = append(scripts, match[1])
		}
	})
	return scripts
}

func eachTemplate(t testing.TB, look func(name, text string)) {
	t.Helper()
	names, err := fs.Glob(files, "templates/*.html")
	must(t, err)
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		must(t, err)
		look(name, string(text))
	}
}

func TestAssets_Budget(t *testing.T) {
	p := newPages(t, Options{})
	styles := len(p.assets.named[stylesheet].packed)
	if styles > maxStyles {
		t.Errorf("the styles are %d bytes compressed, and may be %d", styles, maxStyles)
	}
	t.Logf("the styles are %d of %d bytes", styles, maxStyles)
	for _, entry := range entries(t) {
		at, err := p.assets.imports(entry)
		must(t, err)
		at = append(at, entry)
		if len(at) > maxModules+1 || entry == "day/main.js" && len(at) > maxModules {
			t.Errorf("%s loads %d modules at once: %v", entry, len(at), at)
		}
		// What the entry itself loads later, it waits for.
		ready := closure(p.assets, slices.Concat(at, p.assets.named[entry].lazy), false)
		all := closure(p.assets, ready, true)
		t.Logf("%s: %d modules at once, %d bytes of %d until the page is ready, %d of %d in all", entry, len(at), p.assets.size(ready), maxScripts, p.assets.size(all), maxLater)
		if size := p.assets.size(ready); size > maxScripts {
			t.Errorf("%s needs %d bytes of scripts, compressed, until it is ready, and may need %d: %v", entry, size, maxScripts, ready)
		}
		if size := p.assets.size(all); size > maxLater {
			t.Errorf("%s may load %d bytes of scripts, compressed, and may load %d", entry, size, maxLater)
		}
	}
}

// closure returns scripts and what they import, each once; with lazy also what they
// import later.
func closure(a *assets, names []string, lazy bool) []string {
	var all []string
	for todo := slices.Clone(names); len(todo) > 0; todo = todo[1:] {
		if slices.Contains(all, todo[0]) {
			continue
		}
		all = append(all, todo[0])
		todo = append(todo, a.named[todo[0]].static...)
		if lazy {
			todo = append(todo, a.named[todo[0]].lazy...)
		}
	}
	return all
}

func (a *assets) size(names []string) int {
	sum := 0
	for _, name := range names {
		sum += len(a.named[name].packed)
	}
	return sum
}

// No page or script has what the policy refuses, makes elements of text, or leads
// elsewhere; and what none uses is not there.
func TestAssets_Clean(t *testing.T) {
	p := newPages(t, Options{})
	refused := regexp.MustCompile(`(?i)\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|createContextualFragment|DOMParser|setTimeout\("|javascript:)`)
	for name, f := range p.assets.named {
		text := string(f.text)
		if found := refused.FindString(text); found != "" {
			t.Errorf("%s has %q", name, found)
		}
		for _, address := range regexp.MustCompile(`(?:https?:)?//[a-z][\w.-]*\.[a-z]+[^"'\s)]*`).FindAllString(text, -1) {
			if !strings.HasPrefix(address, "http://www.w3.org/") { // the names of SVG
				t.Errorf("%s leads to %s", name, address)
			}
		}
		if strings.Contains(text, "url(") && path.Ext(name) == ".css" {
			t.Errorf("%s loads something", name)
		}
	}
	used := entries(t)
	eachTemplate(t, func(name, text string) {
		if found := regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|<script(?:>|[^>]*type="module">)[^<{]`).FindString(text); found != "" {
			t.Errorf("%s has %q", name, found)
		}
		if found := regexp.MustCompile(`(?:src|href)="(?:https?:)?//`).FindString(text); found != "" {
			t.Errorf("%s leads elsewhere: %q", name, found)
		}
		for _, match := range regexp.MustCompile(`asset "([^"]+)"`).FindAllStringSubmatch(text, -1) {
			used = append(used, match[1])
		}
	})
	for i := 0; i < len(used); i++ {
		f, ok := p.assets.named[used[i]]
		if !ok {
			t.Errorf("a page uses %s, which is not there", used[i])
			continue
		}
		used = append(used, slices.DeleteFunc(slices.Concat(f.static, f.lazy), func(name string) bool { return slices.Contains(used, name) })...)
	}
	for name := range p.assets.named {
		if !slices.Contains(used, name) {
			t.Errorf("no page uses %s", name)
		}
	}
}

// Icons are there by the names by which they are used.
func TestAssets_Icons(t *testing.T) {
	p := newPages(t, Options{})
	icons, err := fs.ReadFile(files, "templates/icons.html")
	must(t, err)
	use := func(where, name string) {
		if !strings.Contains(string(icons), `id="i-`+name+`"`) {
			t.Errorf("%s uses the icon %s, which is not there", where, name)
		}
	}
	eachTemplate(t, func(name, text string) {
		for _, match := range regexp.MustCompile(`template "icon" "([^"]+)"`).FindAllStringSubmatch(text, -1) {
			use(name, match[1])
		}
	})
	for name, f := range p.assets.named {
		for _, match := range regexp.MustCompile(`\bicon\("([^"]+)"`).FindAllStringSubmatch(string(f.text), -1) {
			use(name, match[1])
		}
	}
}

func TestPages_Static(t *testing.T) {
	p := newPages(t, Options{})
	ask := func(path, accept string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Accept-Encoding", accept)
		if !p.Static(w, r) {
			w.Code = http.StatusNotFound
		}
		return w
	}
	for name, f := range p.assets.named {
		plain := ask(f.path, "")
		if plain.Code != http.StatusOK || plain.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" || plain.Body.String() != string(f.text) {
			t.Errorf("%s: %d %v", name, plain.Code, plain.Header())
		}
		packed := ask(f.path, "br, gzip;q=0.5")
		if f.packed != nil {
			if packed.Header().Get("Content-Encoding") != "gzip" || packed.Header().Get("Vary") != "Accept-Encoding" {
				t.Errorf("%s is not compressed: %v", name, packed.Header())
			}
			z, err := gzip.NewReader(packed.Body)
			must(t, err)
			text, err := io.ReadAll(z)
			must(t, err)
			if string(text) != string(f.text) {
				t.Errorf("%s is another compressed", name)
			}
		}
		if ask(f.path, "gzip;q=0").Header().Get("Content-Encoding") != "" {
			t.Errorf("%s is compressed for who cannot unpack it", name)
		}
		for _, wrong := range []string{prefix + name, f.path + "x", strings.Replace(f.path, ".", ".0", 1)} {
			if ask(wrong, "").Code != http.StatusNotFound {
				t.Errorf("there is something at %s", wrong)
			}
		}
	}
}

// script returns files of which each has a text.
func scripts(texts map[string]string) fs.FS {
	files := make(fstest.MapFS)
	for name, text := range texts {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return files
}

func TestAssets_Imports(t *testing.T) {
	texts := map[string]string{
		"a.js":       "import { b } from \"./b/b.js\";\nconst later = () => import(\"./c.js\");\n/** @type {import(\"./a.js\").A} */\n// import \"./a.js\";\nconst text = \"from './x.js'\";",
		"b/b.js":     "import \"../c.js\";\nexport { d } from '../d.js';\nexport const b = 1;",
		"c.js":       "export default `${1 + `${2}`} import \"./x.js\"`;",
		"d.js":       "export const d = /[\"'/]\\/\\//.test(\"a\") ? 4 / 2 / 1 : 0; // from \"./y.js\"",
		"types.d.ts": "interface A {}",
	}
	a, err := newAssets(scripts(texts))
	must(t, err)
	got := string(a.named["a.js"].text)
	want := "import{b}from\"" + a.named["b/b.js"].path + "\";\nconst later=()=>import(\"" + a.named["c.js"].path + "\");\nconst text=\"from './x.js'\";"
	if strings.TrimSpace(got) != want {
		t.Errorf("a.js is\n%s\nand should be\n%s", got, want)
	}
	if got := string(a.named["c.js"].text); got != "export default`${1+`${2}`} import \"./x.js\"`;" {
		t.Errorf("c.js is %s", got)
	}
	if got := strings.TrimSpace(string(a.named["d.js"].text)); got != "export const d= /[\"'/]\\/\\//.test(\"a\")?4 / 2 / 1:0;" {
		t.Errorf("d.js is %s", got)
	}
	at, err := a.imports("a.js")
	must(t, err)
	if !slices.Equal(at, []string{"b/b.js", "c.js", "d.js"}) {
		t.Errorf("a.js imports %v", at)
	}
	// What changes a script changes the names of those that import it, and no others.
	texts["d.js"] += "\nexport const e = 5;"
	other, err := newAssets(scripts(texts))
	must(t, err)
	for name, changed := range map[string]bool{"a.js": true, "b/b.js": true, "c.js": false, "d.js": true} {
		if (a.named[name].path != other.named[name].path) != changed {
			t.Errorf("%s: %s is %s now", name, a.named[name].path, other.named[name].path)
		}
	}
}

func TestAssets_Refused(t *testing.T) {
	for name, texts := range map[string]map[string]string{
		"circle":      {"a.js": "import \"./b.js\";", "b.js": "import \"./a.js\";"},
		"lazy circle": {"a.js": "import \"./b.js\";", "b.js": "const a = () => import(\"./a.js\");"},
		"itself":      {"a.js": "import \"./a.js\";"},
		"missing":     {"a.js": "import \"./nothing.js\";"},
		"outside":     {"a.js": "import \"../../web.go\";"},
		"kind":        {"a.exe": ""},
		"sheet":       {"css/other.css": "a {}"},
	} {
		if _, err := newAssets(scripts(texts)); err == nil {
			t.Errorf("%s: nothing is wrong with it", name)
		}
	}
}

func FuzzRewriteScript(f *testing.F) {
	for _, text := range []string{"import \"./a.js\"; // x", "`${`${/[/]/}`}`", "a = b / c /* d */ / e", "'\\", "import(\"./b.js\")", "}", "`${"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		out, err := rewriteScript([]byte(text), func(specifier string, _ bool) (string, error) { return specifier, nil })
		must(t, err)
		if len(out) > len(text)+2 {
			t.Errorf("%q became longer: %q", text, out)
		}
	})
}

// Every script is still one after it was rewritten, says the program that runs them.
func TestAssets_Syntax(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		proof.Skip(t, "node is not here: run scripts/setup-tests.sh web")
	}
	p := newPages(t, Options{})
	folder := t.TempDir()
	for name, f := range p.assets.named {
		if path.Ext(name) != ".js" {
			continue
		}
		file := filepath.Join(folder, strings.ReplaceAll(strings.TrimSuffix(name, ".js"), "/", "-")+".mjs")
		must(t, os.WriteFile(file, f.text, 0o600))
		if said, err := exec.CommandContext(t.Context(), node, "--check", file).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, said)
		}
	}
}
