package ocr

import (
	"context"

	"github.com/jarvis-memory/jarvis"
)

// ProgramOptions configure NewProgram.
type ProgramOptions struct {
	Limits
	Command   []string // the program, by name or path, and its arguments; no shell is involved
	Languages string   // handed on as it is; may be empty
}

// Program is an engine of the person's own: a program that is started for each
// image, as docs/reading.md says.
type Program struct{}

// NewProgram finds the program; CodeUnavailable when it is not there or may not
// be run, CodeInvalid for an empty command.
func NewProgram(o ProgramOptions) (*Program, error) {
	return nil, jarvis.Errorf(jarvis.CodeUnavailable, "programs are not there yet")
}

// Read implements Engine.
func (p *Program) Read(ctx context.Context, image []byte) (*jarvis.Reading, error) {
	return nil, jarvis.Errorf(jarvis.CodeUnavailable, "programs are not there yet")
}

// Name implements Engine.
func (p *Program) Name() string { return "" }

// Close implements Engine.
func (p *Program) Close() error { return nil }

var _ Engine = (*Program)(nil)
