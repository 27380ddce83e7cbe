package config

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/jarvis-memory/jarvis"
)

var sizeForm = regexp.MustCompile(`^(\d+(?:\.\d+)?) ?([kmgt]?)(i?)(b?)$`)

// ParseSize reads a number of bytes with an optional unit: 32MiB, 1.5 GiB,
// 500MB, 4096. KB, MB, GB and TB count in thousands, as disks are sold; KiB, Ki,
// K and so on in 1024. The case of letters does not matter. A part of a byte is
// cut off.
func ParseSize(text string) (int64, error) {
	form := sizeForm.FindStringSubmatch(strings.ToLower(strings.TrimSpace(text)))
	if form == nil || form[2] == "" && form[3] != "" {
		return 0, jarvis.Errorf(jarvis.CodeInvalid, "%.40q is not a size: write 32MiB, 1GiB, 500MB or a number of bytes", text)
	}
	base := int64(1024)
	if form[3] == "" && form[4] != "" {
		base = 1000
	}
	unit := int64(1)
	for range strings.Index(" kmgt", form[2]) {
		unit *= base
	}
	if n, err := strconv.ParseInt(form[1], 10, 64); err == nil && n <= math.MaxInt64/unit {
		return n * unit, nil
	}
	n, err := strconv.ParseFloat(form[1], 64)
	if err != nil || n*float64(unit) >= math.MaxInt64 {
		return 0, jarvis.Errorf(jarvis.CodeInvalid, "%.40q is too large for a size", text)
	}
	return int64(n * float64(unit)), nil
}

// formatSize writes a size so that ParseSize reads the same: in the largest unit
// that needs no fraction.
func formatSize(n int64) string {
	units := []string{"", "KiB", "MiB", "GiB", "TiB"}
	i := 0
	for n != 0 && n%1024 == 0 && i < len(units)-1 {
		n /= 1024
		i++
	}
	return strconv.FormatInt(n, 10) + units[i]
}

// Space is an amount of disk space: a number of bytes, a part of the whole disk,
// or the smaller of both. The zero Space is none.
type Space struct {
	Bytes   int64
	Percent float64 // of the disk
}

// ParseSpace reads "1GiB", "2%", or "1GiB,2%" in either order. "0" is none.
func ParseSpace(text string) (Space, error) {
	var space Space
	parts := strings.Split(text, ",")
	if len(parts) > 2 || len(parts) == 2 && strings.Contains(parts[0], "%") == strings.Contains(parts[1], "%") {
		return Space{}, jarvis.Errorf(jarvis.CodeInvalid, "%.40q is not an amount of disk space: write 1GiB, 2%% or both with a comma", text)
	}
	for _, part := range parts {
		if digits, ok := strings.CutSuffix(strings.TrimSpace(part), "%"); ok {
			percent, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
			if err != nil || !(percent >= 0 && percent < 100) { // a NaN is neither
				return Space{}, jarvis.Errorf(jarvis.CodeInvalid, "%.40q is not a part of the disk: write 2%%, from 0%% to below 100%%", part)
			}
			space.Percent = percent
			continue
		}
		bytes, err := ParseSize(part)
		if err != nil {
			return Space{}, err
		}
		space.Bytes = bytes
	}
	return space, nil
}

// Of returns the bytes that s is of a disk of total bytes.
func (s Space) Of(total int64) int64 {
	part := int64(float64(total) * s.Percent / 100)
	switch {
	case s.Percent == 0:
		return s.Bytes
	case s.Bytes == 0:
		return part
	}
	return min(s.Bytes, part)
}

// String returns the text that ParseSpace reads.
func (s Space) String() string {
	percent := fmt.Sprintf("%s%%", strconv.FormatFloat(s.Percent, 'f', -1, 64))
	switch {
	case s.Percent == 0:
		return formatSize(s.Bytes)
	case s.Bytes == 0:
		return percent
	}
	return formatSize(s.Bytes) + "," + percent
}
