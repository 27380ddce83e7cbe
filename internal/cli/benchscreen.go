package cli

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/query"
)

const (
	// fewestWords of a screen make its figures mean something.
	fewestWords = 40
	// phraseWords is how many words in a row are a phrase.
	phraseWords = 3
	// largestList bounds a file of known words.
	largestList = 16 << 20
)

// knownScreen is the image of a screen with the words that are on it.
type knownScreen struct {
	image string // path
	scene string // its kind; may be empty
	words []knownWord

	ours, plain ocrScore
}

// knownWord is a word that is on a screen.
type knownWord struct {
	text string
	box  jarvis.Box // zero when its place is not known
}

// ocrScore is how well a screen was read, or the means of several.
type ocrScore struct {
	Recall    float64 `json:"recall"`
	Low       float64 `json:"recall_10th_percentile"`
	Precision float64 `json:"precision"`
	Lines     float64 `json:"lines"`
	Phrases   float64 `json:"phrases"`
}

// findScreens returns the screens of a folder that have enough known words, in
// the order of their names.
func findScreens(folder string) ([]*knownScreen, error) {
	lists, err := os.ReadDir(filepath.Join(folder, "gt"))
	if err != nil {
		return nil, ofFile(filepath.Join(folder, "gt"), fileError(err))
	}
	scenes, err := readScenes(filepath.Join(folder, "meta.tsv"))
	if err != nil {
		return nil, err
	}
	var screens []*knownScreen
	for _, list := range lists {
		name, ok := strings.CutSuffix(list.Name(), ".tsv")
		if !ok || list.IsDir() {
			continue
		}
		words, err := readKnownWords(filepath.Join(folder, "gt", list.Name()))
		if err != nil {
			return nil, err
		}
		if len(words) < fewestWords {
			continue
		}
		image, err := imageOf(folder, name)
		if err != nil {
			return nil, err
		}
		screens = append(screens, &knownScreen{image: image, scene: scenes[name], words: words})
	}
	return screens, nil
}

// imageOf finds the image of a screen.
func imageOf(folder, name string) (string, error) {
	for _, extension := range []string{".png", ".jpg", ".jpeg", ".webp"} {
		if path := filepath.Join(folder, name+extension); !missing(path) {
			return path, nil
		}
	}
	return "", jarvis.Errorf(jarvis.CodeNotFound, "%s: there are words of the screen %s, but no image %s.png", folder, name, name)
}

// readScenes returns the kinds of screens by their names; there need be none.
func readScenes(path string) (map[string]string, error) {
	scenes := map[string]string{}
	err := eachLine(path, func(_ int, fields []string) error {
		if len(fields) >= 3 {
			scenes[fields[0]] = fields[2]
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return scenes, nil
	}
	return scenes, err
}

// readKnownWords returns the words of a screen.
func readKnownWords(path string) ([]knownWord, error) {
	var words []knownWord
	err := eachLine(path, func(number int, fields []string) error {
		var place [4]int
		ok := len(fields) >= 5
		for i := 0; ok && i < len(place); i++ {
			var err error
			place[i], err = strconv.Atoi(fields[i])
			ok = err == nil
		}
		if !ok {
			return jarvis.Errorf(jarvis.CodeInvalid, "%s: line %d is not x, y, width, height and a word, apart by tabs", path, number)
		}
		words = append(words, knownWord{strings.Join(fields[4:], " "), jarvis.Box{X: place[0], Y: place[1], Width: place[2], Height: place[3]}})
		return nil
	})
	return words, err
}

// eachLine calls f with the number and the fields of each line of a file that is
// not empty.
func eachLine(path string, f func(number int, fields []string) error) (err error) {
	file, err := os.Open(path)
	if err != nil {
		return ofFile(path, fileError(err))
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	data, err := io.ReadAll(io.LimitReader(file, largestList+1))
	if err != nil {
		return ofFile(path, fileError(err))
	}
	if len(data) > largestList {
		return jarvis.Errorf(jarvis.CodeTooLarge, "%s: lists of words have at most %s", path, sizeText(largestList))
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, largestList+1)
	for number := 1; lines.Scan(); number++ {
		if lines.Text() == "" {
			continue
		}
		if err := f(number, strings.Split(lines.Text(), "\t")); err != nil {
			return err
		}
	}
	return lines.Err()
}

// ofFile puts the name of a file before what is wrong with it.
func ofFile(path string, err error) error {
	return &jarvis.Error{Code: jarvis.ErrorCode(err), Op: "bench", Message: path + ": " + errorMessage(err), Err: err}
}

// score compares a text with the words that are known.
func (s *knownScreen) score(text string) ocrScore {
	read := foldedWords(text)
	lines := s.lines()
	known := slices.Concat(lines...)
	phrases := phrasesOf(read)
	var inLines []string
	for _, line := range lines {
		inLines = append(inLines, phrasesOf(line)...)
	}
	common := float64(countCommon(known, read))
	return ocrScore{
		Recall:    share(common, len(known)),
		Precision: share(common, len(read)),
		Lines:     share(float64(countCommon(inLines, phrases)), len(inLines)),
		Phrases:   share(float64(countCommon(phrasesOf(known), phrases)), max(len(known)-phraseWords+1, 0)),
	}
}

// lines returns the known words, folded, of each line. Words whose places are not
// known are taken for one line.
func (s *knownScreen) lines() [][]string {
	var lines [][]string
	for i, w := range s.words {
		if i == 0 || !follows(s.words[i-1].box, w.box) {
			lines = append(lines, nil)
		}
		last := len(lines) - 1
		lines[last] = append(lines[last], foldedWords(w.text)...)
	}
	return lines
}

// follows reports whether a box is on the line of the one before it.
func follows(last, box jarvis.Box) bool {
	if last == (jarvis.Box{}) || box == (jarvis.Box{}) {
		return last == box
	}
	apart := (2*box.Y + box.Height) - (2*last.Y + last.Height) // twice, of their middles
	return box.X >= last.X && max(apart, -apart) < max(box.Height, last.Height)
}

// foldedWords returns the words of a text as the search compares them.
func foldedWords(text string) []string {
	tokens := query.Tokens(text)
	words := make([]string, len(tokens))
	for i, t := range tokens {
		words[i] = t.Text
	}
	return words
}

func phrasesOf(words []string) []string {
	var phrases []string
	for i := phraseWords; i <= len(words); i++ {
		phrases = append(phrases, strings.Join(words[i-phraseWords:i], " "))
	}
	return phrases
}

// countCommon pairs equal elements, each of them once, and counts the pairs.
func countCommon(a, b []string) int {
	left := map[string]int{}
	for _, s := range a {
		left[s]++
	}
	n := 0
	for _, s := range b {
		if left[s] > 0 {
			left[s]--
			n++
		}
	}
	return n
}

// share is part of whole, and 1 where there is nothing.
func share(part float64, whole int) float64 {
	if whole == 0 {
		return 1
	}
	return part / float64(whole)
}

// sumUp returns the means of screens, of which there is at least one.
func sumUp(scene string, screens []*knownScreen) ocrScene {
	sum := ocrScene{Scene: scene, Frames: len(screens)}
	ours, plain := make([]ocrScore, 0, len(screens)), make([]ocrScore, 0, len(screens))
	for _, s := range screens {
		sum.Words += len(s.words)
		ours, plain = append(ours, s.ours), append(plain, s.plain)
	}
	sum.Jarvis, sum.Plain = meanOf(ours), meanOf(plain)
	return sum
}

func meanOf(scores []ocrScore) ocrScore {
	var mean ocrScore
	recalls := make([]float64, 0, len(scores))
	n := float64(len(scores))
	for _, s := range scores {
		mean.Recall += s.Recall / n
		mean.Precision += s.Precision / n
		mean.Lines += s.Lines / n
		mean.Phrases += s.Phrases / n
		recalls = append(recalls, s.Recall)
	}
	slices.Sort(recalls)
	mean.Low = recalls[len(recalls)/10]
	return mean
}
