package config

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/jarvis-memory/jarvis"
)

// redacted stands for a password.
const redacted = "xxxxx"

// parsePostgres reads what follows "postgresql:".
func parsePostgres(rest string, asyncpg bool) (Database, error) {
	a, query, err := splitAddress(rest)
	if err != nil {
		return Database{}, err
	}
	if err := a.check(query); err != nil {
		return Database{}, err
	}
	if a.parameters, err = parseParameters(query, asyncpg); err != nil {
		return Database{}, err
	}
	secret := a.password != ""
	for _, p := range a.parameters {
		secret = secret || p.secret()
	}
	return newPostgres(a.text(false), a.text(true), secret), nil
}

// address is a PostgreSQL address in its parts. All but the parameters are
// percent-encoded, as they were given.
type address struct {
	user, password string
	hosts, name    string
	parameters     []parameter
}

// splitAddress takes an address apart the way libpq and pgx do it, so that what
// is redacted here is what they take for the password; what could be read in
// two ways is refused.
func splitAddress(rest string) (a address, query string, err error) {
	rest, ok := strings.CutPrefix(rest, "//")
	if !ok {
		return address{}, "", invalidPostgres("needs two slashes after its kind")
	}
	if i := strings.IndexAny(rest, "@/"); i >= 0 && rest[i] == '@' {
		a.user, a.password, _ = strings.Cut(rest[:i], ":")
		rest = rest[i+1:]
	}
	if strings.Contains(rest, "@") {
		return address{}, "", invalidPostgres("has an @ or a / too many: in a user name or a password, @ is written %40 and / is %2F")
	}
	rest, query, _ = strings.Cut(rest, "?")
	a.hosts, a.name, _ = strings.Cut(rest, "/")
	return a, query, nil
}

// check refuses what no driver could read, or could read otherwise.
func (a address) check(query string) error {
	for _, part := range []string{a.user, a.password, a.hosts, a.name} {
		if _, err := unescape(part); err != nil {
			return err
		}
	}
	place := a.hosts + a.name
	switch {
	case strings.ContainsAny(place+query, "#"), strings.ContainsAny(a.user+a.password+place+query, " "):
		return invalidPostgres("has a # or a space that is not written %23 or %20")
	case strings.ContainsAny(place, "&="): // a password could stand there
		return invalidPostgres("has parameters without a ? before them")
	}
	return checkHosts(a.hosts)
}

// text writes the address for a driver, or to be shown.
func (a address) text(shown bool) string {
	var b strings.Builder
	b.WriteString("postgresql://" + a.user)
	switch {
	case a.password != "" && shown:
		b.WriteString(":" + redacted)
	case a.password != "":
		b.WriteString(":" + a.password)
	}
	if a.user != "" || a.password != "" {
		b.WriteString("@")
	}
	b.WriteString(a.hosts)
	if a.name != "" || a.hosts == "" {
		b.WriteString("/" + a.name)
	}
	separator := "?"
	for _, p := range a.parameters {
		value := p.value
		if shown {
			value = p.shown()
		}
		b.WriteString(separator + percentEncode(p.key) + "=" + percentEncode(value))
		separator = "&"
	}
	return b.String()
}

func newPostgres(plain, shown string, password bool) Database {
	return Database{kind: PostgreSQL, shown: shown, password: password, dsn: func() string { return plain }}
}

func invalidPostgres(problem string) error {
	return jarvis.Errorf(jarvis.CodeInvalid, "the PostgreSQL address %s: write postgresql://user:password@host/name", problem)
}

// unescape decodes percent escapes, in which a + is a plus, as libpq does. It
// refuses a % that is none, and an escaped NUL, without saying where: that could
// be in the password.
func unescape(part string) (string, error) {
	plain, err := url.PathUnescape(part)
	if err != nil || strings.ContainsRune(plain, 0) {
		return "", invalidPostgres("has a % that is not written %25")
	}
	return plain, nil
}

var hostForm = regexp.MustCompile(`^(?:\[[0-9A-Za-z:.%]+\]|[^\[\]:,]*)(?::(\d*))?$`)

// checkHosts checks a list of hosts with ports. A port that is none is not
// repeated: without an @, a password would stand there.
func checkHosts(hosts string) error {
	for host := range strings.SplitSeq(hosts, ",") {
		form := hostForm.FindStringSubmatch(host)
		if form == nil {
			return invalidPostgres("has a host or a port that is none")
		}
		if form[1] == "" {
			continue
		}
		if port, err := strconv.Atoi(form[1]); err != nil || port < 1 || port > 65535 {
			return invalidPostgres("has a port that is not from 1 to 65535")
		}
	}
	return nil
}

// parameter is a setting of a connection.
type parameter struct{ key, value string }

// secret reports whether the value must not be seen. The value itself counts
// too: it can be "password=..." where another one is missing before it.
func (p parameter) secret() bool {
	text := strings.ToLower(p.key + "=" + p.value)
	for _, word := range []string{"password", "passwd", "pwd", "secret", "token"} {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

func (p parameter) shown() string {
	if p.secret() && p.value != "" {
		return redacted
	}
	return p.value
}

// asyncpgOnly lists the parameters that SQLAlchemy and asyncpg keep for
// themselves: to the server they would be unknown settings.
var asyncpgOnly = map[string]bool{
	"async_fallback": true, "command_timeout": true, "direct_tls": true, "max_cacheable_statement_size": true,
	"max_cached_statement_lifetime": true, "prepared_statement_cache_size": true, "prepared_statement_name_func": true,
	"record_class": true, "server_settings": true, "statement_cache_size": true,
}

// parseParameters reads a query.
func parseParameters(query string, asyncpg bool) ([]parameter, error) {
	var parameters []parameter
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		rawKey, rawValue, ok := strings.Cut(pair, "=")
		if !ok || rawKey == "" || strings.Contains(rawValue, "=") {
			return nil, invalidPostgres("has a parameter that is not of the form name=value")
		}
		key, err := unescape(rawKey)
		if err != nil {
			return nil, err
		}
		value, err := unescape(rawValue)
		if err != nil {
			return nil, err
		}
		p, keep, err := translate(parameter{key, value}, asyncpg)
		if err != nil {
			return nil, err
		}
		if keep {
			parameters = append(parameters, p)
		}
	}
	return parameters, nil
}

// translate turns asyncpg's parameters into libpq's; keep is false for one that
// means nothing here.
func translate(p parameter, asyncpg bool) (_ parameter, keep bool, err error) {
	switch {
	case p.key == "ssl":
		p.key = "sslmode"
		switch strings.ToLower(p.value) {
		case "true", "1", "on", "yes":
			p.value = "require"
		case "false", "0", "off", "no":
			p.value = "disable"
		}
		fallthrough
	case p.key == "sslmode":
		switch p.value {
		case "disable", "allow", "prefer", "require", "verify-ca", "verify-full":
			return p, true, nil
		}
		return parameter{}, false, invalidPostgres("has an sslmode that is none of disable, allow, prefer, require, verify-ca and verify-full")
	case asyncpg && p.key == "timeout": // seconds, with a fraction
		seconds, err := strconv.ParseFloat(p.value, 64)
		if err != nil || !(seconds > 0 && seconds <= 86400) {
			return parameter{}, false, invalidPostgres("has a timeout that is no number of seconds")
		}
		return parameter{"connect_timeout", strconv.Itoa(max(int(seconds), 1))}, true, nil
	}
	return p, !asyncpg || !asyncpgOnly[p.key], nil
}

// percentEncode escapes a value for a query in which a + is a plus.
func percentEncode(value string) string {
	return strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
}
