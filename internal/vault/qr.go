package vault

import (
	"strings"

	"rsc.io/qr"

	jarvis "github.com/jarvis-memory/jarvis"
)

// quietZone is the light border of a QR code, in modules.
const quietZone = 4

// Colours of a terminal: explicit, because a scanner wants dark on light
// whatever the terminal's own colours are.
const (
	darkOnLight = "\x1b[38;2;0;0;0;48;2;255;255;255m"
	plainColors = "\x1b[0m"
)

// RevealQR returns the secret (RevealSecret) as a QR code for a terminal: 41
// columns and 21 lines of half blocks, black on white, each line ending in "\n".
func (id Identity) RevealQR() (string, error) {
	code, err := qr.Encode(id.RevealSecret(), qr.M)
	if err != nil { // not the cause, which could quote the secret
		return "", jarvis.Errorf(jarvis.CodeInternal, "the identity has no QR code")
	}
	var b strings.Builder
	for y := -quietZone; y < code.Size+quietZone; y += 2 {
		b.WriteString(darkOnLight)
		for x := -quietZone; x < code.Size+quietZone; x++ {
			b.WriteRune(halfBlock(code.Black(x, y), code.Black(x, y+1)))
		}
		b.WriteString(plainColors + "\n")
	}
	return b.String(), nil
}

func halfBlock(upper, lower bool) rune {
	switch {
	case upper && lower:
		return '█'
	case upper:
		return '▀'
	case lower:
		return '▄'
	default:
		return ' '
	}
}
