package catalogtest

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"

	"github.com/jarvis-memory/jarvis"
)

// Corpus makes documents of some 2 KB, the words of which are as frequent as
// Zipf's law has it, and queries for them. The same number gives the same
// document and the same query. It may be used concurrently.
type Corpus struct {
	words []string  // the most frequent first
	upto  []float64 // how likely it is that a word is this one or one before it
}

// The sizes of a Corpus.
const (
	corpusWords   = 200_000 // of its vocabulary
	documentWords = 290
)

// NewCorpus makes the vocabulary.
func NewCorpus() *Corpus {
	c := &Corpus{words: make([]string, corpusWords), upto: make([]float64, corpusWords)}
	random := rand.New(rand.NewPCG(1, 2))
	known := make(map[string]bool, corpusWords)
	sum := 0.0
	for rank := range c.words {
		word := newWord(random, rank)
		for known[word] {
			word = newWord(random, rank)
		}
		known[word] = true
		c.words[rank] = word
		sum += 1 / float64(rank+1)
		c.upto[rank] = sum
	}
	for rank := range c.upto {
		c.upto[rank] /= sum
	}
	return c
}

// newWord returns a word that is the longer the rarer it is.
func newWord(random *rand.Rand, rank int) string {
	const consonants, vowels = "bcdfghjklmnprstvwz", "aeiou"
	length := 2 + int(math.Log10(float64(rank+1))*1.1) + random.IntN(4)
	word := make([]byte, length)
	for i := range word {
		letters := consonants
		if i%2 == 1 {
			letters = vowels
		}
		word[i] = letters[random.IntN(len(letters))]
	}
	return string(word)
}

// Document returns document n: tokens with a blank between them.
func (c *Corpus) Document(n int) string {
	var b strings.Builder
	for i, word := range c.document(n) {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(word)
	}
	return b.String()
}

func (c *Corpus) document(n int) []string {
	random := rand.New(rand.NewPCG(uint64(n), 3))
	words := make([]string, documentWords)
	for i := range words {
		words[i] = c.words[sort.SearchFloat64s(c.upto, random.Float64())]
	}
	return words
}

// QueryKind is what a Corpus's query looks for.
type QueryKind string

// The kinds.
const (
	QueryWord   QueryKind = "word"   // in 20% of the documents, or 1%, or .02%
	QueryTwo    QueryKind = "two"    // words that are in the same document
	QueryPhrase QueryKind = "phrase" // two or three words of a document
	QueryPrefix QueryKind = "prefix" // two to five letters of a word
	QueryCommon QueryKind = "common" // a word of nearly every document
)

// QueryKinds lists the kinds.
var QueryKinds = []QueryKind{QueryWord, QueryTwo, QueryPhrase, QueryPrefix, QueryCommon}

// Query returns query n of a kind for the first documents of the corpus.
func (c *Corpus) Query(kind QueryKind, n, documents int) jarvis.Query {
	random := rand.New(rand.NewPCG(uint64(n), 4))
	words := c.document(random.IntN(documents))
	at := random.IntN(len(words) - 3)
	switch kind {
	case QueryTwo:
		return corpusQuery([]string{words[at]}, []string{words[at+2]})
	case QueryPhrase:
		return corpusQuery(words[at : at+2+random.IntN(2)])
	case QueryPrefix:
		word := words[at]
		q := corpusQuery([]string{word[:min(len(word), 2+random.IntN(4))]})
		q.Clauses[0][0].Prefix = true
		return q
	case QueryCommon:
		return corpusQuery([]string{c.words[random.IntN(10)]})
	}
	return corpusQuery([]string{c.words[int(100*math.Pow(1000, random.Float64()))]})
}

func corpusQuery(clauses ...[]string) jarvis.Query {
	var q jarvis.Query
	for _, tokens := range clauses {
		q.Clauses = append(q.Clauses, jarvis.Clause{{Kind: jarvis.AtomWords, Tokens: slices.Clone(tokens)}})
	}
	return q
}
