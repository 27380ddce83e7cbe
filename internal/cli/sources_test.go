package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// tree makes files, and folders for names that end in a slash.
func tree(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "/") {
			continue
		}
		if err := os.WriteFile(name, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// walk returns what sources finds: names, and "name: error" for what it reports.
func walk(t *testing.T, s *sources) []string {
	t.Helper()
	found := []string{}
	err := s.each(t.Context(), func(s source) error {
		found = append(found, s.name)
		return nil
	}, func(name string, err error) error {
		found = append(found, name+": "+err.Error())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestSources(t *testing.T) {
	t.Chdir(t.TempDir())
	tree(t, "b/2.png", "b/1.JPG", "b/10.webp", "b/notes.txt", "b/.hidden.png", "b/.git/x.png", "b/a/z.heic",
		"b/c.png/inner.gif", "single", "odd[1].png", "store/2026/01/24/x.png")
	for from, to := range map[string]string{"b/link.png": "2.png", "b/circle": ".", "named.png": "b/2.png", "folder": "b/a"} {
		if err := os.Symlink(to, from); err != nil {
			t.Fatal(err)
		}
	}
	storage, err := os.Stat("store")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		names  []string
		want   []string
		passed string
	}{
		{"Folder", []string{"b"}, []string{"b/1.JPG", "b/10.webp", "b/2.png"}, "passed over 2 hidden, 2 symbolic links, 1 that is no image, 1 GIF, 1 HEIC (convert to JPEG, PNG or WebP first)"},
		{"Named", []string{"single", "-", "named.png"}, []string{"single", "-", "named.png"}, ""},
		{"NamedFormat", []string{"b/a/z.heic"}, []string{"b/a/z.heic"}, ""},
		{"LinkToFolder", []string{"folder"}, []string{}, "passed over 1 HEIC (convert to JPEG, PNG or WebP first)"},
		{"Pattern", []string{"b/*.[pJ]*"}, []string{"b/1.JPG", "b/2.png", "b/link.png"}, "passed over 1 GIF (convert to JPEG, PNG or WebP first)"},
		{"PatternIsAName", []string{"odd[1].png"}, []string{"odd[1].png"}, ""},
		{"NoMatch", []string{"*.jxl"}, []string{"*.jxl: no file matches this pattern: check it"}, ""},
		{"BadPattern", []string{"[.jxl"}, []string{"[.jxl: no file matches this pattern: check it"}, ""},
		{"Missing", []string{"gone.png", "single"}, []string{"gone.png: there is no such file: check the name", "single"}, ""},
		{"OwnStorage", []string{"store"}, []string{"store: is where this store keeps its images: they are in it already"}, ""},
		{"OwnStorageInside", []string{"."}, []string{"b/1.JPG", "b/10.webp", "b/2.png", "odd[1].png"}, "passed over 2 hidden, 4 symbolic links, 2 that are no images, 1 GIF, 1 HEIC (convert to JPEG, PNG or WebP first)"},
		{"Device", []string{"/dev/zero"}, []string{"/dev/zero: is a device, which has no end: name a file"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &sources{names: test.names, storage: storage}
			if diff := cmp.Diff(test.want, walk(t, s)); diff != "" {
				t.Error(diff)
			}
			if got := s.passed.String(); got != test.passed {
				t.Errorf("%q, want %q", got, test.passed)
			}
		})
	}
}

func TestSources_Stop(t *testing.T) {
	t.Chdir(t.TempDir())
	tree(t, "a/1.png", "a/2.png")
	enough := errors.New("enough")
	calls := 0
	err := (&sources{names: []string{"a"}}).each(t.Context(), func(source) error { calls++; return enough }, nil)
	if !errors.Is(err, enough) || calls != 1 {
		t.Errorf("each = %v after %d calls, want %v after 1", err, calls, enough)
	}
}

// TestEachEntry: whatever the batch, a folder is seen whole and in order.
func TestEachEntry(t *testing.T) {
	folder := t.TempDir()
	var want []string
	for i := range 900 {
		name := fmt.Sprintf("%04x.png", uint16(i*40503))
		want = append(want, name)
		tree(t, filepath.Join(folder, name))
	}
	slices.Sort(want)
	rapid.Check(t, func(t *rapid.T) {
		batch := rapid.OneOf(rapid.IntRange(30, 1000), rapid.SampledFrom([]int{450, 899, 900, 901})).Draw(t, "batch")
		var got []string
		err := eachEntry(folder, batch, func(entry fs.DirEntry, err error) error {
			if err == nil {
				got = append(got, entry.Name())
			}
			return err
		})
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("batches of %d: %d entries, %v; want %d in order", batch, len(got), err, len(want))
		}
	})
}

func TestSource_Read(t *testing.T) {
	t.Chdir(t.TempDir())
	tree(t, "folder/")
	if err := os.WriteFile("ten", []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		limit int64
		want  string
	}{
		{"Whole", 100, "0123456789"},
		{"Exactly", 10, "0123456789"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := source{"ten"}.read(t.Context(), nil, test.limit)
			if err != nil || string(c.data) != test.want || c.modTime.IsZero() {
				t.Errorf("read = %q, %v, %v; want %q with a time", c.data, c.modTime, err, test.want)
			}
		})
	}
	for name, want := range map[string]string{
		"gone":   "there is no such file: check the name",
		"folder": "is a folder: name a file",
		"ten":    "has 10 bytes, more than the 9 allowed: make it smaller, or raise --max-image-bytes",
	} {
		if _, err := (source{name}).read(t.Context(), nil, 9); err == nil || err.Error() != want || exitStatus(err) != exitInvalid {
			t.Errorf("reading %s: %v, want %q", name, err, want)
		}
	}
}

// TestSource_ReadPipe: a pipe has no size and no time.
func TestSource_ReadPipe(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer shut(t, reader)
	large := strings.Repeat("x", 100_000)
	written := make(chan error, 1)
	go func() {
		_, err := writer.WriteString(large)
		written <- errors.Join(err, writer.Close())
	}()
	c, err := source{"-"}.read(t.Context(), reader, 1000)
	if want := "has more than the 1,000 bytes allowed: make it smaller, or raise --max-image-bytes"; err == nil || err.Error() != want || exitStatus(err) != exitInvalid {
		t.Errorf("read = %d bytes, %v; want %q", len(c.data), err, want)
	}
	if _, err := io.Copy(io.Discard, reader); err != nil {
		t.Error(err)
	}
	if err := <-written; err != nil {
		t.Error(err)
	}
}
