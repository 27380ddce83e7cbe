package vault

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/tyler-smith/go-bip39"
	"pgregory.net/rapid"

	jarvis "github.com/jarvis-memory/jarvis"
)

// drawIdentity draws an identity from its 32 bytes, edges included.
func drawIdentity(t *rapid.T) *Identity {
	secret := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "secret")
	id, err := ParseSecret(secretText(secret))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// The list is the one of BIP 39: this is the digest of its english.txt.
func TestWords_List(t *testing.T) {
	sum := sha256.Sum256([]byte(strings.Join(bip39.GetWordList(), "\n") + "\n"))
	if got := hex.EncodeToString(sum[:]); got != "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda" {
		t.Errorf("the digest of the list is %s", got)
	}
	prefixes := map[string]bool{}
	for _, word := range bip39.GetWordList() {
		prefix := word[:min(len(word), uniquePrefix)]
		if prefixes[prefix] {
			t.Errorf("two words begin with %s", prefix)
		}
		prefixes[prefix] = true
	}
}

// The test vectors of BIP 39 for 256 bits.
func TestWords_Vectors(t *testing.T) {
	for _, test := range []struct{ entropy, words string }{
		{strings.Repeat("00", 32), strings.Repeat("abandon ", 23) + "art"},
		{strings.Repeat("ff", 32), strings.Repeat("zoo ", 23) + "vote"},
		{strings.Repeat("7f", 32), strings.Repeat("legal winner thank year wave sausage worth useful ", 2) + "legal winner thank year wave sausage worth title"},
		{strings.Repeat("80", 32), strings.Repeat("letter advice cage absurd amount doctor acoustic avoid ", 2) + "letter advice cage absurd amount doctor acoustic bless"},
	} {
		id, err := ParseWords(test.words)
		if err != nil {
			t.Fatalf("%s: %v", test.words, err)
		}
		if got := hex.EncodeToString(secretBytes(id.RevealSecret())); got != test.entropy {
			t.Errorf("%s: the secret is %s", test.words, got)
		}
		if words, err := id.RevealWords(); err != nil || strings.Join(words, " ") != test.words {
			t.Errorf("%s: the words are %s, error %v", test.entropy, words, err)
		}
	}
}

// However the words are typed, they give the identity they came from.
func TestWords_Property(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := drawIdentity(t)
		words, err := id.RevealWords()
		if err != nil || len(words) != wordCount {
			t.Fatalf("%d words, error %v", len(words), err)
		}
		number := rapid.SampledFrom([]string{"", "%d. ", "%d) ", "%02d: ", "#%d ", "%d.", "- "}).Draw(t, "number")
		space := rapid.SampledFrom([]string{" ", "\n", ", ", "\r\n\r\n", "\t  "}).Draw(t, "space")
		var text strings.Builder
		for i, word := range words {
			if strings.Contains(number, "%") {
				fmt.Fprintf(&text, number, i+1)
			} else {
				text.WriteString(number)
			}
			if len(word) > uniquePrefix {
				word = word[:rapid.IntRange(uniquePrefix, len(word)).Draw(t, "letters")]
			}
			if rapid.Bool().Draw(t, "upper") {
				word = strings.ToUpper(word)
			}
			text.WriteString(word + space)
		}
		restored, err := ParseWords(text.String())
		if err != nil {
			t.Fatal(err)
		}
		if restored.RevealSecret() != id.RevealSecret() || restored.PublicKey() != id.PublicKey() {
			t.Fatal("another identity came back")
		}
	})
}

// One wrong letter is named, with the word that was meant.
func TestParseWords_Typo(t *testing.T) {
	list := bip39.GetWordList()
	rapid.Check(t, func(t *rapid.T) {
		words, err := drawIdentity(t).RevealWords()
		if err != nil {
			t.Fatal(err)
		}
		at := rapid.IntRange(0, wordCount-1).Draw(t, "at")
		right := words[at]
		i := rapid.IntRange(0, len(right)-1).Draw(t, "letter")
		wrong := right[:i] + string(rapid.RuneFrom([]rune("abcdefghijklmnopqrstuvwxyz")).Draw(t, "typed")) + right[i+1:]
		if _, ok := findWord(wrong); ok {
			t.Skip("another word of the list")
		}
		words[at] = wrong
		_, err = ParseWords(strings.Join(words, " "))
		if jarvis.ErrorCode(err) != jarvis.CodeInvalid || !strings.Contains(err.Error(), fmt.Sprintf("word %d, %q,", at+1, wrong)) {
			t.Fatalf("%q for %q: %v", wrong, right, err)
		}
		near := 0
		for _, word := range list {
			if typingErrors([]rune(wrong), word) == 1 {
				near++
			}
		}
		if near == 1 && !strings.Contains(err.Error(), fmt.Sprintf("did you mean %q", right)) {
			t.Fatalf("%q for %q: %v", wrong, right, err)
		}
	})
}

func TestParseWords_Refused(t *testing.T) {
	good := strings.Repeat("abandon ", 23) + "art"
	for _, test := range []struct{ name, text, says string }{
		{"Empty", "", "not 0"},
		{"Missing", strings.Repeat("abandon ", 23), "not 23"},
		{"TooMany", good + " art", "not 25"},
		{"Checksum", strings.Repeat("abandon ", 23) + "able", "one is another word"},
		{"Nearest", strings.Replace(good, "abandon", "abandno", 1), `recovery word 1, "abandno", is not in the list: did you mean "abandon"?`},
		{"LongerThanWord", strings.Replace(good, "abandon", "abandoned", 1), `did you mean "abandon"?`},
		{"ThreeLetters", strings.Replace(good, "abandon", "aba", 1), `recovery word 1, "aba"`},
		{"Digit", strings.Replace(good, "abandon", "aband0n", 1), `did you mean "abandon"?`},
		{"Huge", strings.Repeat("abandon ", 1000), "not a list of recovery words"},
		{"HugeWord", strings.Repeat("x", maxWords), "recovery word 1"},
		{"Unicode", "ábandon " + good, `did you mean "abandon"?`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := ParseWords(test.text)
			wantCode(t, err, jarvis.CodeInvalid)
			if !strings.Contains(err.Error(), test.says) || len(err.Error()) > 200 {
				t.Errorf("the error is %q, want %q", err, test.says)
			}
		})
	}
	// Two words that changed places are found in all but one of 256 cases.
	words := strings.Fields("letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount doctor acoustic bless")
	words[2], words[5] = words[5], words[2]
	_, err := ParseWords(strings.Join(words, " "))
	wantCode(t, err, jarvis.CodeInvalid)
}

// Our Bech32 is the one of age.
func TestSecretText_Property(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "secret")
		text := secretText(b)
		parsed, err := age.ParseX25519Identity(text)
		if err != nil || parsed.String() != text {
			t.Fatalf("age reads %s as another identity, error %v", text, err)
		}
		if got := secretBytes(text); string(got) != string(b) {
			t.Fatalf("%x came back as %x", b, got)
		}
	})
}

func TestTypingErrors(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "abc", 3},
		{"abc", "", 3},
		{"abc", "abc", 0},
		{"abc", "acb", 1},
		{"abandon", "abandno", 1},
		{"abandon", "bandon", 1},
		{"kitten", "sitting", 3},
		{"ca", "abc", 3},
		{"é", "e", 1},
	} {
		if got := typingErrors([]rune(test.a), test.b); got != test.want {
			t.Errorf("typingErrors(%q, %q) = %d, want %d", test.a, test.b, got, test.want)
		}
	}
}
