// Package ocr reads the text in images, with the engines that a person may
// choose: tesseract, a program of their own, or an address that answers over
// HTTP.
//
// Images come from outside, and so does all that engines say: neither is
// trusted. A program gets an image on its standard input, and nothing is
// written to any disk; it runs at the lowest priority, within limits of time and
// memory, and is gone, with everything in its process group, when Read returns. What
// it started and moved to another group may outlive it.
package ocr

import (
	"context"
	"log/slog"
	"runtime"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// Engine reads text. Its methods may be called concurrently.
type Engine interface {
	// Read returns what an image (JPEG, PNG or WebP) says, which passed
	// Reading.Check: the words in reading order, with boxes in pixels of the image
	// that was given. An image without text is no error. ReadAt and Masked are not
	// set. When as many images are being read as may be at once, it waits.
	//
	// The code of an error says whose fault it is:
	//
	//   - CodeUnavailable and CodeBusy: the engine's or this machine's. The program
	//     is missing, the address does not answer, or the engine was closed. Other
	//     images would fare the same: they are better kept until it is mended.
	//   - CodeTimeout: the image took longer than it may.
	//   - CodeTooLarge: it has more pixels, or takes more memory, than it may.
	//   - CodeInvalid: the engine refused it, or it is no image.
	//   - CodeInternal: the engine crashed over it, or said what makes no sense.
	//
	// When ctx is done first, the error wraps its cause and is CodeUnavailable.
	Read(ctx context.Context, image []byte) (*jarvis.Reading, error)

	// Name returns what Reading.Engine has, "tesseract 5.3.0", or, before the first
	// image was read, as much of it as is known.
	Name() string

	// Close stops what is under way and waits until it is gone. Afterwards Read is
	// CodeUnavailable. It may be called more than once.
	Close() error
}

// Limits bound what reading may take. Where a value is zero, the default holds.
type Limits struct {
	Workers int           // images read at once; default: half the processors, at least 1
	Timeout time.Duration // for one image, once its turn has come; DefaultTimeout
	Memory  int64         // address space of a process, in bytes; DefaultMemory. Linux only
	Pixels  int64         // of an image; DefaultPixels
	// Logger is told, once, when a program cannot be limited; nil for none.
	Logger *slog.Logger
	// Eager runs programs at the priority of this process instead of the lowest,
	// for who waits for them: a measurement, or a test.
	Eager bool
}

// Defaults of Limits.
const (
	DefaultTimeout = time.Minute
	DefaultMemory  = 1 << 30
	DefaultPixels  = 100_000_000
)

// DefaultWorkers returns half the number of processors, at least 1.
func DefaultWorkers() int { return max(1, runtime.NumCPU()/2) }

func (l Limits) withDefaults() Limits {
	if l.Workers <= 0 {
		l.Workers = DefaultWorkers()
	}
	if l.Timeout <= 0 {
		l.Timeout = DefaultTimeout
	}
	if l.Memory <= 0 {
		l.Memory = DefaultMemory
	}
	if l.Pixels <= 0 {
		l.Pixels = DefaultPixels
	}
	return l
}
