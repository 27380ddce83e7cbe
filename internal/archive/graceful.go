package archive

import (
	"context"
	"time"
)

// grace is how long what was begun may go on after its context ended. A disk
// that hangs cannot keep the program longer.
const grace = 5 * time.Second

// Graceful returns a context that ends five seconds after ctx does, for what
// should not be left half done. The caller must call cancel.
func Graceful(ctx context.Context) (context.Context, context.CancelFunc) {
	ending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(grace, cancel)
		context.AfterFunc(ending, func() { timer.Stop() })
	})
	return ending, func() { stop(); cancel() }
}
