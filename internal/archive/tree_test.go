package archive_test

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

func sum(data []byte) [sha256.Size]byte { return sha256.Sum256(data) }

// tree returns the digest of every file under the root but locks and staging.
func (r *rig) tree() map[string][sha256.Size]byte {
	r.t.Helper()
	files := make(map[string][sha256.Size]byte)
	err := filepath.WalkDir(r.root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if slices.Contains([]string{"locks", "staging"}, entry.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(r.root, path)
		files[filepath.ToSlash(name)] = sum(data)
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return files
}

// lost returns the files of before whose bytes are nowhere in the tree now.
func (r *rig) lost(before map[string][sha256.Size]byte) []string {
	there := make(map[[sha256.Size]byte]bool)
	for _, digest := range r.tree() {
		there[digest] = true
	}
	var lost []string
	for name, digest := range before {
		if !there[digest] {
			lost = append(lost, name)
		}
	}
	return lost
}
