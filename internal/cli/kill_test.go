package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/archive"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

const (
	killedProcesses  = 4
	picturesPerAdder = 60
)

// TestKill kills the real program while it adds, four processes at once on one
// store, and checks that every capture that a line of output acknowledged is
// there byte for byte, that verify --repair leaves nothing wrong, and that
// adding the same again adds nothing twice.
func TestKill(t *testing.T) {
	p := newPlace(t)
	p.pictures(t, "shots", picturesPerAdder)
	kills, acknowledged, adopted, rounds := 0, 0, int64(0), 0
	for ; kills < proof.Rounds(5, 50) && rounds < 100; rounds++ {
		timestamp := time.Date(2026, 1, 24, 0, rounds, 0, 0, time.UTC).Format(time.RFC3339)
		told, killed := p.killWhileAdding(t, timestamp)
		kills += killed
		acknowledged += len(told)
		p.checkStored(t, told)

		p.age(t)
		adopted += p.repair(t).Adopted
		p.addAgain(t, timestamp, told)
	}
	if acknowledged == 0 || kills == 0 {
		t.Fatalf("%d kills, %d captures acknowledged before: nothing was proven", kills, acknowledged)
	}
	if got, want := strings.Count(p.must(t, "list", "--json", "--limit", "100000"), "\n"), rounds*(killedProcesses+1)*picturesPerAdder; got != want {
		t.Errorf("%d captures in the end, want %d", got, want)
	}
	proof.Record(t, "%d processes killed, %d acknowledged captures all there, %d unacknowledged ones adopted, none twice", kills, acknowledged, adopted)
}

// devices are those that the processes add for: one each, and one that all of
// them add for at the same time.
func devices(process int) []string { return []string{fmt.Sprintf("desk-%d", process), "shared"} }

// killWhileAdding starts the processes, twice each, and kills each at a moment
// of its own. It returns what they acknowledged until then, and how many were
// killed: some end before.
func (p *place) killWhileAdding(t *testing.T, timestamp string) (told []added, killed int) {
	t.Helper()
	var (
		mutex sync.Mutex
		group sync.WaitGroup
	)
	for process := range killedProcesses {
		group.Go(func() {
			enough := rand.IntN(picturesPerAdder) // lines, after which it is killed
			delay := time.Duration(rand.IntN(5)) * time.Millisecond
			for _, device := range devices(process) {
				lines, wasKilled, err := p.addUntil(t, enough, delay, "add", "--json", "--jobs", "4", "--timestamp", timestamp, "--device", device, "shots")
				if err != nil {
					t.Error(err)
				}
				mutex.Lock()
				told = append(told, lines...)
				if wasKilled {
					killed++
				}
				mutex.Unlock()
			}
		})
	}
	group.Wait()
	return told, killed
}

// addUntil runs the command, kills it a moment after so many lines, and returns
// the whole lines that it printed.
func (p *place) addUntil(t *testing.T, enough int, delay time.Duration, args ...string) (told []added, killed bool, err error) {
	t.Helper()
	cmd := p.command(t, args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, false, err
	}
	if err := cmd.Start(); err != nil {
		return nil, false, err
	}
	kill := func() { cmd.Process.Kill() } // it may have ended by itself
	if enough == 0 {
		time.AfterFunc(delay*10, kill)
	}
	for reader := bufio.NewReader(stdout); ; {
		text, err := reader.ReadString('\n')
		if err != nil {
			break // a line that was cut acknowledges nothing
		}
		var line added
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			return nil, false, fmt.Errorf("%w in %q", err, text)
		}
		if line.Status == statusFailed {
			return nil, false, fmt.Errorf("%s: %s", line.File, *line.Error)
		}
		if told = append(told, line); len(told) == enough {
			time.AfterFunc(delay, kill)
		}
	}
	err = cmd.Wait()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return told, true, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("the process ended by itself: %w: %s", err, &errs)
	}
	return told, false, nil
}

// checkStored checks that acknowledged captures are in the store byte for byte.
func (p *place) checkStored(t *testing.T, told []added) {
	t.Helper()
	s := p.openStore(t)
	defer closeStore(t, s)
	for _, line := range told {
		want, err := os.ReadFile(filepath.Join(p.folder, line.File))
		if err != nil {
			t.Fatal(err)
		}
		_, got, err := s.archive.Fetch(t.Context(), *line.ID)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("acknowledged capture %s of %s: %d bytes, %v; want %d bytes", line.ID, line.File, len(got), err, len(want))
		}
	}
}

// age makes every file of the tree two hours old, as verify takes younger ones
// for unfinished work of others.
func (p *place) age(t *testing.T) {
	t.Helper()
	then := time.Now().Add(-2 * time.Hour)
	err := filepath.WalkDir(filepath.Join(p.folder, ".local/share/jarvis/captures"), func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return os.Chtimes(name, then, then)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// repair mends the store, after which nothing is wrong.
func (p *place) repair(t *testing.T) archive.VerifyReport {
	t.Helper()
	stdout := p.must(t, "verify", "--repair", "--force", "--json")
	var report archive.VerifyReport
	all := strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
	if err := json.Unmarshal([]byte(all[len(all)-1]), &report); err != nil {
		t.Fatalf("%v in %q", err, stdout)
	}
	if again := p.must(t, "verify", "--deep", "--json"); strings.Count(again, "\n") != 1 {
		t.Errorf("after the repair there are still findings:\n%s", again)
	}
	return report
}

// addAgain runs every command of the round again, to its end.
func (p *place) addAgain(t *testing.T, timestamp string, told []added) {
	t.Helper()
	before := map[jarvis.ID]bool{}
	for _, line := range told {
		before[*line.ID] = true
	}
	for process := range killedProcesses {
		for _, device := range devices(process) {
			for _, line := range lines(t, p.must(t, "add", "--json", "--timestamp", timestamp, "--device", device, "shots")) {
				if before[*line.ID] && line.Status != statusExists {
					t.Errorf("%s was acknowledged, and is %s again", line.File, line.Status)
				}
			}
		}
	}
}
