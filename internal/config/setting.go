package config

import (
	"cmp"
	"fmt"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // containers and small systems have no zone files
	"unicode"

	"github.com/jarvis-memory/jarvis"
)

// Setting describes one key, for flags, help and documentation.
type Setting struct {
	Key     string // in the file: data_dir
	Env     string // JARVIS_DATA_DIR; the same name with _FILE appended names a file that holds the value
	Flag    string // data-dir
	Help    string
	Default string // for a person to read
	Secret  bool   // the value may hold a password
}

// Settings lists all settings.
func Settings() []Setting {
	var all []Setting
	for _, s := range table() {
		all = append(all, Setting{Key: s.key, Env: s.env(), Flag: s.flag(), Help: s.help, Default: s.def, Secret: s.secret})
	}
	return all
}

// setting is a row of the table.
type setting struct {
	key     string
	def     string // the default: for a person to read where fallback makes it, else the text itself
	help    string
	option  string // the flag, where it is called otherwise
	secret  bool
	private bool // as secret, and nobody else may read the file that it stands in
	number  bool // a number without quotes will do in the file
	// fallback makes the text of the default, when it depends on anything.
	fallback func(*loader) string
	// apply reads the text into the configuration and returns it as it is shown.
	apply func(*Config, given) (shown string, err error)
}

func (s setting) env() string { return "JARVIS_" + strings.ToUpper(s.key) }

func (s setting) flag() string { return cmp.Or(s.option, strings.ReplaceAll(s.key, "_", "-")) }

// table lists the settings: a new one is a row here and a field of Config.
func table() []setting {
	return []setting{
		{key: "data_dir", def: "~/.local/share/jarvis", help: "Folder of the store.", fallback: defaultDataDir, apply: pathOf(func(c *Config) *string { return &c.DataDir })},
		{key: "storage_path", def: "captures in data_dir", help: "Folder of the images.", fallback: defaultStorage, apply: pathOf(func(c *Config) *string { return &c.StoragePath })},
		{key: "database_url", def: "jarvis.db in data_dir", help: "Where the catalogue is: sqlite:/path/to/file or postgresql://user:password@host/name.", secret: true, fallback: defaultDatabase, apply: applyDatabase},
		{key: "device", def: "user@host", help: "Name of this machine in its captures.", fallback: func(*loader) string { return DefaultDevice() }, apply: applyDevice},
		{key: "tz", def: "local", help: "Time zone of times without one, and of times that are shown, such as Europe/Berlin.", apply: applyZone},
		{key: "max_image_bytes", def: "32MiB", help: "Largest image that is taken.", number: true, apply: applyMaxBytes},
		{key: "max_image_pixels", def: "200MP", help: "Most pixels that an image may have.", number: true, apply: applyMaxPixels},
		{key: "min_free", def: "1GiB,2%", help: "Free disk space below which nothing is stored: a size, a part of the disk, or the smaller of both.", number: true, apply: applyMinFree},
		{key: "jobs", def: "8", help: "Captures that are worked on at once.", number: true, apply: numberUpTo(64, func(c *Config) *int { return &c.Jobs })},
		{key: "seal", def: "on", help: "Whether a new store is sealed (encrypted): on or off. An existing one stays as it was made.", apply: switched(func(c *Config) *bool { return &c.Seal })},
		{key: "identity_file", def: "~/.config/jarvis/identity", help: "File of the identity that opens sealed stores.", fallback: defaultIdentity, apply: optional(pathOf(func(c *Config) *string { return &c.IdentityFile }))},
		{key: "passphrase", def: "asked for", help: "Passphrase of the identity file: in a file that JARVIS_PASSPHRASE_FILE names.", secret: true, private: true, fallback: none, apply: optional(applyPassphrase)},
		{key: "no_text_in_database", def: "off", help: "Whether a new store keeps the text in images out of its catalogue: on or off.", apply: switched(func(c *Config) *bool { return &c.NoTextInDatabase })},

		{key: "ocr_engine", def: "tesseract", help: "What reads the text in images: tesseract, none, program: with a command line, or an address http(s)://...", apply: applyEngine},
		{key: "ocr_languages", def: "eng", help: "Languages of the texts, as the engine names them: eng+deu.", apply: applyLanguages},
		{key: "ocr_workers", def: "half the processors", help: "Images that are read at once.", number: true, fallback: defaultWorkers, apply: numberUpTo(256, func(c *Config) *int { return &c.Reading.Workers })},
		{key: "ocr_timeout", def: "1m", help: "How long reading one image may take.", number: true, apply: lasting(time.Second, time.Hour, func(c *Config) *time.Duration { return &c.Reading.Timeout })},
		{key: "ocr_memory", def: "1GiB", help: "Memory that a process of the engine may have.", number: true, apply: applyEngineMemory},
		{key: "ocr_token", def: "none", help: "Token for an engine of your own: best in a file that JARVIS_OCR_TOKEN_FILE names.", secret: true, fallback: none, apply: optional(applyEngineToken)},
		{key: "mask_secrets", def: "on", help: "Whether secrets in texts, such as card numbers and keys, are replaced before they are stored: on or off.", apply: switched(func(c *Config) *bool { return &c.Reading.MaskSecrets })},
		{key: "search_timeout", def: "5s", help: "How long a search may take.", number: true, apply: lasting(100*time.Millisecond, 10*time.Minute, func(c *Config) *time.Duration { return &c.SearchTimeout })},

		{key: "server_url", option: "server", def: "none", help: "Server whose store is meant, instead of one on this machine: https://memory.example.org.", fallback: none, apply: optional(applyServerURL)},
		{key: "token", def: "none", help: "Token for that server: best in a file that JARVIS_TOKEN_FILE names.", secret: true, fallback: none, apply: optional(applyToken)},

		{key: "listen", def: "127.0.0.1:8000", help: "Address on which the server listens.", apply: applyListen},
		{key: "tls_cert", def: "none", help: "File of the server's certificate, with its chain; read anew when it changes.", fallback: none, apply: optional(pathOf(func(c *Config) *string { return &c.Server.TLSCert }))},
		{key: "tls_key", def: "none", help: "File of the certificate's key.", fallback: none, apply: optional(pathOf(func(c *Config) *string { return &c.Server.TLSKey }))},
		{key: "public_url", def: "none", help: "How browsers reach the server, where that is not the address on which it listens; several with commas.", fallback: none, apply: optional(applyPublicURLs)},
		{key: "behind_proxy", def: "none", help: "Networks of the proxies in front of the server, which see to TLS; several with commas.", fallback: none, apply: optional(networks(func(c *Config) *[]netip.Prefix { return &c.Server.BehindProxy }))},
		{key: "plain_http", def: "none", help: "Networks that may come without TLS; several with commas.", fallback: none, apply: optional(networks(func(c *Config) *[]netip.Prefix { return &c.Server.PlainHTTP }))},
		{key: "trust_network", def: "none", help: "Networks that may upload without a credential; several with commas.", fallback: none, apply: optional(networks(func(c *Config) *[]netip.Prefix { return &c.Server.TrustNetworks }))},
		{key: "allow_origin", def: "none", help: "Origins of other sites whose pages may use the server; several with commas.", fallback: none, apply: optional(applyOrigins)},
		{key: "max_uploads", def: "64", help: "Uploads that the server takes at once.", number: true, apply: numberUpTo(4096, func(c *Config) *int { return &c.Server.MaxUploads })},
		{key: "log_level", def: "info", help: "Least that the server logs: debug, info, warn or error.", apply: applyLogLevel},
	}
}

func defaultDataDir(l *loader) string {
	base := l.xdg("XDG_DATA_HOME", ".local/share")
	if base == "" {
		return "" // refused by the setting itself
	}
	return filepath.Join(base, "jarvis")
}

func defaultStorage(l *loader) string { return filepath.Join(l.config.DataDir, "captures") }

func defaultDatabase(l *loader) string {
	return "sqlite:" + escapePath(filepath.Join(l.config.DataDir, "jarvis.db"))
}

func defaultIdentity(l *loader) string {
	base := l.xdg("XDG_CONFIG_HOME", ".config")
	if base == "" {
		return "" // only who seals needs it
	}
	return filepath.Join(base, "jarvis", "identity")
}

// none is the default of a setting that has none.
func none(*loader) string { return "" }

// optional applies a text, if there is any.
func optional(apply func(*Config, given) (string, error)) func(*Config, given) (string, error) {
	return func(c *Config, g given) (string, error) {
		if g.text == "" {
			return "", nil
		}
		return apply(c, g)
	}
}

// switched reads on or off into a field.
func switched(field func(*Config) *bool) func(*Config, given) (string, error) {
	return func(c *Config, g given) (string, error) {
		switch strings.ToLower(strings.TrimSpace(g.text)) {
		case "on", "yes", "true", "1":
			*field(c) = true
			return "on", nil
		case "off", "no", "false", "0":
			*field(c) = false
			return "off", nil
		}
		return "", jarvis.Errorf(jarvis.CodeInvalid, "%.40q is neither on nor off", g.text)
	}
}

// applyPassphrase never quotes the text.
func applyPassphrase(c *Config, g given) (string, error) {
	if g.public {
		return "", jarvis.Errorf(jarvis.CodeInvalid, "it stands in a file that others may read: run chmod 600 on the file, or move it to one that JARVIS_PASSPHRASE_FILE names")
	}
	c.Passphrase = newSecret(g.text)
	return c.Passphrase.String(), nil
}

// pathOf reads the path of a folder or a file into a field.
func pathOf(field func(*Config) *string) func(*Config, given) (string, error) {
	return func(c *Config, g given) (string, error) {
		path, err := absolute(g)
		if err != nil {
			return "", err
		}
		*field(c) = path
		return path, nil
	}
}

// absolute returns the path that a text means where it stands.
func absolute(g given) (string, error) {
	path := g.text
	switch {
	case path == "":
		return "", jarvis.Errorf(jarvis.CodeInvalid, "there is no home folder to keep it in: name a folder")
	case strings.ContainsRune(path, 0):
		return "", jarvis.Errorf(jarvis.CodeInvalid, "%.80q is not a path", path)
	case path == "~" || strings.HasPrefix(path, "~/"):
		if g.home == "" {
			return "", jarvis.Errorf(jarvis.CodeInvalid, "%.80q needs a home folder, and there is none: write the whole path", path)
		}
		path = filepath.Join(g.home, strings.TrimPrefix(path[1:], "/"))
	case strings.HasPrefix(path, "~"):
		return "", jarvis.Errorf(jarvis.CodeInvalid, "%.80q is another person's home folder: write the whole path", path)
	case !filepath.IsAbs(path):
		path = filepath.Join(g.folder, path)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", jarvis.Errorf(jarvis.CodeInvalid, "the working directory is not known: write the whole path: %w", err)
	}
	return path, nil
}

func applyDatabase(c *Config, g given) (string, error) {
	db, err := ParseDatabaseURL(g.text, g.folder)
	if err != nil {
		return "", err
	}
	if g.public && db.HasPassword() {
		return "", jarvis.Errorf(jarvis.CodeInvalid, "it holds a password in a file that others may read: run chmod 600 on the file, or move the password to one that JARVIS_DATABASE_URL_FILE names")
	}
	c.Database = db
	return db.String(), nil
}

func applyDevice(c *Config, g given) (string, error) {
	device := strings.TrimSpace(g.text)
	if device == "" || len(device) > jarvis.MaxDevice || device != jarvis.CleanText(device, jarvis.MaxDevice) || strings.ContainsFunc(device, unicode.IsControl) {
		return "", jarvis.Errorf(jarvis.CodeInvalid, "%.80q is not a name for a device: give 1 to %d bytes of plain text", g.text, jarvis.MaxDevice)
	}
	c.Device = device
	return device, nil
}

func applyZone(c *Config, g given) (string, error) {
	if strings.EqualFold(g.text, "local") {
		c.Location = time.Local
		return "local", nil
	}
	loc, err := time.LoadLocation(g.text)
	if err != nil {
		return "", jarvis.Errorf(jarvis.CodeInvalid, "%.60q is not a time zone: give one of the tz database, such as Europe/Berlin or UTC", g.text)
	}
	c.Location = loc
	return loc.String(), nil
}

// Images are read into memory whole, and decoded whole by a deep verify.
const (
	maxMaxBytes  = 1 << 30
	maxMaxPixels = 4_000_000_000
)

func applyMaxBytes(c *Config, g given) (string, error) {
	n, err := ParseSize(g.text)
	if err != nil {
		return "", err
	}
	if n < 1 || n > maxMaxBytes {
		return "", jarvis.Errorf(jarvis.CodeInvalid, "%.40q is out of range: give 1 to %s", g.text, formatSize(maxMaxBytes))
	}
	c.Images.MaxBytes = n
	return formatSize(n), nil
}

// applyMaxPixels reads a number of pixels, or of megapixels: 200MP.
func applyMaxPixels(c *Config, g given) (string, error) {
	digits, unit := strings.TrimSpace(g.text), int64(1)
	if n := len(digits) - len("MP"); n >= 0 && strings.EqualFold(digits[n:], "MP") {
		digits, unit = strings.TrimSpace(digits[:n]), 1_000_000
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 1 || n > maxMaxPixels/unit {
		return "", jarvis.Errorf(jarvis.CodeInvalid, "%.40q is not a number of pixels: write 200MP or 200000000, up to %dMP", g.text, maxMaxPixels/1_000_000)
	}
	c.Images.MaxPixels = n * unit
	if n*unit%1_000_000 == 0 {
		return fmt.Sprintf("%dMP", n*unit/1_000_000), nil
	}
	return strconv.FormatInt(n*unit, 10), nil
}

func applyMinFree(c *Config, g given) (string, error) {
	space, err := ParseSpace(g.text)
	if err != nil {
		return "", err
	}
	c.MinFree = space
	return space.String(), nil
}

// numberUpTo reads a number from 1 to most into a field.
func numberUpTo(most int, field func(*Config) *int) func(*Config, given) (string, error) {
	return func(c *Config, g given) (string, error) {
		n, err := strconv.Atoi(strings.TrimSpace(g.text))
		if err != nil || n < 1 || n > most {
			return "", jarvis.Errorf(jarvis.CodeInvalid, "%.40q is not a number from 1 to %d", g.text, most)
		}
		*field(c) = n
		return strconv.Itoa(n), nil
	}
}
