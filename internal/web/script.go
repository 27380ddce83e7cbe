package web

import (
	"bytes"
	"strings"
)

// rewriteScript returns a script without its comments and indentation, in which what
// it imports has other names. rename is told of every relative specifier, and whether
// it is one of import(), which loads it later.
//
// It knows as much of the language as it takes to tell code from strings, templates,
// regular expressions and comments; types in comments import nothing.
func rewriteScript(text []byte, rename func(specifier string, lazy bool) (string, error)) ([]byte, error) {
	s := &scanner{text: text, rename: rename}
	err := s.code(false)
	return bytes.TrimLeft(s.out, "\n"), err
}

type scanner struct {
	text   []byte
	at     int
	out    []byte
	rename func(string, bool) (string, error)
}

// code reads code: to the end, or to the brace that ends a place in a template.
func (s *scanner) code(inTemplate bool) error {
	depth := 0
	for s.at < len(s.text) {
		rest := s.text[s.at:]
		var err error
		switch c := rest[0]; {
		case bytes.HasPrefix(rest, []byte("//")):
			s.skip(bytes.IndexByte(rest, '\n'))
		case bytes.HasPrefix(rest, []byte("/*")):
			s.skip(bytes.Index(rest, []byte("*/")) + 2)
		case c == '"' || c == '\'':
			err = s.quoted(c)
		case c == '`':
			err = s.template()
		case c == '/' && s.expression():
			s.regexp()
		case c == '\n':
			s.out = append(bytes.TrimRight(s.out, " \n"), '\n')
			s.at++
		case c == ' ' || c == '\t':
			s.space()
		case c == '}' && inTemplate && depth == 0:
			return nil
		default:
			switch c {
			case '{':
				depth++
			case '}':
				depth--
			}
			s.out = append(s.out, c)
			s.at++
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// space keeps a space where it parts two words, or signs that would be another one
// together.
func (s *scanner) space() {
	for s.at < len(s.text) && (s.text[s.at] == ' ' || s.text[s.at] == '\t') {
		s.at++
	}
	if s.at == len(s.text) || len(s.out) == 0 {
		return
	}
	before, after := s.out[len(s.out)-1], s.text[s.at]
	if inWord(before) && inWord(after) || before == after && (before == '+' || before == '-') || before == '/' || after == '/' {
		s.out = append(s.out, ' ')
	}
}

// inWord reports whether a byte may be part of a name or a number.
func inWord(c byte) bool {
	return c == '_' || c == '$' || c == '#' || c == '\\' || c == '.' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// skip passes over so many bytes; over all where it is less than one.
func (s *scanner) skip(n int) {
	if n <= 0 {
		n = len(s.text) - s.at
	}
	s.at += n
}

// quoted reads a string.
func (s *scanner) quoted(quote byte) error {
	end := s.at + 1
	for end < len(s.text) && s.text[end] != quote {
		if s.text[end] == '\\' {
			end++
		}
		end++
	}
	end = min(end, len(s.text)-1)
	value := string(s.text[s.at+1 : end])
	before := bytes.TrimRight(s.out, " \n")
	lazy := bytes.HasSuffix(before, []byte("import("))
	imports := lazy || bytes.HasSuffix(before, []byte("from")) || bytes.HasSuffix(before, []byte("import"))
	if imports && (strings.HasPrefix(value, "./") || strings.HasPrefix(value, "../")) {
		renamed, err := s.rename(value, lazy)
		if err != nil {
			return err
		}
		value = renamed
	}
	s.out = append(append(append(s.out, quote), value...), quote)
	s.at = end + 1
	return nil
}

// template reads a template with the code in it.
func (s *scanner) template() error {
	s.out = append(s.out, '`')
	for s.at++; s.at < len(s.text); {
		switch c := s.text[s.at]; {
		case c == '`':
			s.out = append(s.out, c)
			s.at++
			return nil
		case c == '\\' && s.at+1 < len(s.text):
			s.out = append(s.out, s.text[s.at:s.at+2]...)
			s.at += 2
		case bytes.HasPrefix(s.text[s.at:], []byte("${")):
			s.out = append(s.out, "${"...)
			s.at += 2
			if err := s.code(true); err != nil {
				return err
			}
		default:
			s.out = append(s.out, c)
			s.at++
		}
	}
	return nil
}

// regexp reads a regular expression.
func (s *scanner) regexp() {
	class := false
	for first := true; s.at < len(s.text); first = false {
		c := s.text[s.at]
		s.out = append(s.out, c)
		s.at++
		switch {
		case c == '\\' && s.at < len(s.text):
			s.out = append(s.out, s.text[s.at])
			s.at++
		case c == '[':
			class = true
		case c == ']':
			class = false
		case c == '/' && !class && !first, c == '\n':
			return
		}
	}
}

// expression reports whether what follows begins an expression, so that a slash
// there does not divide.
func (s *scanner) expression() bool {
	before := bytes.TrimRight(s.out, " \n")
	if len(before) == 0 || bytes.IndexByte([]byte("(,=:[!&|?{};+-*%~^<>"), before[len(before)-1]) >= 0 {
		return true
	}
	word := before[bytes.LastIndexFunc(before, func(r rune) bool {
		return r != '_' && r != '$' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	})+1:]
	switch string(word) {
	case "return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "else", "do", "await", "yield":
		return true
	}
	return false
}
