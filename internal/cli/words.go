package cli

import (
	"fmt"
	"strconv"
	"time"
)

// sizeText returns bytes in the unit that a person reads: "812 B", "156 KiB",
// "1.4 GiB".
func sizeText(bytes int64) string {
	if bytes < 1024 {
		return strconv.FormatInt(bytes, 10) + " B"
	}
	const units = "KMGTPE"
	value, unit := float64(bytes)/1024, 0
	for value >= 1023.5 && unit < len(units)-1 {
		value /= 1024
		unit++
	}
	if value < 9.95 {
		return fmt.Sprintf("%.1f %ciB", value, units[unit])
	}
	return fmt.Sprintf("%.0f %ciB", value, units[unit])
}

// countText returns n with its thousands apart: "1,204".
func countText(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// plural returns "1 capture" or "1,204 captures".
func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return countText(n) + " " + noun + "s"
}

// timeText returns a time in loc to the second, as tables show it.
func timeText(t time.Time, loc *time.Location) string {
	return t.In(loc).Format("2006-01-02 15:04:05")
}

// exactTimeText returns a time in loc with its fraction and zone.
func exactTimeText(t time.Time, loc *time.Location) string {
	return t.In(loc).Format("2006-01-02 15:04:05.999999 -07:00")
}
