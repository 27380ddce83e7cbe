package mask

import (
	"regexp"
	"slices"
)

// userinfo finds the password in an address: scheme://user:password@host. What
// begins with a bracket or a sign of a variable stands for one.
var userinfo = regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s/:@"'<>]{0,64}:([^\s/@\[${<*][^\s/@"'<>]{3,127})@`)

// noPasswords are what manuals write where a password belongs.
var noPasswords = []string{"password", "passwd", "pass", "secret"}

func findPasswords(text, small string) (spans []span) {
	for _, at := range userinfo.FindAllStringSubmatchIndex(text, -1) {
		if !slices.Contains(noPasswords, small[at[2]:at[3]]) {
			spans = append(spans, span{start: at[2], end: at[3], kind: "password", rank: rankToken})
		}
	}
	return spans
}
