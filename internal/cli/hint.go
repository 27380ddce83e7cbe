package cli

import "strings"

// command returns what a person types to run the program with the arguments on
// the same store: the flags of this command line that say where the store is are
// part of it. Variables of the environment hold for the next command as well.
func (a *app) command(arguments string) string {
	var b strings.Builder
	b.WriteString(quoteArgument(a.name) + " " + arguments)
	for _, flag := range []struct{ name, value string }{
		{"data-dir", a.grammar.DataDir},
		{"storage-path", a.grammar.StoragePath},
		{"identity-file", a.grammar.Identity},
		{"config", a.grammar.Config},
	} {
		if flag.value != "" {
			b.WriteString(" --" + flag.name + " " + quoteArgument(flag.value))
		}
	}
	return b.String()
}

// quoteArgument returns text as a shell takes it for one argument, unchanged
// where nothing in it is special.
func quoteArgument(text string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+./:=@%,"
	if text != "" && (strings.Trim(text, plain) == "" || strings.HasPrefix(text, "~/") && strings.Trim(text[1:], plain) == "") {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
