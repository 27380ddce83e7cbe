package search

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"testing"

	"go.uber.org/goleak"

	"github.com/jarvis-memory/jarvis/internal/pgtest"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

// server is the PostgreSQL of this test binary.
var server pgtest.Server

func TestMain(m *testing.M) {
	// A default that -rapid.checks still overrides.
	if err := flag.Set("rapid.checks", strconv.Itoa(proof.Rounds(50, 1000))); err != nil {
		panic(err)
	}
	code := server.Main(m)
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
