// Command jarvis is a private memory of your screen, on hardware you own.
package main

import (
	"os"

	"github.com/jarvis-memory/jarvis/internal/cli"
)

// version is set by the linker: -ldflags "-X main.version=v1.2.3".
var version string

func main() { os.Exit(cli.Main(version)) }
