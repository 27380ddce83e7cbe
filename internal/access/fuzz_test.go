package access

import (
	"encoding/base64"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func FuzzBearer(f *testing.F) {
	right := "jarvis_r" + strings.Repeat("A", 43)
	for _, seed := range []string{"", "Bearer", "Bearer ", "Bearer " + right, "bearer  " + right + " ", "Bearer" + right, "BearerX " + right, "Basic dTpw", "Bearer jarvis_", "Bearer " + right[:50] + "\n"} {
		f.Add(seed, "")
		f.Add(seed, "Bearer "+right)
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		h := http.Header{"Authorization": {first, second}}
		token, given, err := bearer(h)
		if err == nil && given != isToken(token) || !given && (token != "" || err != nil) {
			t.Fatalf("token %q, given %t, %v", token, given, err)
		}
		if token != "" && !strings.Contains(first, token) && !strings.Contains(second, token) {
			t.Fatalf("token %q is in neither header", token)
		}
		if isToken(token) && strings.ContainsAny(token, " \r\n,;=") {
			t.Fatalf("token %q", token)
		}
	})
}

func FuzzIsSecret(f *testing.F) {
	f.Add(strings.Repeat("A", 43))
	f.Add(strings.Repeat("A", 42) + "B") // bits that decoding drops
	f.Add(strings.Repeat("A", 42) + "\n")
	f.Add(newSecret())
	f.Fuzz(func(t *testing.T, text string) {
		b, err := base64.RawURLEncoding.Strict().DecodeString(text)
		want := err == nil && base64.RawURLEncoding.EncodeToString(b) == text && len(b) == 32
		if got := isSecret(text); got != want {
			t.Fatalf("isSecret(%q) = %t", text, got)
		}
	})
}

func FuzzSessionSecrets(f *testing.F) {
	right := strings.Repeat("A", 43)
	for _, seed := range []string{"", "jarvis=" + right, "jarvis=\"" + right + "\"", "a=b; jarvis=" + right + ";jarvis=x", strings.Repeat("jarvis="+right+";", 9), "__Host-jarvis=" + right} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, secure := range []bool{false, true} {
			found := sessionSecrets(&http.Request{Header: http.Header{"Cookie": {value}}}, secure)
			if len(found) > maxCookies {
				t.Fatalf("%d cookies", len(found))
			}
			for _, text := range found {
				if !isSecret(text) || !strings.Contains(value, text) {
					t.Fatalf("%q", text)
				}
			}
		}
	})
}

func FuzzForwarded(f *testing.F) {
	for _, seed := range []string{"", ",", "203.0.113.9", "10.0.0.1, 203.0.113.9:5 , 10.0.0.2", "[2001:db8::1]:5", "[2001:db8::1%eth0]", "[::ffff:10.0.0.1]", "unknown", "[203.0.113.9]", "2001:db8::1,10.0.0.1"} {
		f.Add(seed, "")
		f.Add("10.0.0.9", seed)
	}
	proxies := newPrefixes([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")})
	peer := netip.MustParseAddr("10.1.2.3")
	f.Fuzz(func(t *testing.T, first, second string) {
		got := proxies.client(peer, []string{first, second})
		if !got.IsValid() || got.Zone() != "" || got.Is4In6() {
			t.Fatalf("address %v", got)
		}
		// Nothing that stands before the first hop of a stranger matters.
		hops := strings.Split(first+","+second, ",")
		if !proxies.contain(got) {
			at := -1
			for i, hop := range slices.Backward(hops) {
				if address := parseHop(strings.TrimSpace(hop)); !proxies.contain(address) {
					at = i
					break
				}
			}
			if at < 0 || parseHop(strings.TrimSpace(hops[at])) != got {
				t.Fatalf("%v of %q", got, hops)
			}
			if again := proxies.client(peer, []string{"127.0.0.1", strings.Join(hops[at:], ",")}); again != got {
				t.Fatalf("%v, and %v with other hops before", got, again)
			}
		}
	})
}
