package config

import (
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/jarvis-memory/jarvis"
)

// Server is the settings of a server.
type Server struct {
	Listen         string // host:port; an empty host is every address of the machine
	TLSCert        string // path; empty for none
	TLSKey         string // path; empty for none
	PublicURLs     []string
	BehindProxy    []netip.Prefix
	PlainHTTP      []netip.Prefix
	TrustNetworks  []netip.Prefix
	AllowedOrigins []string // scheme://host[:port], as browsers send them
	MaxUploads     int
	LogLevel       slog.Level
}

func applyListen(c *Config, g given) (string, error) {
	host, port, err := net.SplitHostPort(strings.TrimSpace(g.text))
	number, portErr := strconv.ParseUint(port, 10, 16)
	if err != nil || portErr != nil {
		return "", jarvis.Errorf(jarvis.CodeInvalid, "%.80q is not an address to listen on: write 127.0.0.1:8000, [::1]:8000 or :8000", g.text)
	}
	if host == "*" {
		host = ""
	}
	if strings.ContainsAny(host, " /%@") && !strings.Contains(host, ":") {
		return "", jarvis.Errorf(jarvis.CodeInvalid, "%.80q is not a host to listen on: write 127.0.0.1:8000, [::1]:8000 or :8000", g.text)
	}
	c.Server.Listen = net.JoinHostPort(host, strconv.FormatUint(number, 10))
	return c.Server.Listen, nil
}

// serverAddress reads the address of a server. It never quotes what it refuses, which
// may hold a password.
func serverAddress(text string, path bool) (string, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "", u.Opaque != "":
		return "", jarvis.Errorf(jarvis.CodeInvalid, "it is not an address of a server: write https://memory.example.org or http://127.0.0.1:8000")
	case u.User != nil:
		return "", jarvis.Errorf(jarvis.CodeInvalid, "it holds a name or a password, which no server asks for: give a token instead")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", jarvis.Errorf(jarvis.CodeInvalid, "it goes on after the path: end it before ? and #")
	case !path && strings.Trim(u.Path, "/") != "":
		return "", jarvis.Errorf(jarvis.CodeInvalid, "it has a path: end it after the host and port")
	}
	u.Host = strings.ToLower(u.Host)
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	return u.String(), nil
}

func applyServerURL(c *Config, g given) (string, error) {
	text, err := serverAddress(g.text, true)
	c.ServerURL = text
	return text, err
}

// applyToken never quotes the text.
func applyToken(c *Config, g given) (string, error) {
	text := strings.TrimSpace(g.text)
	switch {
	case g.public:
		return "", jarvis.Errorf(jarvis.CodeInvalid, "it stands in a file that others may read: run chmod 600 on the file, or move it to one that JARVIS_TOKEN_FILE names")
	case text == "" || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "", jarvis.Errorf(jarvis.CodeInvalid, "it is not a token: give the one that jarvis device add printed, jarvis_...")
	}
	c.Token = newSecret(text)
	return c.Token.String(), nil
}

func applyPublicURLs(c *Config, g given) (string, error) {
	return each(g.text, &c.Server.PublicURLs, func(text string) (string, error) { return serverAddress(text, false) })
}

func applyOrigins(c *Config, g given) (string, error) {
	return each(g.text, &c.Server.AllowedOrigins, func(text string) (string, error) { return serverAddress(text, false) })
}

// each reads texts that are parted by commas into a field.
func each(text string, field *[]string, read func(string) (string, error)) (string, error) {
	for part := range strings.SplitSeq(text, ",") {
		value, err := read(part)
		if err != nil {
			return "", err
		}
		*field = append(*field, value)
	}
	return strings.Join(*field, ","), nil
}

// networks reads networks, and addresses that are networks of one, into a field.
func networks(field func(*Config) *[]netip.Prefix) func(*Config, given) (string, error) {
	return func(c *Config, g given) (string, error) {
		var shown []string
		for part := range strings.SplitSeq(g.text, ",") {
			network, err := parseNetwork(strings.TrimSpace(part))
			if err != nil {
				return "", err
			}
			*field(c) = append(*field(c), network)
			shown = append(shown, network.String())
		}
		return strings.Join(shown, ","), nil
	}
}

func parseNetwork(text string) (netip.Prefix, error) {
	network, err := netip.ParsePrefix(text)
	if address, addressErr := netip.ParseAddr(text); addressErr == nil && address.Zone() == "" {
		network, err = netip.PrefixFrom(address, address.BitLen()), nil
	}
	if err != nil {
		return netip.Prefix{}, jarvis.Errorf(jarvis.CodeInvalid, "%.60q is not a network: write 10.0.0.0/8, fd00::/8 or one address", text)
	}
	if network.Addr().Is4In6() {
		return netip.Prefix{}, jarvis.Errorf(jarvis.CodeInvalid, "%.60q is an IPv4 network in the clothes of IPv6: write it as 10.0.0.0/8", text)
	}
	if network != network.Masked() {
		return netip.Prefix{}, jarvis.Errorf(jarvis.CodeInvalid, "%s is an address within %s: write the one or the other", text, network.Masked())
	}
	return network, nil
}

func applyLogLevel(c *Config, g given) (string, error) {
	switch text := strings.ToLower(strings.TrimSpace(g.text)); text {
	case "debug", "info", "warn", "error":
		return text, c.Server.LogLevel.UnmarshalText([]byte(text))
	}
	return "", jarvis.Errorf(jarvis.CodeInvalid, "%.40q is not a level: it is debug, info, warn or error", g.text)
}
