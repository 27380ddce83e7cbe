package mask_test

import (
	"testing"

	"github.com/jarvis-memory/jarvis/internal/mask"
)

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := mask.New(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMasker_MaskText masks 2 KB of what this project wrote.
func BenchmarkMasker_MaskText(b *testing.B) {
	m, documents := masker(b), written(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m.MaskText(documents[i%len(documents)].text)
	}
}
