package archive_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/archive"
)

func TestArchive_Ingest(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		q := request(1)
		q.Monitor, q.URL = 2, "https://example.org/"
		first, err := r.Ingest(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		c := first.Capture
		want := jarvis.Capture{
			ID: c.ID, Filepath: r.file("2026/01/24/" + c.ID.String() + ".jpg"), Timestamp: q.Timestamp, MonitorIndex: 2,
			Width: 16, Height: 9, FileSize: int64(len(q.Data)), CreatedAt: c.CreatedAt,
			Device: "user@host", AppName: "editor", WindowTitle: "window 1", URL: q.URL,
			StoredSize: int64(len(q.Data)), StoredSHA256: c.StoredSHA256, ContentDigest: c.ContentDigest,
		}
		if r.sealed() {
			want.StoredSize = int64(len(r.onDisk(c.Filepath)))
		}
		if digest := sum(r.onDisk(c.Filepath)); !bytes.Equal(c.StoredSHA256, digest[:]) {
			t.Error("the digest is not that of the bytes on disk")
		}
		if diff := cmp.Diff(&want, c, compareIDs); diff != "" {
			t.Errorf("capture (-want +got):\n%s", diff)
		}
		if at, ok := c.ID.Time(); !ok || !at.Equal(q.Timestamp.Truncate(time.Millisecond)) {
			t.Errorf("the id's time is %v, %v", at, ok)
		}
		r.holds(c, q.Data)

		again, err := r.Ingest(t.Context(), q)
		if err != nil || !again.Existed || again.Restored {
			t.Fatalf("again: %+v, %v; want Existed", again, err)
		}
		if diff := cmp.Diff(c, again.Capture, compareIDs); diff != "" {
			t.Errorf("the second answer differs (-first +second):\n%s", diff)
		}
		r.isClean()
	})
}

func TestArchive_Ingest_Refused(t *testing.T) {
	onSQLite(t, func(t *testing.T, r *rig) {
		taken := request(1)
		taken.ID = clientID
		r.add(taken)
		deleted := r.add(request(2))
		if _, err := r.RemoveIDs(t.Context(), []jarvis.ID{deleted.ID}, archive.RemoveOptions{}); err != nil {
			t.Fatal(err)
		}
		tests := []struct {
			name  string
			edit  func(*archive.Request)
			code  jarvis.Code
			wants string
		}{
			{"Empty", func(q *archive.Request) { q.Data = nil }, jarvis.CodeInvalid, "empty"},
			{"Text", func(q *archive.Request) { q.Data = []byte("hello, world, this is text") }, jarvis.CodeInvalid, ""},
			{"Truncated", func(q *archive.Request) { q.Data = plainJPEG()[:20] }, jarvis.CodeInvalid, ""},
			{"Year10000", func(q *archive.Request) { q.Timestamp = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, jarvis.CodeInvalid, "10000"},
			{"Before1970", func(q *archive.Request) { q.Timestamp = time.Unix(-1, 0) }, jarvis.CodeInvalid, "1970"},
			{"NoTime", func(q *archive.Request) { q.Timestamp = time.Time{} }, jarvis.CodeInvalid, "1970"},
			{"Monitor", func(q *archive.Request) { q.Monitor = -1 }, jarvis.CodeInvalid, "monitor"},
			{"OtherBytes", func(q *archive.Request) { q.ID, q.Timestamp = taken.ID, taken.Timestamp }, jarvis.CodeConflict, taken.ID.String()},
			{"OtherTime", func(q *archive.Request) { q.ID, q.Data = taken.ID, taken.Data }, jarvis.CodeConflict, taken.ID.String()},
			{"OtherMonitor", func(q *archive.Request) { *q = taken; q.Monitor = 1 }, jarvis.CodeConflict, taken.ID.String()},
			{"Deleted", func(q *archive.Request) { *q = request(2) }, jarvis.CodeDeleted, ""},
		}
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				q := request(9)
				test.edit(&q)
				_, err := r.Ingest(t.Context(), q)
				wantCode(t, err, test.code)
				if !strings.Contains(err.Error(), test.wants) {
					t.Errorf("message %q does not say %q", err, test.wants)
				}
			})
		}
		r.isClean()
	})
}

func TestArchive_Ingest_Limits(t *testing.T) {
	onSQLite(t, func(t *testing.T, r *rig) {
		for name, limits := range map[string]jarvis.ImageLimits{
			"Bytes":  {MaxBytes: 100},
			"Pixels": {MaxPixels: 16*9 - 1},
		} {
			t.Run(name, func(t *testing.T) {
				o := r.options()
				o.Limits = limits
				a, err := archive.Open(t.Context(), r.catalog, r.blobs, o)
				if err != nil {
					t.Fatal(err)
				}
				_, err = a.Ingest(t.Context(), request(1))
				wantCode(t, err, jarvis.CodeTooLarge)
			})
		}
	})
}

func TestArchive_Ingest_CleansText(t *testing.T) {
	onSQLite(t, func(t *testing.T, r *rig) {
		q := request(1)
		q.Device = strings.Repeat("d", 300)
		q.WindowTitle = "bad \xff and \x00 " + strings.Repeat("é", 4000)
		c := r.add(q)
		if len(c.Device) != jarvis.MaxDevice || len(c.WindowTitle) > jarvis.MaxTitle || !strings.HasPrefix(c.WindowTitle, "bad \uFFFD and \uFFFD ") {
			t.Errorf("device of %d bytes, title %.20q of %d", len(c.Device), c.WindowTitle, len(c.WindowTitle))
		}
		r.holds(c, q.Data)
		if again, err := r.Ingest(t.Context(), q); err != nil || !again.Existed {
			t.Errorf("again: %+v, %v", again, err)
		}
	})
}

func TestArchive_Ingest_Undelete(t *testing.T) {
	onSQLite(t, func(t *testing.T, r *rig) {
		for _, name := range []string{"Finished", "Pending"} {
			t.Run(name, func(t *testing.T) {
				q := request(1)
				q.Undelete = true
				c := r.add(q)
				if _, err := r.catalog.BeginDelete(t.Context(), c.ID); err != nil {
					t.Fatal(err)
				}
				if name == "Finished" {
					r.reopen()
				}
				q.Undelete = false
				_, err := r.Ingest(t.Context(), q)
				wantCode(t, err, jarvis.CodeDeleted)
				q.Undelete = true
				result, err := r.Ingest(t.Context(), q)
				if err != nil || result.Existed {
					t.Fatalf("undelete: %+v, %v", result, err)
				}
				r.holds(result.Capture, q.Data)
				r.isClean()
			})
		}
	})
}

// "exists" is said only of an image that was read back.
func TestArchive_Ingest_Restores(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		q := request(1)
		c := r.add(q)
		for name, damage := range map[string]func(){
			"Gone":    func() { r.drop(c.Filepath) },
			"DayGone": func() { r.drop("2026") },
			"Damaged": func() { r.put(c.Filepath, photo(2)) },
			"Torn":    func() { r.put(c.Filepath, q.Data[:100]) },
			"Path": func() {
				if err := r.catalog.SetStored(t.Context(), c.ID, "elsewhere", 1, make([]byte, 32)); err != nil {
					t.Fatal(err)
				}
			},
		} {
			damage()
			result, err := r.Ingest(t.Context(), q)
			if err != nil || !result.Existed || !result.Restored {
				t.Fatalf("%s: %+v, %v; want it restored", name, result, err)
			}
			r.holds(result.Capture, q.Data)
			if diff := cmp.Diff(c, result.Capture, compareIDs, exceptDigest); diff != "" {
				t.Errorf("%s: another capture (-stored +restored):\n%s", name, diff)
			}
			r.isClean()
		}
	})
}

// exceptDigest leaves out what is new in an image that was sealed anew.
var exceptDigest = cmpopts.IgnoreFields(jarvis.Capture{}, "StoredSHA256")

// A file without a row was never acknowledged: it may be torn.
func TestArchive_Ingest_ReplacesLeftover(t *testing.T) {
	onSQLite(t, func(t *testing.T, r *rig) {
		q := request(1)
		q.ID = clientID
		r.put(r.file("2026/01/24/"+q.ID.String()+".jpg"), q.Data[:50])
		c := r.add(q)
		r.holds(c, q.Data)
		r.isClean()
	})
}

// The database may have committed although it said otherwise.
func TestArchive_Ingest_CommitFails(t *testing.T) {
	onSQLite(t, func(t *testing.T, r *rig) {
		q := request(1)
		for name, committed := range map[string]bool{"Lost": false, "Committed": true} {
			t.Run(name, func(t *testing.T) {
				q := q
				q.Data = photo(map[bool]int{false: 10, true: 11}[committed])
				faulty := &faultyCatalog{Catalog: r.catalog, insert: func(ctx context.Context, c *jarvis.Capture) error {
					if committed {
						if err := r.catalog.InsertCapture(ctx, c); err != nil {
							return err
						}
					}
					return jarvis.Errorf(jarvis.CodeUnavailable, "the database does not answer")
				}}
				a, err := archive.Open(t.Context(), faulty, r.blobs, r.options())
				if err != nil {
					t.Fatal(err)
				}
				_, err = a.Ingest(t.Context(), q)
				wantCode(t, err, jarvis.CodeUnavailable)
				entries, err := os.ReadDir(r.path("2026/01/24"))
				if err != nil || len(entries) == 0 {
					t.Fatalf("the image was unlinked: %v, %v", entries, err)
				}
				result, err := r.Ingest(t.Context(), q)
				if err != nil || result.Existed != committed || result.Restored {
					t.Fatalf("retry: %+v, %v", result, err)
				}
				r.holds(result.Capture, q.Data)
				r.isClean()
			})
		}
	})
}

func TestArchive_Ingest_SameAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		const n = 50
		results := make([]archive.Result, n)
		failures := make([]error, n)
		var group sync.WaitGroup
		for i := range n {
			group.Go(func() { results[i], failures[i] = r.Ingest(t.Context(), request(1)) })
		}
		group.Wait()
		stored := 0
		for i := range n {
			if failures[i] != nil {
				t.Fatalf("ingest: %v", failures[i])
			}
			if !results[i].Existed {
				stored++
			}
			if diff := cmp.Diff(results[0].Capture, results[i].Capture, compareIDs); diff != "" {
				t.Errorf("answers differ:\n%s", diff)
			}
		}
		if stored != 1 {
			t.Errorf("%d said that they stored it; want 1", stored)
		}
		r.holds(results[0].Capture, photo(1))
		r.isClean()
	})
}

func TestArchive_Ingest_OthersAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		const n = 50
		results := make([]archive.Result, n)
		failures := make([]error, n)
		var group sync.WaitGroup
		for i := range n {
			q := request(0)
			q.ID, q.Data = clientID, photo(i)
			group.Go(func() { results[i], failures[i] = r.Ingest(t.Context(), q) })
		}
		group.Wait()
		won := -1
		for i, err := range failures {
			switch {
			case err == nil && won >= 0:
				t.Errorf("%d and %d both won", won, i)
			case err == nil:
				won = i
			default:
				wantCode(t, err, jarvis.CodeConflict)
			}
		}
		if won < 0 {
			t.Fatal("nobody won")
		}
		r.holds(results[won].Capture, photo(won))
		r.isClean()
	})
}

func TestArchive_Ingest_KeepsFormat(t *testing.T) {
	onSQLite(t, func(t *testing.T, r *rig) {
		q := request(1)
		q.Data = plainPNG()
		c := r.add(q)
		if !strings.HasSuffix(c.Filepath, r.file(".png")) {
			t.Errorf("a PNG is stored as %s", c.Filepath)
		}
		r.holds(c, q.Data)
	})
}

func TestArchive_Fetch(t *testing.T) {
	r := newRig(t, seal{})
	c := r.add(request(1))
	other := r.add(request(2))
	pathOf := func(path string) func() {
		return func() {
			if err := r.catalog.SetStored(t.Context(), c.ID, path, c.StoredSize, c.StoredSHA256); err != nil {
				t.Fatal(err)
			}
		}
	}
	flipped := bytes.Clone(photo(1))
	flipped[len(flipped)/2] ^= 1
	tests := []struct {
		name   string
		damage func()
		code   jarvis.Code
		says   string
	}{
		{"Truncated", func() { r.put(c.Filepath, photo(1)[:99]) }, jarvis.CodeCorrupt, "99 bytes"},
		{"Flipped", func() { r.put(c.Filepath, flipped) }, jarvis.CodeCorrupt, "SHA-256"},
		{"Another", func() { r.put(c.Filepath, photo(2)) }, jarvis.CodeCorrupt, "SHA-256"},
		{"Gone", func() { r.drop(c.Filepath) }, jarvis.CodeNotFound, "gone"},
		{"OthersPath", pathOf(other.Filepath), jarvis.CodeCorrupt, "jarvis verify"},
		{"Outside", pathOf("../../etc/passwd"), jarvis.CodeCorrupt, "jarvis verify"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.damage()
			found, data, err := r.Fetch(t.Context(), c.ID)
			wantCode(t, err, test.code)
			if found == nil || found.ID != c.ID || data != nil {
				t.Errorf("with the error: %v and %d bytes; want the capture and none", found, len(data))
			}
			if !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), c.ID.String()) {
				t.Errorf("message %q does not say %q and which capture", err, test.says)
			}
		})
	}
	if _, _, err := r.Fetch(t.Context(), jarvis.NewRandomID()); !errors.Is(err, jarvis.ErrNotFound) {
		t.Errorf("unknown id: %v", err)
	}
	r.add(request(1))
	r.holds(c, photo(1))
}
