package sqlite

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/ncruces/go-sqlite3"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

func insertMany(t testing.TB, c *Catalog, n int) []*jarvis.Capture {
	t.Helper()
	captures := make([]*jarvis.Capture, n)
	for i := range captures {
		captures[i] = testCapture(i)
		if err := c.InsertCapture(t.Context(), captures[i]); err != nil {
			t.Fatalf("InsertCapture: %v (%v)", err, errors.Unwrap(err))
		}
	}
	return captures
}

func wantAll(t testing.TB, c *Catalog, captures []*jarvis.Capture) {
	t.Helper()
	for _, capture := range captures {
		if _, err := c.FindCapture(t.Context(), capture.ID); err != nil {
			t.Fatalf("FindCapture: %v (%v)", err, errors.Unwrap(err))
		}
	}
}

// hotCopy makes a catalogue with n captures in its WAL, and copies its files as
// a power cut would leave them, into a folder of their own.
func hotCopy(t testing.TB, key []byte, n int) (path string, captures []*jarvis.Capture) {
	t.Helper()
	o := Options{Path: filepath.Join(t.TempDir(), "jarvis.db"), Key: key, checkpointPages: 1 << 20}
	captures = insertMany(t, mustOpen(t, o), n)
	path = filepath.Join(t.TempDir(), "jarvis.db")
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(o.Path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if len(content) == 0 {
			t.Fatalf("%s is empty", o.Path+suffix)
		}
		if err := os.WriteFile(path+suffix, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path, captures
}

func size(t testing.TB, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// The first point of opening safely: a wrong key must not cost the WAL.
func TestOpen_WrongKeyKeepsTheWAL(t *testing.T) {
	wrong := bytes.Repeat([]byte{1}, KeySize)
	for _, test := range []struct {
		name       string
		key, wrong []byte
		code       jarvis.Code
		says       string
	}{
		{"AnotherKey", testKey, wrong, jarvis.CodeMismatch, "another store"},
		{"NoKey", testKey, nil, jarvis.CodeLocked, "there is no key"},
		{"KeyForPlain", nil, wrong, jarvis.CodeInvalid, "is not encrypted"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path, captures := hotCopy(t, test.key, 20)
			before, err := os.ReadFile(path + "-wal")
			if err != nil {
				t.Fatal(err)
			}
			before = append(before, bytes.Repeat([]byte{0x5a}, 511)...) // what a power cut leaves
			if err := os.WriteFile(path+"-wal", before, 0o600); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				_, err := Open(t.Context(), Options{Path: path, Key: test.wrong})
				if jarvis.ErrorCode(err) != test.code || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), test.says) {
					t.Fatalf("Open with a wrong key = %v (%v)", err, errors.Unwrap(err))
				}
				// Zeros that fill its last block are no change.
				after, err := os.ReadFile(path + "-wal")
				padding, ok := bytes.CutPrefix(after, before)
				if err != nil || !ok || len(padding) >= blockSize || len(bytes.Trim(padding, "\x00")) > 0 {
					t.Fatalf("the WAL had %d bytes, and other %d after a wrong key (%v)", len(before), len(after), err)
				}
			}
			wantAll(t, mustOpen(t, Options{Path: path, Key: test.key}), captures)
		})
	}
}

// The second point: a WAL that ends within a block.
func TestOpen_TornWAL(t *testing.T) {
	withKeys(t, func(t *testing.T, key []byte) {
		path, captures := hotCopy(t, key, 20)
		wal, err := os.ReadFile(path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		for _, torn := range []int{1, 511, 512, 4095} {
			if err := os.WriteFile(path+"-wal", append(slices.Clip(wal), bytes.Repeat([]byte{0x5a}, torn)...), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, suffix := range []string{".lock", ".lock.start", "-shm"} {
				if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
					t.Fatal(err)
				}
			}
			c, err := Open(t.Context(), Options{Path: path, Key: key})
			if err != nil {
				t.Fatalf("Open with %d bytes too many in the WAL: %v (%v)", torn, err, errors.Unwrap(err))
			}
			wantAll(t, c, captures)
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// Why a WAL is padded before the key is proven: what proves it cannot read a WAL
// that ends within a block.
func TestDatabase_Prove_TornWAL(t *testing.T) {
	path, _ := hotCopy(t, testKey, 5)
	whole := size(t, path+"-wal") / blockSize * blockSize
	db, err := newDatabase(Options{Path: path, Key: testKey})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.closeAfter(nil); err != nil {
			t.Error(err)
		}
	}()
	if err := os.Truncate(path+"-wal", whole-1); err != nil {
		t.Fatal(err)
	}
	if err := db.prove(t.Context()); !errors.Is(err, sqlite3.IOERR) {
		t.Errorf("prove with a WAL that ends within a block = %v", err)
	}
	if err := db.padWAL(); err != nil {
		t.Fatal(err)
	}
	if err := db.prove(t.Context()); err != nil {
		t.Errorf("prove with a padded WAL = %v", err)
	}
}

// The third and the fourth point: whoever opens first empties the WAL before
// anything is written, and nobody does while another has the store open.
func TestOpen_FirstEmptiesTheWAL(t *testing.T) {
	withKeys(t, func(t *testing.T, key []byte) {
		path, captures := hotCopy(t, key, 20)
		o := Options{Path: path, Key: key, checkpointPages: 1 << 20}
		first := mustOpen(t, o)
		if n := size(t, path+"-wal"); n != 0 {
			t.Fatalf("the WAL has %d bytes after opening", n)
		}
		more := testCapture(20)
		if err := first.InsertCapture(t.Context(), more); err != nil {
			t.Fatal(err)
		}
		grown := size(t, path+"-wal")
		second := mustOpen(t, o)
		if n := size(t, path+"-wal"); n != grown || grown == 0 {
			t.Fatalf("the second to open changed the WAL from %d to %d bytes", grown, n)
		}
		wantAll(t, second, append(captures, more))
	})
}

// The fourth point: what a disk flips is noticed.
func TestOpen_FlippedBits(t *testing.T) {
	withKeys(t, func(t *testing.T, key []byte) {
		o := Options{Path: filepath.Join(t.TempDir(), "jarvis.db"), Key: key}
		c, err := Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		captures := insertMany(t, c, proof.Rounds(70, 200))
		free, err := read(t.Context(), c, "count free pages", func(on *conn) (int64, error) { return on.number("PRAGMA freelist_count") })
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		sound, err := os.ReadFile(o.Path)
		if err != nil {
			t.Fatal(err)
		}
		noticed := 0
		for page := 1; page < len(sound)/blockSize; page++ {
			damaged := append([]byte{}, sound...)
			damaged[page*blockSize+(page*977)%blockSize] ^= 1 << (page % 8)
			if err := os.WriteFile(o.Path, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			if readsWrong(t, o, captures) {
				noticed++
			}
		}
		if used := len(sound)/blockSize - 1 - int(free); noticed < used {
			t.Fatalf("only %d of %d flipped pages were noticed", noticed, used)
		}
	})
}

// readsWrong reads everything, and fails the test when anything is not what was
// written. It reports whether damage was noticed.
func readsWrong(t *testing.T, o Options, captures []*jarvis.Capture) (noticed bool) {
	t.Helper()
	c, err := Open(t.Context(), o)
	if err != nil {
		if code := jarvis.ErrorCode(err); code != jarvis.CodeCorrupt {
			t.Fatalf("Open of a damaged database: %v (%s, %v)", err, code, errors.Unwrap(err))
		}
		return true
	}
	defer func() {
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}()
	for _, want := range captures {
		got, err := c.FindCapture(t.Context(), want.ID)
		switch jarvis.ErrorCode(err) {
		case "":
			if got.WindowTitle != want.WindowTitle || !got.Timestamp.Equal(want.Timestamp) || !bytes.Equal(got.StoredSHA256, want.StoredSHA256) {
				t.Fatalf("a damaged database returned %+v, want %+v", got, want)
			}
		case jarvis.CodeCorrupt:
			noticed = true
		default:
			t.Fatalf("FindCapture in a damaged database: %v (%v)", err, errors.Unwrap(err))
		}
	}
	// What no capture is found by, SQLite's own check reads.
	problems, err := read(t.Context(), c, "check", func(on *conn) (int64, error) {
		return on.number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'")
	})
	if code := jarvis.ErrorCode(err); code == jarvis.CodeCorrupt || problems > 0 {
		noticed = true
	} else if err != nil {
		t.Fatalf("integrity_check: %v (%v)", err, errors.Unwrap(err))
	}
	return noticed
}

// The fifth point: what makes a commit durable, and keeps what is deleted from
// being read off the disk.
func TestConnect_Pragmas(t *testing.T) {
	withKeys(t, func(t *testing.T, key []byte) {
		c := mustOpen(t, Options{Path: filepath.Join(t.TempDir(), "jarvis.db"), Key: key})
		for name, want := range map[string]int64{
			"synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "busy_timeout": 5000,
			"wal_autocheckpoint": 0, "cache_spill": 0, "page_size": blockSize, "query_only": 0, "checksum_verification": 1,
		} {
			got, err := doWrite(t.Context(), c, "read a pragma", func(on *conn) (int64, error) { return on.number("PRAGMA " + name) })
			if err != nil || got != want {
				t.Errorf("PRAGMA %s = %d, %v on the writer, want %d", name, got, err, want)
			}
		}
		for name, want := range map[string]int64{"query_only": 1, "busy_timeout": 5000, "checksum_verification": 1} {
			got, err := read(t.Context(), c, "read a pragma", func(on *conn) (int64, error) { return on.number("PRAGMA " + name) })
			if err != nil || got != want {
				t.Errorf("PRAGMA %s = %d, %v on a reader, want %d", name, got, err, want)
			}
		}
	})
}

func TestOpen_Permissions(t *testing.T) {
	withKeys(t, func(t *testing.T, key []byte) {
		folder := filepath.Join(t.TempDir(), "a", "b")
		path := filepath.Join(folder, "jarvis.db")
		old := syscall.Umask(0)
		defer syscall.Umask(old)
		c := mustOpen(t, Options{Path: path, Key: key})
		insertMany(t, c, 3)
		if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("the folder has mode %v, %v", info.Mode(), err)
		}
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			info, err := e.Info()
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %v", e.Name(), info.Mode())
			}
		}
		if len(entries) < 5 {
			t.Errorf("the folder holds %d files, want the database, -wal, -shm and two locks", len(entries))
		}
	})
}

func TestOpen_Refusals(t *testing.T) {
	write := func(content string) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, test := range []struct {
		name    string
		prepare func(t *testing.T, path string)
		options Options
		code    jarvis.Code
		says    string
	}{
		{"NotADatabase", write(strings.Repeat("Dear diary, ", 1000)), Options{}, jarvis.CodeInvalid, "no SQLite database"},
		{"ShortText", write("Dear diary"), Options{}, jarvis.CodeInvalid, "no SQLite database"},
		{"NotADatabaseWithKey", write(strings.Repeat("Dear diary, ", 1000)), Options{Key: testKey}, jarvis.CodeInvalid, "no SQLite database"},
		{"Folder", func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, Options{}, jarvis.CodeInvalid, "is not a file"},
		{"ParentIsAFile", func(t *testing.T, path string) {
			write("x")(t, filepath.Dir(path))
		}, Options{Path: "file/jarvis.db"}, jarvis.CodeInvalid, "a file is where a folder should be"},
		{"Missing", func(*testing.T, string) {}, Options{MustExist: true}, jarvis.CodeNotFound, "there is no catalogue"},
		{"Empty", write(""), Options{MustExist: true}, jarvis.CodeNotFound, "there is no catalogue"},
		{"NoPath", func(*testing.T, string) {}, Options{Path: "-"}, jarvis.CodeInvalid, "no path"},
		{"ShortKey", func(*testing.T, string) {}, Options{Key: testKey[:31]}, jarvis.CodeInvalid, "31 bytes, not 32"},
		{"LogWithoutDatabase", func(t *testing.T, path string) { write("log")(t, path+"-wal") }, Options{}, jarvis.CodeCorrupt, "is gone"},
		{"AnotherProgram", func(t *testing.T, path string) {
			if _, err := openSQL(t, Options{Path: path}).Exec("CREATE TABLE bookmarks (url TEXT)"); err != nil {
				t.Fatal(err)
			}
		}, Options{}, jarvis.CodeMismatch, "another program"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := test.options
			switch o.Path {
			case "-":
				o.Path = ""
			case "":
				o.Path = "jarvis.db"
				fallthrough
			default:
				o.Path = filepath.Join(t.TempDir(), o.Path)
			}
			test.prepare(t, o.Path)
			c, err := Open(t.Context(), o)
			if err == nil {
				t.Fatal(errors.Join(errors.New("opened"), c.Close()))
			}
			if jarvis.ErrorCode(err) != test.code || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("Open = %q (%s, cause %v), want %s saying %q in one line", err, jarvis.ErrorCode(err), errors.Unwrap(err), test.code, test.says)
			}
		})
	}
}

// Whoever may make a catalogue may make it where an empty file is.
func TestOpen_EmptyFile(t *testing.T) {
	withKeys(t, func(t *testing.T, key []byte) {
		o := Options{Path: filepath.Join(t.TempDir(), "jarvis.db"), Key: key}
		if err := os.WriteFile(o.Path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		insertMany(t, mustOpen(t, o), 1)
	})
}

func TestOpen_Truncated(t *testing.T) {
	withKeys(t, func(t *testing.T, key []byte) {
		o := Options{Path: filepath.Join(t.TempDir(), "jarvis.db"), Key: key}
		c, err := Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		insertMany(t, c, 100)
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		for _, left := range []int64{size(t, o.Path) / 2 &^ (blockSize - 1), 100} {
			if err := os.Truncate(o.Path, left); err != nil {
				t.Fatal(err)
			}
			_, err := Open(t.Context(), o)
			if code := jarvis.ErrorCode(err); code != jarvis.CodeCorrupt && code != jarvis.CodeInvalid {
				t.Errorf("Open of a database cut to %d bytes = %v (%s, %v)", left, err, code, errors.Unwrap(err))
			}
		}
	})
}

// The key is in no error, whatever is done with the database.
func TestOpen_KeyIsInNoError(t *testing.T) {
	o := Options{Path: filepath.Join(t.TempDir(), "jarvis.db"), Key: testKey}
	db, err := newDatabase(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.closeAfter(nil); err != nil {
			t.Errorf("closeAfter: %v", err)
		}
	})
	texts := []string{db.uri(o.Path), fmt.Sprintf("%+v %#v", *db, *db)}
	c := mustOpen(t, o)
	insertMany(t, c, 3)
	for _, sql := range []string{"VACUUM INTO '/nowhere/copy'", "ATTACH '" + db.uri("/nowhere/copy") + "' AS other", "nonsense"} {
		err := c.write(t.Context(), "fail", func(on *conn) error { return on.Exec(sql) })
		if err == nil {
			t.Fatalf("%s did not fail", sql)
		}
		for ; err != nil; err = errors.Unwrap(err) {
			texts = append(texts, err.Error(), fmt.Sprintf("%+v", err))
			if e, ok := err.(*sqlite3.Error); ok {
				texts = append(texts, e.SQL())
			}
		}
	}
	_, err = Open(t.Context(), Options{Path: o.Path, Key: bytes.Repeat(testKey[:1], KeySize)})
	texts = append(texts, err.Error(), fmt.Sprint(errors.Unwrap(err)))
	for _, text := range texts {
		for _, secret := range []string{string(testKey), hex.EncodeToString(testKey), fmt.Sprint(testKey), fmt.Sprintf("%#v", testKey)} {
			if strings.Contains(strings.ToLower(text), strings.ToLower(secret)) {
				t.Errorf("the key is in %q", text)
			}
		}
	}
}

func TestOpen_UpgradeWhileAnotherUsesIt(t *testing.T) {
	o := Options{Path: filepath.Join(t.TempDir(), "jarvis.db")}
	c := mustOpen(t, o)
	if err := c.write(t.Context(), "go back", func(on *conn) error {
		return on.exec("DELETE FROM "+versionTable+" WHERE version_id = ?", int64(latest))
	}); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), o)
	if jarvis.ErrorCode(err) != jarvis.CodeUnavailable || !strings.Contains(err.Error(), "has to be upgraded") {
		t.Fatalf("Open = %v", err)
	}
}

func TestOpen_ThroughALink(t *testing.T) {
	folder := t.TempDir()
	o := Options{Path: filepath.Join(folder, "real", "jarvis.db")}
	captures := insertMany(t, mustOpen(t, o), 3)
	link := filepath.Join(folder, "link.db")
	if err := os.Symlink(o.Path, link); err != nil {
		t.Fatal(err)
	}
	wantAll(t, mustOpen(t, Options{Path: link}), captures)
	if _, err := os.Stat(link + ".lock"); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the store has another lock under another name")
	}
}

// Names that mean something in a URI are names all the same.
func TestOpen_StrangeNames(t *testing.T) {
	withKeys(t, func(t *testing.T, key []byte) {
		for _, name := range []string{"a?vfs=os&mode=memory.db", "100% #1.db", "señor día/ja rvis.db", ":memory:", "file:x.db", "'; DROP.db"} {
			o := Options{Path: filepath.Join(t.TempDir(), name), Key: key}
			insertMany(t, mustOpen(t, o), 1)
			if size(t, o.Path) == 0 {
				t.Errorf("%q was not used as a name", name)
			}
		}
	})
}
