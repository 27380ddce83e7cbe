package picture

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"github.com/jarvis-memory/jarvis"
)

const toPicture = "convert it to JPEG, PNG or WebP first"

// foreign lists what people take for a screenshot that Jarvis does not take, by
// its first bytes. More specific signatures come first.
var foreign = []struct{ signature, name, remedy string }{
	{"GIF87a", "a GIF", toPicture},
	{"GIF89a", "a GIF", toPicture},
	{"II*\x00", "a TIFF", toPicture},
	{"MM\x00*", "a TIFF", toPicture},
	{"II+\x00", "a TIFF", toPicture},
	{"MM\x00+", "a TIFF", toPicture},
	{"\x00\x00\x01\x00", "an icon (ICO)", toPicture},
	{"\xff\x0a", "a JPEG XL", toPicture + ", for example with djxl"},
	{"\x00\x00\x00\x0cJXL \x0d\x0a\x87\x0a", "a JPEG XL", toPicture + ", for example with djxl"},
	{"\x00\x00\x00\x0cjP  \x0d\x0a\x87\x0a", "a JPEG 2000", toPicture},
	{"\xff\x4f\xff\x51", "a JPEG 2000", toPicture},
	{"8BPS", "a Photoshop document", "export it as PNG first"},
	{"qoif", "a QOI", toPicture},
	{"\x76\x2f\x31\x01", "an OpenEXR", toPicture},
	{"%PDF-", "a PDF", "convert its pages to PNG first, for example with pdftoppm -png"},
	{"age-encryption.org/v1", "a file sealed with age", "open it with age --decrypt first"},
	{"PK\x03\x04", "a ZIP archive", "unpack it first"},
	{"\x1f\x8b", "a gzip archive", "unpack it first"},
	{"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first"},
	{"\x1a\x45\xdf\xa3", "a video (Matroska or WebM)", "extract its pictures first, for example with ffmpeg"},
}

// isoBrands names the files that begin with an "ftyp" box, by a brand in it.
// The first brand that matches anywhere in the box wins.
var isoBrands = []struct{ brands, name, remedy string }{
	{"avif avis", "an AVIF", toPicture + ", for example with avifdec"},
	{"heic heix heim heis hevc hevx hevm hevs", "a HEIC", toPicture + ", for example with heif-convert"},
	{"mif1 msf1 mif2", "a HEIF", toPicture + ", for example with heif-convert"},
}

// refuseForeign names what data is instead of an image that Jarvis takes.
func refuseForeign(data []byte) error {
	if name, remedy, ok := nameForeign(data); ok {
		return jarvis.Errorf(jarvis.CodeInvalid, "is %s, which Jarvis does not take: %s", name, remedy)
	}
	head := data[:min(len(data), 512)]
	switch {
	case len(bytes.Trim(head, "\x00")) == 0:
		return jarvis.Errorf(jarvis.CodeInvalid, "is not an image: it begins with zeros, as files do that a full disk or a crash has cost; copy it again from where it came")
	case isText(head):
		return jarvis.Errorf(jarvis.CodeInvalid, "is not an image: it begins with text, whatever its name says; give a JPEG, PNG or WebP")
	}
	return jarvis.Errorf(jarvis.CodeInvalid, "is not an image that Jarvis takes: it begins with the bytes %x; give a JPEG, PNG or WebP", head[:min(len(head), 8)])
}

func nameForeign(data []byte) (name, remedy string, ok bool) {
	for _, f := range foreign {
		if bytes.HasPrefix(data, []byte(f.signature)) {
			return f.name, f.remedy, true
		}
	}
	// BM alone could begin a text; the four reserved bytes cannot.
	if len(data) >= 14 && string(data[:2]) == "BM" && string(data[6:10]) == "\x00\x00\x00\x00" {
		return "a BMP", toPicture, true
	}
	if len(data) >= 12 && string(data[:4]) == riffSignature {
		return "a RIFF file of another kind than WebP", "give a JPEG, PNG or WebP", true
	}
	if len(data) >= 12 && string(data[4:8]) == "ftyp" {
		name, remedy := nameISO(data)
		return name, remedy, true
	}
	return nameMarkup(data)
}

// nameISO names a file of the ISO base media format by the brands in its first box.
func nameISO(data []byte) (name, remedy string) {
	end := min(int64(binary.BigEndian.Uint32(data)), int64(len(data)), 256)
	for _, family := range isoBrands {
		for pos := int64(8); pos+4 <= end; pos += 4 {
			if strings.Contains(family.brands, string(data[pos:pos+4])) {
				return family.name, family.remedy
			}
		}
	}
	return "a video (MP4 or QuickTime)", "extract its pictures first, for example with ffmpeg"
}

// nameMarkup tells SVG and HTML from other text.
func nameMarkup(data []byte) (name, remedy string, ok bool) {
	head := bytes.ToLower(bytes.TrimLeft(bytes.TrimPrefix(data[:min(len(data), 1024)], []byte("\xef\xbb\xbf")), " \t\r\n"))
	switch {
	case !bytes.HasPrefix(head, []byte("<")):
		return "", "", false
	case bytes.Contains(head, []byte("<svg")):
		return "an SVG drawing", "convert it to PNG first", true
	case bytes.HasPrefix(head, []byte("<!doctype html")), bytes.HasPrefix(head, []byte("<html")):
		return "a web page (HTML)", "save the picture itself instead of the page", true
	}
	return "", "", false
}

// isText reports whether head, which may end within a character, is UTF-8 text
// without control characters, or begins like UTF-16.
func isText(head []byte) bool {
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return true
	}
	for len(head) > 0 {
		r, size := utf8.DecodeRune(head)
		if r == utf8.RuneError && size == 1 {
			return !utf8.FullRune(head)
		}
		if r < ' ' && !strings.ContainsRune("\t\n\v\f\r\x1b", r) || r == 0x7f {
			return false
		}
		head = head[size:]
	}
	return true
}
