package picture

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// checkPNG checks what a decoder would trip over, without the memory of the
// pixels: the checksum of every chunk, and that the picture data becomes the
// rows there must be. The chunks were walked before.
func checkPNG(data []byte) error {
	var header []byte
	var picture []io.Reader
	var palette, complete bool
	for pos := len(pngSignature); ; {
		length := int(binary.BigEndian.Uint32(data[pos:]))
		chunk := data[pos+4 : pos+8+length] // name and body
		name, body := string(chunk[:4]), chunk[4:]
		if crc32.ChecksumIEEE(chunk) != binary.BigEndian.Uint32(data[pos+8+length:]) {
			return fmt.Errorf("the checksum of the %s chunk at byte %d is wrong", name, pos)
		}
		pos += 12 + length
		complete = complete || picture != nil && name != "IDAT"
		switch {
		case name == "IHDR" && header == nil:
			header = body
		case name == "PLTE" && picture == nil:
			palette = length > 0
		case name == "IDAT" && !complete:
			picture = append(picture, bytes.NewReader(body))
		case name == "IEND":
			if header[9] == 3 && !palette {
				return errors.New("there is no palette")
			}
			return checkRows(header, io.MultiReader(picture...))
		}
	}
}

// passes are the parts of a picture that is stored in one go, and of one that is
// interlaced (PNG, section 8.2): where the pixels of each begin, and their distance.
var passes = map[byte][]struct{ x, y, dx, dy int64 }{
	0: {{0, 0, 1, 1}},
	1: {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}},
}

// checkRows checks that deflated picture data is the rows that the header says,
// no more and no less, each with a filter that there is.
func checkRows(header []byte, deflated io.Reader) (err error) {
	z, err := zlib.NewReader(deflated)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, z.Close()) }()
	rows := bufio.NewReaderSize(z, 1<<15)
	width, height := int64(binary.BigEndian.Uint32(header)), int64(binary.BigEndian.Uint32(header[4:]))
	bits := bitsPerPixel(header[8], header[9])
	for _, pass := range passes[header[12]] {
		columns, lines := (width-pass.x+pass.dx-1)/pass.dx, (height-pass.y+pass.dy-1)/pass.dy
		if columns <= 0 {
			continue
		}
		for range lines {
			filter, err := rows.ReadByte()
			if err != nil {
				return endOf(err)
			}
			if filter > 4 {
				return fmt.Errorf("there is no filter %d", filter)
			}
			if _, err := rows.Discard(int((columns*bits + 7) / 8)); err != nil {
				return endOf(err)
			}
		}
	}
	switch _, err := rows.ReadByte(); {
	case err == nil:
		return errors.New("there are more rows than the header says")
	case !errors.Is(err, io.EOF):
		return err
	}
	return nil
}

// endOf makes an end within the rows an error.
func endOf(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
