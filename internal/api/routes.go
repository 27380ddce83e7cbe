package api

import (
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// permission is what a route asks for: a jarvis.Scope, or open.
type permission string

// The permissions. A route that names none is closed to everybody.
const (
	open   permission = "open" // no credential: it tells nothing of anybody
	upload permission = "upload"
	read   permission = "read"
	work   permission = "work"
	admin  permission = "admin"
)

// route is one line of the table.
type route struct {
	method string
	path   string
	scope  permission
	also   permission // another that permits it; empty for none
	id     string     // of the operation in the OpenAPI document; empty for what is not in it
	about  string
	errors []int // besides those that every route may have

	handle operation

	form    *huma.RequestBody // of what is no JSON
	maxBody int64             // bytes; 0 means 1 MiB
	time    time.Duration     // until it is given up; 0 means a minute
	quiet   bool              // logged for debugging only
	deletes bool              // the browser of a person's own computer forgets the pictures that it kept
	page    bool              // a browser without a session is led to where it signs in
	as      string            // the path in the OpenAPI document, where it is written otherwise
}

const (
	defaultBody = 1 << 20
	aroundImage = metadataLimit + 64<<10 // bytes of an upload besides its image
	minute      = time.Minute
	longTime    = time.Hour // of what works through any number of captures
)

func (t *route) lasts() time.Duration {
	if t.time > 0 {
		return t.time
	}
	return minute
}

// scopes returns what permits it.
func (t *route) scopes() []string {
	if t.also == "" {
		return []string{string(t.scope)}
	}
	return []string{string(t.scope), string(t.also)}
}

// body returns how many bytes the body may have.
func (t *route) body(s *Server) int64 {
	switch t.maxBody {
	case 0:
		return defaultBody
	case withImage:
		return s.o.MaxImageBytes + aroundImage
	}
	return t.maxBody
}

// withImage is the maxBody of what takes an image.
const withImage = -1

const (
	get  = http.MethodGet
	post = http.MethodPost
	put  = http.MethodPut
	del  = http.MethodDelete

	notFound = http.StatusNotFound
	conflict = http.StatusConflict
	tooLong  = http.StatusGatewayTimeout
	gone     = http.StatusGone
	tooLarge = http.StatusRequestEntityTooLarge
	noSpace  = http.StatusInsufficientStorage
)

// routes returns the table: every route there is, and who may use it.
func (s *Server) routes() []route {
	return []route{
		{method: post, path: "/api/captures", scope: upload, id: "upload-capture", about: uploadAbout, errors: []int{conflict, gone, tooLarge, noSpace}, handle: with(s, s.uploadCapture), form: uploadForm(), maxBody: withImage, time: 5 * minute},
		{method: post, path: "/api/captures/{$}", as: "/api/captures/", scope: upload, id: "upload-capture-slash", about: uploadAbout, errors: []int{conflict, gone, tooLarge, noSpace}, handle: with(s, s.uploadCapture), form: uploadForm(), maxBody: withImage, time: 5 * minute},
		{method: get, path: "/api/captures", scope: read, id: "list-captures", about: "Lists captures, the newest first, without the text in them.", handle: with(s, s.listCaptures)},
		{method: post, path: "/api/captures/delete", scope: admin, id: "delete-captures", about: deleteAbout, errors: []int{notFound, conflict}, handle: with(s, s.deleteCaptures), time: longTime, deletes: true},
		{method: get, path: "/api/captures/{id}", scope: read, id: "get-capture", about: "Returns a capture with the text in it.", errors: []int{notFound, gone}, handle: with(s, s.getCapture)},
		{method: del, path: "/api/captures/{id}", scope: admin, id: "delete-capture", about: "Deletes a capture for good.", errors: []int{notFound, conflict, gone}, handle: with(s, s.deleteCapture), deletes: true},
		{method: get, path: "/api/captures/{id}/image", scope: read, also: work, id: "get-image", about: "Returns the image as it was given. Ranges and If-None-Match are answered; with download=1 it is for a file. The scope work gets those of captures that wait to be read.", errors: []int{notFound, gone}, handle: s.image(s.getImage, imageParameters)},
		{method: get, path: "/api/captures/{id}/thumbnail", scope: read, id: "get-thumbnail", about: "Returns a small JPEG of the image, about as wide as asked for.", errors: []int{notFound, gone, tooLarge}, handle: s.image(s.getThumbnail, thumbnailParameters)},
		{method: get, path: "/api/captures/{id}/fit", scope: read, id: "get-fit", about: fitAbout, errors: []int{notFound, gone}, handle: s.binary(s.getFit, []string{"image/jpeg", "image/png", "image/webp"}, fitParameters()...)},
		{method: get, path: "/api/captures/{id}/text", scope: read, id: "get-text", about: "Returns what was read in a capture, and where every word of it is.", errors: []int{notFound, gone}, handle: with(s, s.getText)},
		{method: put, path: "/api/captures/{id}/pin", scope: admin, id: "pin-capture", about: "Pins a capture.", errors: []int{notFound, gone}, handle: with(s, s.pin)},
		{method: del, path: "/api/captures/{id}/pin", scope: admin, id: "unpin-capture", about: "Unpins a capture.", errors: []int{notFound, gone}, handle: with(s, s.unpin)},

		{method: get, path: "/api/search", scope: read, id: "search", about: searchAbout, errors: []int{notFound, tooLong}, handle: with(s, s.search)},
		{method: get, path: "/api/search/explain", scope: read, id: "explain-search", about: "Says why a search found nothing or little: what each term finds, close spellings, times without captures, captures that are not read yet.", errors: []int{notFound, tooLong}, handle: with(s, s.explain)},
		{method: get, path: "/api/suggest", scope: read, id: "suggest", about: "Completes what a person types with apps, devices and titles.", errors: []int{notFound, tooLong}, handle: with(s, s.suggest)},

		{method: get, path: "/api/readings", scope: read, also: work, id: "get-readings", about: "Counts the captures that wait to be read, are being read, or were set aside.", errors: []int{notFound}, handle: with(s, s.getReadings)},
		{method: post, path: "/api/readings/claim", scope: work, id: "claim-readings", about: claimAbout, errors: []int{notFound}, handle: with(s, s.claimReadings)},
		{method: post, path: "/api/readings/{id}/finish", scope: work, id: "finish-reading", about: finishAbout, errors: []int{notFound, conflict, gone, tooLarge, noSpace}, handle: with(s, s.finishReading), form: s.finishForm(), maxBody: maxReading, time: 5 * minute},
		{method: post, path: "/api/readings/{id}/fail", scope: work, id: "fail-reading", about: failAbout, errors: []int{notFound, conflict, gone, tooLarge, noSpace}, handle: with(s, s.failReading), maxBody: maxFailure},
		{method: post, path: "/api/readings/{id}/release", scope: work, id: "release-reading", about: "Gives a lease back as if it had never been given. One that is over is no failure.", errors: []int{notFound}, handle: with(s, s.releaseReading)},
		{method: get, path: "/api/readings/failed", scope: admin, id: "list-failed-readings", about: "Lists the captures that were set aside, the newest first, and why.", errors: []int{notFound}, handle: with(s, s.listFailed)},
		{method: post, path: "/api/readings/requeue", scope: admin, id: "requeue-readings", about: requeueAbout, errors: []int{notFound, noSpace}, handle: with(s, s.requeueReadings), time: longTime},

		{method: get, path: "/api/timeline", scope: read, id: "get-timeline", about: timelineAbout, errors: []int{notFound}, handle: with(s, s.getTimeline)},
		{method: get, path: "/api/timeline/index", scope: read, id: "get-index", about: indexAbout, errors: []int{notFound}, handle: s.binary(s.getIndex, []string{"application/octet-stream"}, indexParameters()...)},
		{method: get, path: "/api/timeline/sheets", scope: read, id: "list-sheets", about: sheetsAbout, errors: []int{notFound}, handle: with(s, s.listSheets)},
		{method: get, path: "/api/timeline/sheet", scope: read, id: "get-sheet", about: sheetAbout, errors: []int{notFound}, handle: s.binary(s.getSheet, []string{"image/jpeg"}, sheetParameters()...)},
		{method: get, path: "/api/timeline/nearest", scope: read, id: "get-nearest", about: nearestAbout, errors: []int{notFound}, handle: with(s, s.getNearest)},

		{method: get, path: "/api/days", scope: read, id: "list-days", about: "Lists the days that have captures, the oldest first.", handle: with(s, s.listDays)},
		{method: get, path: "/api/days/{date}/minutes", scope: read, id: "get-minutes", about: minutesAbout, handle: with(s, s.getMinutes)},
		{method: get, path: "/api/stats", scope: read, id: "get-stats", about: "Sums up the history.", handle: with(s, s.getStats)},
		{method: get, path: "/api/devices", scope: read, id: "list-devices", about: "Lists every device that sent something, or has a token.", handle: with(s, s.listDevices)},
		{method: post, path: "/api/coverage", scope: upload, id: "report-coverage", about: "Takes an agent's numbered spans: what it did when. They may be sent again, and may have grown.", errors: []int{conflict, tooLarge, noSpace}, handle: with(s, s.putCoverage)},
		{method: get, path: "/api/coverage", scope: read, id: "get-coverage", about: "Returns the spans of a time, and the rest that nobody explained.", handle: with(s, s.getCoverage)},

		{method: get, path: "/api/tokens", scope: admin, id: "list-tokens", about: "Lists tokens, revoked ones too.", handle: with(s, s.listTokens)},
		{method: post, path: "/api/tokens", scope: admin, id: "make-token", about: "Makes a token, and shows it this once.", errors: []int{conflict, tooLarge}, handle: with(s, s.makeToken)},
		{method: del, path: "/api/tokens/{name}", scope: admin, id: "revoke-token", about: "Revokes a token at once.", errors: []int{notFound}, handle: with(s, s.revokeToken)},
		{method: get, path: "/api/sessions", scope: admin, id: "list-sessions", about: "Lists the sessions of browsers, the newest first.", handle: with(s, s.listSessions)},
		{method: del, path: "/api/sessions/{id}", scope: admin, id: "end-session", about: "Signs a browser out.", errors: []int{notFound}, handle: with(s, s.endSession)},
		{method: post, path: "/api/sign-in-links", scope: admin, id: "make-sign-in-link", about: "Makes a link that signs a browser in, once, within ten minutes.", handle: with(s, s.makeSignInLink)},
		{method: get, path: "/api/audit", scope: admin, id: "read-audit", about: "Lists who looked at what, the newest minute first.", handle: with(s, s.readAudit)},

		{method: get, path: "/health/{$}", as: "/health/", scope: open, id: "get-health", about: "Says how the server is. It is always answered with 200.", handle: with(s, s.getHealth), quiet: true},
		{method: get, path: "/health", scope: open, handle: with(s, s.getHealth), quiet: true},
		{method: get, path: "/health/ready", scope: open, id: "get-ready", about: "Says whether captures are taken: 200 or 503.", handle: s.ready(), quiet: true},
		{method: get, path: "/metrics", scope: read, handle: raw(s, s.serveMetrics), quiet: true},

		{method: get, path: "/sign-in", scope: open, handle: forBrowsers(s, s.signInPage)},
		{method: post, path: "/sign-in", scope: open, handle: raw(s, s.signIn), maxBody: 4 << 10},
		{method: post, path: "/sign-out", scope: read, handle: forBrowsers(s, s.signOut), maxBody: 4 << 10},
		{method: get, path: "/docs", scope: open, handle: raw(s, s.docsPage)},
		{method: get, path: "/openapi.json", scope: open, handle: raw(s, s.openAPIJSON)},
		{method: get, path: "/openapi.yaml", scope: open, handle: raw(s, s.openAPIYAML)},
		{method: get, path: "/static/{path...}", scope: open, handle: raw(s, s.static), quiet: true},
		{method: get, path: "/{$}", scope: read, handle: forBrowsers(s, s.page), page: true},
		{method: get, path: "/day/{day}", scope: read, handle: forBrowsers(s, s.page), page: true},
		{method: get, path: "/week/{week}", scope: read, handle: forBrowsers(s, s.page), page: true},
		{method: get, path: "/at/{instant}", scope: read, handle: forBrowsers(s, s.page), page: true},
		{method: get, path: "/frame/{id}", scope: read, handle: forBrowsers(s, s.page), page: true},
		{method: get, path: "/search", scope: read, handle: forBrowsers(s, s.page), page: true},
		{method: get, path: "/pins", scope: read, handle: forBrowsers(s, s.page), page: true},
		{path: "/{path...}", scope: open, handle: s.unknown()},
	}
}
