package ocr

import (
	"context"
	"fmt"
	"image"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jarvis-memory/jarvis"
)

// TesseractOptions configure NewTesseract.
type TesseractOptions struct {
	Limits
	Program   string // a name to look for, or a path; default "tesseract"
	Languages string // "eng+deu"; default "eng"
	// Panels divides an image into parts that are read one after another, each
	// within the bounds of the image. Nil reads images whole. It is called
	// concurrently.
	Panels func(image.Image) []image.Rectangle
}

// Tesseract is the engine of that name, version 4 or newer.
type Tesseract struct {
	options TesseractOptions
	path    string
	name    string   // with the version
	wanted  []string // languages
	slots   *slots
	limited *limited
}

// oldest is the first version of tesseract whose lines are read by a network,
// and whose answers are known here.
const oldest = 4

// NewTesseract finds the program, and makes sure that the languages are
// installed: CodeUnavailable, with what to install, when either is missing.
// Languages of any other form than names joined by plus signs are CodeInvalid.
func NewTesseract(ctx context.Context, o TesseractOptions) (*Tesseract, error) {
	o.Limits = o.withDefaults()
	if o.Program == "" {
		o.Program = "tesseract"
	}
	if o.Languages == "" {
		o.Languages = "eng"
	}
	wanted, err := splitLanguages(o.Languages)
	if err != nil {
		return nil, err
	}
	path, err := lookPath(o.Program)
	if err != nil {
		return nil, jarvis.WrapError(jarvis.CodeUnavailable, "ocr: tesseract", fmt.Sprintf(
			"the program %s, which reads text in images, is not there: install tesseract (on Debian and Ubuntu: apt install tesseract-ocr), or set ocr_engine to none", o.Program), err)
	}
	t := &Tesseract{options: o, path: path, wanted: wanted, slots: newSlots(o.Workers), limited: &limited{log: o.Logger}}
	if t.name, err = t.version(ctx); err != nil {
		return nil, err
	}
	installed, err := t.Languages(ctx)
	if err != nil {
		return nil, err
	}
	if err := checkLanguages(wanted, installed); err != nil {
		return nil, err
	}
	return t, nil
}

// lookPath finds a program, by an absolute path.
func lookPath(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", err
	}
	return filepath.Abs(path)
}

// program returns tesseract with arguments. More threads than one cost it six
// times the processor time for little: other images are read meanwhile instead.
func (t *Tesseract) program(args ...string) program {
	return program{
		path: t.path, args: args, env: environment("OMP_THREAD_LIMIT=1", "LC_ALL=C"),
		timeout: t.options.Timeout, memory: t.options.Memory, eager: t.options.Eager,
		confine: confine, limited: t.limited,
	}
}

// ask runs tesseract for what it says about itself, within a slot.
func (t *Tesseract) ask(ctx context.Context, arg string) ([]string, error) {
	out, err := t.program(arg).run(ctx, func(io.Writer) error { return nil })
	if err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		return nil, jarvis.Errorf(jarvis.CodeUnavailable, "tesseract does not work: %w", err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n"), nil
}

// version returns the program's name with its version.
func (t *Tesseract) version(ctx context.Context) (string, error) {
	ctx, leave, err := t.slots.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	lines, err := t.ask(ctx, "--version")
	if err != nil {
		return "", err
	}
	name, version, _ := strings.Cut(strings.TrimSpace(lines[0]), " ")
	version = strings.TrimPrefix(version, "v")
	major, _, _ := strings.Cut(version, ".")
	n, err := strconv.Atoi(major)
	if err != nil || name != "tesseract" {
		return "", jarvis.Errorf(jarvis.CodeUnavailable, "the program %s is not tesseract: it does not say its version as tesseract does", t.path)
	}
	if n < oldest {
		return "", jarvis.Errorf(jarvis.CodeUnavailable, "tesseract %s is too old: install version %d or newer", version, oldest)
	}
	return cleanWord(name + " " + version), nil
}

// Languages returns those that are installed, sorted.
func (t *Tesseract) Languages(ctx context.Context) ([]string, error) {
	ctx, leave, err := t.slots.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return t.languages(ctx)
}

func (t *Tesseract) languages(ctx context.Context) ([]string, error) {
	lines, err := t.ask(ctx, "--list-langs")
	if err != nil {
		return nil, err
	}
	return listLanguages(lines), nil
}

// Read implements Engine.
func (t *Tesseract) Read(ctx context.Context, data []byte) (*jarvis.Reading, error) {
	p, err := inspect(data, t.options.Pixels)
	if err != nil {
		return nil, err
	}
	ctx, leave, err := t.slots.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var panels []image.Rectangle
	out, err := t.program("stdin", "stdout", "-l", t.options.Languages, "--psm", "6", "-c", "tessedit_create_tsv=1").run(ctx,
		func(w io.Writer) (err error) { // while tesseract reads its own files
			panels, err = t.feed(w, p)
			return err
		})
	if jarvis.ErrorCode(err) == jarvis.CodeInvalid {
		err = t.blame(ctx, err)
	}
	if err != nil {
		return nil, err
	}
	b := textBuilder{bounds: p.bounds}
	if err := parseTSV(out, &b, panels); err != nil {
		return nil, err
	}
	return b.reading(t.options.Languages, t.name)
}

// blame returns why tesseract refused an image: err, unless it would refuse any, for
// it or one of its languages was removed since. It runs within the slot of the image.
func (t *Tesseract) blame(ctx context.Context, err error) error {
	installed, broken := t.languages(ctx)
	if broken != nil {
		return broken
	}
	if missing := checkLanguages(t.wanted, installed); missing != nil {
		return missing
	}
	return err
}

// feed writes an image for tesseract, and returns the panels that its pages are.
// The bytes as they came are cheapest; pages take their place where there are
// several panels, and where another decoder might not know the format.
func (t *Tesseract) feed(w io.Writer, p picture) ([]image.Rectangle, error) {
	panels := []image.Rectangle{p.bounds}
	if t.options.Panels != nil || !p.plain {
		if img, ok := p.pixels(); ok {
			if t.options.Panels != nil {
				panels = usable(t.options.Panels(img), p.bounds)
			}
			if !p.plain || len(panels) > 1 || panels[0] != p.bounds {
				return panels, writeTIFF(w, whiten(flatten(img)), panels)
			}
		}
	}
	_, err := w.Write(p.data)
	return panels, err
}

// maxPanels bounds the panels of an image: no screen that a person can work at has
// more.
const maxPanels = 64

// usable returns panels cut to the bounds of the image, and the whole of it where
// they are none, too many, or more than it has pixels.
func usable(panels []image.Rectangle, bounds image.Rectangle) []image.Rectangle {
	var cut []image.Rectangle
	pixels := 0
	for _, p := range panels {
		if p = p.Intersect(bounds); !p.Empty() {
			cut = append(cut, p)
			pixels += p.Dx() * p.Dy()
		}
	}
	if len(cut) == 0 || len(cut) > maxPanels || pixels > bounds.Dx()*bounds.Dy() {
		return []image.Rectangle{bounds}
	}
	return cut
}

// Name implements Engine.
func (t *Tesseract) Name() string { return t.name }

// Close implements Engine.
func (t *Tesseract) Close() error {
	t.slots.close()
	return nil
}

var _ Engine = (*Tesseract)(nil)
