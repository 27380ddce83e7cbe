// Package config finds the settings of the program: defaults, overridden by a
// file, by the environment and by flags, in this order. Every setting knows
// where its value came from, and a secret never prints.
//
// Empty text anywhere is no value: the setting is as if it were not named there.
//
// A relative path in the file is relative to the file's folder; one in a flag or
// in the environment is relative to the working directory. Paths may begin with
// "~/".
package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// Config is the settings in force. Paths are absolute.
type Config struct {
	DataDir     string
	StoragePath string
	Database    Database
	Device      string // who is photographed: user@host unless set
	Location    *time.Location
	Images      jarvis.ImageLimits
	MinFree     Space // free space below which nothing is stored
	Jobs        int   // captures that are worked on at once

	Seal             bool   // a new store is sealed
	IdentityFile     string // that opens sealed stores; empty where there is no home folder to keep it in
	Passphrase       Secret
	NoTextInDatabase bool // a new store keeps the text in images out of its catalogue

	Reading       Reading
	SearchTimeout time.Duration // of one search

	ServerURL string // of the server whose store is meant, without a final slash; empty for this machine's
	Token     Secret // for that server
	Server    Server // of the server that is run here

	// File is the configuration file that was read, empty when there is none.
	File string
	// Values are all settings in the order of Settings, for a person to read.
	Values []Value
}

// Value is one setting in force.
type Value struct {
	Key   string `json:"key"`   // as in the file: data_dir
	Value string `json:"value"` // secrets redacted
	// Source is "default", "/home/a/.config/jarvis/config.toml line 3",
	// "JARVIS_DATA_DIR", "/run/secrets/db (JARVIS_DATABASE_URL_FILE)" or
	// "--data-dir".
	Source string `json:"source"`
	Set    bool   `json:"set"` // false for a default
}

// Input is where settings come from. The zero Input is what a program without
// flags has.
type Input struct {
	// Flags holds the flags that were given, by the key of their setting.
	Flags map[string]string
	// File is the configuration file that --config names. Empty: the one that
	// JARVIS_CONFIG names, else $XDG_CONFIG_HOME/jarvis/config.toml if it exists.
	File string
	// LookupEnv is os.LookupEnv unless set.
	LookupEnv func(string) (string, bool)
}

// Load returns the settings in force. Errors are CodeInvalid, and name the
// flag, the variable, or the file and its line.
func Load(in Input) (*Config, error) {
	l := loader{Input: in, config: &Config{}}
	if l.LookupEnv == nil {
		l.LookupEnv = os.LookupEnv
	}
	if err := l.loadFile(); err != nil {
		return nil, err
	}
	for _, s := range table() {
		if err := l.load(s); err != nil {
			return nil, err
		}
	}
	return l.config, nil
}

// loader holds what is needed while settings are found. Settings are loaded in
// the order of the table, so that a default can build on those before it.
type loader struct {
	Input
	config *Config
	file   file
}

// given is the text of a setting and where it stands.
type given struct {
	text   string
	source string // as in Value
	place  string // for a message: the source, and the key where the source does not tell it
	folder string // of relative paths
	home   string // for "~/"
	public bool   // it stands in a file that others can read
}

func (l *loader) load(s setting) error {
	g, set, err := l.find(s)
	if err != nil {
		return err
	}
	g.home = l.home()
	shown, err := s.apply(l.config, g)
	if err != nil && !set {
		err = fmt.Errorf("%w with --%s or %s", err, s.flag(), s.env())
	}
	if err != nil {
		return &jarvis.Error{Code: jarvis.CodeInvalid, Op: "config: load", Message: g.place + ": " + err.Error(), Err: err}
	}
	l.config.Values = append(l.config.Values, Value{Key: s.key, Value: shown, Source: g.source, Set: set})
	return nil
}

// find returns the text of a setting from the strongest place that has one, and
// false for the default.
func (l *loader) find(s setting) (given, bool, error) {
	if text := l.Flags[s.key]; text != "" {
		return given{text: text, source: "--" + s.flag(), place: "--" + s.flag()}, true, nil
	}
	text, fromFile := l.env(s.env()), l.env(s.env()+"_FILE")
	switch {
	case text != "" && fromFile != "":
		return given{}, false, jarvis.Errorf(jarvis.CodeInvalid, "%s and %s_FILE are both set: unset one of them", s.env(), s.env())
	case text != "" && s.private:
		return given{}, false, jarvis.Errorf(jarvis.CodeInvalid, "%s is not read: every program that you start gets what is in the environment, and it shows where services and containers are listed; put it in a file that only you can read, and name that in %s_FILE", s.env(), s.env())
	case text != "":
		return given{text: text, source: s.env(), place: s.env()}, true, nil
	case fromFile != "":
		text, public, err := readValue(fromFile)
		switch {
		case err != nil:
			return given{}, false, jarvis.Errorf(jarvis.CodeInvalid, "%s_FILE: %w", s.env(), err)
		case public && (s.private || s.key == "token" || s.key == "ocr_token"):
			return given{}, false, jarvis.Errorf(jarvis.CodeInvalid, "%s_FILE: others can read %s: run chmod 600 on it, and choose another %s if they might have", s.env(), fromFile, s.key)
		}
		source := fmt.Sprintf("%s (%s_FILE)", fromFile, s.env())
		return given{text: text, source: source, place: source}, true, nil
	}
	if entry, ok := l.file.entries[s.key]; ok && entry.text != "" {
		return given{
			text:   entry.text,
			source: l.file.place(entry.line),
			place:  l.file.place(entry.line) + ": " + s.key,
			folder: filepath.Dir(l.file.path),
			public: l.file.public,
		}, true, nil
	}
	g := given{text: s.def, source: "default", place: s.key}
	if s.fallback != nil {
		g.text = s.fallback(l)
	}
	return g, false, nil
}

func (l *loader) env(name string) string {
	value, _ := l.LookupEnv(name)
	return value
}

// readValue reads a setting from a file of its own, without the line's end, and
// says whether others than the file's owner may read it.
func readValue(path string) (text string, public bool, err error) {
	const longest = 64 << 10
	data, public, err := readFile(path, longest)
	if err != nil {
		return "", false, err
	}
	text = strings.TrimRight(data, "\r\n")
	switch {
	case strings.TrimSpace(text) == "":
		return "", false, jarvis.Errorf(jarvis.CodeInvalid, "%s is empty: it must hold the value", path)
	case strings.ContainsAny(text, "\r\n\x00"):
		return "", false, jarvis.Errorf(jarvis.CodeInvalid, "%s has several lines: it must hold the value and nothing else", path)
	}
	return text, public, nil
}

// readFile returns the text of a file of at most longest bytes, and whether
// others than its owner may read it.
func readFile(path string, longest int64) (text string, public bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", false, cannotRead(path, err)
	}
	defer f.Close() // nothing was written to it
	info, err := f.Stat()
	if err != nil {
		return "", false, cannotRead(path, err)
	}
	data, err := io.ReadAll(io.LimitReader(f, longest+1))
	if err != nil {
		return "", false, cannotRead(path, err)
	}
	if int64(len(data)) > longest {
		return "", false, jarvis.Errorf(jarvis.CodeInvalid, "%s has more than the %d bytes that settings may have", path, longest)
	}
	return string(data), !isPrivate(info), nil
}

// cannotRead says why a file cannot be read.
func cannotRead(path string, err error) error {
	reason := "cannot be read"
	switch {
	case errors.Is(err, os.ErrNotExist):
		reason = "does not exist"
	case errors.Is(err, os.ErrPermission):
		reason = "may not be read by this user"
	default:
		if info, statErr := os.Stat(path); statErr == nil && info.IsDir() {
			reason = "is a folder"
		}
	}
	return &jarvis.Error{Code: jarvis.CodeInvalid, Op: "config: read", Message: path + " " + reason, Err: err}
}

// home returns the person's home folder, "" when there is none.
func (l *loader) home() string {
	if home := l.env("HOME"); home != "" {
		return home
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "" // a service without a home: "~/" is then refused where it is used
	}
	return home
}

// xdg returns a base folder of the XDG specification, which says to ignore one
// that is not absolute; fallback is relative to the home folder.
func (l *loader) xdg(variable, fallback string) string {
	if folder := l.env(variable); filepath.IsAbs(folder) {
		return folder
	}
	home := l.home()
	if home == "" {
		return ""
	}
	return filepath.Join(home, fallback)
}
