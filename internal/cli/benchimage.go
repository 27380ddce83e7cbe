package cli

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"image"
	"image/jpeg"
)

// benchWidth and benchHeight are the pixels of the images that are uploaded.
const (
	benchWidth  = 320
	benchHeight = 200
)

// smallestBenchImage is the least size of an image to upload.
const smallestBenchImage = 16 << 10

// benchImages makes JPEG images of one size that differ from each other.
type benchImages struct {
	head []byte // the start of image, and comments that make it large
	tail []byte
}

// newBenchImages draws one image; what it lacks in size are comments.
func newBenchImages(size int) (*benchImages, error) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, benchWidth, benchHeight)), nil); err != nil {
		return nil, err
	}
	const startOfImage, uniqueComment = 2, 4 + 8
	images := &benchImages{head: bytes.Clone(b.Bytes()[:startOfImage]), tail: b.Bytes()[startOfImage:]}
	const longest = 60_000 // of a comment
	for missing := size - b.Len() - uniqueComment; missing > 4; {
		n := min(missing-4, longest)
		images.head = appendComment(images.head, randomBytes(n))
		missing -= n + 4
	}
	return images, nil
}

// image returns the image of a number.
func (images *benchImages) image(number int64) []byte {
	b := make([]byte, 0, len(images.head)+len(images.tail)+12)
	b = appendComment(append(b, images.head...), binary.BigEndian.AppendUint64(nil, uint64(number)))
	return append(b, images.tail...)
}

// appendComment appends a comment segment of JPEG.
func appendComment(b, text []byte) []byte {
	b = binary.BigEndian.AppendUint16(append(b, 0xFF, 0xFE), uint16(len(text)+2))
	return append(b, text...)
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails: crypto/rand aborts the program instead
	return b
}
