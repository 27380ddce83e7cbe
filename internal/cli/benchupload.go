package cli

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/config"
)

type benchUploadCmd struct {
	Clients  []int         `default:"8,32" placeholder:"N,..." help:"How many clients upload at once (default: 8,32)."`
	Size     string        `default:"156KiB" placeholder:"SIZE" help:"Size of an image (default: 156KiB)."`
	Rounds   int           `default:"3" placeholder:"N" help:"How often both servers take turns (default: 3)."`
	Duration time.Duration `default:"5s" placeholder:"TIME" help:"How long a turn is (default: 5s)."`
	Dir      string        `placeholder:"DIR" help:"Folder on the disk to measure (default: beside the data folder)."`
	Database string        `name:"database-url-file" placeholder:"FILE" help:"File with the address of an empty database for the throw-away catalogue (default: SQLite)."`
	Seal     string        `placeholder:"on|off" help:"Whether the throw-away store is sealed (default: ${default_seal})."`
}

// Help is the long help.
func (benchUploadCmd) Help() string {
	return `Starts a server with a throw-away store on the disk of the data folder, uploads to it
as agents do, and prints how many captures a second it made durable. Beside it, taking
turns with it, runs a bare server that reads the same form, seals and syncs the same
image, and has no database: what the disk and the processor would allow at most.

Everything is removed in the end, except what was made in a database that you name.
Your own store is not touched, but its disk is busy meanwhile.

Examples:

    jarvis bench upload
    jarvis bench upload --clients 1 --size 400KiB --dir /mnt/nas
`
}

// benchResult is what --json prints for a number of clients.
type benchResult struct {
	Clients int         `json:"clients"`
	Jarvis  benchFigure `json:"jarvis"`
	Bare    benchFigure `json:"bare"`
	Ratio   float64     `json:"ratio"` // of the rates: the median of the turns
}

// benchFigure sums up the turns of one server.
type benchFigure struct {
	Rate    float64 `json:"uploads_per_second"`
	P50     float64 `json:"p50_ms"`
	P99     float64 `json:"p99_ms"`
	CPU     float64 `json:"cpu_ms,omitempty"`   // of processors, for each upload
	RSS     int64   `json:"rss,omitempty"`      // most bytes of memory while loaded
	IdleRSS int64   `json:"idle_rss,omitempty"` // before the first upload
}

// Run measures.
func (cmd *benchUploadCmd) Run(ctx context.Context, a *app) (err error) {
	a.setting("seal", cmd.Seal)
	cfg, err := a.loadConfig()
	if err != nil {
		return err
	}
	size, err := cmd.check()
	if err != nil {
		return err
	}
	images, err := newBenchImages(size)
	if err != nil {
		return err
	}
	parent := cmd.Dir
	if parent == "" {
		parent = existingFolder(cfg.DataDir)
	}
	folder, err := os.MkdirTemp(parent, "jarvis-bench-*")
	if err != nil {
		return writeError(parent, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	a.remark("Measuring in %s; this takes %s.", parent, (time.Duration(2*cmd.Rounds*len(cmd.Clients)) * cmd.Duration).Round(time.Second))

	b := &bench{cmd: cmd, app: a, cfg: cfg, folder: folder, images: images, sent: new(atomic.Int64)}
	results, err := b.run(ctx)
	if err != nil {
		return err
	}
	return a.printBench(results)
}

// check returns the size of an image.
func (cmd *benchUploadCmd) check() (int, error) {
	size, err := config.ParseSize(cmd.Size)
	switch {
	case err != nil:
		return 0, err
	case size < smallestBenchImage || size > jarvis.DefaultImageLimits.MaxBytes:
		return 0, jarvis.Errorf(jarvis.CodeInvalid, "--size %s: images of %s to %s are measured", cmd.Size, sizeText(smallestBenchImage), sizeText(jarvis.DefaultImageLimits.MaxBytes))
	case cmd.Rounds < 1 || cmd.Duration < 100*time.Millisecond:
		return 0, jarvis.Errorf(jarvis.CodeInvalid, "--rounds %d --duration %s: at least one turn of 100ms is needed", cmd.Rounds, cmd.Duration)
	}
	for _, n := range cmd.Clients {
		if n < 1 || n > 1024 {
			return 0, jarvis.Errorf(jarvis.CodeInvalid, "--clients %d: 1 to 1024 clients upload at once", n)
		}
	}
	return int(size), nil
}

// existingFolder returns the nearest folder above a path that exists: on the
// same disk, but not within a store.
func existingFolder(path string) string {
	for path = filepath.Dir(path); missing(path); {
		path = filepath.Dir(path)
	}
	return path
}

// bench is a measurement under way.
type bench struct {
	cmd    *benchUploadCmd
	app    *app
	cfg    *config.Config
	folder string
	images *benchImages
	sent   *atomic.Int64
}

func (b *bench) run(ctx context.Context) (results []benchResult, err error) {
	jarvisServer, err := b.startJarvis(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, jarvisServer.stop()) }()
	bareServer, err := b.startBare(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, bareServer.stop()) }()

	idle := jarvisServer.rss()
	for _, clients := range b.cmd.Clients {
		result, err := b.compare(ctx, clients, jarvisServer, bareServer)
		if err != nil {
			return nil, err
		}
		result.Jarvis.IdleRSS = idle
		results = append(results, result)
	}
	return results, nil
}

// compare lets both servers take turns; who begins changes with each.
func (b *bench) compare(ctx context.Context, clients int, ours, bare *benchServer) (benchResult, error) {
	var sumOurs, sumBare round
	var ratios []float64
	for i := range b.cmd.Rounds {
		servers := []*benchServer{bare, ours}
		if i%2 == 1 {
			slices.Reverse(servers)
		}
		rates := map[*benchServer]float64{}
		for _, s := range servers {
			r, err := s.load(ctx, clients, b.cmd.Duration)
			if err != nil {
				return benchResult{}, err
			}
			rates[s] = r.rate()
			if s == ours {
				sumOurs.add(r)
			} else {
				sumBare.add(r)
			}
		}
		ratios = append(ratios, rates[ours]/rates[bare])
	}
	slices.SortFunc(ratios, cmp.Compare[float64])
	median := (ratios[(len(ratios)-1)/2] + ratios[len(ratios)/2]) / 2
	return benchResult{clients, figure(&sumOurs), figure(&sumBare), median}, nil
}

func figure(r *round) benchFigure {
	return benchFigure{
		CPU:  r.cpu.Seconds() * 1000 / float64(max(r.uploads, 1)),
		Rate: r.rate(),
		P50:  r.percentile(50).Seconds() * 1000,
		P99:  r.percentile(99).Seconds() * 1000,
		RSS:  r.rss,
	}
}

func (a *app) printBench(results []benchResult) error {
	t := table{columns: []column{
		{title: "CLIENTS", right: true},
		{title: "SERVER"},
		{title: "UPLOADS/S", right: true},
		{title: "P50 MS", right: true},
		{title: "P99 MS", right: true},
		{title: "CPU MS", right: true},
		{title: "MEMORY", right: true},
		{title: "IDLE", right: true, optional: 1},
		{title: "RATIO", right: true},
	}}
	memory := func(bytes int64) string {
		if bytes == 0 {
			return ""
		}
		return sizeText(bytes)
	}
	for _, r := range results {
		if a.json {
			if err := a.printJSON(r); err != nil {
				return err
			}
			continue
		}
		row := func(clients, name string, f benchFigure, ratio string) {
			t.add(clients, name, decimal(f.Rate, 0), decimal(f.P50, 1), decimal(f.P99, 1), decimal(f.CPU, 2), memory(f.RSS), memory(f.IdleRSS), ratio)
		}
		row(strconv.Itoa(r.Clients), "jarvis", r.Jarvis, decimal(r.Ratio, 2))
		row("", "bare", r.Bare, "")
	}
	t.print(a.console, true)
	return a.flush()
}

func decimal(value float64, digits int) string { return strconv.FormatFloat(value, 'f', digits, 64) }
