package access

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// origin is from where a request comes.
type origin struct {
	address   netip.Addr // without zone, IPv4 as IPv4; zero when it has none
	secure    bool       // by TLS
	forwarded bool       // through a proxy, whether it is believed or not
}

// text returns the address as a Principal has it.
func (o origin) text() string {
	if !o.address.IsValid() {
		return ""
	}
	return o.address.String()
}

// origin finds out from where a request comes.
func (g *Guard) origin(r *http.Request) origin {
	peer := parseHop(r.RemoteAddr)
	from := origin{address: peer, secure: r.TLS != nil, forwarded: hasProxyHeader(r.Header)}
	if !g.proxies.contain(peer) {
		return from
	}
	from.forwarded = true
	from.address = g.proxies.client(peer, r.Header.Values("X-Forwarded-For"))
	// The last value is what the proxy next to us said.
	if said := r.Header.Values("X-Forwarded-Proto"); len(said) > 0 {
		all := said[len(said)-1]
		last := all[strings.LastIndexByte(all, ',')+1:]
		from.secure = from.secure || strings.EqualFold(strings.TrimSpace(last), "https")
	}
	return from
}

// prefixes are networks, in the form in which addresses are compared.
type prefixes []netip.Prefix

// newPrefixes reads IPv4 networks that are written as IPv6 as what they are: an
// address is compared without that.
func newPrefixes(given []netip.Prefix) prefixes {
	var all prefixes
	for _, p := range given {
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		all = append(all, p.Masked())
	}
	return all
}

func (all prefixes) contain(address netip.Addr) bool {
	return slices.ContainsFunc(all, func(p netip.Prefix) bool { return p.Contains(address) })
}

// client returns the last hop of X-Forwarded-For that is none of these proxies:
// the one whom a proxy of ours saw. What stands before it, anybody may have
// written. A hop that is no address ends the search at the proxy that named it.
func (all prefixes) client(peer netip.Addr, values []string) netip.Addr {
	client := peer
	for _, rest := range slices.Backward(values) {
		for more := true; more; {
			cut := strings.LastIndexByte(rest, ',')
			hop := parseHop(strings.TrimSpace(rest[cut+1:]))
			if !hop.IsValid() {
				return client
			}
			client = hop
			if !all.contain(hop) {
				return client
			}
			if more = cut >= 0; more {
				rest = rest[:cut]
			}
		}
	}
	return client
}

// parseHop reads an address as proxies and net/http write it: with or without a
// port, an IPv6 address in brackets or bare. Anything else is the zero Addr.
func parseHop(text string) netip.Addr {
	if withPort, err := netip.ParseAddrPort(text); err == nil {
		return withPort.Addr().Unmap().WithZone("")
	}
	if inner, ok := strings.CutPrefix(text, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		if !ok || !strings.Contains(inner, ":") {
			return netip.Addr{}
		}
		text = inner
	}
	address, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return address.Unmap().WithZone("")
}

// proxyHeaders are what proxies add, besides X-Forwarded-Anything.
var proxyHeaders = []string{
	"Forwarded", "Via", "X-Real-Ip", "X-Client-Ip", "X-Cluster-Client-Ip", "X-Original-Forwarded-For",
	"X-Original-Host", "X-Original-For", "Client-Ip", "True-Client-Ip", "Fly-Client-Ip", "Tailscale-User-Login", "X-Arr-Log-Id", "Cf-Connecting-Ip", "Cf-Ray", "Fastly-Client-Ip", "Cdn-Loop", "X-Envoy-External-Address",
}

func hasProxyHeader(h http.Header) bool {
	for name := range h {
		if strings.HasPrefix(name, "X-Forwarded") || slices.Contains(proxyHeaders, name) {
			return true
		}
	}
	return false
}

// saysNothing reports whether a request holds nothing that tells who asks, and
// nothing that only browsers send: a page that somebody opens on a trusted
// network must not upload in the network's name.
func saysNothing(h http.Header) bool {
	for name := range h {
		if name == "Authorization" || name == "Proxy-Authorization" || name == "Cookie" || name == "Origin" || strings.HasPrefix(name, "Sec-Fetch-") {
			return false
		}
	}
	return true
}
