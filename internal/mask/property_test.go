package mask_test

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

var placeholder = regexp.MustCompile(`\[[A-Za-z ]+\]`)

// drawn is a reading of plain words and secrets, some of the words without a place.
type drawn struct {
	reading jarvis.Reading
	plain   []string
	secrets int
}

func drawReading(t *rapid.T) drawn {
	var d drawn
	makers := kinds()
	blank := rapid.SampledFrom([]string{" ", "\n", "\n\n"})
	for range rapid.IntRange(1, 12).Draw(t, "pieces") {
		text := rapid.StringMatching(`[a-z]{1,9}`).Draw(t, "word")
		if rapid.IntRange(0, 2).Draw(t, "kind") > 0 {
			d.plain = append(d.plain, text)
		} else {
			r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
			text = `"` + makers[rapid.IntRange(0, len(makers)-1).Draw(t, "maker")](r).text + `"`
			d.plain = append(d.plain, `"`, `"`)
			d.secrets++
		}
		d.reading.Text += text + blank.Draw(t, "blank")
	}
	for _, at := range regexp.MustCompile(`\S+`).FindAllStringIndex(d.reading.Text, -1) {
		cut := at[1]
		if rapid.IntRange(0, 5).Draw(t, "cut") == 0 {
			cut = rapid.IntRange(at[0], at[1]).Draw(t, "where")
		}
		for _, part := range [][2]int{{at[0], cut}, {cut, at[1]}} {
			if part[0] < part[1] && rapid.IntRange(0, 9).Draw(t, "seen") > 0 {
				d.reading.Words = append(d.reading.Words, jarvis.Word{Start: part[0], End: part[1], Box: jarvis.Box{X: len(d.reading.Words), Y: 3, Width: 4, Height: 5}, Confidence: 90})
			}
		}
	}
	return d
}

func TestMasker_Mask_Words(t *testing.T) {
	m := masker(t)
	t.Run("Consistent", rapid.MakeCheck(func(t *rapid.T) {
		d := drawReading(t)
		before := d.reading
		before.Words = slices.Clone(before.Words)
		after := d.reading
		m.Mask(&after)
		if err := after.Check(); err != nil {
			t.Fatalf("%v:\n%s\n%v", err, after.Text, after.Words)
		}
		if diff := cmp.Diff(before.Words, d.reading.Words); diff != "" {
			t.Fatalf("the words that were given have changed:\n%s", diff)
		}
		left := strings.Fields(strings.ReplaceAll(placeholder.ReplaceAllString(after.Text, " "), `"`, ` " `))
		if diff := cmp.Diff(d.plain, left, cmp.Transformer("words", func(s []string) []string {
			return slices.DeleteFunc(slices.Clone(s), func(w string) bool { return strings.HasPrefix(w, "aws_secret") || w == "=" || w == `\n` })
		})); diff != "" {
			t.Fatalf("what is no secret has changed:\n%s\n%s\n%s", diff, before.Text, after.Text)
		}
		if found := len(placeholder.FindAllString(after.Text, -1)); after.Masked != d.secrets || found != d.secrets {
			t.Fatalf("of %d secrets %d are masked, with %d placeholders:\n%s", d.secrets, after.Masked, found, after.Text)
		}
		checkWords(t, &before, &after)
		again := after
		m.Mask(&again)
		if diff := cmp.Diff(after, again); diff != "" {
			t.Fatalf("masking again changes:\n%s", diff)
		}
	}))
	t.Run("Places", func(t *testing.T) {
		number := group(card(rand.New(rand.NewPCG(1, 1)), "4", 16), " ", 4)
		r := jarvis.Reading{Text: "pay with (" + number + ") now"}
		for i, at := range regexp.MustCompile(`\S+`).FindAllStringIndex(r.Text, -1) {
			r.Words = append(r.Words, jarvis.Word{Start: at[0], End: at[1], Box: jarvis.Box{X: 10 * i, Width: 9, Height: 9}})
		}
		m.Mask(&r)
		var words []string
		for _, w := range r.Words {
			text := r.Text[w.Start:w.End]
			if w.Masked {
				text += "*"
			}
			words = append(words, text)
		}
		if diff := cmp.Diff([]string{"pay", "with", "([card number]*", "*", "*", ")*", "now"}, words); diff != "" || r.Masked != 1 {
			t.Errorf("%d masked (-want +got):\n%s", r.Masked, diff)
		}
	})
}

// checkWords checks that words keep their boxes and, but for masked ones, their text,
// and that there is a word for each placeholder.
func checkWords(t *rapid.T, before, after *jarvis.Reading) {
	if len(before.Words) != len(after.Words) {
		t.Fatalf("%d words became %d", len(before.Words), len(after.Words))
	}
	for i, was := range before.Words {
		is := after.Words[i]
		if is.Box != was.Box || is.Confidence != was.Confidence {
			t.Fatalf("word %d is at another place", i)
		}
		if text := before.Text[was.Start:was.End]; !is.Masked && after.Text[is.Start:is.End] != text {
			t.Fatalf("word %d was %q and is %q", i, text, after.Text[is.Start:is.End])
		}
	}
}

// TestMasker_MaskText_Hostile: what is made to take long does not, and nothing makes
// it panic.
func TestMasker_MaskText_Hostile(t *testing.T) {
	m := masker(t)
	r := rand.New(rand.NewPCG(1, 2))
	size := proof.Rounds(jarvis.MaxText/8, jarvis.MaxText)
	pieces := []string{
		"gh" + "p_", "sk-", "-ey" + "J", "ey" + "J1a ", "ey" + "J1aB2. ", "4111 ", "4 ", "DE12 ", "a1", "key=", "key: x1", "token=a1b2c3d4e5 ", "secret access key ", "awsaws",
		"BEGIN PRIVATE KEY", "END PRIVATE KEY\n", "BEGIN PRIVATE KEY\nAAAAAAAAaa1aaaaaaa\n", "AAAAAAAAaa1aaaaaaa ", "Comment: x\n", "[card number]", "\u00a3", "\xff", "a", "0", "card 4",
		"xo" + "xb-1 ", "bearer ", "hooks.slack.com/services/", "new-relic ", "adafruit ", "pat", "live_", "Private-Lines: 3\n",
	}
	for _, piece := range pieces {
		t.Run(strings.ToValidUTF8(piece, "?"), func(t *testing.T) {
			text := strings.Repeat(piece, size/len(piece))
			start := time.Now()
			masked, _ := m.MaskText(text)
			took := time.Since(start)
			if len(masked) > len(text) {
				t.Errorf("%d bytes became %d", len(text), len(masked))
			}
			t.Logf("%v", took)
			if took > 30*time.Second { // two orders of magnitude above an ordinary text
				t.Errorf("it took %v", took)
			}
		})
	}
	t.Run("Random", func(t *testing.T) {
		var b strings.Builder
		for b.Len() < size {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		start := time.Now()
		m.MaskText(b.String()[:size])
		t.Logf("%v", time.Since(start))
	})
}

func TestMasker_Concurrent(t *testing.T) {
	m := masker(t)
	cases := leakCases(3, 60)
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for _, c := range cases {
				if text, n := m.MaskText(c.text()); n == 0 || leaked(text, c.secret) {
					t.Errorf("%s is left", c.name)
				}
			}
		})
	}
	workers.Wait()
}

func FuzzMasker_Mask(f *testing.F) {
	for _, c := range leakCases(4, 60) {
		f.Add(c.text())
	}
	m := masker(f)
	f.Fuzz(func(t *testing.T, text string) {
		r := jarvis.Reading{Text: text}
		for at := 0; at < len(text); {
			end := min(len(text), at+1+len(text)/7)
			r.Words = append(r.Words, jarvis.Word{Start: at, End: end})
			at = end
		}
		valid := r.Check() == nil
		m.Mask(&r)
		if err := r.Check(); valid && err != nil {
			t.Fatal(err)
		}
		if again, n := m.MaskText(r.Text); n > 0 {
			t.Fatalf("masking again finds %d in\n%q\nwhich becomes\n%q", n, r.Text, again)
		}
	})
}
