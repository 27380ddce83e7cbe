package cli

import (
	"os"
	"strings"
	"time"
)

// namedZone returns the zone under its name in the tz database, which another
// machine knows too: "Local" is none. Where the name is not to be found it is
// UTC, and the person is told.
func (a *app) namedZone(loc *time.Location) *time.Location {
	if loc != time.Local {
		return loc
	}
	link, err := os.Readlink("/etc/localtime")
	if err != nil {
		link = ""
	}
	_, linked, _ := strings.Cut(link, "zoneinfo/")
	for _, name := range []string{strings.TrimPrefix(os.Getenv("TZ"), ":"), linked} {
		if name == "" {
			continue
		}
		if named, err := time.LoadLocation(name); err == nil && named != time.Local {
			return named
		}
	}
	if name, offset := time.Now().Zone(); name != "UTC" || offset != 0 {
		a.warn("the name of this machine's time zone is not known: days are those of UTC; name it with --tz")
	}
	return time.UTC
}
