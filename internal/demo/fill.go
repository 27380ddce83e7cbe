package demo

import (
	"context"

	"github.com/jarvis-memory/jarvis"
)

func fill(context.Context, Sink, Options, jarvis.Progress) (*Result, error) {
	return nil, jarvis.Errorf(jarvis.CodeUnavailable, "the simulation is not ready")
}
