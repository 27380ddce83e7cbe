package ocr

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"sync/atomic"

	"github.com/jarvis-memory/jarvis"
)

// ProgramOptions configure NewProgram.
type ProgramOptions struct {
	Limits
	Command   []string // the program, by name or path, and its arguments; no shell is involved
	Languages string   // handed on as it is; may be empty
	// Token returns what the program gets as JARVIS_OCR_TOKEN, for a service that it
	// asks; nil, or an empty text, gives it none. Arguments are for all to see.
	Token func() string
}

// Program is an engine of the person's own: a program that is started for each
// image, as docs/reading.md says.
type Program struct {
	options ProgramOptions
	program program
	slots   *slots
	said    said
}

// NewProgram finds the program; CodeUnavailable when it is not there or may not
// be run, CodeInvalid for an empty command.
func NewProgram(o ProgramOptions) (*Program, error) {
	o.Limits = o.withDefaults()
	if len(o.Command) == 0 || o.Command[0] == "" {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "no program is named that reads text in images")
	}
	path, err := lookPath(o.Command[0])
	if err != nil {
		return nil, jarvis.WrapError(jarvis.CodeUnavailable, "ocr: program", fmt.Sprintf(
			"the program %s, which reads text in images, is not there, or may not be run: check ocr_engine", o.Command[0]), err)
	}
	p := &Program{options: o, slots: newSlots(o.Workers)}
	p.said.otherwise = filepath.Base(path)
	p.program = program{
		path: path, args: o.Command[1:], timeout: o.Timeout, memory: o.Memory, eager: o.Eager,
		confine: confine, limited: &limited{log: o.Logger},
		env: environment("OMP_THREAD_LIMIT=1", "JARVIS_OCR_LANGUAGES="+o.Languages),
	}
	return p, nil
}

// Read implements Engine.
func (p *Program) Read(ctx context.Context, data []byte) (*jarvis.Reading, error) {
	picture, err := inspect(data, p.options.Pixels)
	if err != nil {
		return nil, err
	}
	ctx, leave, err := p.slots.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	program := p.program
	if p.options.Token != nil && p.options.Token() != "" {
		program.env = append(slices.Clip(program.env), "JARVIS_OCR_TOKEN="+p.options.Token())
	}
	out, err := program.run(ctx, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
	if err != nil {
		return nil, err
	}
	r, err := parseAnswer(out, picture.bounds, p.said.otherwise, p.options.Languages)
	return p.said.note(r, err)
}

// Name implements Engine.
func (p *Program) Name() string { return p.said.name() }

// Close implements Engine.
func (p *Program) Close() error {
	p.slots.close()
	return nil
}

var _ Engine = (*Program)(nil)

// said keeps what an engine last called itself.
type said struct {
	otherwise string // before it has
	last      atomic.Pointer[string]
}

func (s *said) note(r *jarvis.Reading, err error) (*jarvis.Reading, error) {
	if err == nil {
		s.last.Store(&r.Engine)
	}
	return r, err
}

func (s *said) name() string {
	if last := s.last.Load(); last != nil {
		return *last
	}
	return s.otherwise
}
