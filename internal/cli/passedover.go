package cli

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// passedOver counts what a folder has that is not added from it.
type passedOver struct {
	hidden, links, others int64
	untaken               map[string]int64 // images, by formats that no store takes
}

// takes reports whether a file is called like an image that a store takes, and
// counts it otherwise.
func (p *passedOver) takes(base string) bool {
	switch extension := strings.ToLower(filepath.Ext(base)); extension {
	case ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp":
		return true
	case ".heic", ".heif", ".avif", ".jxl", ".gif", ".bmp", ".tif", ".tiff":
		if p.untaken == nil {
			p.untaken = make(map[string]int64)
		}
		p.untaken[strings.ToUpper(extension[1:])]++
	default:
		p.others++
	}
	return false
}

// String returns "passed over 2 hidden, 1 GIF (convert ... first)", and nothing
// where nothing was.
func (p *passedOver) String() string {
	var parts []string
	add := func(n int64, what string) {
		if n > 0 {
			parts = append(parts, countText(n)+" "+what)
		}
	}
	add(p.hidden, "hidden")
	add(p.links, "symbolic "+map[bool]string{true: "link", false: "links"}[p.links == 1])
	add(p.others, "that "+map[bool]string{true: "is no image", false: "are no images"}[p.others == 1])
	for _, format := range slices.Sorted(maps.Keys(p.untaken)) {
		add(p.untaken[format], format)
	}
	if len(parts) == 0 {
		return ""
	}
	text := "passed over " + strings.Join(parts, ", ")
	if len(p.untaken) > 0 {
		text += " (convert to JPEG, PNG or WebP first)"
	}
	return text
}
