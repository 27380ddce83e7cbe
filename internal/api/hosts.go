package api

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/jarvis-memory/jarvis"
)

// hosts are the names under which the server may be addressed. A page of a
// stranger can have its own name mean this server's address (DNS rebinding), and
// then counts as the server's own: so no name is answered that nobody gave it. An
// IP address cannot be made to mean something else.
type hosts map[string]bool

// newHosts returns the names of the public URLs, and localhost.
func newHosts(publicURLs []string) (hosts, error) {
	all := hosts{"localhost": true}
	for _, text := range publicURLs {
		u, err := url.Parse(text)
		if err != nil || u.Hostname() == "" {
			return nil, jarvis.Errorf(jarvis.CodeInvalid, "a public URL of the server is none: write https://memory.example.org")
		}
		all[hostName(u.Host)] = true
	}
	return all, nil
}

// hostName returns a host without port, dot at the end and capital letters.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

func (h hosts) allow(host string) bool {
	name := hostName(host)
	if h[name] {
		return true
	}
	_, err := netip.ParseAddr(name)
	return err == nil
}

// onlyKnownHosts refuses requests to other names.
func (s *Server) onlyKnownHosts(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.hosts.allow(r.Host) {
			s.refuse(w, r, &statusError{http.StatusMisdirectedRequest, jarvis.Errorf(jarvis.CodeForbidden, "the server is not known under this name: use its address, or name it with --public-url")})
			return
		}
		next.ServeHTTP(w, r)
	})
}
