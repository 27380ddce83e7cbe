package search

import (
	"context"
	"strings"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/query"
)

// The longest pauses between two captures of a moment, or of a session, that follow
// each other. Times are whole microseconds.
const (
	longestPause = 5 * time.Minute
	sessionPause = 2*time.Minute - time.Microsecond
)

// maxLook is how many matches a page of moments looks at: a moment that goes on for
// longer is cut.
const maxLook = 5000

// pauseOf returns how far apart two captures of a group that follow each other may be.
func pauseOf(g jarvis.Grouping) time.Duration {
	if g == jarvis.GroupSessions {
		return sessionPause
	}
	return longestPause
}

// moment is captures of one window, or of one monitor, each no longer than the pause
// after the one before.
type moment struct {
	newest *jarvis.Match
	oldest time.Time
	count  int64
	score  float64 // of the best
	shown  bool    // it is on this page
}

// single makes a moment of each match.
func single(matches []*jarvis.Match) []*moment {
	moments := make([]*moment, len(matches))
	for i, m := range matches {
		moments[i] = newMoment(m)
	}
	return moments
}

func newMoment(m *jarvis.Match) *moment {
	return &moment{newest: m, oldest: m.Timestamp, count: 1, score: m.Score}
}

// window is what the captures of a moment have in common. Of a title only words
// that are no numbers count: "(3) Inbox" becomes "(4) Inbox" in front of one's eyes.
// A capture of which nobody said what window it shows is alone.
// Sessions have the device and the monitor in common.
type window struct {
	device     string
	monitor    int
	app        string
	title, url string
	alone      jarvis.ID
}

func windowOf(m *jarvis.Match) window {
	url, _, _ := strings.Cut(m.URL, "#")
	w := window{device: m.Device, monitor: m.MonitorIndex, app: m.AppName, title: steadyTitle(m.WindowTitle), url: url}
	if w.app == "" && w.title == "" && w.url == "" {
		w.alone = m.ID
	}
	return w
}

// steadyTitle returns the words of a title without numbers.
func steadyTitle(title string) string {
	var b strings.Builder
	for _, token := range query.Tokens(title) {
		if strings.Trim(token.Text, "0123456789") != "" {
			b.WriteString(token.Text)
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// grouper makes moments, or sessions, of matches.
type grouper struct {
	group jarvis.Grouping
	pause time.Duration
	open  map[window]*moment
}

func newGrouper(group jarvis.Grouping) grouper {
	return grouper{group, pauseOf(group), make(map[window]*moment)}
}

// window returns what m has in common with the captures of its group.
func (g grouper) window(m *jarvis.Match) window {
	if g.group == jarvis.GroupSessions {
		return window{device: m.Device, monitor: m.MonitorIndex}
	}
	return windowOf(m)
}

// add takes the next older match. It returns the moment that the match belongs to,
// and whether it is a new one.
func (g grouper) add(m *jarvis.Match) (*moment, bool) {
	w := g.window(m)
	if open := g.open[w]; open != nil && open.oldest.Sub(m.Timestamp) <= g.pause {
		open.oldest = m.Timestamp
		open.count++
		open.score = max(open.score, m.Score)
		return open, false
	}
	g.open[w] = newMoment(m)
	return g.open[w], true
}

// moments returns a page of moments, or of sessions, the newest first. To count their captures it
// looks on behind the last of them, until all have ended, but not at more than
// j.look. newest are the newest matches of the query where they are known, else nil.
//
// The next page begins where its first moment does. Captures behind that place may
// still belong to moments of this page, with which they are interleaved: what was
// captured shortly before tells which.
func (j *job) moments(ctx context.Context, newest []*jarvis.Match) ([]*moment, error) {
	s := stream{job: j, after: j.cursor.at}
	if j.cursor.kind == 0 && len(newest) > 0 {
		s.give(newest)
	}
	g := newGrouper(j.request.Group)
	if j.cursor.kind == kindMoments {
		if err := j.recall(ctx, g); err != nil {
			return nil, err
		}
	}
	page := momentPage{limit: j.limit, pause: g.pause}
	for s.looked < j.look {
		m, err := s.next(ctx)
		if err != nil {
			return nil, err
		}
		if m == nil || page.ended(m) {
			if page.more {
				j.page.Next = j.behind(page.before)
			}
			return page.moments, nil
		}
		page.add(g, m)
		if page.more {
			s.since = page.oldest.Add(-g.pause)
		}
	}
	j.page.Partial = page.open()
	if page.more {
		j.page.Next = j.behind(page.before)
	} else {
		j.page.Next = cursor{kind: kindCut, group: j.request.Group, at: page.last.Cursor()}.String()
	}
	return page.moments, nil
}

// behind returns the cursor of the moments that begin behind a position.
func (j *job) behind(at jarvis.Cursor) string {
	cut := j.cursor.cut
	if j.cursor.kind == kindCut {
		cut = j.cursor.at
	}
	if cut.Timestamp.Sub(at.Timestamp) > pauseOf(j.request.Group) {
		cut = jarvis.Cursor{} // too long ago to matter
	}
	return cursor{kind: kindMoments, group: j.request.Group, at: at, cut: cut}.String()
}

// momentPage collects the moments of a page.
type momentPage struct {
	limit   int
	pause   time.Duration
	moments []*moment
	oldest  time.Time     // of the captures of moments
	last    *jarvis.Match // that was added
	more    bool          // another moment begins
	before  jarvis.Cursor // behind this position
}

func (p *momentPage) add(g grouper, m *jarvis.Match) {
	moment, isNew := g.add(m)
	switch {
	case isNew && len(p.moments) < p.limit:
		moment.shown = true
		p.moments = append(p.moments, moment)
	case isNew && !p.more:
		p.more, p.before = true, p.last.Cursor()
	}
	if moment.shown {
		p.oldest = m.Timestamp
	}
	p.last = m
}

// ended reports whether the page is full, and neither m nor any older capture
// belongs to its moments.
func (p *momentPage) ended(m *jarvis.Match) bool {
	return p.more && p.oldest.Sub(m.Timestamp) > p.pause
}

// open reports whether an older capture may belong to a moment of the page.
func (p *momentPage) open() bool {
	return len(p.moments) > 0 && p.oldest.Sub(p.last.Timestamp) <= p.pause
}

// recall tells g which moments, shown before, may go on behind the cursor.
func (j *job) recall(ctx context.Context, g grouper) error {
	// Of captures of one microsecond only the catalogue knows which are behind.
	at := j.cursor.at.Timestamp
	behind := make(map[jarvis.ID]bool)
	err := j.each(ctx, jarvis.MatchFilter{Query: within(j.query, at, at.Add(time.Microsecond)), After: j.cursor.at}, func(m *jarvis.Match) {
		behind[m.ID] = true
	})
	if err != nil {
		return err
	}
	return j.each(ctx, jarvis.MatchFilter{Query: within(j.query, at, at.Add(g.pause+time.Microsecond)), After: j.cursor.cut}, func(m *jarvis.Match) {
		if !behind[m.ID] {
			g.add(m)
		}
	})
}

// each calls f with all matches, the newest first.
func (j *job) each(ctx context.Context, filter jarvis.MatchFilter, f func(*jarvis.Match)) error {
	filter.Limit = jarvis.MaxMatches
	for {
		matches, err := j.index.FindMatches(ctx, filter)
		if err != nil {
			return err
		}
		for _, m := range matches {
			f(m)
		}
		if len(matches) < filter.Limit {
			return nil
		}
		filter.After = matches[len(matches)-1].Cursor()
	}
}

// stream is the matches of a query behind a position, the newest first, fetched a
// few at first and then more.
type stream struct {
	*job
	after  jarvis.Cursor
	since  time.Time // it ends with what is older; zero for no bound, and may be put back
	size   int       // of the last fetch
	ready  []*jarvis.Match
	end    bool // nothing is behind ready
	looked int  // how many were returned
}

// give makes what job.count returned, not nothing, the first of the stream.
func (s *stream) give(matches []*jarvis.Match) {
	s.ready, s.size, s.end = matches, len(matches), len(matches) < s.look
	s.after = matches[len(matches)-1].Cursor()
}

// next returns the next match, nil behind the last.
func (s *stream) next(ctx context.Context) (*jarvis.Match, error) {
	if err := s.fill(ctx); err != nil || len(s.ready) == 0 {
		return nil, err
	}
	m := s.ready[0]
	s.ready[0] = nil // most are needed no longer
	s.ready = s.ready[1:]
	s.looked++
	return m, nil
}

// fill fetches matches when none are ready.
func (s *stream) fill(ctx context.Context) error {
	if len(s.ready) > 0 || s.end {
		return nil
	}
	s.size = min(max(4*s.size, s.limit+1), maxLook)
	matches, err := s.index.FindMatches(ctx, jarvis.MatchFilter{
		Query: within(s.query, s.since, time.Time{}),
		After: s.after,
		Limit: s.size,
	})
	if err != nil {
		return err
	}
	s.ready, s.end = matches, len(matches) < s.size && s.since.IsZero()
	if len(matches) > 0 {
		s.after = matches[len(matches)-1].Cursor()
	}
	return nil
}
