// Package cli is the command line of Jarvis, and the only place that joins the
// other packages. One file holds one command.
//
// What a command prints on standard output is its result: a table for a person,
// or JSON Lines with --json. Everything else, such as errors, questions,
// progress and summaries, goes to standard error. An error is one line,
// "jarvis: what was wrong: what to do", and with --json one object with the keys
// error, code and exit. With --json, what is no error is told only if a person has to
// know it.
package cli

import (
	"context"
	"errors"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/config"
	"github.com/jarvis-memory/jarvis/internal/vault"
)

// memoryLimit makes the garbage collector work harder before a command needs
// more than the 60 MB that are promised; see GOMEMLIMIT.
const memoryLimit = 36 << 20

// grammar is the whole command line.
type grammar struct {
	DataDir     string      `group:"everywhere" placeholder:"DIR" help:"Folder of the store (default: ${default_data_dir})."`
	StoragePath string      `group:"everywhere" placeholder:"DIR" help:"Folder of the images (default: captures in the data folder)."`
	Identity    string      `name:"identity-file" group:"everywhere" placeholder:"FILE" help:"File of the identity that opens a sealed store (default: ${default_identity_file})."`
	Server      string      `group:"everywhere" placeholder:"URL" help:"Server whose store is meant, instead of one on this machine."`
	Config      string      `group:"everywhere" placeholder:"FILE" help:"File of settings (default: ${default_config})."`
	TZ          string      `name:"tz" group:"everywhere" placeholder:"ZONE" help:"Time zone of times without one, and of times that are shown, such as Europe/Berlin (default: local)."`
	JSON        bool        `name:"json" group:"everywhere" help:"Print JSON Lines: one object per line."`
	Version     versionFlag `name:"version" group:"everywhere" help:"Print the version and exit."`

	Add    addCmd    `cmd:"" group:"captures" help:"Store screenshots."`
	List   listCmd   `cmd:"" group:"captures" help:"List captures, the newest first."`
	Search searchCmd `cmd:"" group:"captures" help:"Find captures by the words in them."`
	Show   showCmd   `cmd:"" group:"captures" help:"Show what is known about a capture."`
	Get    getCmd    `cmd:"" group:"captures" help:"Give the image back, byte for byte."`
	Rm     rmCmd     `cmd:"" group:"captures" help:"Remove captures for good."`
	Pin    pinCmd    `cmd:"" group:"captures" help:"Mark captures that matter."`
	Unpin  unpinCmd  `cmd:"" group:"captures" help:"Take the mark away."`

	Start   startCmd   `cmd:"" group:"store" help:"Make a store, offer to fill it, and run the server."`
	Stats   statsCmd   `cmd:"" group:"store" help:"Count captures and bytes, per day and device."`
	Verify  verifyCmd  `cmd:"" group:"store" help:"Prove that catalogue and images agree; mend what can be mended."`
	OCR     ocrCmd     `cmd:"" name:"ocr" group:"store" help:"Show how far captures are read, or have them read again."`
	Reindex reindexCmd `cmd:"" group:"store" help:"Make the index of the search anew."`
	Key     keyCmd     `cmd:"" group:"store" help:"Show, save and restore the identity that opens a sealed store."`
	Migrate migrateCmd `cmd:"" group:"store" help:"Bring the catalogue's database to a version."`

	Serve   serveCmd   `cmd:"" group:"server" help:"Take captures from any number of machines, and give them back."`
	Work    workCmd    `cmd:"" group:"server" help:"Read the text in captures, beside a server or on another machine."`
	Signin  signinCmd  `cmd:"" group:"server" help:"Print a link that signs a browser in."`
	Device  deviceCmd  `cmd:"" group:"server" help:"Let devices and programs in, or keep them out."`
	Session sessionCmd `cmd:"" group:"server" help:"List the browsers that are signed in, or sign one out."`
	Health  healthCmd  `cmd:"" group:"server" help:"Ask whether the server can store captures."`
	Audit   auditCmd   `cmd:"" group:"server" help:"List who looked at the history, and who changed what."`

	Settings   configCmd  `cmd:"" name:"config" group:"program" help:"Print the settings in force, and where each came from."`
	Demo       demoCmd    `cmd:"" group:"program" help:"Try Jarvis with simulated days, in a store that is thrown away."`
	Bench      benchCmd   `cmd:"" group:"program" help:"Measure this machine."`
	OpenAPI    openapiCmd `cmd:"" name:"openapi" hidden:"" help:"Print the OpenAPI document of the server."`
	VersionCmd versionCmd `cmd:"" name:"version" group:"program" help:"Print the version."`
	Help       helpCmd    `cmd:"" group:"program" help:"Explain a command, exit codes, JSON output, or how to write times."`
}

const description = "A private memory of your screen, on hardware you own."

// app is what a command works with.
type app struct {
	*console
	name    string // how the program was called: jarvis, or a path to it
	grammar *grammar
	version string
	parser  *kong.Kong
	// settings are the flags given to a command that are settings too, by key.
	settings map[string]string
	// identity is that of the identity file once it was read or made, so that
	// its passphrase is asked for once.
	identity *vault.Identity
	// tellSignIn says that the link that signs in to the server may be printed
	// wherever the output goes: its store is thrown away.
	tellSignIn bool
}

// Main runs the program with the arguments of the process and returns its exit
// status. The version is what the linker was told, or empty.
func Main(version string) int {
	hardenErr := vault.Harden()
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	args := os.Args[1:]
	c := newConsole(os.Stdin, os.Stdout, os.Stderr, os.Getenv)
	c.json = wantsJSON(args)
	ctx, stop := withInterrupt(c)
	defer stop()

	a := &app{console: c, name: programName(os.Args[0]), grammar: &grammar{}, version: version, settings: map[string]string{}}
	err := hardenErr
	if err == nil {
		err = a.run(ctx, args)
	}
	if flushErr := c.flush(); err == nil {
		err = flushErr
	}
	c.reportError(err)
	return exitStatus(err)
}

// programName returns what a person types to call the program again: a path
// where that was how it was called, as by make run.
func programName(called string) string {
	if strings.Contains(called, "/") {
		return called
	}
	return "jarvis"
}

func (a *app) run(ctx context.Context, args []string) error {
	answered := false // by --help or --version
	parser, err := kong.New(a.grammar,
		kong.Name("jarvis"),
		kong.Description(description),
		kong.Writers(a.out, a.stderr),
		kong.Exit(func(int) { answered = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true, WrapUpperBound: 100, NoExpandSubcommands: true}),
		kong.Groups{"captures": "Captures", "store": "The store", "server": "The server", "program": "The program", "everywhere": "Flags of every command:"},
		defaults(),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(a),
	)
	if err != nil {
		return err
	}
	a.parser = parser
	parser.Model.HelpFlag.Help = "Show this help."
	if len(args) == 0 {
		args = []string{"--help"}
	}
	selected, err := parser.Parse(searchArguments(parser.Model.Node, args))
	if answered {
		return nil
	}
	if err != nil {
		return usageError(err)
	}
	return selected.Run()
}

func wantsJSON(args []string) bool {
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	return slices.Contains(args, "--json")
}

// usageError says what is wrong with the command line, and where to read more.
func usageError(err error) error {
	message := strings.TrimSuffix(err.Error(), "?")
	if argument, ok := strings.CutPrefix(message, `expected "<`); ok {
		message = "<" + strings.TrimSuffix(argument, `"`) + " is missing"
	}
	if problem, remedy, ok := strings.Cut(message, "; perhaps try "); ok {
		problem = strings.TrimSuffix(strings.TrimSuffix(problem, " (short flag)"), " (long flag)")
		if flag, got, ok := strings.Cut(problem, ": expected "); ok {
			_, got, _ = strings.Cut(got, " but got ")
			problem = flag + " has the value " + got + ", which could be a flag"
		}
		message = problem + ": for a value that begins with a dash write " + remedy
	}
	command := "jarvis"
	if parse, ok := errors.AsType[*kong.ParseError](err); ok {
		if node := parse.Context.Selected(); node != nil {
			command = "jarvis " + node.Path()
		}
	}
	return jarvis.Errorf(jarvis.CodeInvalid, "%s: see %s --help", message, command)
}

// defaults returns the defaults of the settings, for help.
func defaults() kong.Vars {
	vars := kong.Vars{"default_config": "~/.config/jarvis/config.toml"}
	for _, setting := range config.Settings() {
		vars["default_"+setting.Key] = setting.Default
	}
	return vars
}

// loadConfig returns the settings in force for this command line.
func (a *app) loadConfig() (*config.Config, error) {
	a.setting("data_dir", a.grammar.DataDir)
	a.setting("storage_path", a.grammar.StoragePath)
	a.setting("identity_file", a.grammar.Identity)
	a.setting("tz", a.grammar.TZ)
	a.setting("server_url", a.grammar.Server)
	for _, sentence := range config.Misspelt(os.Environ()) {
		a.note("%s", sentence)
	}
	return config.Load(config.Input{Flags: a.settings, File: a.grammar.Config})
}

// setting overrides a setting by a flag of a command; empty text is no flag.
func (a *app) setting(key, value string) {
	if value != "" {
		a.settings[key] = value
	}
}

// now is the present, the point from which "2h ago" counts.
func (a *app) now() time.Time { return time.Now() }
