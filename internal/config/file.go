package config

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/jarvis-memory/jarvis"
)

// file is what the configuration file says.
type file struct {
	path    string // absolute; empty when there is no file
	public  bool   // others than its owner may read it
	entries map[string]entry
}

type entry struct {
	text string
	line int
}

func (f file) place(line int) string { return fmt.Sprintf("%s line %d", f.path, line) }

// loadFile finds and reads the configuration file. One that was named must
// exist; the usual one may be missing.
func (l *loader) loadFile() error {
	named := given{text: l.File, source: "--config", home: l.home()}
	if named.text == "" {
		named.text, named.source = l.env("JARVIS_CONFIG"), "JARVIS_CONFIG"
	}
	var path string
	if named.text != "" {
		var err error
		if path, err = absolute(named); err != nil {
			return jarvis.Errorf(jarvis.CodeInvalid, "%s: %w", named.source, err)
		}
	} else if base := l.xdg("XDG_CONFIG_HOME", ".config"); base != "" {
		path = filepath.Join(base, "jarvis", "config.toml")
	} else {
		return nil
	}

	const longest = 1 << 20
	text, public, err := readFile(path, longest)
	if errors.Is(err, fs.ErrNotExist) && named.text == "" {
		return nil
	}
	if err != nil {
		if named.text == "" {
			return err
		}
		return jarvis.Errorf(jarvis.CodeInvalid, "%s: %w", named.source, err)
	}
	l.file = file{path: path, public: public}
	l.config.File = path
	l.file.entries, err = l.file.parse(text)
	return err
}

// parse reads TOML. Its errors never quote the text, which may hold a password.
func (f file) parse(text string) (map[string]entry, error) {
	var values map[string]any
	if _, err := toml.Decode(text, &values); err != nil {
		line := 1
		if parse, ok := errors.AsType[toml.ParseError](err); ok {
			line = parse.Position.Line
		}
		return nil, jarvis.Errorf(jarvis.CodeInvalid, `%s is not valid: write each setting once, as name = "text" or name = 42`, f.place(line))
	}
	settings := make(map[string]setting)
	for _, s := range table() {
		settings[s.key] = s
	}
	lines := keyLines(text)
	entries := make(map[string]entry)
	var first error // the one on the first line, since the order of a map is not stable
	firstLine := 0
	for key, value := range values {
		line := max(lines[key], 1)
		e, err := f.entry(settings, key, value, line)
		if err != nil && (first == nil || line < firstLine) {
			first, firstLine = err, line
		}
		entries[key] = e
	}
	if first != nil {
		return nil, first
	}
	return entries, nil
}

// entry checks one value of the file.
func (f file) entry(settings map[string]setting, key string, value any, line int) (entry, error) {
	s, ok := settings[key]
	if !ok {
		return entry{}, jarvis.Errorf(jarvis.CodeInvalid, "%s: %.60q is not a setting: %s", f.place(line), key, suggest(key))
	}
	switch v := value.(type) {
	case string:
		return entry{v, line}, nil
	case int64:
		if s.number {
			return entry{strconv.FormatInt(v, 10), line}, nil
		}
	}
	form := `must be text in quotes`
	if s.number {
		form = `must be a number, or text in quotes such as "` + s.def + `"`
	}
	return entry{}, jarvis.Errorf(jarvis.CodeInvalid, "%s: %s %s", f.place(line), key, form)
}

var keyForm = regexp.MustCompile(`^\s*\[{0,2}\s*["']?([^"'=\]\s.]+)`)

// keyLines returns the line on which each key first stands. The TOML library
// does not say; a line within a long text that looks like a key can mislead it,
// which only misplaces a message.
func keyLines(text string) map[string]int {
	lines := make(map[string]int)
	for i, line := range strings.Split(text, "\n") {
		if m := keyForm.FindStringSubmatch(line); m != nil && lines[m[1]] == 0 {
			lines[m[1]] = i + 1
		}
	}
	return lines
}

// suggest names the setting that key may have meant, else all of them.
func suggest(key string) string {
	var all []string
	for _, s := range table() {
		all = append(all, s.key)
	}
	if meant, ok := nearest(strings.ToLower(strings.ReplaceAll(key, "-", "_")), all); ok {
		return "did you mean " + meant + "?"
	}
	return "there are " + strings.Join(all, ", ")
}
