package api_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/api"
)

// between returns the parameters of an hour around noon.
func between() string { return "from=2026-01-24T12:00:00Z&to=2026-01-24T13:00:00Z" }

func TestServer_Timeline(t *testing.T) {
	onAll(t, func(t *testing.T, r *rig) {
		r.add(1)
		r.add(62)
		r.post(r.device, "/api/coverage", `{"spans":[{"number":1,"from":"2026-01-24T12:10:00Z","to":"2026-01-24T12:30:00Z","state":"paused"}]}`).want(http.StatusOK)
		var got jarvis.Timeline
		r.get(r.reader, "/api/timeline?"+between()).want(http.StatusOK).json(&got)
		if len(got.Lanes) != 1 || got.Lanes[0].Device != "desk" || !bytes.HasPrefix(got.Lanes[0].Minutes, []byte{1, 1, 0, 1, 1, 0}) || len(got.Lanes[0].Minutes) != 180 ||
			fmt.Sprint(got.Apps) != "["+secretApp+"]" {
			t.Errorf("the timeline is %+v", got)
		}
		states := make(map[jarvis.HoleState]bool)
		for _, h := range got.Holes {
			states[h.State] = true
		}
		if !states[jarvis.HolePaused] || !states[jarvis.HoleUnknown] {
			t.Errorf("the holes are %+v", got.Holes)
		}
		if a := r.get(r.reader, "/api/timeline?"+between()); a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("the timeline may be kept: %v", a.header)
		}
	})
}

func TestServer_Timeline_Refused(t *testing.T) {
	r := newRig(t)
	r.add(1)
	for _, path := range []string{"/api/timeline?", "/api/timeline/index?device=desk&", "/api/timeline/sheets?device=desk&"} {
		for _, parameters := range []string{
			"", "from=2026-01-24T12:00:00Z", "to=2026-01-24T12:00:00Z", "from=x&to=y", "from=2026-01-24T12:00:00Z&to=2026-01-24T12:00:00Z",
			"from=2026-01-24T12:00:00Z&to=2026-01-24T11:00:00Z", "from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z",
			"from=0001-01-01T00:00:00Z&to=0001-01-02T00:00:00Z", "from=9999-12-31T23:00:00Z&to=10000-01-01T00:00:00Z", between() + "&day=1",
		} {
			r.get(r.reader, path+parameters).wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
		}
	}
	for _, path := range []string{"/api/timeline/index", "/api/timeline/sheets"} {
		for _, device := range []string{"%00", "%ff", strings.Repeat("x", 256)} {
			r.get(r.reader, path+"?"+between()+"&device="+device).wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
		}
	}
	for _, parameters := range []string{
		"", "from=2026-01-24T12:01:00Z", "from=2026-01-24T12:00:00.000001Z", "from=2026-01-24T12:00:00Z&kind=day", "from=2026-01-24T12:00:00Z&kind=",
		"from=2026-01-24T12:00:00Z&monitor=-1", "from=2026-01-24T12:00:00Z&monitor=99999999999", "from=2026-01-24T12:00:00Z&monitor=x",
		"from=2026-01-24T12:00:00Z&from=2026-01-24T12:00:00Z", "from=2026-01-24T12:00:00Z&name=" + strings.Repeat("x", 300), "from=2026-01-24T12:00:00Z&device=%ff",
		"from=9999-12-31T23:30:00Z", "from=2026-01-24T12:00:00Z&nothing=1",
	} {
		if a := r.get(r.reader, "/api/timeline/sheet?"+parameters); a.status != http.StatusNotFound || !strings.Contains(parameters, "12:01") && !strings.Contains(parameters, "000001") {
			a.wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
		}
	}
	for _, parameters := range []string{"", "at=x", "at=2026-01-24T12:00:00Z&monitor=-1", "at=2026-01-24T12:00:00Z&monitor=x", "at=2026-01-24T12:00:00Z&device=%00"} {
		r.get(r.reader, "/api/timeline/nearest?"+parameters).wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
	}
}

func TestServer_Index(t *testing.T) {
	onAll(t, func(t *testing.T, r *rig) {
		for n := range 5 {
			r.add(n)
		}
		path := "/api/timeline/index?device=desk&" + between()
		get := func(accept string) answer {
			t.Helper()
			req := r.request(http.MethodGet, path, nil)
			req.Header.Set("Accept-Encoding", accept)
			return r.do(req, r.reader).want(http.StatusOK)
		}
		plain := get("identity")
		if plain.header.Get("Content-Encoding") != "" || string(plain.body[:4]) != "JDX1" || binary.LittleEndian.Uint32(plain.body[4:]) != 5 ||
			int64(binary.LittleEndian.Uint64(plain.body[8:])) != noon.UnixMicro() || plain.header.Get("Content-Type") != "application/octet-stream" {
			t.Errorf("the index is %q, %v", plain.body, plain.header)
		}
		for accept, packed := range map[string]bool{"gzip": true, "br, gzip;q=0.5": true, "GZIP": true, "gzip;q=0": false, "gzip; q=0.000": false, "gzipped": false} {
			a := get(accept)
			if (a.header.Get("Content-Encoding") == "gzip") != packed || !strings.Contains(a.header.Get("Vary"), "Accept-Encoding") {
				t.Errorf("%s is answered with %v", accept, a.header)
			}
			if packed {
				z, err := gzip.NewReader(bytes.NewReader(a.body))
				must(t, err)
				if body, err := io.ReadAll(z); err != nil || !bytes.Equal(body, plain.body) {
					t.Errorf("%s is answered with another index, error %v", accept, err)
				}
			}
		}
	})
}

func TestServer_Sheets(t *testing.T) {
	onAll(t, func(t *testing.T, r *rig) {
		first, _ := r.add(1), r.add(62)
		type sheets struct{ Items []jarvis.Sheet }
		list := func() []jarvis.Sheet {
			t.Helper()
			var got sheets
			r.get(r.reader, "/api/timeline/sheets?device=desk&monitor=0&kind=hour&"+between()).want(http.StatusOK).json(&got)
			return got.Items
		}
		items := list()
		if len(items) != 1 || items[0].Tiles != 2 {
			t.Fatalf("the sheets are %v", items)
		}
		address := func(name string) string {
			return "/api/timeline/sheet?" + url.Values{"device": {"desk"}, "monitor": {"0"}, "kind": {"hour"}, "from": {items[0].From.Format(time.RFC3339)}, "name": {name}}.Encode()
		}
		a := r.get(r.reader, address(items[0].Name)).want(http.StatusOK)
		img, err := jpeg.Decode(bytes.NewReader(a.body))
		must(t, err)
		if img.Bounds() != image.Rect(0, 0, 3200, 180) || a.header.Get("Etag") != `"`+items[0].Name+`"` || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("the sheet is %v, %v", img.Bounds(), a.header)
		}
		req := r.request(http.MethodGet, address(items[0].Name), nil)
		req.Header.Set("If-None-Match", a.header.Get("Etag"))
		r.do(req, r.reader).want(http.StatusNotModified)

		r.delete(r.admin, "/api/captures/"+first.ID.String()).want(http.StatusOK)
		changed := list()
		if changed[0].Name == items[0].Name || changed[0].Tiles != 1 {
			t.Fatalf("the sheets are %v", changed)
		}
		// The old name brings what there is now, which nobody may keep under it.
		if old := r.get(r.reader, address(items[0].Name)).want(http.StatusOK); bytes.Equal(old.body, a.body) || old.header.Get("Etag") != "" || old.header.Get("Cache-Control") != "no-store" {
			t.Errorf("the deleted capture is still answered: %v", old.header)
		}
	})
}

// Only the browser of a person's own computer may keep sheets, and only those whose name
// is the one that was asked for.
func TestServer_Sheet_Kept(t *testing.T) {
	r := newRig(t)
	r.add(1)
	var got struct{ Items []jarvis.Sheet }
	r.get(r.reader, "/api/timeline/sheets?device=desk&kind=five&"+between()).want(http.StatusOK).json(&got)
	path := "/api/timeline/sheet?device=desk&kind=five&from=2026-01-24T12:00:00Z"
	const forever = "private, max-age=31536000, immutable"
	for _, test := range []struct{ own, name, want string }{
		{"on", got.Items[0].Name, forever}, {"on", "other", "no-store"}, {"on", "", "no-store"}, {"off", got.Items[0].Name, "no-store"},
	} {
		req := r.request(http.MethodGet, path+"&name="+test.name, nil)
		req.AddCookie(r.signIn(test.own))
		if a := r.do(req, "").want(http.StatusOK); a.header.Get("Cache-Control") != test.want {
			t.Errorf("own %q, name %q: %q, want %q", test.own, test.name, a.header.Get("Cache-Control"), test.want)
		}
	}
}

// A sheet without an image that is not there now is kept by nobody: the image may come back.
func TestServer_Sheet_NotWhole(t *testing.T) {
	r := newRig(t)
	there, gone := r.add(1), r.add(62)
	name, err := jarvis.ParseBlobName(gone.Filepath)
	must(t, err)
	must(t, r.blobs.Delete(t.Context(), name))
	var got struct{ Items []jarvis.Sheet }
	r.get(r.reader, "/api/timeline/sheets?device=desk&"+between()).want(http.StatusOK).json(&got)
	req := r.request(http.MethodGet, "/api/timeline/sheet?device=desk&from=2026-01-24T12:00:00Z&name="+got.Items[0].Name, nil)
	req.AddCookie(r.signIn("on"))
	a := r.do(req, "").want(http.StatusOK)
	if _, err := jpeg.Decode(bytes.NewReader(a.body)); err != nil || a.header.Get("Cache-Control") != "no-store" || a.header.Get("Etag") != "" {
		t.Errorf("without %s but with %s it may be kept: %v, %v", gone.ID, there.ID, a.header, err)
	}
}

func TestServer_Nearest(t *testing.T) {
	onAll(t, func(t *testing.T, r *rig) {
		r.get(r.reader, "/api/timeline/nearest?at=2026-01-24T12:00:00Z").wantProblem(http.StatusNotFound, jarvis.CodeNotFound)
		s := r.add(10)
		var got struct {
			Capture jarvis.Capture
			Off     int64
		}
		for at, want := range map[string]int64{"2026-01-24T12:00:10.123456Z": 0, "2026-01-24T12:00:00Z": 10_123_456, "2026-01-24T13:00:00%2B00:00": -3_589_876_544} {
			r.get(r.reader, "/api/timeline/nearest?at="+at+"&device=desk&monitor=0").want(http.StatusOK).json(&got)
			if got.Capture.ID != s.ID || got.Off != want {
				t.Errorf("the nearest to %s is %s, %d off; want %d", at, got.Capture.ID, got.Off, want)
			}
		}
		r.get(r.reader, "/api/timeline/nearest?at=2026-01-24T12:00:00Z&monitor=7").wantProblem(http.StatusNotFound, jarvis.CodeNotFound)
	})
}

func TestServer_Fit(t *testing.T) {
	onAll(t, func(t *testing.T, r *rig) {
		wide := func() []byte {
			var b bytes.Buffer
			must(t, jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 3000, 1000)), nil))
			return b.Bytes()
		}()
		var s stored
		about := strings.NewReplacer(`"width":16,"height":9`, `"width":3000,"height":1000`).Replace(saying(1))
		r.send(r.device, form(metadataPart(about), filePart("image/jpeg", wide))).want(http.StatusOK).json(&s)
		path := "/api/captures/" + s.ID.String() + "/fit?width="
		for _, width := range []string{"1280", "1920", "2560"} {
			a := r.get(r.reader, path+width).want(http.StatusOK)
			config, err := jpeg.DecodeConfig(bytes.NewReader(a.body))
			must(t, err)
			if fmt.Sprint(config.Width) != width || a.header.Get("Content-Type") != "image/jpeg" || a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("it is %d wide, want %s: %v", config.Width, width, a.header)
			}
			req := r.request(http.MethodGet, path+width, nil)
			req.Header.Set("If-None-Match", a.header.Get("Etag"))
			r.do(req, r.reader).want(http.StatusNotModified)
		}
		for _, width := range []string{"", "0", "-1", "x", "1279", "3840", "1280&width=1280", "1280&x=1"} {
			r.get(r.reader, path+width).wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
		}
		small := r.add(2)
		path = "/api/captures/" + small.ID.String() + "/fit?width=1280"
		if a := r.get(r.reader, path).want(http.StatusOK); !bytes.Equal(a.body, photo(2)) {
			t.Error("an image that fits is not as it was given")
		}
		req := r.request(http.MethodGet, path, nil)
		req.AddCookie(r.signIn("on"))
		if a := r.do(req, "").want(http.StatusOK); a.header.Get("Cache-Control") != "private, max-age=31536000, immutable" {
			t.Errorf("it may not be kept: %v", a.header)
		}
		r.delete(r.admin, "/api/captures/"+small.ID.String()).want(http.StatusOK)
		r.get(r.reader, path).wantProblem(http.StatusGone, jarvis.CodeDeleted)
	})
}

// Every look is in the access log.
func TestServer_Timeline_Recorded(t *testing.T) {
	r := newRig(t)
	s := r.add(1)
	for _, path := range []string{
		"/api/timeline?" + between(), "/api/timeline/index?device=desk&" + between(), "/api/timeline/sheets?device=desk&" + between(),
		"/api/timeline/sheet?device=desk&from=2026-01-24T12:00:00Z", "/api/timeline/nearest?at=2026-01-24T12:00:00Z", "/api/captures/" + s.ID.String() + "/fit?width=1280",
	} {
		r.get(r.reader, path).want(http.StatusOK)
	}
	must(t, r.guard.Flush(t.Context()))
	found, err := r.catalog.FindAccess(t.Context(), jarvis.AccessFilter{Action: jarvis.ActionView})
	must(t, err)
	var times, captures int64
	for _, one := range found {
		times, captures = times+one.Times, captures+one.Captures
	}
	if times != 6 || captures != 4 {
		t.Errorf("%d looks at %d captures are recorded, want 6 and 4", times, captures)
	}
}

func TestServer_Timeline_None(t *testing.T) {
	r := newRig(t, withoutTimelines)
	for _, path := range []string{
		"/api/timeline?" + between(), "/api/timeline/index?" + between(), "/api/timeline/sheets?" + between(),
		"/api/timeline/sheet?from=2026-01-24T12:00:00Z", "/api/timeline/nearest?at=2026-01-24T12:00:00Z",
	} {
		r.get(r.reader, path).wantProblem(http.StatusNotFound, jarvis.CodeNotFound)
	}
}

// withoutTimelines is a change.
func withoutTimelines(o *api.Options) { o.Timelines = nil }
