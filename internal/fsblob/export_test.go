package fsblob

import "testing"

// OpenFolder gives tests the FileSystem of a real folder.
func OpenFolder(t testing.TB, path string) FileSystem {
	t.Helper()
	folder, err := openFolder(path, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := folder.close(); err != nil {
			t.Errorf("close the folder: %v", err)
		}
	})
	return folder
}
