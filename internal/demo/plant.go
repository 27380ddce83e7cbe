package demo

// plant is known words that a picture shows besides its story.
type plant struct {
	kind KnownKind
	text string
}

// The known words. None of them is in a story.
const (
	onceText     = "the copper kettle sings at dawn"
	sessionText  = "flamingo"
	sessionsText = "nightjar"
	japaneseText = "東京メモ"
	maskedText   = "BAROMETER_KEY"
	pinnedText   = "spare keys hang behind the boiler"
	titleText    = "marmalade"
	urlText      = "persimmon"
	clockText    = "solstice"
	hostileText  = "thistledown"
)

// note is what stands in a box above a page.
func (p plant) note() string {
	switch p.kind {
	case KnownOnce, KnownPinned, KnownHostile:
		return p.text
	}
	return ""
}

// host is the machine at which a terminal is.
func (p plant) host() string {
	if p.kind == KnownSession {
		return p.text
	}
	return ""
}
