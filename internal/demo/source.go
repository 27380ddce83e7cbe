package demo

// source is a file in an editor.
type source struct {
	folder, name string
	beside       []string // other files of the folder
	text         string
}

var sources = [...]source{
	{"lantern/collector", "gaps.go", []string{"collector.go", "gaps.go", "gaps_test.go", "reading.go", "station.go", "week.go", "README.md"}, `package collector

import "time"

// Gap is a time without readings.
type Gap struct {
	From time.Time
	To   time.Time
}

// longest is how far two readings may be apart
// before there is a gap between them.
const longest = 10 * time.Minute

// Gaps returns the times without readings, the oldest first.
// Readings are in the order of their times.
func Gaps(readings []Reading, from, to time.Time) []Gap {
	var gaps []Gap
	last := from
	for _, r := range readings {
		if r.At.Before(from) {
			continue
		}
		if r.At.Sub(last) > longest {
			gaps = append(gaps, Gap{last, r.At})
		}
		last = r.At
	}
	if to.Sub(last) > longest {
		gaps = append(gaps, Gap{last, to})
	}
	return gaps
}

// Covered returns which share of a time has readings.
func Covered(gaps []Gap, from, to time.Time) float64 {
	missing := time.Duration(0)
	for _, g := range gaps {
		missing += g.To.Sub(g.From)
	}
	return 1 - float64(missing)/float64(to.Sub(from))
}

// Widest returns the gap that lasts longest,
// and the zero Gap when there is none.
func Widest(gaps []Gap) Gap {
	var widest Gap
	for _, g := range gaps {
		if g.To.Sub(g.From) > widest.To.Sub(widest.From) {
			widest = g
		}
	}
	return widest
}

// Join joins gaps that have less than a moment between them.
func Join(gaps []Gap, moment time.Duration) []Gap {
	var joined []Gap
	for _, g := range gaps {
		n := len(joined)
		if n > 0 && g.From.Sub(joined[n-1].To) < moment {
			joined[n-1].To = g.To
			continue
		}
		joined = append(joined, g)
	}
	return joined
}`},
	{"nightjar/notes", "plan.md", []string{"minutes.md", "plan.md", "places.md", "questions.md", "recordings.csv", "sounds.md"}, `# Plan for nightjar

We listen to one valley for a year, and count what sings.
Four stations, one at each corner of the meadow.

## What we want to know

- When does the first bird sing, and how does that move
  with the light?
- Which nights are silent, and what was the weather?
- Does the road change anything?

## How

Each station records ten minutes at dusk and ten at dawn.
The recordings are cut into pieces of three seconds.
A piece is loud, quiet, rain, or wind; the rest is for ears.

## Who

1. Batteries and cards: every second Sunday.
2. Listening: Wednesdays, with tea.
3. Writing: whoever lost the last game of cards.

## Schedule

March: build the boxes, paint them green.
April: hang them up before the leaves come.
May to August: listen.
September: count, draw, and argue.
October: write it down in ten pages.

## Open questions

How long is dusk in June?
What do we do about the owl?
Who asks the farmer?

## Later

A map of the meadow with a dot for every song.
A small book, printed in the workshop.
An evening for those who helped, with soup.`},
	{"lantern/page", "week.css", []string{"chart.css", "page.css", "print.css", "tokens.css", "week.css", "week.html"}, `/* The week: seven days in a row, each as wide as it is long. */
.week {
  display: grid;
  grid-template-columns: repeat(7, 1fr);
  gap: var(--space-2);
  padding: var(--space-3);
}

.week > .day {
  background: var(--raised);
  border-radius: var(--radius);
  min-height: 12rem;
}

.day > h2 {
  font-size: var(--size-1);
  font-weight: 600;
  color: var(--soft);
}

/* A night without readings is no calm night. */
.day .gap {
  background: repeating-linear-gradient(
    45deg,
    transparent 0 6px,
    var(--line) 6px 7px
  );
}

.day .rain {
  fill: var(--rain);
  opacity: 0.8;
}

.day .wind {
  stroke: var(--wind);
  stroke-width: 2;
  fill: none;
}

@media (max-width: 40rem) {
  .week {
    grid-template-columns: 1fr;
  }
}

@media print {
  .week {
    gap: 0;
    break-inside: avoid;
  }
}`},
}

// deeds are what is done in a terminal: commands, which begin with "$ ", and what
// they answer.
var deeds = [...][]string{
	{
		"$ make check", "vet      collector ok", "vet      gateway ok", "test     collector 0.41s", "test     gateway 1.82s", "test     page 0.12s", "everything is fine",
		"$ git log --oneline -5", "9f31c2a week: draw nights without readings as gaps", "77aa03e collector: count a reading once",
		"c04d7be gateway: answer before writing", "1b6e90d page: leave room for the font", "e5512af station: wake on rain",
		"$ lantern stations", "NAME      LAST READING   BATTERY   WIND", "roof      12 s ago       81 %      4.2 m/s", "meadow    40 s ago       77 %      3.1 m/s", "harbour   2 min ago      64 %      7.9 m/s",
		"$ lantern export --week > week.csv", "wrote 10080 rows", "$ head -3 week.csv", "time,station,wind,rain", "2026-01-05T00:00Z,roof,410,0", "2026-01-05T00:01Z,roof,432,0",
	},
	{
		"$ rsync -a recordings/ attic:/srv/recordings/", "sending 214 files", "dawn-0412.flac      100%   8.1 MB/s", "dawn-0413.flac      100%   8.4 MB/s", "dusk-0412.flac      100%   7.9 MB/s", "sent 1.9 GB in 4 minutes",
		"$ df -h /srv", "Filesystem   Size  Used  Avail  Use%", "/dev/attic   1.8T  1.1T   640G   64%", "$ uptime", "up 41 days, load 0.12 0.20 0.18",
		"$ tail -4 /var/log/gateway.log", "station roof joined", "station meadow joined", "supply low, 4.71 V", "supply fine, 5.02 V", "$ exit",
	},
}

// planned is what a calendar has in a week: day, hour, length, and what it is.
var planned = [...]struct {
	day, hour, length int
	what              string
}{
	{0, 9, 1, "Plans for the week"},
	{0, 14, 2, "Roof station"},
	{1, 10, 2, "Writing, no calls"},
	{1, 15, 1, "Dentist"},
	{2, 11, 1, "Tea and questions"},
	{2, 13, 3, "Reading room, on site"},
	{2, 19, 2, "Choir above the bakery"},
	{3, 8, 1, "Oak boards arrive"},
	{3, 10, 2, "School visits the roof"},
	{3, 16, 1, "Review of the page"},
	{4, 9, 3, "Report, second draft"},
	{4, 13, 1, "Soup at the long table"},
	{4, 18, 2, "Night train"},
	{5, 10, 3, "Harbour walk"},
}
