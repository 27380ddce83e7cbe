package jarvis

import (
	"context"
	"time"
)

// Timeline is a time, minute by minute: what a page needs to draw all of it before
// one image is there.
type Timeline struct {
	From time.Time `json:"from"` // the start of the first minute
	To   time.Time `json:"to"`   // the end of the last
	// Apps are the names that Lane.Minutes count, the most used first, at most
	// MaxTimelineApps. Captures of other apps count as MinuteOther.
	Apps  []string `json:"apps"`
	Lanes []Lane   `json:"lanes"` // by (device, monitor)
	// Holes are the times of each device without captures, by (device, from): what an
	// agent said about them, or that nobody did.
	Holes []Hole `json:"holes"`
}

// Lane is the minutes of one monitor.
type Lane struct {
	Device  string `json:"device"`
	Monitor int    `json:"monitor"`
	// Minutes has MinuteBytes for each minute from Timeline.From: how many captures it
	// has (255 for more), its app (0 for none, else 1 + the place in Apps; MinuteMixed,
	// MinuteOther), and the HoleState of most of a minute without captures (0 else).
	Minutes []byte `json:"minutes"`
}

// The form of Lane.Minutes.
const (
	MinuteBytes     = 3
	MaxTimelineApps = 200
	MinuteMixed     = 254 // several apps, none of which has more than half of the captures
	MinuteOther     = 255 // an app that is none of Apps, or that nobody named
)

// HoleState says why a time has no captures.
type HoleState uint8

// The states. Others than the last three are what an agent said: see SpanState.
const (
	HoleNone      HoleState = iota // there are captures
	HoleRecording                  // an agent took captures that have not arrived
	HoleUnchanged
	HoleIdle
	HoleLocked
	HolePaused
	HoleExcluded
	HoleSuspended
	HoleSpoolFull
	HoleFailed
	HoleOffline // after the device was last heard of: what it has may still come
	HoleUnknown // nobody explained it
	HoleFuture  // it has not been yet
)

// Hole is a time of a device without captures.
type Hole struct {
	Device string    `json:"device"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	State  HoleState `json:"state"`
}

// Timelines sums up times. *timeline.Service is one.
type Timelines interface {
	// Timeline sums up [from, to), which is rounded out to whole minutes and is at most
	// MaxTimelineRange long, else CodeInvalid.
	Timeline(ctx context.Context, from, to time.Time) (*Timeline, error)

	// Index returns where the captures of a device are in [from, to), at most
	// MaxTimelineRange: see docs/timeline.md for its form.
	Index(ctx context.Context, device string, from, to time.Time) ([]byte, error)

	// Sheets lists the sheets of tiles of a monitor that have an instant in [from, to),
	// at most MaxTimelineRange, the oldest first. Those without captures are left out.
	Sheets(ctx context.Context, device string, monitor int, kind SheetKind, from, to time.Time) ([]Sheet, error)

	// Sheet returns the JPEG of the sheet of a monitor that begins at from: CodeInvalid
	// when none begins there, and CodeNotFound when there are no captures in its time.
	// What changed since Sheets named it is in it, and then its name is another one. It
	// has none while an image is missing: then nobody should keep it.
	Sheet(ctx context.Context, device string, monitor int, kind SheetKind, from time.Time) (name string, jpeg []byte, err error)

	// Nearest returns the capture of a monitor that is nearest to at, without its text;
	// of any device where device is empty, of any monitor where monitor is nil.
	// CodeNotFound when there is none.
	Nearest(ctx context.Context, device string, monitor *int, at time.Time) (*Capture, error)
}

// MaxTimelineRange is the longest time that is summed up at once: a week of any
// time zone, whatever its clocks do.
const MaxTimelineRange = 8 * 24 * time.Hour

// SheetKind is how many seconds are between the tiles of a sheet.
type SheetKind string

// The kinds. A sheet has up to SheetTiles tiles, SheetColumns in a row, TileWidth by
// TileHeight pixels each: in the order of time, each at the place of its time.
const (
	SheetHour        SheetKind = "hour" // a tile a minute
	SheetFiveMinutes SheetKind = "five" // a tile every five seconds

	SheetTiles   = 60
	SheetColumns = 10
	TileWidth    = 320
	TileHeight   = 180
)

// Length returns the time that a sheet of the kind covers; 0 for another kind.
func (k SheetKind) Length() time.Duration {
	switch k {
	case SheetHour:
		return time.Hour
	case SheetFiveMinutes:
		return 5 * time.Minute
	}
	return 0
}

// Sheet is many small pictures in one, which travel together.
type Sheet struct {
	From time.Time `json:"from"` // a whole Length from 1970 on
	// Name tells of what the sheet is made: another one when a capture of it came, or
	// was deleted. It says nothing about them.
	Name  string `json:"name"`
	Tiles int    `json:"tiles"` // how many it has
}

// Tile is a small picture in a sheet: that of the first capture of its slot.
type Tile struct {
	Place int // of the slot in the sheet, from 0
	ID    ID
}
