package cli

import (
	"os"
	"os/signal"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/jarvis-memory/jarvis/internal/pgtest"
)

// server is the PostgreSQL of this test binary.
var server pgtest.Server

// withServer stops the PostgreSQL server after the tests.
type withServer struct{ m *testing.M }

func (w withServer) Run() int {
	if signal.Ignored(os.Interrupt) { // here, and then in what the tests interrupt
		signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	}
	return server.Main(w.m)
}

// TestMain lets the test binary be the program: started under the name jarvis,
// it is cmd/jarvis.
func TestMain(m *testing.M) {
	testscript.Main(withServer{m}, map[string]func(){
		"jarvis":  func() { os.Exit(Main("v0.0.0-test")) },
		"hang":    hang,
		"ignores": ignores,
		"ask":     ask,
		"reads":   reads,
	})
}
