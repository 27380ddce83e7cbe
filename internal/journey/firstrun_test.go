package journey

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis/internal/proof"
)

// TestFirstRun: from the printed link to the first capture.
func TestFirstRun(t *testing.T) {
	shared.chromium.start(t)
	for _, l := range usual {
		t.Run(l.name, func(t *testing.T) {
			s, err := serve(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := s.close(); err != nil {
					t.Error(err)
				}
			})
			p := open(t, s, l)
			p.navigate("/")
			p.wait("the way to sign in", `location.pathname === "/sign-in" && document.readyState === "complete"`)
			p.sound("sign in")
			if got := p.query("to"); got != "" && got != "/" {
				p.Errorf("a page that needs a session leads to %q after signing in, want /", got)
			}
			p.signIn()
			p.visit("/")
			p.sound("empty")

			token := s.run(t, "device", "add", "ann@desk")
			sent := time.Now()
			p.upload(token, sent)
			p.wait("the first capture", `jarvis.moment?.current?.capture && seen.picture()`)
			took := time.Since(sent)
			p.rest()
			proof.Record(t, "the first capture shows %v after it arrived", took.Round(10*time.Millisecond))
			if took > 5*time.Second*slower {
				p.Errorf("the first capture shows %v after it arrived, want 5 s", took)
			}
			p.sound("first capture")
		})
	}
}

// upload sends a picture as an agent does.
func (p *page) upload(token string, at time.Time) {
	p.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, 1280, 720))
	draw.Draw(picture, picture.Rect, image.NewUniform(color.RGBA{40, 80, 120, 255}), image.Point{}, draw.Src)
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	metadata, err := form.CreateFormField("metadata")
	if err == nil {
		_, err = metadata.Write([]byte(`{"timestamp":"` + at.UTC().Format(time.RFC3339Nano) + `","width":1280,"height":720,"app_name":"Editor","window_title":"The first one"}`))
	}
	file, fileErr := form.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="file"; filename="first.png"`}, "Content-Type": {"image/png"}})
	for _, err := range []error{err, fileErr} {
		if err != nil {
			p.Fatal(err)
		}
	}
	if err := png.Encode(file, picture); err != nil {
		p.Fatal(err)
	}
	if err := form.Close(); err != nil {
		p.Fatal(err)
	}
	request, err := http.NewRequestWithContext(p.Context(), http.MethodPost, p.server.url+"/api/captures", &body)
	if err != nil {
		p.Fatal(err)
	}
	request.Header.Set("Content-Type", form.FormDataContentType())
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := new(http.Client).Do(request)
	if err != nil {
		p.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	if err = errors.Join(err, answer.Body.Close()); err != nil || answer.StatusCode != http.StatusOK {
		p.Fatalf("the upload: %s, %v\n%s", answer.Status, err, text)
	}
}
