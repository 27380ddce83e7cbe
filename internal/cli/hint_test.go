package cli

import (
	"os/exec"
	"testing"
)

// TestApp_Command: what is advised is about the store that was asked about, and a
// shell reads it as it was meant.
func TestApp_Command(t *testing.T) {
	a := &app{name: "bin/jarvis", grammar: &grammar{}}
	if got := a.command("start"); got != "bin/jarvis start" {
		t.Errorf("without flags: %s", got)
	}
	a.grammar.DataDir, a.grammar.StoragePath, a.grammar.Identity, a.grammar.Config = "s2", "/mnt/my disk", "it's $HOME", "c.toml"
	want := `bin/jarvis key status --data-dir s2 --storage-path '/mnt/my disk' --identity-file 'it'\''s $HOME' --config c.toml`
	if got := a.command("key status"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, text := range []string{"", "plain", "two words", "it's", "$HOME", "a;b", "*", "new\nline", "ä"} {
		out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf %s "+quoteArgument(text)).Output()
		if err != nil || string(out) != text {
			t.Errorf("a shell reads %q as %q, %v", text, out, err)
		}
	}
}
