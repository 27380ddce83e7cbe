package archive_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/archive"
)

// seen is what tests compare of a finding.
type seen struct {
	Kind   archive.Kind
	Path   string
	Remedy archive.Remedy
	Mended bool
}

func seenOf(findings []archive.Finding) []seen {
	var all []seen
	for _, f := range findings {
		all = append(all, seen{f.Kind, f.Path, f.Remedy, f.Mended})
	}
	return all
}

func wantSeen(t *testing.T, findings []archive.Finding, want ...seen) {
	t.Helper()
	if diff := cmp.Diff(want, seenOf(findings)); diff != "" {
		t.Errorf("findings (-want +got):\n%s\n%+v", diff, findings)
	}
}

// v7 returns an id of the millisecond of at.
func v7(at time.Time, n int) jarvis.ID {
	return jarvis.CaptureID(jarvis.NewSecret(), [32]byte{byte(n)}, at, "", 0)
}

// Each kind of finding, alone in a store of 20 captures: what is reported, what
// Repair does, and what is left.
func TestArchive_Verify_Kinds(t *testing.T) {
	const day = "2026/01/24"
	orphan := day + "/" + v7(noon, 1).String()
	tests := []struct {
		name   string
		deep   bool
		damage func(t *testing.T, r *rig, all []*jarvis.Capture)
		want   []seen // as found; the path "0" is that of capture 0
		left   int    // findings after Repair, of those that can't be mended
	}{
		{
			name: "Missing", damage: func(t *testing.T, r *rig, all []*jarvis.Capture) { r.drop(all[0].Filepath) },
			want: []seen{{Kind: archive.KindMissing, Path: "0"}}, left: 1,
		},
		{
			name: "Size", damage: func(t *testing.T, r *rig, all []*jarvis.Capture) { r.put(all[0].Filepath, photo(0)[:80]) },
			want: []seen{{Kind: archive.KindSize, Path: "0"}}, left: 1,
		},
		{
			name: "Digest", deep: true, damage: func(t *testing.T, r *rig, all []*jarvis.Capture) { r.put(all[0].Filepath, photo(1)) },
			want: []seen{{Kind: archive.KindDigest, Path: "0"}}, left: 1,
		},
		{name: "Content", deep: true, damage: func(t *testing.T, r *rig, all []*jarvis.Capture) {
			// A file and a row that agree with each other, and not with what was given.
			r.put(all[0].Filepath, photo(1))
			r.setStored(all[0].ID, all[0].Filepath, all[1].StoredSize, all[1].StoredSHA256)
		}, want: []seen{{Kind: archive.KindContent, Path: "0"}}, left: 1},
		{
			name: "Orphan", damage: func(t *testing.T, r *rig, all []*jarvis.Capture) { r.put(orphan+".jpg", photo(50)) },
			want: []seen{{Kind: archive.KindOrphan, Path: orphan + ".jpg", Remedy: archive.RemedyAdopt}},
		},
		{name: "OrphanOfVersion4", damage: func(t *testing.T, r *rig, all []*jarvis.Capture) {
			r.put(twoHoursAgo().Folder()+"/3f2c1a9e-1111-4222-8333-444455556666.png", plainPNG())
		}, want: []seen{{Kind: archive.KindOrphan, Path: twoHoursAgo().Folder() + "/3f2c1a9e-1111-4222-8333-444455556666.png", Remedy: archive.RemedyAdopt}}},
		{name: "OrphanOfOtherDay", damage: func(t *testing.T, r *rig, all []*jarvis.Capture) {
			r.put("2026/01/25/"+v7(noon, 1).String()[:36]+".jpg", photo(50))
		}, want: []seen{{Kind: archive.KindOrphan, Path: "*", Remedy: archive.RemedyQuarantine}}},
		{
			name: "OrphanTorn", damage: func(t *testing.T, r *rig, all []*jarvis.Capture) { r.put(orphan+".jpg", photo(50)[:30]) },
			want: []seen{{Kind: archive.KindOrphan, Path: orphan + ".jpg", Remedy: archive.RemedyQuarantine}},
		},
		{
			name: "OrphanOtherFormat", damage: func(t *testing.T, r *rig, all []*jarvis.Capture) { r.put(orphan+".png", photo(50)) },
			want: []seen{{Kind: archive.KindOrphan, Path: orphan + ".png", Remedy: archive.RemedyQuarantine}},
		},
		{
			name: "OrphanSealed", damage: func(t *testing.T, r *rig, all []*jarvis.Capture) { r.put(orphan+".jpg.age", photo(50)) },
			want: []seen{{Kind: archive.KindOrphan, Path: orphan + ".jpg.age"}}, left: 1,
		},
		{name: "SecondFile", damage: func(t *testing.T, r *rig, all []*jarvis.Capture) {
			r.put(strings.TrimSuffix(all[0].Filepath, ".jpg")+".png", plainPNG())
		}, want: []seen{{Kind: archive.KindOrphan, Path: "0.png", Remedy: archive.RemedyQuarantine}}},
		{name: "Deleted", damage: func(t *testing.T, r *rig, all []*jarvis.Capture) {
			if _, err := r.RemoveIDs(t.Context(), []jarvis.ID{all[0].ID}, archive.RemoveOptions{}); err != nil {
				t.Fatal(err)
			}
			r.put(all[0].Filepath, photo(0))
		}, want: []seen{{Kind: archive.KindOrphan, Path: "0", Remedy: archive.RemedyQuarantine}}},
		{
			name: "Foreign", damage: func(t *testing.T, r *rig, all []*jarvis.Capture) { r.put(day+"/notes.txt", []byte("x")) },
			want: []seen{{Kind: archive.KindForeign, Path: day + "/notes.txt", Remedy: archive.RemedyQuarantine}},
		},
		{name: "Path", damage: func(t *testing.T, r *rig, all []*jarvis.Capture) {
			r.put(all[0].Filepath, photo(0)) // makes it old
			r.setStored(all[0].ID, "../"+all[1].Filepath, all[0].StoredSize, all[0].StoredSHA256)
		}, want: []seen{{Kind: archive.KindPath, Path: "../1"}, {Kind: archive.KindOrphan, Path: "0"}}, left: 2},
		{name: "PathOfOtherDay", damage: func(t *testing.T, r *rig, all []*jarvis.Capture) {
			moved := strings.Replace(all[0].Filepath, "/24/", "/25/", 1)
			r.put(moved, photo(0))
			r.drop(all[0].Filepath)
			r.setStored(all[0].ID, moved, all[0].StoredSize, all[0].StoredSHA256)
		}, want: []seen{{Kind: archive.KindPath, Path: "*"}}, left: 1},
		{name: "Delete", damage: func(t *testing.T, r *rig, all []*jarvis.Capture) {
			if _, err := r.catalog.BeginDelete(t.Context(), all[0].ID); err != nil {
				t.Fatal(err)
			}
		}, want: []seen{{Kind: archive.KindDelete, Path: "0", Remedy: archive.RemedyFinish}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, seal{})
			all := r.addMany(20)
			r.isClean()
			test.damage(t, r, all)
			expand := func(path string) string {
				switch path {
				case "0.png":
					return strings.TrimSuffix(all[0].Filepath, ".jpg") + ".png"
				case "0":
					return all[0].Filepath
				case "../1":
					return "../" + all[1].Filepath
				}
				return path
			}
			check := func(findings []archive.Finding, mended bool) {
				t.Helper()
				want := make([]seen, len(test.want))
				for i, w := range test.want {
					w.Path = expand(w.Path)
					if w.Path == "*" && i < len(findings) {
						w.Path = findings[i].Path
					}
					w.Mended = mended && w.Remedy != archive.RemedyNone
					want[i] = w
				}
				wantSeen(t, findings, want...)
			}
			before := r.tree()
			report, findings := r.verify(archive.VerifyOptions{Deep: test.deep})
			check(findings, false)
			if report.OK() || report.Mended != 0 {
				t.Errorf("report %+v; want something wrong", report)
			}
			if diff := cmp.Diff(before, r.tree()); diff != "" {
				t.Errorf("verify without Repair changed the tree:\n%s", diff)
			}
			report, findings = r.verify(archive.VerifyOptions{Deep: test.deep, Repair: true})
			check(findings, true)
			if report.OK() != (test.left == 0) {
				t.Errorf("report after repair %+v", report)
			}
			if report, findings = r.verify(archive.VerifyOptions{Deep: true}); int(report.Wrong) != test.left {
				t.Errorf("after repair: %+v; want %d findings", findings, test.left)
			}
			if lost := r.lost(before); len(lost) > 0 && test.name != "Delete" {
				t.Errorf("Repair deleted %v", lost)
			}
		})
	}
}

func (r *rig) setStored(id jarvis.ID, path string, size int64, sum []byte) {
	r.t.Helper()
	if err := r.catalog.SetStored(r.t.Context(), id, path, size, sum); err != nil {
		r.t.Fatal(err)
	}
}

func twoHoursAgo() jarvis.Day { return jarvis.DayOf(time.Now().Add(-2 * time.Hour)) }

func TestArchive_Verify_Adopts(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		r.addMany(3)
		at := noon.Add(time.Hour)
		q := request(7)
		q.Timestamp = at
		id := jarvis.CaptureID(r.theSecret(), sum(q.Data), at, q.Device, 0)
		path := jarvis.NewBlobName(id, at, jarvis.JPEG, r.sealed()).String()
		r.place(path, q.Data)

		report, findings := r.verify(archive.VerifyOptions{Repair: true})
		wantSeen(t, findings, seen{archive.KindOrphan, path, archive.RemedyAdopt, true})
		if report.Adopted != 1 || report.Mended != 1 || !report.OK() {
			t.Errorf("report %+v", report)
		}
		c, data, err := r.Fetch(t.Context(), id)
		if err != nil || !bytes.Equal(data, q.Data) {
			t.Fatalf("fetch the adopted image: %v", err)
		}
		if !c.Recovered || c.Device != "" || !c.Timestamp.Equal(at.Truncate(time.Millisecond)) || c.Width != 16 {
			t.Errorf("adopted as %+v", c)
		}
		again, err := r.Ingest(t.Context(), q)
		if err != nil || !again.Existed || again.Restored {
			t.Errorf("the capture sent again: %+v, %v; want it to exist", again, err)
		}
		r.isClean()
	})
}

func TestArchive_Verify_Pending(t *testing.T) {
	onSQLite(t, func(t *testing.T, r *rig) {
		r.addMany(2)
		orphan := r.file("2026/01/24/" + v7(noon, 1).String() + ".jpg")
		r.place(orphan, photo(50)) // two hours old
		r.put("2026/01/24/notes.txt", []byte("x"))
		for _, back := range []time.Duration{90 * time.Minute, time.Hour} { // half an hour old, then of half an hour later
			r.clock.advance(-back)
			report, findings := r.verify(archive.VerifyOptions{Repair: true})
			wantSeen(t, findings,
				seen{archive.KindPending, orphan, archive.RemedyNone, false},
				seen{archive.KindPending, "2026/01/24/notes.txt", archive.RemedyNone, false})
			if !report.OK() || report.Wrong != 0 {
				t.Errorf("report %+v; want nothing wrong", report)
			}
		}
		// A file of tomorrow is not pending until then.
		r.clock.advance(-24 * time.Hour)
		_, findings := r.verify(archive.VerifyOptions{})
		wantSeen(t, findings,
			seen{archive.KindOrphan, orphan, archive.RemedyAdopt, false},
			seen{archive.KindForeign, "2026/01/24/notes.txt", archive.RemedyQuarantine, false})
	})
}

// A file that grows old while it is judged is pending once more.
func TestArchive_Verify_GrowsOld(t *testing.T) {
	onSQLite(t, func(t *testing.T, r *rig) {
		orphan := r.file("2026/01/24/" + v7(noon, 1).String() + ".jpg")
		r.place(orphan, photo(50)) // two hours old
		looks := 0
		o := r.options()
		o.Now = func() time.Time {
			looks++
			if looks == 1 {
				return time.Now().Add(-90 * time.Minute)
			}
			return time.Now()
		}
		a, err := archive.Open(t.Context(), r.catalog, r.blobs, o)
		if err != nil {
			t.Fatal(err)
		}
		var findings []archive.Finding
		if _, err := a.Verify(t.Context(), archive.VerifyOptions{}, func(f archive.Finding) { findings = append(findings, f) }); err != nil {
			t.Fatal(err)
		}
		wantSeen(t, findings, seen{archive.KindPending, orphan, archive.RemedyNone, false})
	})
}

// An interrupted deletion whose path names no day says none.
func TestArchive_Verify_NoDay(t *testing.T) {
	onSQLite(t, func(t *testing.T, r *rig) {
		c := *r.add(request(1))
		c.ID, c.Filepath = jarvis.NewRandomID(), "elsewhere/1.jpg"
		if err := r.catalog.InsertCapture(t.Context(), &c); err != nil {
			t.Fatal(err)
		}
		if _, err := r.catalog.BeginDelete(t.Context(), c.ID); err != nil {
			t.Fatal(err)
		}
		_, findings := r.verify(archive.VerifyOptions{})
		wantSeen(t, findings, seen{archive.KindDelete, c.Filepath, archive.RemedyFinish, false})
		text, err := json.Marshal(findings[0])
		if err != nil || bytes.Contains(text, []byte(`"day"`)) {
			t.Errorf("as JSON: %s, %v", text, err)
		}
	})
}

func TestArchive_Verify_DayGone(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		r.addMany(200)
		tomorrow := request(0)
		tomorrow.Timestamp = noon.AddDate(0, 0, 1)
		for n := range 5 {
			tomorrow.Data = photo(1000 + n)
			r.add(tomorrow)
		}
		r.drop("2026/01/25")
		report, findings := r.verify(archive.VerifyOptions{})
		wantSeen(t, findings, seen{Kind: archive.KindDayGone, Path: "2026/01/25"})
		if !strings.Contains(findings[0].Detail, "the images of 5 captures") {
			t.Errorf("detail %q", findings[0].Detail)
		}
		if findings[0].Captures != 5 || report.Captures != 205 || report.Files != 200 {
			t.Errorf("finding %+v, report %+v", findings[0], report)
		}
		if _, findings = r.verify(archive.VerifyOptions{To: noon}); len(findings) > 0 {
			t.Errorf("the day before: %+v", findings)
		}

		var dropped []archive.Finding
		receipt, err := r.ForgetMissing(t.Context(), archive.ForgetOptions{}, func(f archive.Finding) { dropped = append(dropped, f) })
		if err != nil || receipt != (archive.ForgetReceipt{Captures: 205, Missing: 5, Forgotten: 5}) {
			t.Errorf("receipt %+v, %v", receipt, err)
		}
		if len(dropped) != 1 || dropped[0].Captures != 5 || dropped[0].Path != "2026/01/25" {
			t.Errorf("dropped %+v", dropped)
		}
		r.isClean()
		// What was forgotten can be added again.
		r.holds(r.add(tomorrow), tomorrow.Data)
	})
}

// A disk that is not mounted must not cost the rows.
func TestArchive_Verify_Unmounted(t *testing.T) {
	onSQLite(t, func(t *testing.T, r *rig) {
		r.addMany(3)
		r.drop("2026")
		_, err := r.ForgetMissing(t.Context(), archive.ForgetOptions{}, nil)
		wantCode(t, err, jarvis.CodeConflict)
		r.drop(".jarvis/store")
		_, err = r.ForgetMissing(t.Context(), archive.ForgetOptions{Force: true}, nil)
		wantCode(t, err, jarvis.CodeMismatch)
		_, _, err = r.tryVerify(archive.VerifyOptions{Repair: true, Force: true})
		wantCode(t, err, jarvis.CodeMismatch)
		stats, err := r.catalog.Stats(t.Context())
		if err != nil || stats.Captures != 3 {
			t.Errorf("%d captures left, %v; want 3", stats.Captures, err)
		}
	})
}

func TestArchive_Verify_Guard(t *testing.T) {
	onSQLite(t, func(t *testing.T, r *rig) {
		r.addMany(5)
		for n := range 11 {
			r.place(r.file("2026/01/24/"+v7(noon, n).String()+".jpg"), photo(50+n))
		}
		before := r.tree()
		_, findings, err := r.tryVerify(archive.VerifyOptions{Repair: true})
		wantCode(t, err, jarvis.CodeConflict)
		if !strings.Contains(err.Error(), "--force") || !strings.Contains(err.Error(), "11") || len(findings) > 0 {
			t.Errorf("message %q, findings %v", err, findings)
		}
		if diff := cmp.Diff(before, r.tree()); diff != "" {
			t.Errorf("what was refused changed the tree:\n%s", diff)
		}
		if report, _ := r.verify(archive.VerifyOptions{Repair: true, Force: true}); report.Adopted != 11 || !report.OK() {
			t.Errorf("with Force: %+v", report)
		}
		r.isClean()
	})
}

// What happens between the look and the act is seen under the lock.
func TestArchive_Verify_ChecksAgain(t *testing.T) {
	onSQLite(t, func(t *testing.T, r *rig) {
		q := request(1)
		id := jarvis.CaptureID(r.theSecret(), sum(q.Data), q.Timestamp, q.Device, 0)
		path := r.file("2026/01/24/" + id.String() + ".jpg")
		r.place(path, q.Data)
		locking := &lockHook{BlobStore: r.blobs}
		a, err := archive.Open(t.Context(), r.catalog, locking, r.options())
		if err != nil {
			t.Fatal(err)
		}
		var c *jarvis.Capture
		locking.before = func() { c = r.add(q) }
		report, err := a.Verify(t.Context(), archive.VerifyOptions{Repair: true}, func(f archive.Finding) {
			t.Errorf("reported %+v, which is not so any more", f)
		})
		if err != nil || report.Adopted != 0 || !report.OK() {
			t.Errorf("report %+v, %v", report, err)
		}
		r.holds(c, q.Data)
		r.isClean()
	})
}

// Progress counts the rows of both passes.
func TestArchive_Verify_Progress(t *testing.T) {
	r := newRig(t, seal{})
	r.addMany(300)
	var done, total int64
	r.verify(archive.VerifyOptions{Repair: true, Progress: func(d, t int64) {
		if d < done || d > t {
			r.t.Errorf("progress went from %d to %d of %d", done, d, t)
		}
		done, total = d, t
	}})
	if done == 0 || total != 600 {
		t.Errorf("progress ended at %d of %d", done, total)
	}
}

// lockHook calls before, once, before a lock is taken.
type lockHook struct {
	jarvis.BlobStore
	before func()
}

func (b *lockHook) Lock(ctx context.Context, id jarvis.ID) (func(), error) {
	if before := b.before; before != nil {
		b.before = nil
		before()
	}
	return b.BlobStore.Lock(ctx, id)
}

func TestArchive_Verify_Range(t *testing.T) {
	r := newRig(t, seal{})
	for day := range 5 {
		q := request(day)
		q.Timestamp = noon.AddDate(0, 0, day)
		r.drop(r.add(q).Filepath)
	}
	day := func(n int) time.Time { return noon.AddDate(0, 0, n) }
	for _, test := range []struct {
		from, to time.Time
		want     int64
	}{
		{time.Time{}, time.Time{}, 5},
		{day(1), time.Time{}, 4},
		{time.Time{}, day(1), 2},
		{day(1), day(2), 2},
		{day(1), jarvis.DayOf(day(2)).Start(), 1},
		{day(9), time.Time{}, 0},
	} {
		report, findings := r.verify(archive.VerifyOptions{From: test.from, To: test.to})
		if report.Captures != test.want || report.Wrong != test.want {
			t.Errorf("from %v to %v: %+v, %+v; want %d", test.from, test.to, report, findings, test.want)
		}
	}
	_, _, err := r.tryVerify(archive.VerifyOptions{From: day(2), To: day(1)})
	wantCode(t, err, jarvis.CodeInvalid)
}

func TestArchive_Verify_Cancelled(t *testing.T) {
	r := newRig(t, seal{})
	r.addMany(5)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := r.Verify(ctx, archive.VerifyOptions{}, func(archive.Finding) {})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// A repair that is interrupted brings to its end what it had begun, and says so.
func TestArchive_Verify_RepairCancelled(t *testing.T) {
	r := newRig(t, seal{})
	r.addMany(2)
	for n := range 5 {
		r.put(fmt.Sprintf("2026/01/24/%d.txt", n), []byte("x"))
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cancelling := &quarantineHook{r.blobs, cancel}
	a, err := archive.Open(t.Context(), r.catalog, cancelling, r.options())
	if err != nil {
		t.Fatal(err)
	}
	var findings []archive.Finding
	report, err := a.Verify(ctx, archive.VerifyOptions{Repair: true}, func(f archive.Finding) { findings = append(findings, f) })
	if !errors.Is(err, context.Canceled) && report.OK() {
		t.Errorf("report %+v, %v; want it interrupted", report, err)
	}
	if report.Moved != 1 || len(findings) == 0 || findings[0].Err != nil || !findings[0].Mended || !r.exists(findings[0].MovedTo) {
		t.Errorf("report %+v, %+v; want the first file moved", report, findings)
	}
	for n := 1; n < 5; n++ {
		if !r.exists(fmt.Sprintf("2026/01/24/%d.txt", n)) {
			t.Errorf("file %d was moved after the interruption", n)
		}
	}
}
