package cli

import (
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/picture"
	"github.com/jarvis-memory/jarvis/internal/timetext"
)

// timeSource says where the time of a capture comes from.
type timeSource string

// The sources, the most trusted first.
const (
	timeFromFlag  timeSource = "flag"  // --timestamp
	timeFromEXIF  timeSource = "exif"  // the image says when it was taken
	timeFromName  timeSource = "name"  // the file's name says it
	timeFromMTime timeSource = "mtime" // the file was last changed then
	timeFromNow   timeSource = "now"   // standard input that is no file: it arrived now
)

// String says where the time comes from, for a person.
func (s timeSource) String() string {
	switch s {
	case timeFromFlag:
		return "as given"
	case timeFromEXIF:
		return "from the image"
	case timeFromName:
		return "from the name"
	case timeFromMTime:
		return "from the file"
	default:
		return "now"
	}
}

// captureTime finds when a screenshot was taken. A time that no capture can have
// is passed over where another source may know better: cameras without a clock
// write the year 0 or 1904.
func captureTime(name string, c content, loc *time.Location, now time.Time) (time.Time, timeSource, error) {
	if taken, ok := picture.TakenAt(c.data); ok {
		t := timetext.Local(taken.Wall, loc)
		if taken.Zone != nil {
			t = timetext.Local(taken.Wall, taken.Zone)
		}
		if inRange(t) {
			return jarvis.Instant(t), timeFromEXIF, nil
		}
	}
	if t, ok := timetext.FromFileName(name, loc); ok && inRange(t) {
		return jarvis.Instant(t), timeFromName, nil
	}
	if c.modTime.IsZero() {
		return jarvis.Instant(now), timeFromNow, nil
	}
	if !inRange(c.modTime) {
		return time.Time{}, timeFromMTime, jarvis.Errorf(jarvis.CodeInvalid,
			"was last changed in the year %d, and nothing else tells its time: give it with --timestamp", c.modTime.UTC().Year())
	}
	return jarvis.Instant(c.modTime), timeFromMTime, nil
}

func inRange(t time.Time) bool { return !t.Before(jarvis.MinTime) && !t.After(jarvis.MaxTime) }
