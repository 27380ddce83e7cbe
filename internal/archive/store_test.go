package archive_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/archive"
)

func TestOpen_New(t *testing.T) {
	onSQLite(t, func(t *testing.T, r *rig) {
		marker, err := r.blobs.Marker(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		info, err := r.catalog.Store(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if marker != info.ID || !info.Bound || !r.Store().Bound {
			t.Errorf("after Open the marker is %v, the store %v bound %v", marker, info.ID, info.Bound)
		}
		r.reopen()
	})
}

// The power may go after the marker and before the row that says so.
func TestOpen_MarkedAndNotBound(t *testing.T) {
	catalog := openSQLite(t, filepath.Join(t.TempDir(), "catalog.db"), seal{})
	blobs := openTree(t, t.TempDir())
	info, err := catalog.Store(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := blobs.WriteMarker(t.Context(), info.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := archive.Open(t.Context(), catalog, blobs, archive.Options{Images: images{}}); err != nil {
		t.Fatal(err)
	}
	if info, err = catalog.Store(t.Context()); err != nil || !info.Bound {
		t.Errorf("bound = %v, %v; want true", info.Bound, err)
	}
}

func TestOpen_Mismatch(t *testing.T) {
	r := newRig(t, seal{})
	tests := []struct {
		name  string
		tree  func(t *testing.T) jarvis.BlobStore
		wants []string
	}{
		{
			"Unmounted", func(t *testing.T) jarvis.BlobStore { return openTree(t, t.TempDir()) },
			[]string{"has no marker", r.Store().ID.String(), "is the disk mounted?", "--storage-path"},
		},
		{
			"OtherStore", func(t *testing.T) jarvis.BlobStore { return newRig(t, seal{}).blobs },
			[]string{"belongs to another store", r.Store().ID.String(), "--storage-path"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			blobs := test.tree(t)
			before, err := blobs.Marker(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_, err = archive.Open(t.Context(), r.catalog, blobs, archive.Options{Images: images{}, StoragePath: "/mnt/disk"})
			wantCode(t, err, jarvis.CodeMismatch)
			for _, want := range append(test.wants, "/mnt/disk") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("message %q does not say %q", err, want)
				}
			}
			if after, err := blobs.Marker(t.Context()); after != before || err != nil {
				t.Errorf("the marker changed from %v to %v, %v", before, after, err)
			}
		})
	}
}

func TestOpen_FinishesDeletes(t *testing.T) {
	onSQLite(t, func(t *testing.T, r *rig) {
		kept, gone := r.add(request(1)), r.add(request(2))
		if _, err := r.catalog.BeginDelete(t.Context(), gone.ID); err != nil {
			t.Fatal(err)
		}
		r.reopen()
		if r.exists(gone.Filepath) {
			t.Error("the image of an interrupted deletion is still there")
		}
		pending, err := r.catalog.PendingDeletes(t.Context(), jarvis.ID{}, 10)
		if err != nil || len(pending) > 0 {
			t.Errorf("pending deletes: %v, %v; want none", pending, err)
		}
		r.holds(kept, photo(1))
		r.isClean()
	})
}

// A deletion that can't be finished does not keep the store from being opened.
func TestOpen_DeleteThatFails(t *testing.T) {
	onSQLite(t, func(t *testing.T, r *rig) {
		kept, gone := r.add(request(1)), r.add(request(2))
		if _, err := r.catalog.BeginDelete(t.Context(), gone.ID); err != nil {
			t.Fatal(err)
		}
		failing := &faultyBlobs{BlobStore: r.blobs, deleteErr: jarvis.Errorf(jarvis.CodeUnavailable, "read-only")}
		a, err := archive.Open(t.Context(), r.catalog, failing, r.options())
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := a.Fetch(t.Context(), kept.ID); err != nil {
			t.Fatal(err)
		}
		var findings []archive.Finding
		if _, err := a.Verify(t.Context(), archive.VerifyOptions{}, func(f archive.Finding) { findings = append(findings, f) }); err != nil {
			t.Fatal(err)
		}
		if len(findings) != 1 || findings[0].Kind != archive.KindDelete || findings[0].ID != gone.ID {
			t.Errorf("findings %+v; want the interrupted deletion", findings)
		}
		report, _ := r.verify(archive.VerifyOptions{Repair: true})
		if report.Finished != 1 || !report.OK() || r.exists(gone.Filepath) {
			t.Errorf("report %+v; want the deletion finished", report)
		}
		r.isClean()
	})
}

// What a removal did not come to purge is purged when the store is opened again.
// That it can't be does not keep the store from being opened, and it is not waited
// for longer than a person waits.
func TestOpen_Purges(t *testing.T) {
	onSQLite(t, func(t *testing.T, r *rig) {
		gone := r.add(request(1))
		failure := error(jarvis.Errorf(jarvis.CodeUnavailable, "the copy cannot be written"))
		purges := 0
		bounded := false
		r.catalog = &purgeHook{r.catalog, func(ctx context.Context) error {
			purges++
			_, bounded = ctx.Deadline()
			return failure
		}}
		r.reopen()
		if _, err := r.RemoveIDs(t.Context(), []jarvis.ID{gone.ID}, archive.RemoveOptions{}); !errors.Is(err, failure) {
			t.Errorf("remove: %v; want %v", err, failure)
		}
		purges = 0
		r.reopen()
		if failure = nil; purges != 1 || !bounded {
			t.Errorf("opened with %d purges that failed, want 1 (bounded: %v)", purges, bounded)
		}
		r.reopen()
		if purges != 2 {
			t.Errorf("opened again with %d purges, want 2", purges)
		}
		ctx, cancel := context.WithCancel(t.Context())
		failure = context.Canceled
		r.catalog = &purgeHook{r.catalog, func(context.Context) error { cancel(); return nil }}
		if _, err := archive.Open(ctx, r.catalog, r.blobs, r.options()); !errors.Is(err, context.Canceled) {
			t.Errorf("opened by who no longer waits: %v", err)
		}
	})
}

// A row whose path is that of another capture must not take the other's image with it.
func TestOpen_DeleteOfStrangePath(t *testing.T) {
	onSQLite(t, func(t *testing.T, r *rig) {
		kept := r.add(request(1))
		gone := r.add(request(2))
		if err := r.catalog.SetStored(t.Context(), gone.ID, kept.Filepath, 1, make([]byte, 32)); err != nil {
			t.Fatal(err)
		}
		receipt, err := r.RemoveIDs(t.Context(), []jarvis.ID{gone.ID}, archive.RemoveOptions{})
		if err != nil || receipt.Removed != 1 || receipt.Missing != 1 {
			t.Errorf("receipt %+v, %v", receipt, err)
		}
		r.holds(kept, photo(1))
	})
}

func TestStore_Modes(t *testing.T) {
	onSQLite(t, func(t *testing.T, r *rig) {
		c := r.add(request(1))
		info, err := os.Stat(r.path(c.Filepath))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("the image has mode %v", info.Mode())
		}
	})
}
