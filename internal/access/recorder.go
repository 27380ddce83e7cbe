package access

import (
	"log/slog"
	"sync"
	"time"

	jarvis "github.com/jarvis-memory/jarvis"
)

// How a Recorder keeps and writes.
const (
	writeEvery  = 10 * time.Second // while there is something to write
	writeLasts  = 30 * time.Second // at most, of what was kept
	lineLasts   = 5 * time.Second  // at most, of one line
	maxLines    = 4096             // kept
	maxRefusals = 256              // of them about refused credentials
	maxTouches  = 4096             // credentials whose use is to be noted
)

// manyAddresses stands for the addresses of refused credentials beyond the first
// maxRefusals in one batch, so that nobody can fill the log by changing theirs.
const manyAddresses = "many"

// A Recorder adds up what was done and writes it to the log every ten seconds,
// and when it is closed: within a minute the same person, address and action
// are one line. It keeps a bounded number of lines. While the database is away
// it goes on keeping; what has no room is dropped, and how many that were is
// logged. Its methods may be called concurrently.
type Recorder struct {
	log         jarvis.AccessLog   // nil to keep no account
	credentials jarvis.Credentials // nil when no use is to be noted
	logger      *slog.Logger
	now         func() time.Time
	turn        chan struct{} // held by the one who writes

	mu       sync.Mutex
	pending  batch
	taken    int // lines that are being written
	dropped  int64
	troubled bool // the last attempt to write failed
	closed   bool
	timer    *time.Timer // nil while nothing is to be written
}

// batch is what is to be written.
type batch struct {
	lines    map[line]sum
	refusals int // of the lines
	touches  map[touched]use
}

type line struct {
	minute  int64 // Unix seconds of its start
	who     string
	address string
	action  jarvis.Action
}

type sum struct{ times, captures int64 }

// touched is a credential that was used: a token by its name, or a session.
type touched struct {
	token   string
	session jarvis.ID
}

func touchedToken(name string) touched    { return touched{token: name} }
func touchedSession(id jarvis.ID) touched { return touched{session: id} }

type use struct {
	at      time.Time
	address string
}

func (b batch) size() int { return len(b.lines) + len(b.touches) }

func newBatch() batch { return batch{lines: map[line]sum{}, touches: map[touched]use{}} }

// NewRecorder returns a Recorder. It must be closed, or what it keeps is lost.
// Without a log it does nothing. The logger may be nil.
func NewRecorder(log jarvis.AccessLog, logger *slog.Logger) *Recorder {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &Recorder{log: log, logger: logger, now: time.Now, turn: make(chan struct{}, 1), pending: newBatch()}
}

// Add notes that who, from an address, did something with so many captures. It
// does no input or output. For who and address see jarvis.Access.
func (r *Recorder) Add(who, address string, action jarvis.Action, captures int64) {
	if r.log == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.add(r.line(who, address, action), sum{1, captures})
	r.wake()
}

// refuse notes that a credential from the address was wrong. Beyond some
// addresses, the line says "many" instead of one.
func (r *Recorder) refuse(who, address string) {
	if r.log == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.line(who, address, jarvis.ActionRefused)
	if _, ok := r.pending.lines[l]; !ok && r.pending.refusals >= maxRefusals {
		l.address = manyAddresses
	}
	r.add(l, sum{1, 0})
	r.wake()
}

// touch notes that a credential was used.
func (r *Recorder) touch(credential touched, at time.Time, address string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.addTouch(credential, use{at.Truncate(time.Minute), address})
	r.wake()
}

func (r *Recorder) line(who, address string, action jarvis.Action) line {
	return line{r.now().Truncate(time.Minute).Unix(), who, address, action}
}

func (r *Recorder) add(l line, s sum) {
	old, ok := r.pending.lines[l]
	if !ok && len(r.pending.lines) >= maxLines {
		r.dropped += s.times
		return
	}
	if !ok && l.action == jarvis.ActionRefused {
		r.pending.refusals++
	}
	r.pending.lines[l] = sum{old.times + s.times, old.captures + s.captures}
}

// addTouch keeps the latest use. When there is no room, nothing of worth is lost.
func (r *Recorder) addTouch(credential touched, u use) {
	old, ok := r.pending.touches[credential]
	if ok && old.at.After(u.at) || !ok && len(r.pending.touches) >= maxTouches {
		return
	}
	r.pending.touches[credential] = u
}

// wake sees to it that what is kept is written.
func (r *Recorder) wake() {
	if r.timer == nil && !r.closed && r.pending.size() > 0 {
		r.timer = time.AfterFunc(writeEvery, r.writeInTime)
	}
}
