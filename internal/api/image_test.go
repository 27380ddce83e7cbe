package api_test

import (
	"bytes"
	"image/jpeg"
	"net/http"
	"strings"
	"testing"

	"github.com/jarvis-memory/jarvis"
)

func TestServer_Image(t *testing.T) {
	onAll(t, func(t *testing.T, r *rig) {
		s := r.add(1)
		data := photo(1)
		path := "/api/captures/" + s.ID.String() + "/image"
		get := func(header ...string) answer {
			t.Helper()
			req := r.request(http.MethodGet, path, nil)
			for i := 0; i < len(header); i += 2 {
				req.Header.Set(header[i], header[i+1])
			}
			return r.do(req, r.reader)
		}
		whole := get().want(http.StatusOK)
		tag := whole.header.Get("ETag")
		if !bytes.Equal(whole.body, data) || whole.header.Get("Content-Type") != "image/jpeg" || whole.header.Get("Cache-Control") != "no-store" ||
			whole.header.Get("Accept-Ranges") != "bytes" || len(tag) < 20 || !strings.HasPrefix(whole.header.Get("Content-Disposition"), "inline") {
			t.Errorf("the image is answered with %v", whole.header)
		}
		if a := get("If-None-Match", tag).want(http.StatusNotModified); len(a.body) > 0 || a.header.Get("ETag") != tag {
			t.Errorf("an unchanged image: %v %q", a.header, a.body)
		}
		get("If-None-Match", `"other", W/`+tag).want(http.StatusNotModified)
		get("If-None-Match", `"other"`).want(http.StatusOK)
		for spec, want := range map[string][]byte{"bytes=0-9": data[:10], "bytes=10-": data[10:], "bytes=-5": data[len(data)-5:]} {
			a := get("Range", spec).want(http.StatusPartialContent)
			if !bytes.Equal(a.body, want) {
				t.Errorf("%s: %q", spec, a.body)
			}
		}
		for _, spec := range []string{"bytes=99999-", "bytes=9-1", "lines=1-2", "bytes=x-y", "bytes=0-1,2-x"} {
			a := get("Range", spec)
			a.wantProblem(http.StatusRequestedRangeNotSatisfiable, jarvis.CodeInvalid)
		}
		for _, spec := range []string{"bytes=-0", "bytes=-00", "bytes= -0", "bytes=0-1,-0"} {
			if a := get("Range", spec).want(http.StatusOK); !bytes.Equal(a.body, data) || a.header.Get("Content-Range") != "" {
				t.Errorf("%s: %v", spec, a.header)
			}
		}
		if a := get("Range", "bytes=0-9", "If-Range", `"other"`).want(http.StatusOK); len(a.body) != len(data) {
			t.Error("a range of another image was answered")
		}
		if a := r.do(r.request(http.MethodHead, path, nil), r.reader).want(http.StatusOK); len(a.body) > 0 || a.header.Get("Content-Length") == "" {
			t.Errorf("HEAD is answered with %v", a.header)
		}
		file := r.get(r.reader, path+"?download=1").want(http.StatusOK)
		if want := `attachment; filename="2026-01-24T12-00-01.123Z_` + s.ID.String() + `.jpg"`; file.header.Get("Content-Disposition") != want {
			t.Errorf("a download is %q; want %q", file.header.Get("Content-Disposition"), want)
		}
		r.get(r.reader, path+"?download=2").wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
	})
}

// Only the browser of a person's own computer may keep pictures.
func TestServer_Image_Kept(t *testing.T) {
	r := newRig(t)
	path := "/api/captures/" + r.add(1).ID.String() + "/image"
	for own, want := range map[string]string{"on": "private, no-cache", "off": "no-store", "": "no-store"} {
		cookie := r.signIn(own)
		for _, of := range []string{path, strings.Replace(path, "image", "thumbnail", 1)} {
			req := r.request(http.MethodGet, of, nil)
			req.AddCookie(cookie)
			if a := r.do(req, "").want(http.StatusOK); a.header.Get("Cache-Control") != want {
				t.Errorf("own %q: %s is answered with %q; want %q", own, of, a.header.Get("Cache-Control"), want)
			}
		}
		req := r.request(http.MethodGet, strings.TrimSuffix(path, "/image"), nil)
		req.AddCookie(cookie)
		if a := r.do(req, "").want(http.StatusOK); a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("own %q: the row is answered with %q", own, a.header.Get("Cache-Control"))
		}
	}
}

func TestServer_Thumbnail(t *testing.T) {
	onAll(t, func(t *testing.T, r *rig) {
		s := r.add(1)
		path := "/api/captures/" + s.ID.String() + "/thumbnail"
		small := r.get(r.reader, path+"?width=160").want(http.StatusOK)
		m, err := jpeg.Decode(bytes.NewReader(small.body))
		must(t, err)
		if m.Bounds().Dx() != 16 || small.header.Get("Content-Type") != "image/jpeg" {
			t.Errorf("the thumbnail of 16 pixels has %d: %v", m.Bounds().Dx(), small.header)
		}
		if again := r.get(r.reader, path+"?width=160"); !bytes.Equal(again.body, small.body) || again.header.Get("ETag") != small.header.Get("ETag") {
			t.Error("the thumbnail is another the second time")
		}
		for _, width := range []string{"0", "-1", "x", "99999"} {
			r.get(r.reader, path+"?width="+width).wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
		}
		r.delete(r.admin, "/api/captures/"+s.ID.String()).want(http.StatusOK)
		r.get(r.reader, path).wantProblem(http.StatusGone, jarvis.CodeDeleted)
	})
}
