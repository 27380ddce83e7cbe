package api_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/api"
)

// nowhere is an archive that stores nothing: what is left is the API itself.
type nowhere struct{ api.Archive }

func (nowhere) Ingest(_ context.Context, s jarvis.Submission) (jarvis.Stored, error) {
	id := jarvis.NewRandomID()
	return jarvis.Stored{Capture: &jarvis.Capture{ID: id, Filepath: jarvis.NewBlobName(id, s.Timestamp, jarvis.JPEG, false).String(), FileSize: int64(len(s.Data))}}, nil
}

// BenchmarkServer_Upload is what an upload of 156 KB costs besides storing it.
func BenchmarkServer_Upload(b *testing.B) {
	r := newRig(b, quiet, func(o *api.Options) { o.Archive = nowhere{} })
	body := form(metadataPart(saying(1)), filePart("image/jpeg", append(photo(1), make([]byte, 156<<10)...)))
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		req := r.uploadRequest("/api/captures", body)
		req.Header.Set("Authorization", "Bearer "+r.device)
		res, err := http.DefaultTransport.RoundTrip(req)
		must(b, err)
		must(b, res.Body.Close())
		if res.StatusCode != http.StatusOK {
			b.Fatalf("answered %d", res.StatusCode)
		}
	}
}
