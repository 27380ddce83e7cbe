package vault

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	jarvis "github.com/jarvis-memory/jarvis"
)

// Of the age format: its chunks, and what each grows by.
const (
	chunkSize     = 64 << 10
	chunkOverhead = 16
)

func newTestIdentity(t testing.TB) *Identity {
	t.Helper()
	id, err := NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// wantCode fails the test unless err is a *jarvis.Error of the code.
func wantCode(t testing.TB, err error, code jarvis.Code) {
	t.Helper()
	if e, ok := errors.AsType[*jarvis.Error](err); !ok || e.Code != code {
		t.Fatalf("got error %v (%s), want one of code %s", err, jarvis.ErrorCode(err), code)
	}
}

// fixture returns the content of a file in testdata.
func fixture(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// writeFile writes a file that only its owner can read, and returns its path.
func writeFile(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func testImageName(id jarvis.ID, sealed bool) jarvis.BlobName {
	return jarvis.NewBlobName(id, time.Date(2026, 1, 24, 10, 0, 0, 0, time.UTC), jarvis.JPEG, sealed)
}

// memory is the part of a jarvis.BlobStore that Store treats itself, in memory.
type memory struct {
	jarvis.BlobStore
	files map[jarvis.BlobName][]byte
}

func newMemory() *memory { return &memory{files: map[jarvis.BlobName][]byte{}} }

func (m *memory) Stage(_ context.Context, _ jarvis.ID, data []byte) (jarvis.StagedBlob, error) {
	return &memoryBlob{m, bytes.Clone(data)}, nil
}

func (m *memory) ReadStored(_ context.Context, name jarvis.BlobName) ([]byte, error) {
	data, ok := m.files[name]
	if !ok {
		return nil, jarvis.Errorf(jarvis.CodeNotFound, "there is no %s", name)
	}
	return bytes.Clone(data), nil
}

type memoryBlob struct {
	store *memory
	data  []byte
}

func (b *memoryBlob) Size() int64 { return int64(len(b.data)) }

func (b *memoryBlob) SHA256() []byte {
	sum := sha256.Sum256(b.data)
	return sum[:]
}

func (b *memoryBlob) Publish(_ context.Context, name jarvis.BlobName) error {
	b.store.files[name] = b.data
	return nil
}

func (b *memoryBlob) Replace(ctx context.Context, name jarvis.BlobName) error {
	return b.Publish(ctx, name)
}

func (*memoryBlob) Discard() {}
