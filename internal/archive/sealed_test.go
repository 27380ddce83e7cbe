package archive_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/archive"
	"github.com/jarvis-memory/jarvis/internal/postgres"
	"github.com/jarvis-memory/jarvis/internal/proof"
	"github.com/jarvis-memory/jarvis/internal/sqlite"
	"github.com/jarvis-memory/jarvis/internal/vault"
)

// A sealed rig with what damages sealed images.
type sealedRig struct {
	*rig
	all []*jarvis.Capture
}

// newSealedRig makes a sealed store of 20 captures.
func newSealedRig(t *testing.T) *sealedRig {
	t.Helper()
	r := newRig(t, newSeal(t))
	return &sealedRig{r, r.addMany(20)}
}

// foreign returns data as another identity seals it for the capture.
func (r *sealedRig) foreign(id jarvis.ID, data []byte) []byte {
	r.t.Helper()
	other := newRig(r.t, newSeal(r.t))
	path := r.file("2026/01/24/" + id.String() + ".jpg")
	other.place(path, data)
	return other.onDisk(path)
}

// locked opens the store without its identity, as whoever has only the database does.
func (r *sealedRig) locked() *rig {
	r.t.Helper()
	sealing, err := vault.SealTo(openTree(r.t, r.root), r.identity.PublicKey())
	if err != nil {
		r.t.Fatal(err)
	}
	locked := *r.rig
	locked.blobs, locked.secret = sealing, jarvis.Secret{}
	locked.reopen()
	return &locked
}

func flip(data []byte) []byte {
	data = bytes.Clone(data)
	data[len(data)-20] ^= 4
	return data
}

// sealedDamages are what may befall the image of capture 0, and what is said of it.
var sealedDamages = []struct {
	name   string
	damage func(r *sealedRig)
	fetch  jarvis.Code
	says   string
	kind   archive.Kind // of verify
	deep   bool         // only a deep one sees it
}{
	{"Flipped", func(r *sealedRig) {
		r.put(r.all[0].Filepath, flip(r.onDisk(r.all[0].Filepath)))
	}, jarvis.CodeCorrupt, "damaged", archive.KindDigest, true},
	{"Truncated", func(r *sealedRig) {
		stored := r.onDisk(r.all[0].Filepath)
		r.put(r.all[0].Filepath, stored[:len(stored)-1])
	}, jarvis.CodeCorrupt, "damaged", archive.KindSize, false},
	{"Empty", func(r *sealedRig) { r.put(r.all[0].Filepath, nil) }, jarvis.CodeCorrupt, "damaged", archive.KindSize, false},
	{"Plain", func(r *sealedRig) { r.put(r.all[0].Filepath, photo(0)) }, jarvis.CodeCorrupt, "damaged", archive.KindSize, false},
	{"Swapped", func(r *sealedRig) {
		r.put(r.all[0].Filepath, r.onDisk(r.all[1].Filepath))
	}, jarvis.CodeCorrupt, "holds the image of the capture", archive.KindDigest, true},
	{"OtherIdentity", func(r *sealedRig) {
		r.put(r.all[0].Filepath, r.foreign(r.all[0].ID, photo(0)))
	}, jarvis.CodeMismatch, "another identity", archive.KindDigest, true},
	{"OtherContent", func(r *sealedRig) {
		r.place(r.all[0].Filepath, photo(1)) // whoever has the public key can do that
	}, jarvis.CodeCorrupt, "not what was given", archive.KindContent, true},
	{"SwappedInRow", func(r *sealedRig) {
		stored := r.onDisk(r.all[1].Filepath)
		digest := sum(stored)
		r.put(r.all[0].Filepath, stored)
		r.setStored(r.all[0].ID, r.all[0].Filepath, int64(len(stored)), digest[:])
	}, jarvis.CodeCorrupt, "holds the image of the capture", archive.KindSeal, true},
}

// Whatever befalls a sealed image is told as what it is, no other picture comes
// back, nothing else is lost, and adding the picture again mends it.
func TestSealed_Damage(t *testing.T) {
	for _, test := range sealedDamages {
		t.Run(test.name, func(t *testing.T) {
			r := newSealedRig(t)
			test.damage(r)
			c, data, err := r.Fetch(t.Context(), r.all[0].ID)
			wantCode(t, err, test.fetch)
			if c == nil || data != nil || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), r.all[0].ID.String()) {
				t.Errorf("fetch: capture %v, %d bytes, %q; want %q", c, len(data), err, test.says)
			}
			for i, c := range r.all[1:] {
				r.holds(c, photo(i+1))
			}
			_, findings := r.verify(archive.VerifyOptions{})
			if !test.deep {
				wantSeen(t, findings, seen{Kind: test.kind, Path: r.all[0].Filepath})
			} else if len(findings) > 0 {
				t.Errorf("without reading the images: %+v", findings)
			}
			report, findings := r.verify(archive.VerifyOptions{Deep: true, Repair: true})
			wantSeen(t, findings, seen{Kind: test.kind, Path: r.all[0].Filepath})
			if report.OK() || report.Unopened > 0 {
				t.Errorf("report %+v", report)
			}
			result, err := r.Ingest(t.Context(), request(0))
			if err != nil || !result.Restored {
				t.Fatalf("again: %+v, %v; want it restored", result, err)
			}
			r.holds(result.Capture, photo(0))
			r.isClean()
		})
	}
}

// Without the identity a flipped bit is found all the same, and what is as it
// was stored is not wrong.
func TestSealed_Locked(t *testing.T) {
	r := newSealedRig(t)
	locked := r.locked()
	report, findings := locked.verify(archive.VerifyOptions{Deep: true})
	if !report.OK() || report.Wrong != 0 || report.Unopened != 20 || len(findings) > 0 {
		t.Errorf("report %+v, %+v; want 20 unopened", report, findings)
	}
	c, data, err := locked.Fetch(t.Context(), r.all[0].ID)
	wantCode(t, err, jarvis.CodeLocked)
	if c == nil || data != nil || !strings.Contains(err.Error(), r.identity.PublicKey()) {
		t.Errorf("fetch: %v, %d bytes, %v", c, len(data), err)
	}
	_, err = locked.Ingest(t.Context(), request(50))
	wantCode(t, err, jarvis.CodeLocked)

	r.put(r.all[0].Filepath, flip(r.onDisk(r.all[0].Filepath)))
	r.put(r.all[1].Filepath, r.onDisk(r.all[2].Filepath))
	orphan := r.file("2026/01/24/" + v7(noon, 1).String() + ".jpg")
	r.place(orphan, photo(50))
	before := r.tree()
	report, findings = locked.verify(archive.VerifyOptions{Deep: true, Repair: true})
	wantSeen(t, findings,
		seen{Kind: archive.KindDigest, Path: r.all[0].Filepath},
		seen{Kind: archive.KindDigest, Path: r.all[1].Filepath},
		seen{Kind: archive.KindOrphan, Path: orphan})
	if report.Unopened != 18 || report.Wrong != 3 || len(r.lost(before)) > 0 {
		t.Errorf("report %+v", report)
	}

	receipt, err := locked.RemoveIDs(t.Context(), []jarvis.ID{r.all[0].ID, r.all[1].ID}, archive.RemoveOptions{})
	if err != nil || receipt.Removed != 2 {
		t.Errorf("remove: %+v, %v", receipt, err)
	}
	if report, _ := r.verify(archive.VerifyOptions{Repair: true}); report.Adopted != 1 {
		t.Errorf("with the identity again: %+v; want the orphan adopted", report)
	}
	r.isClean()
}

// What has no row in a sealed store is adopted only if it opens and was sealed
// for the capture of its name.
func TestSealed_Orphans(t *testing.T) {
	id := v7(noon, 1)
	plain := "2026/01/24/" + id.String() + ".jpg"
	path := plain + jarvis.SealedExtension
	tests := []struct {
		name   string
		place  func(r *sealedRig)
		want   seen
		detail string
	}{
		{
			"Sealed", func(r *sealedRig) { r.place(path, photo(50)) },
			seen{Kind: archive.KindOrphan, Path: path, Remedy: archive.RemedyAdopt},
			"",
		},
		{
			"Plain", func(r *sealedRig) { r.put(plain, photo(50)) },
			seen{Kind: archive.KindOrphan, Path: plain, Remedy: archive.RemedyQuarantine},
			"plain in a store that is sealed",
		},
		{
			"PlainBytes", func(r *sealedRig) { r.put(path, photo(50)) },
			seen{Kind: archive.KindOrphan, Path: path, Remedy: archive.RemedyQuarantine},
			"damaged",
		},
		{
			"OtherCapture", func(r *sealedRig) { r.put(path, r.onDisk(r.all[0].Filepath)) },
			seen{Kind: archive.KindOrphan, Path: path, Remedy: archive.RemedyQuarantine},
			"holds the image of the capture",
		},
		{
			"OtherIdentity", func(r *sealedRig) { r.put(path, r.foreign(id, photo(50))) },
			seen{Kind: archive.KindOrphan, Path: path},
			"another identity",
		},
		{
			"Text", func(r *sealedRig) { r.place(path, []byte("this is no image at all")) },
			seen{Kind: archive.KindOrphan, Path: path, Remedy: archive.RemedyQuarantine},
			"",
		},
		{
			"PlainTwin", func(r *sealedRig) { r.put(strings.TrimSuffix(r.all[0].Filepath, jarvis.SealedExtension), photo(0)) },
			seen{Kind: archive.KindOrphan, Path: "twin", Remedy: archive.RemedyQuarantine},
			"has another image",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newSealedRig(t)
			test.place(r)
			before := r.tree()
			if test.want.Path == "twin" {
				test.want.Path = strings.TrimSuffix(r.all[0].Filepath, jarvis.SealedExtension)
			}
			_, findings := r.verify(archive.VerifyOptions{})
			wantSeen(t, findings, test.want)
			if !strings.Contains(findings[0].Detail, test.detail) {
				t.Errorf("detail %q; want %q", findings[0].Detail, test.detail)
			}
			test.want.Mended = test.want.Remedy != archive.RemedyNone
			report, findings := r.verify(archive.VerifyOptions{Repair: true})
			wantSeen(t, findings, test.want)
			if report.OK() != test.want.Mended {
				t.Errorf("report %+v", report)
			}
			if test.want.Remedy == archive.RemedyAdopt {
				if _, data, err := r.Fetch(t.Context(), id); err != nil || !bytes.Equal(data, photo(50)) {
					t.Errorf("the adopted image: %d bytes, %v", len(data), err)
				}
				r.isClean()
			} else if lost := r.lost(before); len(lost) > 0 {
				t.Errorf("Repair deleted %v", lost)
			}
			for i, c := range r.all {
				r.holds(c, photo(i))
			}
		})
	}
}

// After a migration down and up again the rows know neither size nor digest of
// their images. That is nothing wrong; a deep repair lets them know again.
func TestSealed_DownAndUp(t *testing.T) {
	for name, database := range map[string]func(*testing.T, seal) migrated{"SQLite": migratedSQLite, "PostgreSQL": migratedPostgres} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, s seal) {
				db := database(t, s)
				r := newRigOn(t, s, db.open())
				all := r.addMany(3)
				closeOf(t, r.catalog)
				for range 4 { // to version 2, which has no sizes
					db.down()
				}
				r.catalog = db.open()
				r.reopen()
				if report, findings := r.verify(archive.VerifyOptions{Repair: true}); !report.OK() || len(findings) > 0 {
					t.Errorf("findings %+v", findings)
				}
				twin := strings.TrimSuffix(all[0].Filepath, jarvis.SealedExtension)
				if s.sealed() { // which of the two is the image nobody knows
					r.put(twin, photo(0))
					report, findings := r.verify(archive.VerifyOptions{Repair: true})
					wantSeen(t, findings, seen{Kind: archive.KindOrphan, Path: twin})
					if report.OK() || !r.exists(twin) {
						t.Errorf("report %+v", report)
					}
					r.drop(twin)
				}
				report, findings := r.verify(archive.VerifyOptions{Deep: true, Repair: true})
				if !report.OK() || report.Found[archive.KindUnrecorded] != 3 || report.Recorded != 3 {
					t.Errorf("report %+v, %+v; want 3 recorded", report, findings)
				}
				for i, c := range all {
					found, data, err := r.Fetch(t.Context(), c.ID)
					if err != nil || !bytes.Equal(data, photo(i)) || found.StoredSize != c.StoredSize || !bytes.Equal(found.StoredSHA256, c.StoredSHA256) {
						t.Errorf("capture %d: %+v, %d bytes, %v", i, found, len(data), err)
					}
				}
				r.put(all[1].Filepath, r.onDisk(all[1].Filepath)[:100])
				_, findings = r.verify(archive.VerifyOptions{})
				wantSeen(t, findings, seen{Kind: archive.KindSize, Path: all[1].Filepath})
			})
		})
	}
}

// migrated is a database of a catalogue that can be taken down.
type migrated struct {
	open func() jarvis.Catalog
	down func()
}

func migratedSQLite(t *testing.T, s seal) migrated {
	path := filepath.Join(t.TempDir(), "catalog.db")
	return migrated{
		open: func() jarvis.Catalog { return openSQLite(t, path, s) },
		down: func() {
			t.Helper()
			if _, err := sqlite.MigrateDown(t.Context(), sqlite.Options{Path: path, Key: s.key}); err != nil {
				t.Fatal(err)
			}
		},
	}
}

func migratedPostgres(t *testing.T, s seal) migrated {
	url := server.NewDatabase(t)
	return migrated{
		open: func() jarvis.Catalog { return openPostgres(t, url, s) },
		down: func() {
			t.Helper()
			if _, err := postgres.MigrateDown(t.Context(), postgres.Options{URL: url}); err != nil {
				t.Fatal(err)
			}
		},
	}
}

// A sealed store gets no plain images, nor a plain store sealed ones.
func TestSealed_OpenedWrong(t *testing.T) {
	s := newSeal(t)
	for name, r := range map[string]*rig{"Sealed": newRig(t, s), "Plain": newRig(t, seal{})} {
		blobs := jarvis.BlobStore(openTree(t, r.root))
		if !r.sealed() {
			blobs = s.over(blobs)
		}
		if _, err := archive.Open(t.Context(), r.catalog, blobs, r.options()); jarvis.ErrorCode(err) != jarvis.CodeInternal {
			t.Errorf("%s: %v; want it refused", name, err)
		}
	}
}

// No word and no pixel of what was stored is in any file of the tree.
func TestSealed_NothingPlain(t *testing.T) {
	r := newSealedRig(t)
	if _, err := r.RemoveIDs(t.Context(), []jarvis.ID{r.all[0].ID}, archive.RemoveOptions{}); err != nil {
		t.Fatal(err)
	}
	r.drop(r.all[1].Filepath)
	r.add(request(1)) // restored
	r.place(r.file("2026/01/24/"+v7(noon, 1).String()+".jpg"), photo(50))
	r.verify(archive.VerifyOptions{Repair: true}) // adopted
	looked := 0
	for path := range r.tree() {
		content, err := os.ReadFile(r.path(path))
		if err != nil {
			t.Fatal(err)
		}
		looked++
		for _, plain := range [][]byte{[]byte("photo"), []byte("JFIF"), plainJPEG()[:8], []byte("window"), plainJPEG()[100:116]} {
			if bytes.Contains(content, plain) {
				t.Errorf("%s holds %q", path, plain)
			}
		}
	}
	if looked < 20 {
		t.Errorf("looked into %d files only", looked)
	}
}

// The power is cut after every operation and around the commit of storing an
// image anew. Sealed anew, it is not the file that the row knows.
func TestCrash_Restore(t *testing.T) {
	bothWays(t, func(t *testing.T, s seal) {
		for _, percent := range survivals {
			t.Run(fmt.Sprintf("%dPercent", percent), func(t *testing.T) {
				m := newMachine(t, s)
				for round := 0; ; round++ {
					day, requests := batch(round, 2)
					all := m.ingest(requests)
					name, err := jarvis.ParseBlobName(all[0].result.Capture.Filepath)
					if err != nil {
						t.Fatal(err)
					}
					if err := m.blobs.Delete(t.Context(), name); err != nil {
						t.Fatal(err)
					}
					switch round {
					case 0:
						m.commits.before = m.commits.commits + 1
					case 1:
						m.commits.after = m.commits.commits + 1
					default:
						m.fs.CutAfter(m.fs.Operations() + round - 1)
					}
					restored := m.ingest(requests[:1])[0]
					through := m.powered()
					m.reboot(uint64(round), percent)
					m.isRestored(day, restored, round%2 == 0)
					if t.Failed() {
						t.Fatalf("round %d", round)
					}
					if through {
						proof.Record(t, "%d cuts during a restoration", round)
						break
					}
				}
			})
		}
	})
}

// isRestored checks a day whose first capture was being restored when the power
// went: after verify or a retry it is there, and nothing is wrong any more.
func (m *machine) isRestored(day time.Time, s sent, repair bool) {
	m.t.Helper()
	if s.err == nil {
		m.holds(s)
	}
	if repair {
		for _, f := range m.verify(day, archive.VerifyOptions{Deep: true, Repair: true}) {
			if f.Kind != archive.KindMissing && !f.Mended {
				m.t.Errorf("repair: %+v", f)
			}
		}
	}
	again, err := m.Ingest(m.t.Context(), s.request)
	if err != nil || !again.Existed || s.err == nil && again.Restored {
		m.t.Errorf("retry: %+v, %v", again, err)
		return
	}
	m.holds(sent{s.request, again, nil})
	if findings := m.verify(day, archive.VerifyOptions{Deep: true}); len(findings) > 0 {
		m.t.Errorf("after the retry: %+v", findings)
	}
}
