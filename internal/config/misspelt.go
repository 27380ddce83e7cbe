package config

import (
	"slices"
	"strings"

	"github.com/jarvis-memory/jarvis/internal/spelling"
)

// Misspelt returns a sentence for each variable of an environment, as os.Environ
// lists it, that is none of this program but nearly has the name of one. Values are
// never in it.
func Misspelt(environ []string) []string {
	const prefix = "JARVIS_"
	known := []string{"config"}
	for _, s := range table() {
		known = append(known, s.key, s.key+"_file")
	}
	var all []string
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		key, ours := strings.CutPrefix(strings.ToUpper(name), prefix)
		key = strings.ToLower(key)
		if !ours || value == "" || name == prefix+strings.ToUpper(key) && slices.Contains(known, key) {
			continue
		}
		if meant, ok := nearest(key, known); ok {
			all = append(all, name+" is no setting, and was passed over: did you mean "+prefix+strings.ToUpper(meant)+"?")
		}
	}
	slices.Sort(all)
	return all
}

// nearest returns the name that key may have meant, and false when none is near.
func nearest(key string, names []string) (string, bool) {
	best, least := "", len(key)
	for _, name := range names {
		allowed := max(len(strings.TrimSuffix(name, "_file"))/3, 1)
		if d := spelling.Distance(key, name); d < least && d <= allowed {
			best, least = name, d
		}
	}
	return best, best != ""
}
