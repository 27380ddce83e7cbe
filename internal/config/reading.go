package config

import (
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// Reading is the settings of what reads the text in images.
type Reading struct {
	Engine      Engine
	Languages   string // "eng+deu"
	Token       Secret // for an engine of the person's own
	Workers     int    // images that are read at once
	Timeout     time.Duration
	Memory      int64 // of one process of an engine, in bytes
	MaskSecrets bool
}

// Engine is what reads images: one of the three, or none.
type Engine struct {
	Tesseract bool
	Command   []string // a program and its arguments
	URL       string   // an address that answers over HTTP
}

// None reports whether nothing is read.
func (e Engine) None() bool { return !e.Tesseract && e.Command == nil && e.URL == "" }

const aboutEngine = "write tesseract, none, program: /path/to/program with its arguments, or an address http(s)://..."

// applyEngine quotes no text, which may hold a password.
func applyEngine(c *Config, g given) (string, error) {
	text := strings.TrimSpace(g.text)
	scheme, rest, _ := strings.Cut(text, ":")
	switch {
	case strings.EqualFold(text, "tesseract"):
		c.Reading.Engine = Engine{Tesseract: true}
		return "tesseract", nil
	case strings.EqualFold(text, "none"):
		c.Reading.Engine = Engine{}
		return "none", nil
	case strings.EqualFold(scheme, "http"), strings.EqualFold(scheme, "https"):
		address, err := serverAddress(text, true)
		c.Reading.Engine = Engine{URL: address}
		return address, err
	case strings.EqualFold(scheme, "program"):
		command, ok := splitCommand(rest)
		if !ok || len(command) == 0 {
			return "", jarvis.Errorf(jarvis.CodeInvalid, "it names no program, or has a quotation mark without its other: %s", aboutEngine)
		}
		c.Reading.Engine = Engine{Command: command}
		shown := "program: " + command[0]
		if len(command) > 1 {
			shown += " ..." // of arguments, one may be a password
		}
		return shown, nil
	}
	return "", jarvis.Errorf(jarvis.CodeInvalid, "it is no engine: %s", aboutEngine)
}

// splitCommand splits a command line at blanks that are in no quotation marks, and
// reports whether each of those has its other. There is nothing else of a shell in
// it.
func splitCommand(text string) (words []string, ok bool) {
	var word strings.Builder
	begun, quote := false, rune(0)
	for _, r := range text {
		switch {
		case r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			begun, quote = true, r
		case quote == 0 && (r == ' ' || r == '\t'):
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			begun = true
			word.WriteRune(r)
		}
	}
	if begun {
		words = append(words, word.String())
	}
	return words, quote == 0
}

// The languages that may be named: package ocr takes the same.
const (
	maxLanguages    = 8
	maxLanguageName = 32
)

// applyLanguages leaves it to the engine which languages there are.
func applyLanguages(c *Config, g given) (string, error) {
	text := strings.TrimSpace(g.text)
	names := strings.Split(text, "+")
	if len(names) > maxLanguages {
		return "", jarvis.Errorf(jarvis.CodeInvalid, "%d languages are too many: name at most %d, each costs time", len(names), maxLanguages)
	}
	for i, name := range names {
		if !isLanguage(name) {
			return "", jarvis.Errorf(jarvis.CodeInvalid, "%.80q are not languages: write them as the engine names them, such as eng+deu", text)
		}
		if slices.Contains(names[:i], name) {
			return "", jarvis.Errorf(jarvis.CodeInvalid, "the language %q is named twice", name)
		}
	}
	c.Reading.Languages = text
	return text, nil
}

// isLanguage reports whether a text can be the name of a language, such as chi_sim,
// script/Latin or en-US, and no option and no path.
func isLanguage(name string) bool {
	if name == "" || len(name) > maxLanguageName || name == "osd" || strings.IndexByte("_-/", name[0]) >= 0 {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("_-/", r)
	})
}

func applyEngineToken(c *Config, g given) (string, error) {
	text := strings.TrimSpace(g.text)
	switch {
	case g.public:
		return "", jarvis.Errorf(jarvis.CodeInvalid, "it stands in a file that others may read: run chmod 600 on the file, or move it to one that JARVIS_OCR_TOKEN_FILE names")
	case text == "" || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "", jarvis.Errorf(jarvis.CodeInvalid, "it is not a token: it has blanks, or letters that cannot be sent")
	}
	c.Reading.Token = newSecret(text)
	return c.Reading.Token.String(), nil
}

func defaultWorkers(*loader) string { return strconv.Itoa(max(1, runtime.NumCPU()/2)) }

// The memory of an engine's process: with less than the least none begins.
const (
	minEngineMemory = 64 << 20
	maxEngineMemory = 64 << 30
)

func applyEngineMemory(c *Config, g given) (string, error) {
	n, err := ParseSize(g.text)
	if err != nil {
		return "", err
	}
	if n < minEngineMemory || n > maxEngineMemory {
		return "", jarvis.Errorf(jarvis.CodeInvalid, "%.40q is out of range: give %s to %s", g.text, formatSize(minEngineMemory), formatSize(maxEngineMemory))
	}
	c.Reading.Memory = n
	return formatSize(n), nil
}

// lasting reads a time from least to most into a field.
func lasting(least, most time.Duration, field func(*Config) *time.Duration) func(*Config, given) (string, error) {
	return func(c *Config, g given) (string, error) {
		text := strings.TrimSpace(g.text)
		d, err := time.ParseDuration(text)
		if n, numberErr := strconv.ParseInt(text, 10, 32); numberErr == nil {
			d, err = time.Duration(n)*time.Second, nil
		}
		if err != nil {
			return "", jarvis.Errorf(jarvis.CodeInvalid, "%.40q is not a length of time: write 30s, 2m or a number of seconds", text)
		}
		if d < least || d > most {
			return "", jarvis.Errorf(jarvis.CodeInvalid, "%.40q is out of range: give %s to %s", text, shortDuration(least), shortDuration(most))
		}
		*field(c) = d
		return shortDuration(d), nil
	}
}

// shortDuration writes a time without what is zero: 2m and not 2m0s.
func shortDuration(d time.Duration) string {
	text := d.String()
	if short, ok := strings.CutSuffix(text, "m0s"); ok {
		text = short + "m"
	}
	if short, ok := strings.CutSuffix(text, "h0m"); ok {
		text = short + "h"
	}
	return text
}
