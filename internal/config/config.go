// Package config finds the settings of the program: defaults, overridden by a
// file, by the environment and by flags, in this order. Every setting knows
// where its value came from, and a secret never prints.
package config

import (
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

	// Values are all settings in the order of Settings, for a person to read.
	Values []Value
}

// Value is one setting in force.
type Value struct {
	Key    string `json:"key"`    // as in the file: data_dir
	Value  string `json:"value"`  // secrets redacted
	Source string `json:"source"` // "default", "/home/a/.config/jarvis/config.toml line 3", "JARVIS_DATA_DIR", "/run/secrets/db (JARVIS_DATABASE_URL_FILE)", "--data-dir"
	Set    bool   `json:"set"`    // false for a default
}

// Setting describes one key, for flags, help and documentation.
type Setting struct {
	Key     string // in the file: data_dir
	Env     string // JARVIS_DATA_DIR; the same name with _FILE appended names a file that holds the value
	Flag    string // data-dir
	Help    string
	Default string // for a person to read
	Secret  bool
}

// Settings lists all settings.
func Settings() []Setting { return nil }

// Input is where settings come from. The zero value of each field but Flags is
// what a running program has.
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
func Load(in Input) (*Config, error) { return &Config{}, nil }

// Space is an amount of free space: a number of bytes, a part of the whole, or both:
// then the smaller of the two.
type Space struct {
	Bytes   int64
	Percent float64
}

// ParseSpace reads "1GiB", "2%" or "1GiB,2%".
func ParseSpace(text string) (Space, error) { return Space{}, nil }

// Of returns the bytes that s is of a file system of total bytes.
func (s Space) Of(total int64) int64 { return s.Bytes }

// ParseSize reads a number of bytes with an optional unit: 32MiB, 1GiB, 500MB.
func ParseSize(text string) (int64, error) { return 0, nil }
