package cli

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"regexp"
	"strings"
)

// drawPicture returns an image of a size such as "64x48", the same for the same
// seed.
func drawPicture(extension, size, seed string) ([]byte, error) {
	var width, height int
	if _, err := fmt.Sscanf(size, "%dx%d", &width, &height); err != nil {
		return nil, fmt.Errorf("size %q: %w", size, err)
	}
	if width > 10_000 {
		return pngHeader(width, height), nil
	}
	hash := fnv.New64()
	hash.Write([]byte(seed))
	random := rand.New(rand.NewPCG(hash.Sum64(), 1))
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			picture.Set(x, y, color.RGBA{uint8(x), uint8(y), uint8(random.IntN(4)), 255})
		}
	}
	var b bytes.Buffer
	switch extension {
	case ".png":
		err := png.Encode(&b, picture)
		return b.Bytes(), err
	case ".jpg", ".jpeg":
		err := jpeg.Encode(&b, picture, nil)
		return b.Bytes(), err
	case ".webp":
		// The smallest lossless WebP there is: one pixel. Go has no encoder.
		return hex.DecodeString("52494646" + "1a000000" + "57454250" + "5650384c" + "0d000000" + "2f00000010071011118888fe0700")
	}
	return nil, fmt.Errorf("no picture of format %q", extension)
}

// pngHeader returns what claims to be a PNG of a size, without its pixels.
func pngHeader(width, height int) []byte {
	b := []byte("\x89PNG\r\n\x1a\n")
	chunk := func(kind string, data []byte) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(data)))
		start := len(b)
		b = append(append(b, kind...), data...)
		b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[start:]))
	}
	size := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(width)), uint32(height))
	chunk("IHDR", append(size, 8, 2, 0, 0, 0))
	chunk("IDAT", []byte("x"))
	chunk("IEND", nil)
	return b
}

// tidy replaces what differs from run to run by what can be compared. Equal ids
// get equal names.
func tidy(text, work string) string {
	text = strings.ReplaceAll(text, work, "$WORK")
	ids := map[string]string{}
	text = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`).ReplaceAllStringFunc(text, func(id string) string {
		if ids[id] == "" {
			ids[id] = fmt.Sprintf("ID%d", len(ids)+1)
		}
		return ids[id]
	})
	for pattern, replacement := range map[string]string{
		`"created_at":"[^"]*"`:            `"created_at":"NOW"`,
		`"applied_at":"[^"]*"`:            `"applied_at":"NOW"`,
		`"cursor":"[^"]*"`:                `"cursor":"CURSOR"`,
		`"stored_sha256":"[0-9a-f]{64}"`:  `"stored_sha256":"DIGEST"`,
		`"(free|total)":[0-9]+`:           `"$1":BYTES`,
		`--after [A-Za-z0-9_-]+`:          `--after CURSOR`,
		`(?m)^(free +)[0-9.]+ .iB of .*$`: `${1}SPACE`,
		`(?m)^(stored +)[0-9-]+ [0-9:]+$`: `${1}NOW`,
		`(?m)^(sha256 +)[0-9a-f]{64}$`:    `${1}DIGEST`,
	} {
		text = regexp.MustCompile(pattern).ReplaceAllString(text, replacement)
	}
	return text
}
