package journey

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis/internal/cli"
)

// program is the name under which the test binary is cmd/jarvis.
const program = "jarvis"

// shared is what all tests use, made when the first one asks for it.
var shared struct {
	chromium chromium
	fixture  fixture
}

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == program {
		os.Exit(cli.Main("v0.0.0-test"))
	}
	code := m.Run()
	for _, end := range []func() error{shared.chromium.close, shared.fixture.close} {
		if err := end(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// patience is how long a journey waits for what must happen. It says nothing about
// how long that may take: bench/web does.
const patience = 30 * time.Second
