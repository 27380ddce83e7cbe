package search

import (
	"cmp"
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/query"
	"github.com/jarvis-memory/jarvis/internal/spelling"
)

// The bounds of looking for other spellings.
const (
	spellCaptures = 150 // the newest, whose words are candidates
	spellProbes   = 8   // captures with a word that begins like it, whose words are candidates too
	spellPrefix   = 4   // letters in which it begins like it
	spellTries    = 12  // candidates that are searched for
	maxSpellings  = 5
)

// candidate is another spelling of a term of the query.
type candidate struct {
	jarvis.Spelling
	query    jarvis.Query
	alone    string // the query with nothing but it
	distance int
	often    int // how often it was seen
}

// spell finds queries that find something, with one term spelled another way; where
// there is none, the closest spelling alone.
func (e *explanation) spell(ctx context.Context) error {
	candidates := e.conditions()
	for i, clause := range e.query.Clauses {
		// Where one clause finds nothing alone, others are not to blame.
		if i < len(e.out.Terms) && e.out.Terms[i].Count > 0 || len(clause) != 1 || clause[0].Not {
			continue
		}
		more, err := e.candidates(ctx, i)
		if err != nil {
			return err
		}
		candidates = append(candidates, more...)
	}
	slices.SortStableFunc(candidates, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(b.often, a.often), cmp.Compare(a.Close, b.Close))
	})
	var alone *jarvis.Spelling // what was seen, though not together with the rest of the query
	for _, c := range candidates[:min(len(candidates), spellTries)] {
		if err := e.resolve(ctx, c.query); err != nil {
			return err
		}
		found, err := e.index.FindMatches(ctx, jarvis.MatchFilter{Query: c.query, Limit: 1})
		if err != nil {
			return err
		}
		if len(found) > 0 {
			e.out.Spellings = append(e.out.Spellings, c.Spelling)
		} else if alone == nil && c.alone != "" {
			alone = &jarvis.Spelling{Term: c.Term, Close: c.Close, Query: c.alone}
		}
		if len(e.out.Spellings) == maxSpellings {
			break
		}
	}
	if len(e.out.Spellings) == 0 && alone != nil {
		e.out.Spellings = append(e.out.Spellings, *alone)
	}
	return nil
}

// candidates returns what clause i may have meant.
func (e *explanation) candidates(ctx context.Context, i int) ([]candidate, error) {
	atom := e.query.Clauses[i][0]
	var (
		known map[string]int
		err   error
	)
	written := atom.Pattern
	switch {
	case atom.Kind == jarvis.AtomApp:
		known, err = e.names(ctx, jarvis.NameApp)
	case atom.Kind == jarvis.AtomDevice:
		known, err = e.names(ctx, jarvis.NameDevice)
	case atom.Kind == jarvis.AtomWords && len(atom.Tokens) == 1 && !isField(atom):
		written = atom.Tokens[0]
		if known, err = e.words(ctx); err == nil {
			known, err = e.beginning(ctx, written, known)
		}
	default:
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found []candidate
	for value, often := range known {
		distance := nearness(written, value)
		if distance < 0 {
			continue
		}
		// The zone of the dates, and all else, stays as it is.
		changed := jarvis.Query{Clauses: slices.Clone(e.query.Clauses)}
		other := jarvis.Atom{Kind: atom.Kind, Pattern: value, Prefix: atom.Prefix}
		if atom.Kind == jarvis.AtomWords {
			other.Pattern, other.Tokens = "", []string{value}
		}
		changed.Clauses[i] = jarvis.Clause{other}
		found = append(found, candidate{
			Spelling: jarvis.Spelling{Term: e.termOf(i), Close: query.String(jarvis.Query{Clauses: changed.Clauses[i : i+1]}), Query: query.String(changed)},
			query:    unresolved(changed), alone: query.String(jarvis.Query{Clauses: changed.Clauses[i : i+1]}), distance: distance, often: often,
		})
	}
	return found, nil
}

func (e *explanation) termOf(i int) string {
	return query.String(jarvis.Query{Clauses: e.query.Clauses[i : i+1]})
}

// unresolved returns q without names, for another resolve.
func unresolved(q jarvis.Query) jarvis.Query {
	bare := jarvis.Query{Clauses: make([]jarvis.Clause, len(q.Clauses))}
	for i, clause := range q.Clauses {
		bare.Clauses[i] = slices.Clone(clause)
		for j := range bare.Clauses[i] {
			bare.Clauses[i][j].Names = nil
		}
	}
	return bare
}

// nearness returns how far b is from a, without regard to capitals and accents, and -1
// when they are the same, or too far apart for one to be meant by the other. A name
// may be meant by one of its words.
func nearness(a, b string) int {
	best := -1
	folded := foldedWords(a)
	whole := foldedWords(b)
	for _, part := range append([]string{strings.Join(whole, " ")}, whole...) {
		short := strings.Join(folded, " ")
		most := len(short) / 3 // one letter of three
		if d := len(part) - len(short); d > most || -d > most {
			continue
		}
		distance := spelling.Distance(short, part)
		if distance == 2 && swapped(short, part) {
			distance = 1
		}
		if distance > 0 && distance <= min(most, 3) && (best < 0 || distance < best) {
			best = distance
		}
	}
	return best
}

// swapped reports whether b is a with two letters beside each other changed about.
func swapped(a, b string) bool {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	return len(a) == len(b) && i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}

func foldedWords(text string) []string {
	var words []string
	for _, token := range query.Tokens(text) {
		words = append(words, token.Text)
	}
	return words
}

// names returns all names of apps or devices.
func (e *explanation) names(ctx context.Context, kind jarvis.NameKind) (map[string]int, error) {
	names, err := e.index.FindNames(ctx, kind)
	known := make(map[string]int, len(names))
	for _, name := range names {
		known[name] = 1
	}
	return known, err
}

// words returns the words of the newest captures, and how often each is there.
func (e *explanation) words(ctx context.Context) (map[string]int, error) {
	if e.seen != nil {
		return e.seen, nil
	}
	captures, err := e.index.FindDocumented(ctx, jarvis.Cursor{}, spellCaptures)
	if err != nil {
		return nil, err
	}
	e.seen = make(map[string]int)
	for _, c := range captures {
		if c.OCRText != nil {
			count(e.seen, *c.OCRText)
		}
		count(e.seen, c.WindowTitle)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return e.seen, nil
}

// beginning returns words that begin like one, of older captures than the newest, and
// those that are known.
func (e *explanation) beginning(ctx context.Context, word string, known map[string]int) (map[string]int, error) {
	start := []rune(word)
	if len(start) <= spellPrefix {
		return known, nil
	}
	atom := jarvis.Atom{Kind: jarvis.AtomWords, Tokens: []string{string(start[:spellPrefix])}, Prefix: true}
	matches, err := e.index.FindMatches(ctx, jarvis.MatchFilter{Query: jarvis.Query{Clauses: []jarvis.Clause{{atom}}}, Limit: spellProbes})
	if err != nil {
		return nil, err
	}
	all := maps.Clone(known)
	for _, m := range matches {
		// The position just before it.
		captures, err := e.index.FindDocumented(ctx, jarvis.Cursor{Timestamp: m.Timestamp.Add(time.Microsecond), ID: m.ID}, 1)
		if err != nil {
			return nil, err
		}
		for _, c := range captures {
			if c.OCRText != nil {
				count(all, *c.OCRText)
			}
			count(all, c.WindowTitle)
		}
	}
	return all, nil
}

func count(words map[string]int, text string) {
	for _, token := range query.Tokens(text) {
		if n := len(token.Text); n > 2 && n < 40 {
			words[token.Text]++
		}
	}
}

// conditionForm is what looks like a condition, in a text that was typed.
var conditionForm = regexp.MustCompile(`(?:^|\s)-?(\pL{2,12}):(?:\pL|\pN|")`)

// conditions returns the query with conditions whose names are spelled as in
// docs/search.md, where what was typed has others.
func (e *explanation) conditions() []candidate {
	var found []candidate
	for _, at := range conditionForm.FindAllStringSubmatchIndex(e.text, maxSpellings) {
		name := e.text[at[2]:at[3]]
		for _, field := range query.Fields() {
			distance := spelling.Distance(strings.ToLower(name), field)
			if distance == 0 || distance > max(1, len(field)/3) {
				continue
			}
			q := query.Parse(e.text[:at[2]]+field+e.text[at[3]:], e.now(), e.location)
			found = append(found, candidate{Spelling: jarvis.Spelling{Term: name + ":", Close: field + ":", Query: query.String(q)}, query: q, distance: distance})
		}
	}
	return found
}
