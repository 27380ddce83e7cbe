package cli

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/png"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	cipher "lukechampine.com/adiantum"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/archive"
)

// marked is a store with a capture whose title and picture are like no other.
type marked struct {
	*place
	id       string
	title    string // and a part of the application's name
	pixels   []byte // a part of the picture
	identity age.Identity
	key      []byte // of the catalogue; nil where it is not encrypted
	server   string // folder of PostgreSQL; empty with SQLite
}

// newMarked makes a store, and copies of its catalogue where migrations keep some.
func newMarked(t *testing.T, seal string, onServer bool) *marked {
	t.Helper()
	m := &marked{place: newPlace(t), title: "marker" + strings.ReplaceAll(jarvis.NewRandomID().String(), "-", "")}
	if onServer {
		m.env = append(m.env, "JARVIS_DATABASE_URL="+server.NewDatabase(t))
		m.server = server.Folder(t)
	}
	m.pictures(t, "shots", 5)
	m.must(t, "add", "shots", "--seal="+seal, "--timestamp", "2026-01-24T10:00:00Z", "--title", "Inbox")
	picture := m.drawNoise(t)
	add := m.command(t, "add", "--json", "-", "--timestamp", "2026-01-24T10:00:00Z", "--title", m.title, "--app", m.title+"-browser")
	add.Stdin = bytes.NewReader(picture)
	told, err := add.Output()
	if err != nil {
		t.Fatal(err)
	}
	m.id = lines(t, string(told))[0].ID.String()
	for range 2 {
		m.must(t, "migrate", "down", "--yes")
		m.must(t, "migrate", "up")
	}
	if seal == "on" {
		m.readKeys(t)
	}
	return m
}

// drawNoise returns an image that no compression makes smaller, and remembers a
// part of it.
func (m *marked) drawNoise(t *testing.T) []byte {
	t.Helper()
	noise := image.NewNRGBA(image.Rect(0, 0, 64, 48))
	for i := range noise.Pix {
		noise.Pix[i] = byte(rand.Uint32())
	}
	var picture bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&picture, noise); err != nil {
		t.Fatal(err)
	}
	m.pixels = bytes.Clone(picture.Bytes()[picture.Len()/2:][:32])
	return picture.Bytes()
}

// readKeys reads what opens the store.
func (m *marked) readKeys(t *testing.T) {
	t.Helper()
	f, err := os.Open(filepath.Join(m.folder, identityPath))
	if err != nil {
		t.Fatal(err)
	}
	defer shut(t, f)
	identities, err := age.ParseIdentities(f)
	if err != nil {
		t.Fatal(err)
	}
	m.identity = identities[0]
	if m.server != "" {
		return
	}
	a, cfg := m.app(t)
	key, _, err := a.unlockFile(t.Context(), cfg, filepath.Join(m.folder, dataPath, "jarvis.db.key"))
	if err == nil {
		m.key, err = key.data.RevealCatalogKey()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// traces lists the files of the store, of its person and of the database that
// hold something of the marked capture, as they are or decrypted. Of the
// database's server, the write-ahead log is left out.
func (m *marked) traces(t *testing.T) (found []string) {
	t.Helper()
	folders := []string{m.folder}
	if m.server != "" {
		folders = append(folders, server.Folder(t))
	}
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
			if err == nil && entry.Name() == "pg_wal" {
				return fs.SkipDir
			}
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			content, err := os.ReadFile(name)
			for as, bytes := range m.readings(content) {
				found = append(found, m.tracesIn(bytes, name+as)...)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// readings returns the content of a file, and what it is to whoever has the keys.
func (m *marked) readings(content []byte) map[string][]byte {
	all := map[string][]byte{"": content}
	if m.identity != nil {
		if opened, err := age.Decrypt(bytes.NewReader(content), m.identity); err == nil {
			if plain, err := io.ReadAll(opened); err == nil {
				all[" (opened)"] = plain
			}
		}
	}
	if m.key != nil { // block by block, with all that SQLite does not read
		const block = 4096
		plain := bytes.Clone(content[:len(content)/block*block])
		for at := 0; at < len(plain); at += block {
			cipher.New(m.key).Decrypt(plain[at:at+block], binary.LittleEndian.AppendUint64(nil, uint64(at)))
		}
		all[" (decrypted)"] = plain
	}
	return all
}

func (m *marked) tracesIn(content []byte, name string) (found []string) {
	if bytes.Contains(content, []byte(m.title)) {
		found = append(found, name+" holds the title")
	}
	if bytes.Contains(content, m.pixels) {
		found = append(found, name+" holds the picture")
	}
	return found
}

// wantTraces fails the test unless each of some kinds of file holds something.
func wantTraces(t *testing.T, found []string, kinds ...string) {
	t.Helper()
	for _, kind := range kinds {
		if !strings.Contains(strings.Join(found, "\n")+"\n", kind+"\n") {
			t.Errorf("nothing ends in %q in\n%s", kind, strings.Join(found, "\n"))
		}
	}
}

// TestDeletion: of a capture that was removed no byte is left in any file, as
// stored or decrypted: not of its title, nor of its picture.
func TestDeletion(t *testing.T) {
	for _, test := range []struct {
		name, seal string
		onServer   bool
		before     []string // what holds something before
	}{
		{"SQLite/Sealed", "on", false, []string{"/jarvis.db (decrypted) holds the title", ".backup (decrypted) holds the title", ".png.age (opened) holds the picture"}},
		{"SQLite/Plain", "off", false, []string{"/jarvis.db holds the title", ".backup holds the title", ".png holds the picture"}},
		{"PostgreSQL/Sealed", "on", true, []string{" holds the title", ".png.age (opened) holds the picture"}},
		{"PostgreSQL/Plain", "off", true, []string{" holds the title", ".png holds the picture"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := newMarked(t, test.seal, test.onServer)
			wantTraces(t, m.traces(t), test.before...)
			open := m.openStore(t) // so that nobody is the last to close, and to clean up
			if told := m.must(t, "rm", "--yes", m.id); !strings.Contains(told, ", freed pages") {
				t.Errorf("the receipt: %s", told)
			}
			if found := m.traces(t); len(found) > 0 {
				t.Errorf("left by a removal:\n%s", strings.Join(found, "\n"))
			}
			closeStore(t, open)
			if found := m.traces(t); len(found) > 0 {
				t.Errorf("left when all is closed:\n%s", strings.Join(found, "\n"))
			}
			m.must(t, "verify", "--deep")
		})
		t.Run(test.name+"/Interrupted", func(t *testing.T) {
			m := newMarked(t, test.seal, test.onServer)
			open := m.openStore(t)
			open.catalog.catalogs = unpurging{open.catalog.catalogs}
			id, err := jarvis.ParseID(m.id)
			if err != nil {
				t.Fatal(err)
			}
			if done, err := open.archive.RemoveIDs(t.Context(), []jarvis.ID{id}, archive.RemoveOptions{}); err == nil || done.Removed != 1 {
				t.Fatalf("removed %+v, %v; want it not purged", done, err)
			}
			wantTraces(t, m.traces(t), " holds the title")
			m.must(t, "verify")
			if found := m.traces(t); len(found) > 0 {
				t.Errorf("left by the next command:\n%s", strings.Join(found, "\n"))
			}
			closeStore(t, open)
		})
	}
}
