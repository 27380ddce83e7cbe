package vault

import "strings"

// age gives the 32 bytes of an identity's secret only as text, in Bech32
// (BIP 173): five bits a letter, and six letters of checksum.
const (
	secretPrefix   = "AGE-SECRET-KEY-"
	bech32Letters  = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"
	bech32Checksum = 6 // letters
)

// secretBytes returns the bytes of a secret that age accepted.
func secretBytes(text string) []byte {
	letters := strings.TrimPrefix(text, secretPrefix+"1")
	letters = letters[:len(letters)-bech32Checksum]
	var b []byte
	buffer, bits := 0, 0
	for i := range len(letters) {
		buffer = buffer<<5 | strings.IndexByte(bech32Letters, letters[i])
		if bits += 5; bits >= 8 {
			bits -= 8
			b = append(b, byte(buffer>>bits))
			buffer &= 1<<bits - 1
		}
	}
	return b
}

// secretText returns bytes as age writes a secret.
func secretText(b []byte) string {
	var values []int
	buffer, bits := 0, 0
	for _, c := range b {
		buffer, bits = buffer<<8|int(c), bits+8
		for bits >= 5 {
			bits -= 5
			values = append(values, buffer>>bits)
			buffer &= 1<<bits - 1
		}
	}
	if bits > 0 {
		values = append(values, buffer<<(5-bits))
	}
	text := []byte(secretPrefix + "1")
	for _, v := range append(values, bech32Sum(values)...) {
		text = append(text, bech32Letters[v])
	}
	return string(text)
}

// bech32Sum returns the checksum over secretPrefix and values.
func bech32Sum(values []int) []int {
	sum := 1
	add := func(value int) {
		top := sum >> 25
		sum = (sum&0x1ffffff)<<5 ^ value
		for i, g := range [5]int{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 == 1 {
				sum ^= g
			}
		}
	}
	prefix := strings.ToLower(secretPrefix)
	for i := range len(prefix) {
		add(int(prefix[i] >> 5))
	}
	add(0)
	for i := range len(prefix) {
		add(int(prefix[i] & 31))
	}
	for _, v := range values {
		add(v)
	}
	for range bech32Checksum {
		add(0)
	}
	sum ^= 1
	checksum := make([]int, bech32Checksum)
	for i := range checksum {
		checksum[i] = sum >> (5 * (bech32Checksum - 1 - i)) & 31
	}
	return checksum
}
