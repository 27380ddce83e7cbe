package cli

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/thumbnail"
)

// Whoever removes a capture removes the sheets that a server keeps of it, too.
func TestRm_Sheets(t *testing.T) {
	p := newPlace(t)
	p.pictures(t, "shots", 3)
	added := lines(t, p.must(t, "add", "--json", "shots", "--timestamp", "2026-01-24T10:00:00Z"))
	folder := filepath.Join(p.folder, ".local/share/jarvis/cache/thumbnails")
	cache := thumbnail.New(thumbnail.Options{Folder: folder})
	defer func() {
		if err := cache.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	first, second := *added[0].ID, *added[1].ID
	for _, tiles := range [][]jarvis.Tile{{{Place: 0, ID: first}, {Place: 1, ID: second}}, {{Place: 1, ID: second}}} {
		_, _, err := cache.Sheet(t.Context(), jarvis.SheetHour, tiles, func(context.Context, jarvis.ID) ([]byte, error) {
			return os.ReadFile(filepath.Join(p.folder, "shots/0000.png"))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	p.must(t, "rm", "--yes", first.String())
	left, err := os.ReadDir(filepath.Join(folder, "sheets"))
	if err != nil || len(left) != 1 || left[0].Name() != second.String()+"-hour.jpg" {
		t.Errorf("left is %v, error %v", left, err)
	}
}
