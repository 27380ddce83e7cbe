package sqlite

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/ncruces/go-sqlite3/vfs"
)

// osFile is a file as the operating system has it.
type osFile struct {
	vfs.File // the methods that nobody calls
	f        *os.File
}

func (o osFile) Fd() uintptr                              { return o.f.Fd() }
func (o osFile) ReadAt(p []byte, off int64) (int, error)  { return o.f.ReadAt(p, off) }
func (o osFile) WriteAt(p []byte, off int64) (int, error) { return o.f.WriteAt(p, off) }

// A block that one connection rewrites is never read half by another. Without
// the locks it is, on ext4 within a second or so.
func TestBlockwise(t *testing.T) {
	path := filepath.Join(t.TempDir(), "wal")
	open := func() blockwiseFile {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		})
		return blockwiseFile{osFile{f: f}, f.Fd()}
	}
	writer := open()
	blocks := [][]byte{bytes.Repeat([]byte{0x55}, blockSize), bytes.Repeat([]byte{0xaa}, blockSize)}
	if _, err := writer.WriteAt(blocks[0], 0); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var writing, reading sync.WaitGroup
	writing.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := writer.WriteAt(blocks[i%2], 0); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for range 2 {
		reader := open()
		reading.Go(func() {
			got := make([]byte, blockSize)
			for range 100_000 {
				if _, err := reader.ReadAt(got, 0); err != nil {
					t.Error(err)
					return
				}
				if !bytes.Equal(got, blocks[0]) && !bytes.Equal(got, blocks[1]) {
					t.Error("a block was read half old and half new")
					return
				}
			}
		})
	}
	reading.Wait()
	close(stop)
	writing.Wait()
}
