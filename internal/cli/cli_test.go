package cli

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/jarvis-memory/jarvis/internal/config"
)

func newGrammar(t *testing.T) *kong.Kong {
	t.Helper()
	parser, err := kong.New(&grammar{}, kong.Name("jarvis"), defaults())
	if err != nil {
		t.Fatal(err)
	}
	return parser
}

// TestGrammar/Examples: the help of every command shows how to use it.
func TestGrammar(t *testing.T) {
	parser := newGrammar(t)
	t.Run("Examples", func(t *testing.T) {
		for _, command := range parser.Model.Leaves(true) {
			if example := "    " + command.FullPath(); !strings.Contains(command.Detail, example) {
				t.Errorf("the help of %s has no example", command.FullPath())
			}
			if !strings.HasSuffix(command.Help, ".") {
				t.Errorf("the help of %s is no sentence: %q", command.FullPath(), command.Help)
			}
		}
	})
	t.Run("Flags", func(t *testing.T) {
		known := map[string]bool{}
		for _, command := range append(parser.Model.Leaves(true), parser.Model.Node) {
			for _, flag := range command.Flags {
				known[flag.Name] = true
				if flag.Help == "" {
					t.Errorf("%s --%s has no help", command.FullPath(), flag.Name)
				}
			}
		}
		for _, setting := range config.Settings() {
			switch {
			case setting.Secret && known[setting.Flag]:
				t.Errorf("--%s would show a secret to everyone who lists processes", setting.Flag)
			case !setting.Secret && !known[setting.Flag]:
				t.Errorf("the setting %s has no flag --%s", setting.Key, setting.Flag)
			}
		}
	})
}
