package archive_test

import (
	"bytes"
	"runtime"
	"sync"
	"testing"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/archive"
)

// What can't be read or decoded is told, and the rest is looked at all the same.
func TestArchive_Verify_Deep(t *testing.T) {
	onSQLite(t, func(t *testing.T, r *rig) {
		all := r.addMany(3)
		q := request(3)
		q.Data = bytes.Clone(plainPNG())
		q.Data[len(q.Data)-20] ^= 1 // in the pixels, after the header
		broken := r.add(q)
		failing := &faultyBlobs{BlobStore: r.blobs, unreadable: all[1].ID}
		a, err := archive.Open(t.Context(), r.catalog, failing, r.options())
		if err != nil {
			t.Fatal(err)
		}
		var findings []archive.Finding
		report, err := a.Verify(t.Context(), archive.VerifyOptions{Deep: true, Repair: true}, func(f archive.Finding) { findings = append(findings, f) })
		if err != nil || report.Captures != 4 || report.OK() {
			t.Errorf("report %+v, %v", report, err)
		}
		wantSeen(t, findings, seen{Kind: archive.KindUnreadable, Path: all[1].Filepath}, seen{Kind: archive.KindBroken, Path: broken.Filepath})
		if report.Wrong != 1 {
			t.Errorf("%d things wrong, want 1: what was added broken is told, not wrong", report.Wrong)
		}
		r.holds(all[2], photo(2))
	})
}

// A damaged catalogue is told first and only when looked for, the images are
// looked at all the same, and nothing is repaired by such a catalogue.
func TestArchive_Verify_DamagedCatalog(t *testing.T) {
	onSQLite(t, func(t *testing.T, r *rig) {
		all := r.addMany(3)
		r.put(all[1].Filepath, flip(r.onDisk(all[1].Filepath)))
		r.put("2026/01/24/foreign.jpg", photo(9))
		sound := r.catalog
		r.catalog = &damagedCatalog{sound, jarvis.Errorf(jarvis.CodeCorrupt, "a page is damaged: restore it")}
		r.reopen()
		report, findings := r.verify(archive.VerifyOptions{Deep: true, To: all[0].Timestamp})
		wantSeen(t, findings,
			seen{Kind: archive.KindCatalog},
			seen{Kind: archive.KindDigest, Path: all[1].Filepath},
			seen{Kind: archive.KindForeign, Path: "2026/01/24/foreign.jpg", Remedy: archive.RemedyQuarantine})
		if report.OK() || report.Found[archive.KindCatalog] != 1 || findings[0].Detail != "a page is damaged: restore it" {
			t.Errorf("report %+v, %+v", report, findings[0])
		}
		if _, findings := r.verify(archive.VerifyOptions{}); findings[0].Kind == archive.KindCatalog {
			t.Errorf("without Deep: %+v", findings[0])
		}
		_, findings, err := r.tryVerify(archive.VerifyOptions{Deep: true, Repair: true})
		wantCode(t, err, jarvis.CodeCorrupt)
		if len(findings) > 0 || !r.exists("2026/01/24/foreign.jpg") {
			t.Errorf("repaired by a damaged catalogue: %+v", findings)
		}

		r.catalog = &damagedCatalog{sound, jarvis.Errorf(jarvis.CodeUnavailable, "the disk failed")}
		r.reopen()
		_, _, err = r.tryVerify(archive.VerifyOptions{Deep: true})
		wantCode(t, err, jarvis.CodeUnavailable)
	})
}

// slowImages is an ImageReader to which every image is large, and whose Decode
// takes a while.
type slowImages struct {
	images
	side          int // pixels
	mu            sync.Mutex
	running, most int // of Decode
}

func (s *slowImages) Inspect(data []byte, limits jarvis.ImageLimits) (jarvis.Image, error) {
	image, err := s.images.Inspect(data, limits)
	image.Width, image.Height = s.side, s.side
	return image, err
}

func (s *slowImages) Decode(data []byte, limits jarvis.ImageLimits) error {
	s.count(1)
	defer s.count(-1)
	for range 200 { // others run, and come here if nothing keeps them
		if err := s.images.Decode(data, limits); err != nil {
			return err
		}
	}
	return nil
}

func (s *slowImages) count(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running += n
	s.most = max(s.most, s.running)
}

// Large images are decoded one at a time.
func TestArchive_Verify_DeepMemory(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	r := newRig(t, seal{})
	r.addMany(12)
	for side, want := range map[int]func(most int) bool{
		14_000: func(most int) bool { return most == 1 },
		3_000:  func(most int) bool { return most <= 3 },
		100:    func(most int) bool { return most > 1 },
	} {
		slow := &slowImages{side: side}
		o := r.options()
		o.Images = slow
		a, err := archive.Open(t.Context(), r.catalog, r.blobs, o)
		if err != nil {
			t.Fatal(err)
		}
		report, err := a.Verify(t.Context(), archive.VerifyOptions{Deep: true}, func(archive.Finding) {})
		if err != nil || !report.OK() {
			t.Errorf("report %+v, %v", report, err)
		}
		if !want(slow.most) {
			t.Errorf("%d images of %d x %d pixels were decoded at once", slow.most, side, side)
		}
	}
}
