package listen

import (
	"net"
	"net/netip"
	"slices"

	jarvis "github.com/jarvis-memory/jarvis"
)

// peers says who may connect.
type peers struct {
	everybody bool           // since the connections are encrypted
	proxies   []netip.Prefix // which come for many
	plain     []netip.Prefix
}

func newPeers(encrypted bool, proxies, plain []netip.Prefix) *peers {
	return &peers{everybody: encrypted, proxies: unmapped(proxies), plain: unmapped(plain)}
}

// unmapped reads IPv4 networks that are written as IPv6 as what they are.
func unmapped(given []netip.Prefix) []netip.Prefix {
	var all []netip.Prefix
	for _, p := range given {
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		all = append(all, p.Masked())
	}
	return all
}

func contains(all []netip.Prefix, address netip.Addr) bool {
	return slices.ContainsFunc(all, func(p netip.Prefix) bool { return p.Contains(address) })
}

// check refuses an address that others can reach when nobody was named who may.
func (p *peers) check(bound net.Addr) error {
	if p.everybody || len(p.proxies) > 0 || len(p.plain) > 0 || addressOf(bound).IsLoopback() {
		return nil
	}
	return jarvis.Errorf(jarvis.CodeInvalid, "%s can be reached from other computers, and without TLS everyone on the way reads along: "+
		"name a certificate (--tls-cert, --tls-key), or a proxy in front that speaks TLS (--behind-proxy CIDR), "+
		"or the network whose computers may come without it (--plain-http CIDR)", bound)
}

// permit reports whether the address may connect.
func (p *peers) permit(address netip.Addr) bool {
	return p.everybody || address.IsLoopback() || contains(p.proxies, address) || contains(p.plain, address)
}

// many reports whether the connections of the address are those of many.
func (p *peers) many(address netip.Addr) bool {
	return address.IsLoopback() || contains(p.proxies, address)
}

// addressOf returns the IP address of a TCP address, IPv4 as IPv4, and the zero
// Addr for any other.
func addressOf(a net.Addr) netip.Addr {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return tcp.AddrPort().Addr().Unmap().WithZone("")
}
