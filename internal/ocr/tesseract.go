package ocr

import (
	"context"
	"image"

	"github.com/jarvis-memory/jarvis"
)

// TesseractOptions configure NewTesseract.
type TesseractOptions struct {
	Limits
	Program   string // a name to look for, or a path; default "tesseract"
	Languages string // "eng+deu"; default "eng"
	// Panels divides an image into parts that are read one after another, each
	// within the bounds of the image. Nil reads images whole.
	Panels func(image.Image) []image.Rectangle
}

// Tesseract is the engine of that name, version 4 or newer.
type Tesseract struct{}

// NewTesseract finds the program, and makes sure that the languages are
// installed: CodeUnavailable, with what to install, when either is missing.
// Languages of any other form than names joined by plus signs are CodeInvalid.
func NewTesseract(ctx context.Context, o TesseractOptions) (*Tesseract, error) {
	return nil, jarvis.Errorf(jarvis.CodeUnavailable, "tesseract is not there yet")
}

// Languages returns those that are installed, sorted.
func (t *Tesseract) Languages(ctx context.Context) ([]string, error) { return nil, nil }

// Read implements Engine.
func (t *Tesseract) Read(ctx context.Context, image []byte) (*jarvis.Reading, error) {
	return nil, jarvis.Errorf(jarvis.CodeUnavailable, "tesseract is not there yet")
}

// Name implements Engine.
func (t *Tesseract) Name() string { return "tesseract" }

// Close implements Engine.
func (t *Tesseract) Close() error { return nil }

var _ Engine = (*Tesseract)(nil)
