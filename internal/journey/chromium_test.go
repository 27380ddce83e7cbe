package journey

import (
	"context"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/jarvis-memory/jarvis/internal/proof"
)

// chromium is one browser, which every page has a profile of its own in.
type chromium struct {
	once  sync.Once
	tab   func(testing.TB, func(any)) *chromedp.Context // a new tab in a new profile
	path  string
	err   error
	quit  context.CancelFunc
	ended func() error
}

// names are those of the program, the most specific first.
var names = []string{"chromium", "chromium-browser", "google-chrome-stable", "google-chrome"}

// findChromium returns the program; empty where there is none.
func findChromium() string {
	if path := os.Getenv("JARVIS_TEST_CHROMIUM"); path != "" {
		return path
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// start starts the browser once, and skips the test where there is none.
func (c *chromium) start(t testing.TB) {
	t.Helper()
	c.once.Do(func() {
		if c.path = findChromium(); c.path == "" {
			return
		}
		options := append(chromedp.DefaultExecAllocatorOptions[:],
			chromedp.ExecPath(c.path), chromedp.DisableGPU, chromedp.WSURLReadTimeout(time.Minute),
			chromedp.Flag("lang", "en-GB"), chromedp.Flag("font-render-hinting", "none"))
		if os.Geteuid() == 0 {
			options = append(options, chromedp.NoSandbox) // which Chromium refuses to root
		}
		allocator, freed := chromedp.NewExecAllocator(context.Background(), options...)
		browser, _ := chromedp.NewContext(allocator)
		c.quit = freed
		c.ended = func() error { return chromedp.Cancel(browser) }
		if c.err = chromedp.Do(browser); c.err != nil {
			return
		}
		c.tab = func(t testing.TB, listener func(any)) *chromedp.Context {
			t.Helper()
			tab, _ := chromedp.NewContext(browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(listener))
			t.Cleanup(func() {
				if err := chromedp.Cancel(tab); err != nil {
					t.Errorf("close the tab: %v", err)
				}
			})
			if err := chromedp.Do(tab); err != nil {
				t.Fatalf("open a tab: %v", err)
			}
			return chromedp.FromContext(tab)
		}
	})
	if c.path == "" {
		proof.Skip(t, "there is no Chromium: scripts/setup-tests.sh installs it, or says how; JARVIS_TEST_CHROMIUM names another one")
	}
	if c.err != nil {
		t.Fatalf("%s does not start: %v", c.path, c.err)
	}
}

// close ends the browser, if it was started.
func (c *chromium) close() error {
	if c.ended == nil {
		return nil
	}
	err := c.ended()
	c.quit()
	return err
}
