package cli

import (
	"time"

	"github.com/schollz/progressbar/v3"
)

// progressDelay is how long work lasts before it is worth a bar.
const progressDelay = 500 * time.Millisecond

// progress shows on a terminal how far long work has come. Where standard error
// is no terminal, or the output is JSON for a program, it shows nothing. Its
// methods are for the goroutine that prints.
type progress struct {
	console *console
	noun    string // what is counted, in the plural
	begun   time.Time
	total   int64 // 0 while unknown
	done    int64
	bar     *progressbar.ProgressBar // nil until progressDelay has passed
}

func (c *console) newProgress(noun string) *progress {
	return &progress{console: c, noun: noun, begun: time.Now()}
}

// set tells how much is done of how much; a total of 0 is not known yet.
func (p *progress) set(done, total int64) {
	p.done, p.total = done, total
	if !p.console.errTerminal || p.console.json || time.Since(p.begun) < progressDelay {
		return
	}
	if p.bar == nil {
		p.bar = p.newBar()
	}
	if total > 0 && p.bar.GetMax64() != total {
		p.bar.ChangeMax64(max(total, done+1))
	}
	// A terminal that cannot show the bar is no reason to stop.
	_ = p.bar.Set64(done)
}

func (p *progress) newBar() *progressbar.ProgressBar {
	total := p.total
	if total == 0 {
		total = -1 // a spinner
	}
	return progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(p.console.stderr),
		progressbar.OptionSetDescription(p.noun),
		progressbar.OptionSetTheme(progressbar.Theme{Saucer: "━", SaucerPadding: "·", BarStart: " ", BarEnd: " "}),
		progressbar.OptionSetWidth(32),
		progressbar.OptionSpinnerType(14),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionUseANSICodes(true),
		progressbar.OptionClearOnFinish(),
	)
}

// hide takes the bar from the screen, so that a line can be written; the next
// set brings it back.
func (p *progress) hide() {
	if p.bar != nil {
		_ = p.bar.Clear() // as in set
	}
}
