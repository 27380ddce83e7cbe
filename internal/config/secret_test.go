package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLoad_Seal(t *testing.T) {
	w := newWorld(t)
	w.env["JARVIS_SEAL"] = "Off"
	w.env["JARVIS_IDENTITY_FILE"] = "~/keys/identity"
	c := w.load(map[string]string{"no_text_in_database": "on"})
	if c.Seal || !c.NoTextInDatabase || c.IdentityFile != filepath.Join(w.home, "keys/identity") || !c.Passphrase.IsZero() {
		t.Errorf("got %+v", c)
	}
	w.refuses(Input{Flags: map[string]string{"seal": "maybe"}}, "--seal", `"maybe" is neither on nor off`)
}

func TestLoad_NoHome(t *testing.T) {
	w := newWorld(t)
	w.env["HOME"] = ""
	t.Setenv("HOME", "")
	if c := w.load(map[string]string{"data_dir": "/srv/jarvis"}); c.IdentityFile != "" {
		t.Errorf("the identity is in %q", c.IdentityFile)
	}
	w.refuses(Input{}, "data_dir: there is no home folder", "name a folder with --data-dir or JARVIS_DATA_DIR")
}

const phrase = "correct horse battery"

// TestPassphrase: it comes from a file of its own, and never prints.
func TestPassphrase(t *testing.T) {
	w := newWorld(t)
	w.env["JARVIS_PASSPHRASE_FILE"] = w.write("phrase", phrase+"\n")
	c := w.load(nil)
	if c.Passphrase.Reveal() != phrase {
		t.Fatalf("the passphrase is %q", c.Passphrase.Reveal())
	}
	if v := value(t, c, "passphrase"); v.Value != redacted || !strings.HasSuffix(v.Source, "/phrase (JARVIS_PASSPHRASE_FILE)") {
		t.Errorf("shown as %+v", v)
	}
	var printed strings.Builder
	slog.New(slog.NewTextHandler(&printed, nil)).Info("loaded", "config", c, "passphrase", c.Passphrase)
	encoded, err := json.Marshal(c.Passphrase)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&printed, "%s %v %+v %#v %q %x %v %+v", encoded, c, c, c, c.Passphrase, c.Passphrase, c.Values, struct{ p Secret }{c.Passphrase})
	for _, secret := range []string{phrase, fmt.Sprintf("%x", phrase)} {
		if strings.Contains(printed.String(), secret) {
			t.Errorf("printed: %s", &printed)
		}
	}
}

// TestPassphrase_Public: one that others can read in the settings file is
// refused, without quoting it.
func TestPassphrase_Public(t *testing.T) {
	w := newWorld(t)
	path := w.write(usualFile, "passphrase = '"+phrase+"'\n")
	if c := w.load(nil); c.Passphrase.Reveal() != phrase {
		t.Errorf("the passphrase is %q", c.Passphrase.Reveal())
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	w.refuses(Input{}, "passphrase", "chmod 600")
	if _, err := Load(Input{LookupEnv: w.lookup}); strings.Contains(err.Error(), phrase) {
		t.Errorf("%v", err)
	}
}

// TestPassphrase_Private: the environment is no place for it, and neither is a
// file that others can read, but root's for the group of a container.
func TestPassphrase_Private(t *testing.T) {
	w := newWorld(t)
	w.env["JARVIS_PASSPHRASE"] = phrase
	w.refuses(Input{}, "JARVIS_PASSPHRASE is not read", "JARVIS_PASSPHRASE_FILE")
	w.env["JARVIS_PASSPHRASE"] = ""
	path := w.write("phrase", phrase+"\n")
	w.env["JARVIS_PASSPHRASE_FILE"] = path
	for _, test := range []struct {
		mode  os.FileMode
		owner int
		ok    bool
	}{{0o600, -1, true}, {0o400, -1, true}, {0o644, -1, false}, {0o640, -1, false}, {0o604, 0, false}, {0o440, 0, true}, {0o440, 1, false}} {
		if test.owner >= 0 && os.Getuid() != 0 {
			continue // cannot give files away
		}
		if err := os.Chown(path, test.owner, -1); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, test.mode); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadPassphrase(path); (err == nil) != test.ok {
			t.Errorf("mode %04o, owner %d: %v", test.mode, test.owner, err)
		}
		if test.ok {
			w.load(nil)
		} else {
			w.refuses(Input{}, "JARVIS_PASSPHRASE_FILE: others can read ", "chmod 600")
		}
	}
}
