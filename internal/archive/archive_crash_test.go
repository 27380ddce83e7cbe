package archive_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/archive"
	"github.com/jarvis-memory/jarvis/internal/crashfs"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

// survivals are how much of what was not synced survives a cut, in percent.
var survivals = []int{0, 50, 100}

// batch returns n requests of a day that no other batch has.
func batch(number, n int) (time.Time, []archive.Request) {
	day := noon.AddDate(0, 0, number)
	requests := make([]archive.Request, n)
	for i := range requests {
		requests[i] = request(number*1000 + i)
		requests[i].Timestamp = day.Add(time.Duration(i) * time.Millisecond)
	}
	return day, requests
}

// The power is cut after every single operation of the file system, and right
// before and right after every commit, while one capture is stored, and while
// forty are stored at once.
func TestCrash_Ingest(t *testing.T) {
	bothWays(t, func(t *testing.T, s seal) {
		for _, test := range []struct{ captures, stride, commitStride int }{
			{1, 1, 1},
			{40, proof.Rounds(37, 1), proof.Rounds(19, 1)},
		} {
			for _, percent := range survivals {
				for seed := range uint64(proof.Rounds(1, 4)) {
					t.Run(fmt.Sprintf("%dAtOnce/%dPercent/Seed%d", test.captures, percent, seed), func(t *testing.T) {
						m := newMachine(t, s)
						rounds := m.cutEverywhere(test.stride, seed, percent, func(round int) (time.Time, []archive.Request) {
							return batch(round, test.captures)
						})
						commits := m.cutAtCommits(rounds, test.captures, test.commitStride, seed, percent)
						proof.Record(t, "%d cuts after operations and %d around commits, nothing acknowledged lost", rounds, commits)
					})
				}
			}
		}
	})
}

// cutEverywhere sends batches, each cut some operations later than the one
// before, until one is through before its cut. It returns the number of rounds.
func (m *machine) cutEverywhere(stride int, seed uint64, percent int, batch func(round int) (time.Time, []archive.Request)) int {
	m.t.Helper()
	for round := 0; ; round++ {
		day, requests := batch(round)
		m.fs.CutAfter(m.fs.Operations() + 1 + round*stride)
		all := m.ingest(requests)
		through := m.powered()
		m.reboot(seed+uint64(round)<<8, percent)
		m.keepsPromises(day, all)
		if m.t.Failed() {
			m.t.Fatalf("after the cut %d operations in", 1+round*stride)
		}
		if through {
			return round
		}
	}
}

// cutAtCommits cuts before and after each commit of a batch. It returns the
// number of cuts.
func (m *machine) cutAtCommits(firstBatch, captures, stride int, seed uint64, percent int) int {
	m.t.Helper()
	cuts := 0
	for commit := 1; commit <= captures; commit += stride {
		for _, before := range []bool{true, false} {
			cuts++
			day, requests := batch(firstBatch+cuts, captures)
			if before {
				m.commits.before = m.commits.commits + commit
			} else {
				m.commits.after = m.commits.commits + commit
			}
			all := m.ingest(requests)
			if m.powered() {
				m.t.Fatalf("commit %d did not come", commit)
			}
			m.reboot(seed, percent)
			m.keepsPromises(day, all)
			if m.t.Failed() {
				m.t.Fatalf("after the cut at commit %d, before it: %v", commit, before)
			}
		}
	}
	return cuts
}

// The power is cut after every operation of opening a new store.
func TestCrash_Open(t *testing.T) {
	bothWays(t, func(t *testing.T, s seal) {
		m := newMachine(t, s)
		total := m.fs.Operations()
		for cut := 1; cut <= total; cut += proof.Rounds(3, 1) {
			catalog := openSQLite(t, t.TempDir()+"/catalog.db", s)
			fs := crashfs.New()
			fs.CutAfter(cut)
			m := &machine{seal: s, t: t, fs: fs, catalog: catalog, clock: &clock{}}
			if err := m.boot(); err == nil && !m.powered() && cut < total/2 {
				t.Errorf("the store was opened although the power went after operation %d", cut)
			}
			m.reboot(uint64(cut), 50)
			day, requests := batch(cut, 1)
			m.keepsPromises(day, m.ingest(requests))
			m.shutDown()
		}
	})
}

// The power is cut after every operation and around every commit of a removal.
func TestCrash_Remove(t *testing.T) {
	bothWays(t, func(t *testing.T, s seal) {
		for _, percent := range survivals {
			for seed := range uint64(proof.Rounds(2, 100)) {
				t.Run(fmt.Sprintf("%dPercent/Seed%d", percent, seed), func(t *testing.T) {
					m := newMachine(t, s)
					round := 0
					for m.cutRemoval(round, seed+uint64(round)<<8, percent) {
						round++
					}
					proof.Record(t, "%d cuts during a removal", round)
				})
			}
		}
	})
}

// cutRemoval removes one of two captures while the power is cut, and reports
// whether it was before the removal was through.
func (m *machine) cutRemoval(round int, seed uint64, percent int) bool {
	t := m.t
	t.Helper()
	day, requests := batch(round, 2)
	all := m.ingest(requests)
	gone := all[0].result.Capture
	switch round {
	case 0, 1:
		m.commits.before = m.commits.commits + 1 + round
	case 2, 3:
		m.commits.after = m.commits.commits + round - 1
	default:
		m.fs.CutAfter(m.fs.Operations() + round - 3)
	}
	receipt, err := m.RemoveIDs(t.Context(), []jarvis.ID{gone.ID}, archive.RemoveOptions{})
	through := m.powered()
	m.reboot(seed, percent)
	_, _, fetchErr := m.Fetch(t.Context(), gone.ID)
	deleted := jarvis.ErrorCode(fetchErr) == jarvis.CodeDeleted
	if receipt.Removed == 1 && !deleted {
		t.Errorf("round %d: removed (%v), and there again: %v", round, err, fetchErr)
	}
	if !deleted && fetchErr != nil {
		t.Errorf("round %d: neither there nor deleted: %v", round, fetchErr)
	}
	if deleted {
		name, err := jarvis.ParseBlobName(gone.Filepath)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.blobs.Stat(t.Context(), name); jarvis.ErrorCode(err) != jarvis.CodeNotFound {
			t.Errorf("round %d: deleted, and the image is there: %v", round, err)
		}
		_, err = m.Ingest(t.Context(), all[0].request)
		wantCode(t, err, jarvis.CodeDeleted)
		all = all[1:]
	}
	m.keepsPromises(day, all)
	if t.Failed() {
		t.FailNow()
	}
	return !through
}

// The power is cut after every operation of a repair.
func TestCrash_Repair(t *testing.T) {
	bothWays(t, func(t *testing.T, s seal) {
		m := newMachine(t, s)
		for round := 0; ; round++ {
			day, requests := batch(round, 2)
			// Images whose rows never came.
			m.commits.before = m.commits.commits + 2
			all := m.ingest(requests)
			m.reboot(uint64(round), 100)
			m.clock.advance(2 * time.Hour)
			m.fs.CutAfter(m.fs.Operations() + 1 + round)
			_, err := m.Verify(t.Context(), archive.VerifyOptions{From: day, To: day.Add(1), Repair: true}, func(archive.Finding) {})
			m.clock.advance(-2 * time.Hour)
			through := m.powered()
			if through && err != nil {
				t.Fatal(err)
			}
			m.reboot(uint64(round), 50)
			m.keepsPromises(day, all)
			if t.Failed() {
				t.Fatalf("after the cut %d operations into the repair", 1+round)
			}
			if through {
				proof.Record(t, "%d cuts during a repair", round)
				break
			}
		}
	})
}

// Each operation fails once, and from each operation on all fail, with a full
// disk and with an input/output error.
func TestFault_Ingest(t *testing.T) {
	bothWays(t, func(t *testing.T, s seal) {
		for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EIO} {
			for _, sticky := range []bool{false, true} {
				t.Run(fmt.Sprintf("%v/Sticky=%v", errno, sticky), func(t *testing.T) {
					m := newMachine(t, s)
					m.failing = true
					for nth := 1; ; nth++ {
						day, requests := batch(nth, 1)
						before := m.fs.Operations()
						if sticky {
							m.fs.FailFrom(nth, errno)
						} else {
							m.fs.FailAt(nth, errno)
						}
						all := m.ingest(requests)
						through := m.fs.Operations()-before < nth
						m.fs.Mend()
						if err := all[0].err; err != nil {
							if code := jarvis.ErrorCode(err); code != jarvis.CodeNoSpace && code != jarvis.CodeUnavailable {
								t.Errorf("operation %d fails: %v (code %q)", nth, err, code)
							}
						}
						m.restart()
						m.keepsPromises(day, all)
						if t.Failed() {
							t.Fatalf("after operation %d failed", nth)
						}
						if through {
							if all[0].err != nil {
								t.Errorf("nothing failed, and yet: %v", all[0].err)
							}
							proof.Record(t, "%d operations failed", nth-1)
							break
						}
					}
				})
			}
		}
	})
}
