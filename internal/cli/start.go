package cli

import (
	"bufio"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/config"
	"github.com/jarvis-memory/jarvis/internal/timetext"
)

type startCmd struct {
	NoServe   bool   `help:"End when the store is made, without starting the server."`
	Listen    string `placeholder:"HOST:PORT" help:"Address on which the server listens (default: ${default_listen})."`
	BeginAnew bool   `help:"Make a new catalogue for a store that has lost it and has its key file still."`
	creation
}

// Help is the long help.
func (startCmd) Help() string {
	return `Makes a store where there is none. Where it is empty, it looks for screenshots in
your folder of pictures and asks whether to add them. Then it lists the newest, starts
the server, and prints a link that signs your browser in: see jarvis serve --help.

A new store is sealed: images and catalogue are encrypted, and only the identity, a
file that is made with the first store and lies apart from it, opens them. See
jarvis key --help.

A store whose catalogue is missing is asked about on a terminal, and left alone
otherwise: put the catalogue back from a copy if there is one. With --begin-anew it
gets a new one, and jarvis verify --repair --deep --force then takes the images up.

Examples:

    jarvis start
    jarvis start --no-serve
`
}

// newestShown is how many captures start lists.
const newestShown = 10

// Run makes the store ready and says how to go on.
func (cmd *startCmd) Run(ctx context.Context, a *app) error {
	cmd.creation.set(a)
	a.setting("listen", cmd.Listen)
	cfg, err := a.loadOwnConfig("start")
	if err != nil {
		return err
	}
	may := storeMayBeNew
	if cmd.BeginAnew {
		may = storeMayBeginAnew
	}
	s, err := a.openStore(ctx, cfg, may, keyRequired)
	if errors.Is(err, errCatalogLost) && a.canAsk() && !a.json {
		a.note("%s.", errorMessage(err))
		if err := a.confirm(ctx, false, "Make a new catalogue, which knows nothing of the old one's devices, applications and titles?"); err != nil {
			return err
		}
		s, err = a.openStore(ctx, cfg, storeMayBeginAnew, keyRequired)
	}
	if err != nil {
		return err
	}
	m := &localMemory{app: a, cfg: cfg, store: s}
	err = a.start(ctx, cfg, m)
	m.recordAdded(ctx)
	if err == nil && !cmd.NoServe {
		err = a.serve(ctx, cfg, s, a.logToStandardError(cfg))
	}
	return errors.Join(err, s.close(ctx))
}

func (a *app) start(ctx context.Context, cfg *config.Config, m *localMemory) error {
	s := m.store
	sums, err := s.catalog.Stats(ctx)
	if err != nil {
		return err
	}
	found := findScreenshots(ctx, cfg)
	if a.json {
		return a.printJSON(newStarted(cfg, s.catalog.info, sums, found))
	}
	a.printStore(cfg, s.catalog.info, sums)
	if len(found) > 0 && sums.Captures == 0 {
		if err := a.offer(ctx, cfg, m, found); err != nil {
			return err
		}
	}
	captures, err := m.FindCaptures(ctx, jarvis.CaptureFilter{Limit: newestShown})
	if err != nil {
		return err
	}
	if len(captures) > 0 {
		a.printf("\n%s\n\n", a.style.bold("The newest captures"))
	}
	if err := a.printCaptures(captures, cfg.Location, true); err != nil {
		return err
	}
	a.printNext(len(captures) > 0, found)
	return nil
}

// started is the object that --json prints.
type started struct {
	StoragePath string             `json:"storage_path"`
	DatabaseURL string             `json:"database_url"` // without its password
	Sealed      bool               `json:"sealed"`
	Captures    int64              `json:"captures"`
	Bytes       int64              `json:"bytes"`
	Found       []foundScreenshots `json:"found"`
}

// foundScreenshots says where there are screenshots that may be added.
type foundScreenshots struct {
	Folder      string `json:"folder"`
	Screenshots int64  `json:"screenshots"`
	Add         string `json:"add"` // what to give to jarvis add
}

func newStarted(cfg *config.Config, info jarvis.StoreInfo, sums jarvis.CatalogStats, found []screenshotFolder) started {
	s := started{cfg.StoragePath, cfg.Database.String(), info.Sealed, sums.Captures, sums.Bytes, []foundScreenshots{}}
	for _, f := range found {
		s.Found = append(s.Found, foundScreenshots{f.path, f.count, f.pattern()})
	}
	return s
}

func (a *app) printStore(cfg *config.Config, info jarvis.StoreInfo, sums jarvis.CatalogStats) {
	a.printf("%s\n\n", a.style.bold("Jarvis, a private memory of your screen"))
	line := func(name, value string) { a.printf("  %s  %s\n", a.style.faint(pad(name, 9)), value) }
	line("images", cfg.StoragePath)
	line("catalogue", cfg.Database.String())
	if info.Sealed {
		line("sealed", "yes: only the identity "+tilde(cfg.IdentityFile)+" opens it")
	} else {
		line("sealed", "no: whoever reads the disk can read it")
	}
	line("captures", countText(sums.Captures)+" ("+sizeText(sums.Bytes)+")")
}

// offer asks whether to add what was found, and does it.
func (a *app) offer(ctx context.Context, cfg *config.Config, m memory, found []screenshotFolder) error {
	if !a.canAsk() {
		return nil
	}
	a.printf("\n")
	for _, f := range found {
		yes, err := a.ask(ctx, "Add the "+plural(f.count, "screenshot")+" in "+tilde(f.path)+"? They are copied, and stay where they are.", true)
		if err != nil {
			return err
		}
		if !yes {
			continue
		}
		tally, err := a.runAdder(ctx, cfg, newAdder(a, cfg, m), f.sources(cfg), 0)
		if err != nil {
			return tally.outcome(err)
		}
		if tally.failed > 0 { // each was told, and is no reason to stop
			a.note("%s of %s not added.", countText(tally.failed), plural(tally.total(), "file"))
		}
	}
	return nil
}

// printNext says how to go on.
func (a *app) printNext(some bool, found []screenshotFolder) {
	a.printf("\n%s\n\n", a.style.bold("How to go on"))
	t := table{columns: []column{{}, {faint: true, shrink: 20, optional: 1}}}
	line := func(arguments, what string) { t.add("  "+a.command(arguments), what) }
	for _, f := range found {
		what := "add the " + plural(f.count, "screenshot") + " found there"
		if some {
			what = "add what is new there"
		}
		line("add "+tilde(f.pattern()), what)
	}
	if len(found) == 0 {
		line("add FILE...", "add screenshots: files, folders, or - for standard input")
	}
	if some {
		line("search WORDS", "find what was on the screen, once it was read")
		line("ocr status", "how far reading is")
		line("list --from yesterday", "list what was on the screen")
		line("get ID -o screen.png", "get an image back")
		line("verify", "prove that everything is there")
	}
	t.add("  "+a.name+" --help", "all commands")
	t.print(a.console, false)
}

// screenshotFolder is a folder with screenshots in it.
type screenshotFolder struct {
	path  string
	all   bool // every image in it and below is one; else only those that are called so
	count int64
	word  string // with which the names of all that were found begin
}

// pattern is what to give to add, for what was found and little else.
func (f screenshotFolder) pattern() string {
	if f.all || f.word == "" {
		return f.path
	}
	return f.path + "/" + f.word + "*"
}

// see counts a screenshot.
func (f *screenshotFolder) see(base string) {
	word := base[:len(base)-len(strings.TrimLeftFunc(base, unicode.IsLetter))]
	if f.count++; f.count == 1 {
		f.word = word
	}
	for !strings.HasPrefix(word, f.word) {
		f.word = f.word[:len(f.word)-1]
	}
}

func (f screenshotFolder) sources(cfg *config.Config) *sources {
	s := &sources{names: []string{f.path}, storage: storageOf(cfg)}
	if !f.all {
		s.flat = true
		s.wanted = func(base string) bool {
			_, ok := timetext.FromFileName(base, time.UTC)
			return ok
		}
	}
	return s
}

// findScreenshots looks where desktops put screenshots: in Screenshots in the
// folder of pictures, and in the folder of pictures itself.
func findScreenshots(ctx context.Context, cfg *config.Config) []screenshotFolder {
	pictures := picturesFolder(os.Getenv)
	var found []screenshotFolder
	for _, f := range []screenshotFolder{
		{path: filepath.Join(pictures, "Screenshots"), all: true},
		{path: pictures},
	} {
		err := f.sources(cfg).each(ctx, func(s source) error {
			f.see(filepath.Base(s.name))
			return nil
		}, func(string, error) error { return nil }) // what cannot be read is not found
		if err == nil && f.count > 0 {
			found = append(found, f)
		}
	}
	return found
}

// picturesFolder returns the person's folder of pictures: XDG_PICTURES_DIR in
// user-dirs.dirs, which desktops translate, else ~/Pictures.
func picturesFolder(getenv func(string) string) string {
	home := getenv("HOME")
	configHome := getenv("XDG_CONFIG_HOME")
	if configHome == "" {
		configHome = filepath.Join(home, ".config")
	}
	if file, err := os.Open(filepath.Join(configHome, "user-dirs.dirs")); err == nil {
		defer file.Close() // nothing was written to it
		for lines := bufio.NewScanner(file); lines.Scan(); {
			value, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "XDG_PICTURES_DIR=")
			if !ok {
				continue
			}
			if folder := strings.Replace(strings.Trim(value, `"`), "$HOME", home, 1); filepath.IsAbs(folder) {
				return folder
			}
		}
	}
	return filepath.Join(home, "Pictures")
}

// tilde shortens the home folder of a path, for a person to read.
func tilde(path string) string {
	home, err := os.UserHomeDir()
	if rest, ok := strings.CutPrefix(path, home+"/"); err == nil && ok {
		return "~/" + rest
	}
	return path
}
