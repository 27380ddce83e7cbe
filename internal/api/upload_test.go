package api_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/api"
)

func TestServer_Upload(t *testing.T) {
	onAll(t, func(t *testing.T, r *rig) {
		first := r.send(r.device, form(filePart("image/jpeg", photo(1)), metadataPart(saying(1)))).want(http.StatusOK)
		var s stored
		first.json(&s)
		if want := fmt.Sprintf(`{"id":"%s","status":"stored","filepath":"%s"}`, s.ID, s.Filepath); string(first.body) != want {
			t.Errorf("older agents are answered %q; want %q", first.body, want)
		}
		if !strings.HasPrefix(s.Filepath, "2026/01/24/"+s.ID.String()+".jpg") || first.header.Get("Content-Type") != "application/json" {
			t.Errorf("the answer is %s %s", first.header.Get("Content-Type"), first.body)
		}
		for _, path := range []string{"/api/captures", "/api/captures/"} {
			again := r.do(r.uploadRequest(path, form(metadataPart(saying(1)), filePart("image/jpeg", photo(1)))), r.device).want(http.StatusOK)
			if !bytes.Equal(again.body, first.body) {
				t.Errorf("sent again to %s, the answer is %s; want %s", path, again.body, first.body)
			}
		}
		var c jarvis.Capture
		r.get(r.reader, "/api/captures/"+s.ID.String()).want(http.StatusOK).json(&c)
		if !c.Timestamp.Equal(noon.Add(1e9)) || c.Width != 16 || c.Height != 9 || c.FileSize != int64(len(photo(1))) || c.Device != "desk" ||
			c.AppName != secretApp || c.WindowTitle != secretTitle || c.URL != secretURL || c.Filepath != s.Filepath {
			t.Errorf("the capture is %+v", c)
		}
		if image := r.get(r.reader, "/api/captures/"+s.ID.String()+"/image").want(http.StatusOK); !bytes.Equal(image.body, photo(1)) {
			t.Error("the image is not the one that was sent")
		}
	})
}

// The bytes that an older agent sends.
func TestServer_Upload_Recorded(t *testing.T) {
	r := newRig(t)
	body := "--6d0ec1e4a2c14d4ab6d4b0e6f3f4c2aa\r\n" +
		"Content-Disposition: form-data; name=\"metadata\"\r\n\r\n" +
		`{"timestamp": "2026-01-24T12:00:00.123456", "monitor_index": 1, "width": 16, "height": 9}` + "\r\n" +
		"--6d0ec1e4a2c14d4ab6d4b0e6f3f4c2aa\r\n" +
		"Content-Disposition: form-data; name=\"file\"; filename=\"capture.jpg\"\r\n" +
		"Content-Type: image/jpeg\r\n\r\n" +
		string(photo(1)) + "\r\n" +
		"--6d0ec1e4a2c14d4ab6d4b0e6f3f4c2aa--\r\n"
	req := r.request(http.MethodPost, "/api/captures/", strings.NewReader(body))
	req.Header.Set("Content-Type", "multipart/form-data; boundary=6d0ec1e4a2c14d4ab6d4b0e6f3f4c2aa")
	req.Header.Set("Accept", "*/*")
	req.Header.Set("User-Agent", "python-httpx/0.27.0")
	var s stored
	r.do(req, r.device).want(http.StatusOK).json(&s)
	var c jarvis.Capture
	r.get(r.reader, "/api/captures/"+s.ID.String()).json(&c)
	if !c.Timestamp.Equal(noon) || c.MonitorIndex != 1 {
		t.Errorf("the capture is %+v", c)
	}
}

func TestServer_Upload_Refused(t *testing.T) {
	const id = `"id":"019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f00"`
	base := `"timestamp":"2026-01-24T12:00:00Z","width":16,"height":9`
	sum := sha256.Sum256(photo(1))
	good := filePart("image/jpeg", photo(1))
	cases := []struct {
		name   string
		body   string
		status int
		code   jarvis.Code
	}{
		{"first", form(metadataPart("{"+base+","+id+"}"), good), 200, ""},
		{"other bytes", form(metadataPart("{"+base+","+id+"}"), filePart("image/jpeg", photo(2))), 409, jarvis.CodeConflict},
		{"other time", form(metadataPart(`{"timestamp":"2026-01-24T12:00:01Z","width":16,"height":9,`+id+"}"), good), 409, jarvis.CodeConflict},
		{"other monitor", form(metadataPart("{"+base+`,"monitor_index":1,`+id+"}"), good), 409, jarvis.CodeConflict},
		{"capital id", form(metadataPart("{"+base+`,"id":"019BE5A4-7C3E-7D10-8F2A-5B6C7D8E9F00"}`), good), 200, ""},
		{"right sha256", form(metadataPart("{"+base+`,"sha256":"`+hex.EncodeToString(sum[:])+`"}`), good), 200, ""},
		{"unknown member", form(metadataPart("{"+base+`,"later":{"a":[1]}}`), good), 200, ""},
		{"unknown part", form(part{`Content-Disposition: form-data; name="more"`, "x"}, metadataPart("{"+base+"}"), good), 200, ""},
		{"png", form(metadataPart("{"+base+"}"), filePart("image/png", plainPNG())), 200, ""},
		{"wrong sha256", form(metadataPart("{"+base+`,"sha256":"`+strings.Repeat("0", 64)+`"}`), good), 400, jarvis.CodeInvalid},
		{"short sha256", form(metadataPart("{"+base+`,"sha256":"00"}`), good), 400, jarvis.CodeInvalid},
		{"other width", form(metadataPart(`{"timestamp":"2026-01-24T12:00:00Z","width":17,"height":9}`), good), 400, jarvis.CodeInvalid},
		{"other height", form(metadataPart(`{"timestamp":"2026-01-24T12:00:00Z","width":16,"height":8}`), good), 400, jarvis.CodeInvalid},
		{"no width", form(metadataPart(`{"timestamp":"2026-01-24T12:00:00Z","height":9}`), good), 400, jarvis.CodeInvalid},
		{"zero width", form(metadataPart(`{"timestamp":"2026-01-24T12:00:00Z","width":0,"height":9}`), good), 400, jarvis.CodeInvalid},
		{"text width", form(metadataPart(`{"timestamp":"2026-01-24T12:00:00Z","width":"16","height":9}`), good), 400, jarvis.CodeInvalid},
		{"no timestamp", form(metadataPart(`{"width":16,"height":9}`), good), 400, jarvis.CodeInvalid},
		{"bad timestamp", form(metadataPart(`{"timestamp":"yesterday","width":16,"height":9}`), good), 400, jarvis.CodeInvalid},
		{"year 1969", form(metadataPart(`{"timestamp":"1969-12-31T23:59:59Z","width":16,"height":9}`), good), 400, jarvis.CodeInvalid},
		{"negative monitor", form(metadataPart("{"+base+`,"monitor_index":-1}`), good), 400, jarvis.CodeInvalid},
		{"huge monitor", form(metadataPart("{"+base+`,"monitor_index":99999999999999999999}`), good), 400, jarvis.CodeInvalid},
		{"bad id", form(metadataPart("{"+base+`,"id":"../../etc/passwd"}`), good), 400, jarvis.CodeInvalid},
		{"no JSON", form(metadataPart("timestamp=now"), good), 400, jarvis.CodeInvalid},
		{"JSON twice", form(metadataPart("{"+base+"}{}"), good), 400, jarvis.CodeInvalid},
		{"null", form(metadataPart("null"), good), 400, jarvis.CodeInvalid},
		{"no metadata", form(good), 400, jarvis.CodeInvalid},
		{"no file", form(metadataPart("{" + base + "}")), 400, jarvis.CodeInvalid},
		{"two files", form(metadataPart("{"+base+"}"), good, good), 400, jarvis.CodeInvalid},
		{"two metadata", form(metadataPart("{"+base+"}"), metadataPart("{"+base+"}"), good), 400, jarvis.CodeInvalid},
		{"text file", form(metadataPart("{"+base+"}"), filePart("text/plain", photo(1))), 400, jarvis.CodeInvalid},
		{"gif", form(metadataPart("{"+base+"}"), filePart("image/gif", photo(1))), 400, jarvis.CodeInvalid},
		{"png that is jpeg", form(metadataPart("{"+base+"}"), filePart("image/png", photo(1))), 400, jarvis.CodeInvalid},
		{"no image", form(metadataPart("{"+base+"}"), filePart("image/jpeg", []byte("hello"))), 400, jarvis.CodeInvalid},
		{"empty image", form(metadataPart("{"+base+"}"), filePart("image/jpeg", nil)), 400, jarvis.CodeInvalid},
		{"large metadata", form(metadataPart("{"+base+`,"later":"`+strings.Repeat("x", 64<<10)+`"}`), good), 413, jarvis.CodeTooLarge},
		{"large image", form(metadataPart("{"+base+"}"), filePart("image/jpeg", make([]byte, 1<<20+1))), 413, jarvis.CodeTooLarge},
		{"large form", form(part{`Content-Disposition: form-data; name="more"`, strings.Repeat("x", 2<<20)}), 413, jarvis.CodeTooLarge},
		{"16 parts", form(append(more(14), metadataPart("{"+base+"}"), good)...), 200, ""},
		{"17 parts", form(append(more(15), metadataPart("{"+base+"}"), good)...), 400, jarvis.CodeInvalid},
		{"some headers", form(withHeader(8<<10), metadataPart("{"+base+"}"), good), 200, ""},
		{"large headers", form(withHeader(17<<10), metadataPart("{"+base+"}"), good), 400, jarvis.CodeInvalid},
		{"cut", form(metadataPart("{"+base+"}"), good)[:400], 400, jarvis.CodeInvalid},
		{"empty", "", 400, jarvis.CodeInvalid},
	}
	onAll(t, func(t *testing.T, r *rig) {
		for _, tt := range cases {
			a := r.send(r.device, tt.body)
			if tt.status == http.StatusOK {
				a.want(http.StatusOK)
				continue
			}
			if a.status != tt.status {
				t.Errorf("%s: %d %s; want %d", tt.name, a.status, a.body, tt.status)
				continue
			}
			a.wantProblem(tt.status, tt.code)
		}
		var s stored
		r.send(r.device, form(metadataPart("{"+base+`,"monitor_index":3}`), good)).want(http.StatusOK).json(&s)
		r.delete(r.admin, "/api/captures/"+s.ID.String()).want(http.StatusOK)
		r.send(r.device, form(metadataPart("{"+base+`,"monitor_index":3}`), good)).wantProblem(http.StatusGone, jarvis.CodeDeleted)
	}, limitTo1MiB)
}

// more returns n parts that nobody asked for.
func more(n int) []part {
	return slices.Repeat([]part{{`Content-Disposition: form-data; name="more"`, "x"}}, n)
}

// withHeader returns a part with a header of so many bytes.
func withHeader(size int) part {
	return part{`Content-Disposition: form-data; name="more"` + "\r\nX: " + strings.Repeat("x", size), "x"}
}

func TestServer_Upload_WrongType(t *testing.T) {
	r := newRig(t)
	for _, kind := range []string{"", "application/json", "multipart/form-data", "multipart/mixed; boundary=x", "multipart/form-data; boundary=" + strings.Repeat("x", 71), "multipart/form-data; boundary=\"\xff"} {
		req := r.uploadRequest("/api/captures", form(metadataPart(saying(1)), filePart("image/jpeg", photo(1))))
		req.Header.Set("Content-Type", kind)
		r.do(req, r.device).wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
	}
}

// Fifty at once with one id: the same bytes are one capture and fifty equal
// answers; with other bytes one wins.
func TestServer_Upload_AtOnce(t *testing.T) {
	onAll(t, func(t *testing.T, r *rig) {
		const many = 50
		send := func(n int, id string, photoOf func(int) int) (int, string) {
			said := fmt.Sprintf(`{"id":%q,"timestamp":"2026-01-24T12:00:00Z","width":16,"height":9}`, id)
			a := r.send(r.device, form(metadataPart(said), filePart("image/jpeg", photo(photoOf(n)))))
			return a.status, string(a.body)
		}
		race := func(id string, photoOf func(int) int) (statuses map[int]int, bodies map[string]int) {
			statuses, bodies = make(map[int]int), make(map[string]int)
			var mu sync.Mutex
			var all sync.WaitGroup
			for n := range many {
				all.Go(func() {
					status, body := send(n, id, photoOf)
					mu.Lock()
					defer mu.Unlock()
					statuses[status]++
					if status == http.StatusOK {
						bodies[body]++
					}
				})
			}
			all.Wait()
			return statuses, bodies
		}
		if statuses, bodies := race("019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f01", func(int) int { return 1 }); statuses[200] != many || len(bodies) != 1 {
			t.Errorf("the same bytes: %v, %v", statuses, bodies)
		}
		if statuses, bodies := race("019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f02", func(n int) int { return n }); statuses[200] != 1 || statuses[409] != many-1 || len(bodies) != 1 {
			t.Errorf("other bytes: %v, %v", statuses, bodies)
		}
		stats, err := r.catalog.Stats(t.Context())
		if must(t, err); stats.Captures != 2 {
			t.Errorf("there are %d captures; want 2", stats.Captures)
		}
	})
}

// An image that is gone or damaged is not shown, and comes back with the capture.
func TestServer_Upload_Damaged(t *testing.T) {
	r := newRig(t)
	s := r.add(1)
	file := filepath.Join(r.root, s.Filepath)
	must(t, os.Remove(file))
	r.get(r.reader, "/api/captures/"+s.ID.String()+"/image").wantProblem(http.StatusNotFound, jarvis.CodeNotFound)
	must(t, os.WriteFile(file, photo(2), 0o600))
	r.get(r.reader, "/api/captures/"+s.ID.String()+"/image").wantProblem(http.StatusInternalServerError, jarvis.CodeCorrupt)
	if strings.Contains(r.answers.String(), r.root) {
		t.Error("an answer names the storage")
	}
	if again := r.add(1); again != s {
		t.Errorf("a damaged capture sent again is %v; want %v", again, s)
	}
	if image := r.get(r.reader, "/api/captures/"+s.ID.String()+"/image").want(http.StatusOK); !bytes.Equal(image.body, photo(1)) {
		t.Error("the image was not restored")
	}
}

// Images of every size up to the bound come through whole, also where the length
// of the form is not told.
func TestServer_Upload_Sizes(t *testing.T) {
	r := newRig(t, limitTo1MiB, func(o *api.Options) { o.MaxMemory = 2 << 20 })
	r.server.Hasten(50 * time.Millisecond) // what was not given back is missed soon
	for n, size := range []int{1000, 64<<10 - 1, 64 << 10, 64<<10 + 1, 128<<10 + 1, 1<<20 - 1, 1 << 20, 1<<20 + 1} {
		data := append(photo(n), make([]byte, size-len(photo(n)))...)
		for _, told := range []bool{true, false} {
			req := r.uploadRequest("/api/captures", form(filePart("image/jpeg", data), metadataPart(saying(n))))
			if !told {
				req.ContentLength = -1
			}
			a := r.do(req, r.device)
			if size > 1<<20 {
				a.wantProblem(http.StatusRequestEntityTooLarge, jarvis.CodeTooLarge)
				continue
			}
			var s stored
			a.want(http.StatusOK).json(&s)
			if image := r.get(r.reader, "/api/captures/"+s.ID.String()+"/image").want(http.StatusOK); !bytes.Equal(image.body, data) {
				t.Errorf("an image of %d bytes came back with %d", size, len(image.body))
			}
		}
	}
}
