package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/ocr"
	"github.com/jarvis-memory/jarvis/internal/panel"
)

type benchOCRCmd struct {
	Folder    string `arg:"" name:"dir" help:"Folder of screens whose words are known."`
	Frames    int    `placeholder:"N" help:"Read at most so many screens (default: all)."`
	Every     int    `default:"1" placeholder:"K" help:"Read only each K-th screen (default: 1)."`
	Languages string `default:"eng" placeholder:"LANGUAGES" help:"Languages to read, such as eng+deu (default: eng)."`
	Processes int    `placeholder:"N" help:"How many screens are read at once (default: half the processors)."`
}

// Help is the long help.
func (benchOCRCmd) Help() string {
	return `Reads screens whose words are known twice, as this program does and as tesseract does
by hand with --psm 6, and says how much of them each found, and how fast. Both take
turns, with as many processes. Nothing is stored, and no store is needed.

The folder has, for each screen NAME:

    NAME.png       the screen; .jpg and .webp as well
    gt/NAME.tsv    its words, each on a line of its own: x, y, width and height of its
                   box in pixels, and the word, apart by tabs; in reading order. Where
                   the place of a word is not known, the four numbers are 0.

and, if there is more than one kind of screen:

    meta.tsv       lines that begin with NAME, a time, and the kind, apart by tabs

Only screens with 40 or more known words are read. Words are compared as the search
compares them: cut and folded alike. For each screen, every known word is paired with
an equal one that was read, as long as there are any. What is printed:

    RECALL      known words that were read: the mean of the screens
    10%         the recall that 90% of the screens exceed
    PRECISION   words read that are known: the mean. Words that are on a screen, but
                not in its list, such as those of a task bar, count against it
    LINES       three known words in a row, of one line where places are known, that
                were read in a row: the mean
    PHRASES     the same of all three known words in a row, also where they run on in
                the next line. Words of one window that are read in the middle of
                another break them
    SECONDS     for each screen, of one process
    CPU         seconds of a processor for each screen, which other work on the machine
                changes least
    RATE        screens a second beside those of tesseract by hand

Examples:

    jarvis bench ocr screens
    jarvis bench ocr screens --every 8 --frames 50 --languages eng+deu
`
}

// ocrResult is what --json prints.
type ocrResult struct {
	Engine    string      `json:"engine"`
	Languages string      `json:"languages"`
	Processes int         `json:"processes"`
	Rate      float64     `json:"rate"`   // screens a second beside those of tesseract by hand
	Scenes    []ocrScene  `json:"scenes"` // all screens, then those of each kind
	Jarvis    ocrDuration `json:"jarvis"`
	Plain     ocrDuration `json:"plain"`
}

// ocrDuration is how long one way of reading took.
type ocrDuration struct {
	Seconds float64 `json:"seconds_per_frame"` // of one process
	CPU     float64 `json:"cpu_seconds_per_frame"`
}

// ocrScene is how screens of one kind were read.
type ocrScene struct {
	Scene  string   `json:"scene"` // "all" for all
	Frames int      `json:"frames"`
	Words  int      `json:"words"` // known
	Jarvis ocrScore `json:"jarvis"`
	Plain  ocrScore `json:"plain"`
}

// Run reads and compares.
func (cmd *benchOCRCmd) Run(ctx context.Context, a *app) error {
	if cmd.Frames < 0 || cmd.Every < 1 || cmd.Processes < 0 || cmd.Processes > maxReaders {
		return jarvis.Errorf(jarvis.CodeInvalid, "--frames %d --every %d --processes %d: screens are read from the first on, by 1 to %d processes", cmd.Frames, cmd.Every, cmd.Processes, maxReaders)
	}
	screens, err := findScreens(cmd.Folder)
	if err != nil {
		return err
	}
	screens = cmd.choose(screens)
	if len(screens) == 0 {
		return jarvis.Errorf(jarvis.CodeInvalid, "%s: no screen has %d or more known words in gt/NAME.tsv (jarvis bench ocr --help says what the folder is like)", cmd.Folder, fewestWords)
	}
	processes := cmp.Or(cmd.Processes, ocr.DefaultWorkers())
	engine, err := ocr.NewTesseract(ctx, ocr.TesseractOptions{
		Limits:    ocr.Limits{Workers: processes, Timeout: longestScreen},
		Languages: cmd.Languages,
		Panels:    panel.Find,
	})
	if err != nil {
		return err
	}
	b := &ocrBench{engine: engine, languages: cmd.Languages, processes: processes}
	bar := a.newProgress("screens")
	err = b.run(ctx, screens, func(done int) { bar.set(int64(done), int64(len(screens))) })
	bar.hide()
	if err := errors.Join(err, engine.Close()); err != nil {
		return err
	}
	return a.printOCR(b.result(screens))
}

// longestScreen is the time for a screen: machines that are busy are measured too.
const longestScreen = 10 * time.Minute

// maxReaders bounds --processes: tesseract takes some 100 MB.
const maxReaders = 256

// choose returns the screens to be read.
func (cmd *benchOCRCmd) choose(screens []*knownScreen) []*knownScreen {
	var chosen []*knownScreen
	for i := 0; i < len(screens) && (cmd.Frames == 0 || len(chosen) < cmd.Frames); i += cmd.Every {
		chosen = append(chosen, screens[i])
	}
	return chosen
}

// ocrBench reads screens in two ways.
type ocrBench struct {
	engine    ocr.Engine
	languages string
	processes int

	ours, plain cost // of reading
}

// cost is what work took.
type cost struct {
	elapsed time.Duration
	cpu     time.Duration // of this process and those that it started and that have ended
}

// blockOfScreens is how many screens each process reads in a turn.
const blockOfScreens = 4

// run lets both ways take turns; who begins changes with each.
func (b *ocrBench) run(ctx context.Context, screens []*knownScreen, done func(int)) error {
	read := 0
	for i, block := range slices.Collect(slices.Chunk(screens, blockOfScreens*b.processes)) {
		turns := []func() error{
			func() error { return b.turn(ctx, block, &b.plain, b.readPlain) },
			func() error { return b.turn(ctx, block, &b.ours, b.readOurs) },
		}
		if i%2 == 1 {
			slices.Reverse(turns)
		}
		for _, turn := range turns {
			if err := turn(); err != nil {
				return err
			}
		}
		read += len(block)
		done(read)
	}
	return nil
}

// turn reads screens in one way, and adds how long that took.
func (b *ocrBench) turn(ctx context.Context, screens []*knownScreen, took *cost, read func(context.Context, *knownScreen) error) error {
	begun, cpu := time.Now(), cpuTime()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(b.processes)
	for _, s := range screens {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return read(ctx, s)
		})
	}
	err := group.Wait()
	took.elapsed += time.Since(begun)
	took.cpu += cpuTime() - cpu
	return err
}

// cpuTime returns what this process, and those that it started and that have
// ended, took of processors; 0 when that is not known.
func cpuTime() time.Duration {
	var sum time.Duration
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var usage unix.Rusage
		if err := unix.Getrusage(who, &usage); err != nil {
			return 0
		}
		sum += time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	return sum
}

func (b *ocrBench) readOurs(ctx context.Context, s *knownScreen) error {
	image, err := os.ReadFile(s.image)
	if err != nil {
		return ofFile(s.image, fileError(err))
	}
	r, err := b.engine.Read(ctx, image)
	if err != nil {
		return cmp.Or(ctx.Err(), ofFile(s.image, err))
	}
	s.ours = s.score(r.Text)
	return nil
}

// readPlain has tesseract read a screen as a person would. It gives way to others
// as the processes of the engine do, so that a busy machine slows both.
func (b *ocrBench) readPlain(ctx context.Context, s *knownScreen) error {
	var out, complaints bytes.Buffer
	c := exec.CommandContext(ctx, "tesseract", s.image, "stdout", "-l", b.languages, "--psm", "6")
	c.Env = append(os.Environ(), "OMP_THREAD_LIMIT=1")
	c.Stdout, c.Stderr = &out, &complaints
	err := c.Start()
	if err == nil {
		err = errors.Join(giveWay(c.Process.Pid), c.Wait())
	}
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return jarvis.WrapError(jarvis.CodeInvalid, "bench: tesseract", fmt.Sprintf("tesseract does not read %s: %.300s", s.image, complaints.String()), err)
	}
	s.plain = s.score(out.String())
	return nil
}

// result sums up.
func (b *ocrBench) result(screens []*knownScreen) *ocrResult {
	kinds := map[string][]*knownScreen{}
	for _, s := range screens {
		kinds[s.scene] = append(kinds[s.scene], s)
	}
	n := float64(len(screens))
	seconds := func(c cost) ocrDuration {
		return ocrDuration{Seconds: c.elapsed.Seconds() * float64(min(b.processes, len(screens))) / n, CPU: c.cpu.Seconds() / n}
	}
	r := &ocrResult{
		Engine:    b.engine.Name(),
		Languages: b.languages,
		Processes: b.processes,
		Rate:      b.plain.elapsed.Seconds() / b.ours.elapsed.Seconds(),
		Scenes:    []ocrScene{sumUp("all", screens)},
		Jarvis:    seconds(b.ours),
		Plain:     seconds(b.plain),
	}
	if len(kinds) > 1 {
		for _, kind := range slices.Sorted(maps.Keys(kinds)) {
			r.Scenes = append(r.Scenes, sumUp(kind, kinds[kind]))
		}
	}
	return r
}

func (a *app) printOCR(r *ocrResult) error {
	if a.json {
		if err := a.printJSON(r); err != nil {
			return err
		}
		return a.flush()
	}
	t := table{columns: []column{
		{title: "SCREENS"},
		{title: "NUMBER", right: true},
		{title: "READER"},
		{title: "RECALL", right: true},
		{title: "10%", right: true},
		{title: "PRECISION", right: true},
		{title: "LINES", right: true},
		{title: "PHRASES", right: true},
		{title: "SECONDS", right: true},
		{title: "CPU", right: true},
		{title: "RATE", right: true},
	}}
	for i, s := range r.Scenes {
		row := func(name, number, reader string, score ocrScore, seconds ocrDuration, rate string) {
			elapsed, cpu := decimal(seconds.Seconds, 2), decimal(seconds.CPU, 2)
			if i > 0 {
				elapsed, cpu, rate = "", "", ""
			}
			t.add(name, number, reader, decimal(score.Recall, 3), decimal(score.Low, 3), decimal(score.Precision, 3),
				decimal(score.Lines, 3), decimal(score.Phrases, 3), elapsed, cpu, rate)
		}
		row(plain(s.Scene), strconv.Itoa(s.Frames), "jarvis", s.Jarvis, r.Jarvis, decimal(r.Rate, 2))
		row("", "", "tesseract", s.Plain, r.Plain, "")
	}
	t.print(a.console, true)
	return a.flush()
}
