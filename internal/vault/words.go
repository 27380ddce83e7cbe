package vault

import (
	"errors"
	"slices"
	"strings"
	"unicode"

	"github.com/tyler-smith/go-bip39"

	jarvis "github.com/jarvis-memory/jarvis"
)

// wordCount is the number of recovery words: 256 bits and a checksum of 8, at
// 11 bits a word.
const wordCount = 24

// uniquePrefix is the number of letters by which the words of BIP 39 differ.
const uniquePrefix = 4

// maxWords bounds the text that ParseWords reads, in bytes.
const maxWords = 4096

// RevealWords returns the secret as 24 words of the English list of BIP 39,
// lower case, with a checksum. Whoever reads them has the identity.
func (id Identity) RevealWords() ([]string, error) {
	phrase, err := bip39.NewMnemonic(secretBytes(id.RevealSecret()))
	if err != nil { // not the cause, which could quote the secret
		return nil, jarvis.Errorf(jarvis.CodeInternal, "the identity has no recovery words")
	}
	return strings.Fields(phrase), nil
}

// ParseWords returns the identity whose words RevealWords returned. Case,
// spaces, punctuation and numbering do not matter, and the first four letters
// of a word are enough. Errors are CodeInvalid; they name the first word that
// is wrong and the nearest in the list.
func ParseWords(text string) (*Identity, error) {
	if len(text) > maxWords {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "this is not a list of recovery words: there are %d of them, at most 8 letters each", wordCount)
	}
	typed := splitWords(text)
	words := make([]string, len(typed))
	for i, word := range typed {
		full, ok := findWord(word)
		if !ok {
			return nil, jarvis.Errorf(jarvis.CodeInvalid, "recovery word %d, %.20q, is not in the list: did you mean %q?", i+1, word, nearestWord(word))
		}
		words[i] = full
	}
	if len(words) != wordCount {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "there are %d recovery words, not %d: look for one that is missing or twice", wordCount, len(words))
	}
	secret, err := bip39.EntropyFromMnemonic(strings.Join(words, " "))
	if errors.Is(err, bip39.ErrChecksumIncorrect) {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "each recovery word is in the list, but together they are no identity: one is another word than was written down, or two changed places")
	}
	if err != nil { // not the cause, which could quote a word
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "these are not the recovery words of an identity")
	}
	return ParseSecret(secretText(secret))
}

// splitWords returns the words of text in lower case, without the numbers
// before them.
func splitWords(text string) []string {
	var words []string
	for word := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}) {
		if word = strings.TrimLeftFunc(word, unicode.IsDigit); word != "" {
			words = append(words, word)
		}
	}
	return words
}

// findWord returns the word of the list that is typed, or that begins with it.
func findWord(typed string) (string, bool) {
	list := bip39.GetWordList()
	i, exact := slices.BinarySearch(list, typed)
	if exact {
		return typed, true
	}
	if len(typed) >= uniquePrefix && i < len(list) && strings.HasPrefix(list[i], typed) {
		return list[i], true
	}
	return "", false
}

// longestWord bounds the words that nearestWord compares, in letters: twice the
// longest of the list.
const longestWord = 16

// nearestWord returns the word of the list with the fewest typing errors to
// the one that was typed, which is not in it.
func nearestWord(typed string) string {
	letters := []rune(typed)
	letters = letters[:min(len(letters), longestWord)] // what follows changes nothing
	nearest, fewest := "", longestWord+1
	for _, word := range bip39.GetWordList() {
		if len(word)-len(letters) >= fewest || len(letters)-len(word) >= fewest {
			continue
		}
		if n := typingErrors(letters, word); n < fewest {
			nearest, fewest = word, n
		}
		if fewest == 1 {
			break
		}
	}
	return nearest
}

// typingErrors returns how many letters must be left out, added, changed or
// swapped with their neighbour to make typed into word. Neither is longer than
// longestWord; word is ASCII.
func typingErrors(typed []rune, word string) int {
	var rows [3][longestWord + 1]int
	before, row, next := rows[0][:], rows[1][:], rows[2][:] // for i-1, i and i+1 letters typed
	for j := range len(word) + 1 {
		row[j] = j
	}
	for i := range typed {
		next[0] = i + 1
		for j := 1; j <= len(word); j++ {
			changed := row[j-1]
			if typed[i] != rune(word[j-1]) {
				changed++
			}
			next[j] = min(changed, row[j]+1, next[j-1]+1)
			if i > 0 && j > 1 && typed[i] == rune(word[j-2]) && typed[i-1] == rune(word[j-1]) {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row, next = row, next, before
	}
	return row[len(word)]
}
