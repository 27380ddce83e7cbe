package config

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jarvis-memory/jarvis"
)

// world is a home folder and an environment for one test.
type world struct {
	t    *testing.T
	home string
	env  map[string]string
}

func newWorld(t *testing.T) *world {
	home := t.TempDir()
	return &world{t, home, map[string]string{"HOME": home}}
}

func (w *world) lookup(name string) (string, bool) {
	value, ok := w.env[name]
	return value, ok
}

// write writes a file below the home folder, private, and returns its path.
func (w *world) write(name, text string) string {
	w.t.Helper()
	path := filepath.Join(w.home, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

func (w *world) load(flags map[string]string) *Config {
	w.t.Helper()
	c, err := Load(Input{Flags: flags, LookupEnv: w.lookup})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) refuses(in Input, says ...string) {
	w.t.Helper()
	in.LookupEnv = w.lookup
	_, err := Load(in)
	if jarvis.ErrorCode(err) != jarvis.CodeInvalid {
		w.t.Fatalf("Load: %v, want CodeInvalid", err)
	}
	for _, part := range says {
		if !strings.Contains(err.Error(), part) {
			w.t.Errorf("Load says %q, not %q", err, part)
		}
	}
}

// value returns how a setting is shown and its source.
func value(t *testing.T, c *Config, key string) Value {
	t.Helper()
	for _, v := range c.Values {
		if v.Key == key {
			return v
		}
	}
	t.Fatalf("no value for %s", key)
	return Value{}
}

const usualFile = ".config/jarvis/config.toml"

func TestLoad_Defaults(t *testing.T) {
	w := newWorld(t)
	c := w.load(nil)
	data := filepath.Join(w.home, ".local/share/jarvis")
	if c.DataDir != data || c.StoragePath != filepath.Join(data, "captures") || c.Database.Path() != filepath.Join(data, "jarvis.db") {
		t.Errorf("paths: %q %q %q", c.DataDir, c.StoragePath, c.Database.Path())
	}
	if c.Device != DefaultDevice() || c.Location != time.Local || c.Images != jarvis.DefaultImageLimits || c.MinFree != (Space{1 << 30, 2}) || c.Jobs != 8 || c.File != "" {
		t.Errorf("got %+v", c)
	}
	want := []Value{
		{"data_dir", data, "default", false},
		{"storage_path", data + "/captures", "default", false},
		{"database_url", "sqlite:" + data + "/jarvis.db", "default", false},
		{"device", DefaultDevice(), "default", false},
		{"tz", "local", "default", false},
		{"max_image_bytes", "32MiB", "default", false},
		{"max_image_pixels", "200MP", "default", false},
		{"min_free", "1GiB,2%", "default", false},
		{"jobs", "8", "default", false},
		{"seal", "on", "default", false},
		{"identity_file", filepath.Join(w.home, ".config/jarvis/identity"), "default", false},
		{"passphrase", "", "default", false},
		{"no_text_in_database", "off", "default", false},
		{"ocr_engine", "tesseract", "default", false},
		{"ocr_languages", "eng", "default", false},
		{"ocr_workers", strconv.Itoa(max(1, runtime.NumCPU()/2)), "default", false},
		{"ocr_timeout", "1m", "default", false},
		{"ocr_memory", "1GiB", "default", false},
		{"ocr_token", "", "default", false},
		{"mask_secrets", "on", "default", false},
		{"search_timeout", "5s", "default", false},
		{"server_url", "", "default", false},
		{"token", "", "default", false},
		{"listen", "127.0.0.1:8000", "default", false},
		{"tls_cert", "", "default", false},
		{"tls_key", "", "default", false},
		{"public_url", "", "default", false},
		{"behind_proxy", "", "default", false},
		{"plain_http", "", "default", false},
		{"trust_network", "", "default", false},
		{"allow_origin", "", "default", false},
		{"max_uploads", "64", "default", false},
		{"log_level", "info", "default", false},
	}
	if diff := cmp.Diff(want, c.Values); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}

func TestLoad_FromTheProcess(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_DATA_HOME", "")
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("JARVIS_CONFIG", "")
	t.Setenv("JARVIS_DATA_DIR", "")
	t.Setenv("JARVIS_JOBS", "3")
	c, err := Load(Input{})
	if err != nil || c.Jobs != 3 || c.DataDir != filepath.Join(home, ".local/share/jarvis") {
		t.Errorf("Load = %+v, %v", c, err)
	}
}

func TestLoad_Precedence(t *testing.T) {
	w := newWorld(t)
	path := w.write(usualFile, "# mine\njobs = 2\ntz = \"Europe/Berlin\"\ndevice = \"file\"\nmin_free = \"5%\"\n")
	w.env["JARVIS_JOBS"] = "3"
	w.env["JARVIS_DEVICE"] = "environment"
	w.env["JARVIS_MAX_IMAGE_BYTES_FILE"] = w.write("secret", "1MiB\n")
	c := w.load(map[string]string{"jobs": "4", "device": ""})
	if c.Jobs != 4 || c.Location.String() != "Europe/Berlin" || c.Device != "environment" || c.MinFree != (Space{Percent: 5}) || c.Images.MaxBytes != 1<<20 || c.File != path {
		t.Errorf("got %+v", c)
	}
	for key, source := range map[string]string{
		"jobs":            "--jobs",
		"device":          "JARVIS_DEVICE",
		"tz":              path + " line 3",
		"min_free":        path + " line 5",
		"max_image_bytes": filepath.Join(w.home, "secret") + " (JARVIS_MAX_IMAGE_BYTES_FILE)",
		"data_dir":        "default",
	} {
		if got := value(t, c, key); got.Source != source || got.Set != (source != "default") {
			t.Errorf("%s is from %q (set: %t), want %q", key, got.Source, got.Set, source)
		}
	}
}

func TestLoad_Folders(t *testing.T) {
	w := newWorld(t)
	w.env["XDG_DATA_HOME"] = "/xdg/data"
	w.env["XDG_CONFIG_HOME"] = filepath.Join(w.home, "xdg")
	w.write("xdg/jarvis/config.toml", "storage_path = '../images'\ndatabase_url = 'sqlite:a.db'")
	c := w.load(nil)
	if c.DataDir != "/xdg/data/jarvis" || c.StoragePath != filepath.Join(w.home, "xdg/images") || c.Database.Path() != filepath.Join(w.home, "xdg/jarvis/a.db") {
		t.Errorf("relative to the file: %q %q %q", c.DataDir, c.StoragePath, c.Database.Path())
	}

	cwd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	w.env["XDG_DATA_HOME"] = "not/absolute"
	w.env["JARVIS_STORAGE_PATH"] = "images"
	c = w.load(map[string]string{"database_url": "sqlite:b.db"})
	if c.DataDir != filepath.Join(w.home, ".local/share/jarvis") || c.StoragePath != filepath.Join(cwd, "images") || c.Database.Path() != filepath.Join(cwd, "b.db") {
		t.Errorf("relative to the working directory: %q %q %q", c.DataDir, c.StoragePath, c.Database.Path())
	}

	w.env["JARVIS_DATA_DIR"] = "~/store 100%?"
	w.env["JARVIS_STORAGE_PATH"] = "~"
	c = w.load(nil)
	if c.DataDir != filepath.Join(w.home, "store 100%?") || c.StoragePath != w.home {
		t.Errorf("relative to home: %q %q", c.DataDir, c.StoragePath)
	}
	delete(w.env, "XDG_CONFIG_HOME")
	if c = w.load(nil); c.Database.Path() != filepath.Join(c.DataDir, "jarvis.db") {
		t.Errorf("the database of a strange folder is %q", c.Database.Path())
	}
}

func TestLoad_NamedFile(t *testing.T) {
	w := newWorld(t)
	w.write(usualFile, "jobs = 2")
	w.env["JARVIS_CONFIG"] = w.write("other.toml", "jobs = 3")
	if c := w.load(nil); c.Jobs != 3 {
		t.Errorf("JARVIS_CONFIG: %d jobs", c.Jobs)
	}
	c, err := Load(Input{File: w.write("third.toml", "jobs = 4"), LookupEnv: w.lookup})
	if err != nil || c.Jobs != 4 {
		t.Errorf("--config: %+v, %v", c, err)
	}
	w.refuses(Input{File: "/no/such/file"}, "--config: /no/such/file does not exist")
	w.env["JARVIS_CONFIG"] = w.home
	w.refuses(Input{}, "JARVIS_CONFIG: "+w.home+" is a folder")
}

func TestLoad_RefusesFile(t *testing.T) {
	for name, test := range map[string]struct{ text, line, says string }{
		"unknown key":         {"jobs = 1\nstorage_dir = '/x'", "line 2", `"storage_dir" is not a setting: did you mean storage_path?`},
		"key with hyphen":     {"data-dir = '/x'", "line 1", `"data-dir" is not a setting: did you mean data_dir?`},
		"key in capitals":     {"JOBS = 1", "line 1", `did you mean jobs?`},
		"far key":             {"\n\ncolour = 'red'", "line 3", "there are data_dir, storage_path"},
		"table":               {"jobs = 1\n[server]\nport = 1", "line 2", `"server" is not a setting`},
		"first of several":    {"jobs = 1\nzzz = 1\naaa = 1", "line 2", `"zzz"`},
		"number for text":     {"data_dir = 5", "line 1", "data_dir must be text in quotes"},
		"list for text":       {"device = ['a']", "line 1", "device must be text in quotes"},
		"truth for number":    {"# a\njobs = true", "line 2", `jobs must be a number, or text in quotes such as "8"`},
		"fraction for number": {"jobs = 1.5", "line 1", "jobs must be a number"},
		"no quotes":           {"jobs = 1\ndevice = me@here", "line 2", "is not valid"},
		"twice":               {"jobs = 1\njobs = 2", "line 2", "is not valid: write each setting once"},
		"bad value":           {"\njobs = 0", "line 2", `jobs: "0" is not a number from 1 to 64`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			path := w.write(usualFile, test.text)
			w.refuses(Input{}, path+" "+test.line, test.says)
		})
	}
}

func TestLoad_Refuses(t *testing.T) {
	for _, test := range []struct{ key, text, says string }{
		{"jobs", "many", `"many" is not a number from 1 to 64`},
		{"jobs", "65", "is not a number from 1 to 64"},
		{"tz", "Berlin", `"Berlin" is not a time zone: give one of the tz database, such as Europe/Berlin`},
		{"tz", "../../etc/passwd", "is not a time zone"},
		{"device", " ", "is not a name for a device"},
		{"device", "a\nb", "is not a name for a device"},
		{"device", strings.Repeat("a", 256), "is not a name for a device"},
		{"max_image_bytes", "big", `"big" is not a size: write 32MiB`},
		{"max_image_bytes", "0", "is out of range: give 1 to 1GiB"},
		{"max_image_bytes", "2GiB", "is out of range"},
		{"max_image_pixels", "0MP", "is not a number of pixels"},
		{"max_image_pixels", "9999999999999999999", "is not a number of pixels"},
		{"min_free", "100%", "is not a part of the disk"},
		{"min_free", "NaN%", "is not a part of the disk"},
		{"min_free", "1%,2%", "is not an amount of disk space"},
		{"database_url", "oracle:x", `"oracle" is no database that Jarvis knows`},
		{"data_dir", "~bob/jarvis", "is another person's home folder"},
		{"data_dir", "a\x00b", "is not a path"},
	} {
		t.Run(test.key+"="+test.text[:min(len(test.text), 20)], func(t *testing.T) {
			w := newWorld(t)
			w.refuses(Input{Flags: map[string]string{test.key: test.text}}, "--"+strings.ReplaceAll(test.key, "_", "-")+": ", test.says)
			w.env["JARVIS_"+strings.ToUpper(test.key)] = test.text
			w.refuses(Input{}, "JARVIS_"+strings.ToUpper(test.key)+": ", test.says)
		})
	}
}

func TestLoad_ValueFiles(t *testing.T) {
	w := newWorld(t)
	w.env["JARVIS_DATABASE_URL_FILE"] = w.write("db", "postgresql://a:hush@db/jarvis\r\n")
	c := w.load(nil)
	if !strings.Contains(c.Database.DSN(), "hush") || value(t, c, "database_url").Value != "postgresql://a:xxxxx@db/jarvis" {
		t.Errorf("got %v", c.Values)
	}
	w.env["JARVIS_DATABASE_URL"] = "sqlite:/a.db"
	w.refuses(Input{}, "JARVIS_DATABASE_URL and JARVIS_DATABASE_URL_FILE are both set: unset one of them")
	delete(w.env, "JARVIS_DATABASE_URL")
	for text, says := range map[string]string{
		"":                              "is empty: it must hold the value",
		"\n\n":                          "is empty",
		"sqlite:/a.db\npassword=hush\n": "has several lines",
		strings.Repeat("x", 70_000):     "has more than the 65536 bytes that settings may have",
		"postgresql://a:hu/sh@db":       "db (JARVIS_DATABASE_URL_FILE): the PostgreSQL address has an @ or a / too many",
	} {
		w.write("db", text)
		w.refuses(Input{}, says)
	}
	w.env["JARVIS_DATABASE_URL_FILE"] = "/no/such/file"
	w.refuses(Input{}, "JARVIS_DATABASE_URL_FILE: /no/such/file does not exist")
}

func TestLoad_RefusesPasswordThatOthersCanRead(t *testing.T) {
	w := newWorld(t)
	path := w.write(usualFile, "jobs = 1\ndatabase_url = 'postgresql://a:hush@db/jarvis'")
	w.load(nil)
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	w.refuses(Input{}, path+" line 2: database_url: it holds a password in a file that others may read: run chmod 600")
	w.write(usualFile, "database_url = 'postgresql://a@db/jarvis'")
	w.load(nil)
}

func TestLoad_ErrorsHideSecrets(t *testing.T) {
	for _, text := range []string{
		"database_url = 'postgresql://a:hush@db:0/jarvis'",
		"database_url = postgresql://a:hush@db/jarvis",
		"database_url = 'postgresql://a:hush@db/jarvis",
		"database_url = ['postgresql://a:hush@db/jarvis']",
		"database_url = 'postgresql://a:hush@db/jarvis'\nhush",
	} {
		w := newWorld(t)
		w.write(usualFile, text)
		_, err := Load(Input{LookupEnv: w.lookup})
		for cause := err; cause != nil; {
			if strings.Contains(cause.Error(), "hush") {
				t.Errorf("%T tells the password: %v", cause, cause)
			}
			unwrapper, ok := cause.(interface{ Unwrap() error })
			if !ok {
				break
			}
			cause = unwrapper.Unwrap()
		}
		if err == nil {
			t.Errorf("%s was accepted", text)
		}
	}
}

func TestLoad_WithoutHome(t *testing.T) {
	t.Setenv("HOME", "")
	w := newWorld(t)
	w.env = map[string]string{}
	w.refuses(Input{}, "data_dir: there is no home folder to keep it in")
	w.env["JARVIS_DATA_DIR"] = "/var/lib/jarvis"
	if c := w.load(nil); c.StoragePath != "/var/lib/jarvis/captures" {
		t.Errorf("images in %q", c.StoragePath)
	}
	w.env["JARVIS_DATA_DIR"] = "~/jarvis"
	w.refuses(Input{}, "needs a home folder, and there is none")
}

func TestSettings(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range Settings() {
		if seen[s.Key] || s.Help == "" || s.Default == "" || !strings.HasSuffix(s.Help, ".") {
			t.Errorf("%+v", s)
		}
		seen[s.Key] = true
		if s.Env != "JARVIS_"+strings.ToUpper(s.Key) {
			t.Errorf("%s is %s", s.Key, s.Env)
		}
		if want := strings.ReplaceAll(s.Key, "_", "-"); s.Flag != want && s.Key != "server_url" {
			t.Errorf("%s is %s and --%s", s.Key, s.Env, s.Flag)
		}
	}
}

func TestDeviceName(t *testing.T) {
	for _, test := range []struct{ user, host, want string }{
		{"ada", "desk", "ada@desk"},
		{"ada", "desk.home.example", "ada@desk"},
		{`OFFICE\ada`, "DESK", "ada@DESK"},
		{"ada", ".", "ada@."},
	} {
		if got := deviceName(test.user, test.host); got != test.want {
			t.Errorf("deviceName(%q, %q) = %q, want %q", test.user, test.host, got, test.want)
		}
	}
	if device := DefaultDevice(); !strings.Contains(device, "@") {
		t.Errorf("DefaultDevice = %q", device)
	}
}
