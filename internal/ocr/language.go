package ocr

import (
	"slices"
	"strings"

	"github.com/jarvis-memory/jarvis"
)

const (
	maxLanguages    = 8
	maxLanguageName = 32
)

// isLanguage says whether text can be the name of one of tesseract's languages or
// scripts, such as chi_sim or script/Latin, and nothing else: no option, and no path
// out of the folder where they are. Package config takes the same.
func isLanguage(text string) bool {
	if text == "" || len(text) > maxLanguageName || text == "osd" || strings.IndexByte("_-/", text[0]) >= 0 {
		return false
	}
	for _, c := range []byte(text) {
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && strings.IndexByte("_-/", c) < 0 {
			return false
		}
	}
	return true
}

// splitLanguages reads "eng+deu".
func splitLanguages(text string) ([]string, error) {
	names := strings.Split(text, "+")
	if len(names) > maxLanguages {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "%d languages are too many: name at most %d, each costs time", len(names), maxLanguages)
	}
	for i, name := range names {
		switch {
		case !isLanguage(name):
			return nil, jarvis.Errorf(jarvis.CodeInvalid, "%q is not a language of tesseract: languages are named like eng, or eng+deu for several", jarvis.CleanText(name, maxLanguageName))
		case slices.Contains(names[:i], name):
			return nil, jarvis.Errorf(jarvis.CodeInvalid, "the language %q is named twice", name)
		}
	}
	return names, nil
}

// listLanguages picks the languages out of what "--list-langs" says: a line of
// text, and then one a line. "osd" is no language, but how to tell them apart.
func listLanguages(lines []string) []string {
	var names []string
	for _, line := range lines[1:] {
		if name := strings.TrimSpace(line); isLanguage(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// checkLanguages says what to install when languages are missing.
func checkLanguages(wanted, installed []string) error {
	var missing, packages []string
	for _, name := range wanted {
		if !slices.Contains(installed, name) {
			missing = append(missing, name)
			packages = append(packages, debianPackage(name))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	have := "none is installed"
	if len(installed) > 0 {
		have = "installed are " + strings.Join(installed, ", ")
	}
	return jarvis.Errorf(jarvis.CodeUnavailable,
		"tesseract cannot read %s: on Debian and Ubuntu: apt install %s; elsewhere the package is called tesseract-langpack-%s, tesseract-data-%[3]s or tesseract-lang; %s",
		strings.Join(missing, ", "), strings.Join(packages, " "), missing[0], have)
}

// debianPackage returns what a language is in. Those of scripts are called by the
// four letters of ISO 15924, which are not always the first ones of the name.
func debianPackage(name string) string {
	if strings.HasPrefix(name, "script/") {
		return "tesseract-ocr-script-..."
	}
	return "tesseract-ocr-" + strings.ToLower(strings.ReplaceAll(name, "_", "-"))
}
