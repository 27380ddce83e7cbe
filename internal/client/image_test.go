package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// An image that breaks off is never taken for a whole one.
func TestClient_Image_Half(t *testing.T) {
	whole := strings.Repeat("pixels! ", 10_000)
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request, before int) {
		w.Header().Set("Content-Type", "image/webp")
		w.Header().Set("Content-Length", "80000")
		if before%2 == 0 {
			io.WriteString(w, whole[:50_000])
			return
		}
		io.WriteString(w, whole)
	})
	c, waited := newClient(t, f.URL, Options{})
	image, err := c.OpenImage(t.Context(), mustID(t))
	must(t, err)
	data, err := io.ReadAll(image)
	wantCode(t, err, jarvis.CodeUnavailable)
	if len(data) != 50_000 || image.Format != jarvis.WebP || image.Size != 80_000 {
		t.Errorf("%d of %d bytes came", len(data), image.Size)
	}
	if err := image.Close(); err != nil {
		wantCode(t, err, jarvis.CodeUnavailable)
	}
	f.requests.Store(0)
	got, err := c.ReadImage(t.Context(), mustID(t))
	if err != nil || string(got) != whole || len(waited.all) != 1 {
		t.Errorf("%d bytes came after %v, error %v", len(got), waited.all, err)
	}
	stranger := newFake(t, func(w http.ResponseWriter, _ *http.Request, _ int) { writeJSON(w, `{}`) })
	c, _ = newClient(t, stranger.URL, Options{})
	_, err = c.OpenImage(t.Context(), mustID(t))
	wantCode(t, err, jarvis.CodeInvalid)
	_, err = c.ReadThumbnail(t.Context(), mustID(t), 320)
	wantCode(t, err, jarvis.CodeInvalid)
}

// An image can be closed before its end, and its context ends it.
func TestClient_Image_Abandoned(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		w.Header().Set("Content-Type", "image/png")
		io.WriteString(w, "some")
		must(t, http.NewResponseController(w).Flush())
		<-r.Context().Done()
	})
	c, _ := newClient(t, f.URL, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	image, err := c.OpenImage(ctx, mustID(t))
	must(t, err)
	if _, err := io.ReadFull(image, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	cancel()
	_, err = io.ReadAll(image)
	wantCode(t, err, jarvis.CodeUnavailable)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	if err := image.Close(); err != nil {
		wantCode(t, err, jarvis.CodeUnavailable)
	}
	image, err = c.OpenImage(t.Context(), mustID(t))
	must(t, err)
	closed := make(chan error, 1)
	go func() { closed <- image.Close() }()
	select {
	case err := <-closed:
		must(t, err)
	case <-time.After(10 * time.Second):
		t.Error("closing waits for the rest")
	}
}

// An image that breaks off goes on where it ended, byte for byte.
func TestClient_Image_Resumed(t *testing.T) {
	whole := make([]byte, 80_000)
	for i := range whole {
		whole[i] = byte(i * 7 / 3)
	}
	var ranges []string
	f := newFake(t, func(w http.ResponseWriter, r *http.Request, before int) {
		ranges = append(ranges, r.Header.Get("Range"))
		if r.Header.Get("Accept-Encoding") != "identity" {
			t.Errorf("Accept-Encoding is %q", r.Header.Get("Accept-Encoding"))
		}
		if before > 0 && r.Header.Get("If-Range") != `"tag"` {
			t.Errorf("If-Range is %q", r.Header.Get("If-Range"))
		}
		if before == 2 { // not even an answer
			reset(t, w)
			return
		}
		w.Header().Set("ETag", `"tag"`)
		w.Header().Set("Content-Type", "image/png")
		start := 0
		if text, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok {
			var err error
			start, err = strconv.Atoi(strings.TrimSuffix(text, "-"))
			must(t, err)
			w.Header().Set("Content-Range", "bytes "+strconv.Itoa(start)+"-79999/80000")
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(whole)-start))
		if start > 0 {
			w.WriteHeader(http.StatusPartialContent)
		}
		rest := whole[start:]
		if before < 3 {
			rest = rest[:30_000]
		}
		_, err := w.Write(rest)
		must(t, err)
	})
	c, _ := newClient(t, f.URL, Options{})
	image, err := c.OpenImage(t.Context(), mustID(t))
	must(t, err)
	data, err := io.ReadAll(image)
	must(t, errors.Join(err, image.Close()))
	if string(data) != string(whole) || strings.Join(ranges, ",") != ",bytes=30000-,bytes=60000-,bytes=60000-" {
		t.Errorf("%d bytes came by %q", len(data), ranges)
	}
}

// What comes after a break must be the rest of the same image.
func TestClient_Image_NotResumed(t *testing.T) {
	for name, test := range map[string]struct {
		answer func(w http.ResponseWriter)
		code   jarvis.Code
	}{
		"Another": {func(w http.ResponseWriter) { io.WriteString(w, "another image") }, jarvis.CodeInvalid},
		"WrongRange": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Range", "bytes 5-9/10")
			w.WriteHeader(http.StatusPartialContent)
		}, jarvis.CodeInvalid},
		"Deleted": {func(w http.ResponseWriter) { writeProblem(w, 410, `{"code":"deleted","detail":"gone"}`) }, jarvis.CodeDeleted},
		"Broken":  {func(w http.ResponseWriter) { reset(t, w) }, jarvis.CodeUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, func(w http.ResponseWriter, _ *http.Request, before int) {
				w.Header().Set("Content-Type", "image/png")
				if before > 0 {
					test.answer(w)
					return
				}
				w.Header().Set("ETag", `"tag"`)
				w.Header().Set("Content-Length", "10")
				io.WriteString(w, "half")
			})
			c, _ := newClient(t, f.URL, Options{})
			image, err := c.OpenImage(t.Context(), mustID(t))
			must(t, err)
			data, err := io.ReadAll(image)
			wantCode(t, err, test.code)
			if string(data) != "half" {
				t.Errorf("%q came", data)
			}
			if _, err := image.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) {
				t.Errorf("afterwards it reads with %v", err)
			}
		})
	}
}
