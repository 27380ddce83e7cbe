package archive_test

import (
	"fmt"
	"testing"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/archive"
)

func TestArchive_ForgetMissing_Guard(t *testing.T) {
	tests := []struct {
		rows, gone int
		allowed    bool
	}{
		{1, 1, false}, {2, 1, true}, {4, 2, true}, {4, 3, false}, {30, 10, true}, {30, 11, false},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%dOf%d", test.gone, test.rows), func(t *testing.T) {
			r := newRig(t, seal{})
			all := r.addMany(test.rows)
			for _, c := range all[:test.gone] {
				r.drop(c.Filepath)
			}
			count := func(want int) {
				t.Helper()
				if stats, err := r.catalog.Stats(t.Context()); err != nil || stats.Captures != int64(want) {
					t.Errorf("%d captures left, %v; want %d", stats.Captures, err, want)
				}
			}
			ignore := func(archive.Finding) {}
			_, err := r.ForgetMissing(t.Context(), archive.ForgetOptions{}, ignore)
			if test.allowed && err != nil {
				t.Fatal(err)
			}
			if !test.allowed {
				wantCode(t, err, jarvis.CodeConflict)
				count(test.rows)
				if _, err := r.ForgetMissing(t.Context(), archive.ForgetOptions{Force: true}, ignore); err != nil {
					t.Fatal(err)
				}
			}
			count(test.rows - test.gone)
		})
	}
}
