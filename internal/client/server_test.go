package client_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/access"
	"github.com/jarvis-memory/jarvis/internal/api"
	"github.com/jarvis-memory/jarvis/internal/archive"
	"github.com/jarvis-memory/jarvis/internal/client"
	"github.com/jarvis-memory/jarvis/internal/fsblob"
	"github.com/jarvis-memory/jarvis/internal/picture"
	"github.com/jarvis-memory/jarvis/internal/query"
	"github.com/jarvis-memory/jarvis/internal/search"
	"github.com/jarvis-memory/jarvis/internal/sqlite"
	"github.com/jarvis-memory/jarvis/internal/thumbnail"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t testing.TB, err error, code jarvis.Code) {
	t.Helper()
	if e, ok := errors.AsType[*jarvis.Error](err); !ok || e.Code != code {
		t.Fatalf("got error %v (%s), want one of code %s", err, jarvis.ErrorCode(err), code)
	}
}

// server is a whole server with a store of its own.
type server struct {
	url   string
	guard *access.Guard
}

type pictures struct{}

func (pictures) Inspect(data []byte, limits jarvis.ImageLimits) (jarvis.Image, error) {
	return picture.Inspect(data, limits)
}

func (pictures) Decode(data []byte, limits jarvis.ImageLimits) error {
	return picture.Decode(data, limits)
}

func startServer(t testing.TB) *server {
	t.Helper()
	folder := t.TempDir()
	catalog, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(folder, "jarvis.db")})
	must(t, err)
	ends := []func() error{catalog.Close}
	blobs, err := fsblob.Open(t.Context(), filepath.Join(folder, "captures"), fsblob.Options{Create: true})
	must(t, err)
	ends = append(ends, blobs.Close)
	store, err := archive.Open(t.Context(), catalog, blobs, archive.Options{Images: pictures{}})
	must(t, err)
	guard := access.New(access.Options{Credentials: catalog, Log: catalog})
	cache := thumbnail.New(thumbnail.Options{Folder: filepath.Join(folder, "cache")})
	s, err := api.New(api.Options{
		Version: "9.9", Archive: store, Catalog: catalog, Storage: blobs, Guard: guard, Thumbnails: cache,
		Search: search.New(search.Options{Index: catalog, Readings: catalog, Catalog: catalog}), Readings: catalog, Document: query.Document,
	})
	must(t, err)
	web := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		web.Close()
		ctx := context.Background() // that of the test is over
		errs := []error{s.Close(ctx), cache.Close(ctx), guard.Close(ctx), store.Close(ctx)}
		for _, end := range slices.Backward(ends) {
			errs = append(errs, end())
		}
		if err := errors.Join(errs...); err != nil {
			t.Error(err)
		}
	})
	return &server{web.URL, guard}
}

// as returns a client with a new token of the scope.
func (s *server) as(t testing.TB, name string, scope jarvis.Scope) *client.Client {
	t.Helper()
	token, _, err := s.guard.NewToken(t.Context(), name, scope)
	must(t, err)
	return s.with(t, token)
}

func (s *server) with(t testing.TB, token string) *client.Client {
	t.Helper()
	c, err := client.New(client.Options{BaseURL: s.url, Token: token, Version: "9.9", Attempts: 1})
	must(t, err)
	t.Cleanup(c.CloseIdle)
	return c
}

// screen returns a PNG of one color.
func screen(t testing.TB, gray byte) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 640, 360))
	for i := range img.Pix {
		img.Pix[i] = gray
	}
	var b bytes.Buffer
	must(t, png.Encode(&b, img))
	return b.Bytes()
}

var noon = time.Date(2026, 1, 24, 12, 0, 0, 0, time.UTC)

func uploadOf(data []byte, at time.Time) client.Upload {
	return client.Upload{
		Timestamp: at, Width: 640, Height: 360, AppName: "firefox", WindowTitle: "a title", URL: "https://example.org/",
		Format: jarvis.PNG, Size: int64(len(data)), Image: bytes.NewReader(data),
	}
}

// An agent's day, and what the person then does with it, against the server itself.
func TestServer(t *testing.T) {
	s := startServer(t)
	agent, admin, reader := s.as(t, "ann@laptop", jarvis.ScopeUpload), s.as(t, "admin", jarvis.ScopeAdmin), s.as(t, "reader", jarvis.ScopeRead)
	ids := make([]jarvis.ID, 5)
	for i := range ids {
		stored, err := agent.Upload(t.Context(), uploadOf(screen(t, byte(i)), noon.Add(time.Duration(i)*time.Minute)))
		must(t, err)
		again, err := agent.Upload(t.Context(), uploadOf(screen(t, byte(i)), noon.Add(time.Duration(i)*time.Minute)))
		stored.Existed = true
		if err != nil || again != stored {
			t.Fatalf("sent again it is %+v, not %+v, error %v", again, stored, err)
		}
		ids[i] = stored.ID
	}
	t.Run("Upload", func(t *testing.T) { testUpload(t, agent, ids) })
	t.Run("Captures", func(t *testing.T) { testCaptures(t, reader, ids) })
	t.Run("Images", func(t *testing.T) { testImages(t, s, reader, ids[2]) })
	t.Run("Readings", func(t *testing.T) { testReadings(t, s.as(t, "worker", jarvis.ScopeWork), admin, ids) })
	t.Run("Search", func(t *testing.T) { testSearch(t, reader, ids) })
	t.Run("Pin", func(t *testing.T) { testPin(t, admin, ids) })
	t.Run("Coverage", func(t *testing.T) { testCoverage(t, agent, reader) })
	t.Run("Calendar", func(t *testing.T) { testCalendar(t, reader) })
	t.Run("Scopes", func(t *testing.T) { testScopes(t, s, agent, reader, ids[0]) })
	t.Run("Account", func(t *testing.T) { testAccount(t, s, admin) })
	t.Run("Delete", func(t *testing.T) { testDelete(t, agent, admin, ids) })
	t.Run("Audit", func(t *testing.T) { testAudit(t, admin) })
	t.Run("Health", func(t *testing.T) { testHealth(t, s) })
}

func testUpload(t *testing.T, agent *client.Client, ids []jarvis.ID) {
	t.Helper()
	other := uploadOf(screen(t, 200), noon)
	other.ID = ids[0]
	_, err := agent.Upload(t.Context(), other)
	wantCode(t, err, jarvis.CodeConflict)
	wrong := uploadOf(screen(t, 201), noon)
	wrong.SHA256 = make([]byte, 32)
	_, err = agent.Upload(t.Context(), wrong)
	wantCode(t, err, jarvis.CodeInvalid)
	wrong = uploadOf(screen(t, 201), noon)
	wrong.Width = 641
	_, err = agent.Upload(t.Context(), wrong)
	wantCode(t, err, jarvis.CodeInvalid)
	text := uploadOf([]byte("text"), noon)
	_, err = agent.Upload(t.Context(), text)
	wantCode(t, err, jarvis.CodeInvalid)
}

func testCaptures(t *testing.T, reader *client.Client, ids []jarvis.ID) {
	t.Helper()
	c, err := reader.FindCapture(t.Context(), ids[1])
	must(t, err)
	if c.Device != "ann@laptop" || c.AppName != "firefox" || c.WindowTitle != "a title" || !c.Timestamp.Equal(noon.Add(time.Minute)) || c.Width != 640 || c.FileSize == 0 {
		t.Errorf("the capture is %+v", c)
	}
	_, err = reader.FindCapture(t.Context(), jarvis.NewRandomID())
	wantCode(t, err, jarvis.CodeNotFound)
	_, err = reader.FindCapture(t.Context(), jarvis.ID{})
	wantCode(t, err, jarvis.CodeInvalid)
	for _, order := range []jarvis.Order{jarvis.NewestFirst, jarvis.OldestFirst} {
		f := jarvis.CaptureFilter{Order: order, Limit: 2}
		var found []jarvis.ID
		for {
			page, err := reader.FindCaptures(t.Context(), f)
			must(t, err)
			for _, c := range page {
				found = append(found, c.ID)
			}
			if len(page) < f.Limit {
				break
			}
			f.After = page[len(page)-1].Cursor()
		}
		if order == jarvis.NewestFirst {
			slices.Reverse(found)
		}
		if !slices.Equal(found, ids) {
			t.Errorf("in order %d the pages hold %v, want %v", order, found, ids)
		}
	}
	monitor, none := 0, 1
	for _, test := range []struct {
		filter jarvis.CaptureFilter
		want   int
	}{
		{jarvis.CaptureFilter{From: noon.Add(time.Minute), To: noon.Add(3 * time.Minute)}, 2},
		{jarvis.CaptureFilter{Device: "ann@laptop", AppName: "firefox", Monitor: &monitor}, 5},
		{jarvis.CaptureFilter{Monitor: &none}, 0},
		{jarvis.CaptureFilter{Device: "ann@laptop & more=1"}, 0},
	} {
		if page, err := reader.FindCaptures(t.Context(), test.filter); err != nil || len(page) != test.want || page == nil {
			t.Errorf("%+v selects %d, error %v", test.filter, len(page), err)
		}
	}
	_, err = reader.FindCaptures(t.Context(), jarvis.CaptureFilter{Limit: jarvis.MaxPage + 1})
	wantCode(t, err, jarvis.CodeInvalid)
	_, err = reader.FindCaptures(t.Context(), jarvis.CaptureFilter{CreatedBefore: noon})
	wantCode(t, err, jarvis.CodeInvalid)
}

func testImages(t *testing.T, s *server, reader *client.Client, id jarvis.ID) {
	t.Helper()
	want := screen(t, 2)
	data, err := reader.ReadImage(t.Context(), id)
	if err != nil || !bytes.Equal(data, want) {
		t.Errorf("%d bytes came back, error %v", len(data), err)
	}
	image, err := reader.ExportImage(t.Context(), id)
	must(t, err)
	data, err = io.ReadAll(image)
	must(t, errors.Join(err, image.Close()))
	if !bytes.Equal(data, want) || image.Format != jarvis.PNG || image.Size != int64(len(want)) || image.ETag == "" {
		t.Errorf("the image is %s of %d bytes, tag %s", image.Format, image.Size, image.ETag)
	}
	token, _, err := s.guard.NewToken(t.Context(), "far away", jarvis.ScopeRead)
	must(t, err)
	cut, err := client.New(client.Options{BaseURL: s.url, Token: token, Transport: &cutting{}})
	must(t, err)
	t.Cleanup(cut.CloseIdle)
	image, err = cut.OpenImage(t.Context(), id)
	must(t, err)
	data, err = io.ReadAll(image)
	if err = errors.Join(err, image.Close()); err != nil || !bytes.Equal(data, want) || len(want) < 150 {
		t.Errorf("of a connection that breaks off %d bytes came back, error %v", len(data), err)
	}
	small, err := reader.ReadThumbnail(t.Context(), id, 320)
	must(t, err)
	picture, err := jpeg.Decode(bytes.NewReader(small))
	must(t, err)
	if red, _, _, _ := picture.At(100, 100).RGBA(); picture.Bounds().Dx() != 320 || picture.Bounds().Dy() != 180 || red>>8 > 6 {
		t.Errorf("the thumbnail has %v pixels of %d", picture.Bounds(), red>>8)
	}
	_, err = reader.ReadImage(t.Context(), jarvis.NewRandomID())
	wantCode(t, err, jarvis.CodeNotFound)
	_, err = reader.OpenImage(t.Context(), jarvis.NewRandomID())
	wantCode(t, err, jarvis.CodeNotFound)
	_, err = reader.ReadThumbnail(t.Context(), id, 0)
	wantCode(t, err, jarvis.CodeInvalid)
}

func testPin(t *testing.T, admin *client.Client, ids []jarvis.ID) {
	t.Helper()
	pinned := true
	for range 2 {
		must(t, admin.SetPinned(t.Context(), ids[3], true))
	}
	found, err := admin.FindCaptures(t.Context(), jarvis.CaptureFilter{Pinned: &pinned})
	if err != nil || len(found) != 1 || found[0].ID != ids[3] || !found[0].Pinned {
		t.Errorf("%d are pinned, error %v", len(found), err)
	}
	must(t, admin.SetPinned(t.Context(), ids[3], false))
	if found, err := admin.FindCaptures(t.Context(), jarvis.CaptureFilter{Pinned: &pinned}); err != nil || len(found) != 0 {
		t.Errorf("%d are pinned, error %v", len(found), err)
	}
	wantCode(t, admin.SetPinned(t.Context(), jarvis.NewRandomID(), true), jarvis.CodeNotFound)
}

func testCoverage(t *testing.T, agent, reader *client.Client) {
	t.Helper()
	spans := []jarvis.Span{
		{Number: 1, From: noon, To: noon.Add(10 * time.Minute), State: jarvis.SpanRecording},
		{Number: 2, From: noon.Add(20 * time.Minute), To: noon.Add(30 * time.Minute), State: jarvis.SpanLocked},
	}
	for range 2 {
		must(t, agent.PutSpans(t.Context(), spans))
	}
	must(t, agent.PutSpans(t.Context(), nil))
	wantCode(t, agent.PutSpans(t.Context(), []jarvis.Span{{Number: 1, From: noon, To: noon.Add(time.Hour), State: jarvis.SpanIdle}}), jarvis.CodeConflict)
	coverage, err := reader.FindCoverage(t.Context(), noon, noon.Add(30*time.Minute), "ann@laptop")
	must(t, err)
	want := jarvis.Gap{Device: "ann@laptop", From: noon.Add(10 * time.Minute), To: noon.Add(20 * time.Minute)}
	if len(coverage.Spans) != 2 || coverage.Spans[1].State != jarvis.SpanLocked || len(coverage.Gaps) != 1 || coverage.Gaps[0] != want {
		t.Errorf("the coverage is %+v", coverage)
	}
	_, err = reader.FindCoverage(t.Context(), noon, noon.AddDate(1, 0, 0), "")
	wantCode(t, err, jarvis.CodeInvalid)
}

func testCalendar(t *testing.T, reader *client.Client) {
	t.Helper()
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	must(t, err)
	day := jarvis.DayOf(noon)
	for _, loc := range []*time.Location{nil, time.UTC, tokyo} {
		days, err := reader.CountDays(t.Context(), noon, noon.Add(time.Hour), loc)
		if err != nil || len(days) != 1 || days[0].Day != day || days[0].Captures != 5 || days[0].Bytes == 0 {
			t.Errorf("in %v the days are %+v, error %v", loc, days, err)
		}
		minutes, err := reader.Minutes(t.Context(), day, loc, "")
		must(t, err)
		want := jarvis.MinuteCount{Minute: noon.Add(2 * time.Minute), Device: "ann@laptop", AppName: "firefox", Captures: 1}
		if len(minutes.Counts) != 5 || minutes.Counts[2] != want || minutes.To.Sub(minutes.From) != 24*time.Hour {
			t.Errorf("in %v the minutes are %+v", loc, minutes)
		}
		gap := jarvis.Gap{Device: "ann@laptop", From: noon.Add(10 * time.Minute), To: noon.Add(20 * time.Minute)}
		if len(minutes.Spans) != 2 || minutes.Spans[0].State != jarvis.SpanRecording || !slices.Contains(minutes.Gaps, gap) {
			t.Errorf("in %v the spans are %+v, the gaps %+v", loc, minutes.Spans, minutes.Gaps)
		}
	}
	_, err = reader.CountDays(t.Context(), noon, noon, time.FixedZone("Nowhere", 0))
	wantCode(t, err, jarvis.CodeInvalid)
	stats, err := reader.Stats(t.Context())
	if err != nil || stats.Captures != 5 || !stats.Oldest.Equal(noon) || len(stats.Devices) != 1 {
		t.Errorf("the statistics are %+v, error %v", stats, err)
	}
	if usage, err := reader.Usage(t.Context()); err != nil || usage.Total == 0 {
		t.Errorf("the space is %+v, error %v", usage, err)
	}
	devices, err := reader.FindDevices(t.Context())
	if err != nil || len(devices) != 1 || devices[0].Device != "ann@laptop" || devices[0].Captures != 5 || !devices[0].SpansTo.Equal(noon.Add(30*time.Minute)) {
		t.Errorf("the devices are %+v, error %v", devices, err)
	}
}

func testScopes(t *testing.T, s *server, agent, reader *client.Client, id jarvis.ID) {
	t.Helper()
	_, err := agent.FindCapture(t.Context(), id)
	wantCode(t, err, jarvis.CodeForbidden)
	wantCode(t, second(reader.Delete(t.Context(), id)), jarvis.CodeForbidden)
	wantCode(t, reader.SetPinned(t.Context(), id, true), jarvis.CodeForbidden)
	_, err = s.with(t, "").FindCapture(t.Context(), id)
	wantCode(t, err, jarvis.CodeNoCredential)
	_, err = s.with(t, "jarvis_r"+strings.Repeat("x", 43)).FindCapture(t.Context(), id)
	wantCode(t, err, jarvis.CodeNoCredential)
}

func testAccount(t *testing.T, s *server, admin *client.Client) {
	t.Helper()
	const name = "Ben's / desk & more?#%2F"
	token, err := admin.NewToken(t.Context(), name, jarvis.ScopeRead)
	must(t, err)
	ben := s.with(t, token)
	_, err = ben.Stats(t.Context())
	must(t, err)
	_, err = admin.NewToken(t.Context(), name, jarvis.ScopeRead)
	wantCode(t, err, jarvis.CodeConflict)
	tokens, err := admin.FindTokens(t.Context())
	if err != nil || len(tokens) != 6 || tokens[0].Name != name || tokens[0].Scope != jarvis.ScopeRead {
		t.Errorf("there are %d tokens, error %v", len(tokens), err)
	}
	for range 2 {
		must(t, admin.RevokeToken(t.Context(), name))
	}
	_, err = ben.Stats(t.Context())
	wantCode(t, err, jarvis.CodeNoCredential)
	wantCode(t, admin.RevokeToken(t.Context(), "nobody"), jarvis.CodeNotFound)
	wantCode(t, admin.RevokeToken(t.Context(), ""), jarvis.CodeInvalid)

	link, err := admin.NewSignIn(t.Context())
	_, secret, ok := strings.Cut(link.URL, "/sign-in#")
	if err != nil || !ok || !link.ExpiresAt.After(time.Now()) {
		t.Fatalf("the link expires at %v, error %v", link.ExpiresAt, err)
	}
	_, session, err := s.guard.Redeem(httptest.NewRequestWithContext(t.Context(), "POST", "/sign-in", nil), secret, false)
	must(t, err)
	sessions, err := admin.FindSessions(t.Context())
	if err != nil || len(sessions) != 1 || sessions[0].ID != session.ID {
		t.Errorf("there are %d sessions, error %v", len(sessions), err)
	}
	must(t, admin.EndSession(t.Context(), session.ID))
	if sessions, err := admin.FindSessions(t.Context()); err != nil || len(sessions) != 0 || sessions == nil {
		t.Errorf("there are %d sessions, error %v", len(sessions), err)
	}
	wantCode(t, admin.EndSession(t.Context(), session.ID), jarvis.CodeNotFound)
}

func testDelete(t *testing.T, agent, admin *client.Client, ids []jarvis.ID) {
	t.Helper()
	done, err := admin.Delete(t.Context(), ids[0])
	if err != nil || done.Removed != 1 || done.Bytes == 0 {
		t.Errorf("Delete = %+v, %v", done, err)
	}
	wantCode(t, second(admin.Delete(t.Context(), ids[0])), jarvis.CodeDeleted)
	wantCode(t, second(admin.Delete(t.Context(), jarvis.NewRandomID())), jarvis.CodeNotFound)
	_, err = agent.Upload(t.Context(), uploadOf(screen(t, 0), noon))
	wantCode(t, err, jarvis.CodeDeleted)

	f := jarvis.CaptureFilter{From: noon.Add(2 * time.Minute), AppName: "firefox"}
	plan, err := admin.PlanDeletion(t.Context(), f)
	must(t, err)
	if plan.Captures != 3 || plan.Bytes == 0 || len(plan.Samples) != 3 || len(plan.Devices) != 1 || !plan.ExpiresAt.After(time.Now()) {
		t.Fatalf("the plan is %+v", plan)
	}
	late, err := agent.Upload(t.Context(), uploadOf(screen(t, 99), noon.Add(time.Hour)))
	must(t, err)
	receipt, err := admin.ConfirmDeletion(t.Context(), plan)
	if err != nil || receipt.Removed != 3 || receipt.Bytes == 0 || receipt.Failed != 0 {
		t.Errorf("the receipt is %+v, error %v", receipt, err)
	}
	_, err = admin.ConfirmDeletion(t.Context(), plan)
	wantCode(t, err, jarvis.CodeNotFound)
	left, err := admin.FindCaptures(t.Context(), jarvis.CaptureFilter{Order: jarvis.OldestFirst})
	if err != nil || len(left) != 2 || left[0].ID != ids[1] || left[1].ID != late.ID {
		t.Errorf("%d are left, error %v", len(left), err)
	}
	_, err = admin.PlanDeletion(t.Context(), jarvis.CaptureFilter{CreatedBefore: noon})
	wantCode(t, err, jarvis.CodeInvalid)
}

func testAudit(t *testing.T, admin *client.Client) {
	t.Helper()
	var lines []jarvis.Access
	for cursor := ""; ; {
		some, next, err := admin.FindAccess(t.Context(), jarvis.AccessFilter{Limit: 2}, cursor)
		must(t, err)
		lines = append(lines, some...)
		if cursor = next; cursor == "" {
			break
		}
	}
	for _, action := range []jarvis.Action{jarvis.ActionView, jarvis.ActionExport, jarvis.ActionDelete, jarvis.ActionPin, jarvis.ActionToken, jarvis.ActionSignIn, jarvis.ActionRefused} {
		if !slices.ContainsFunc(lines, func(a jarvis.Access) bool { return a.Action == action }) {
			t.Errorf("no line says %s: %+v", action, lines)
		}
	}
	some, _, err := admin.FindAccess(t.Context(), jarvis.AccessFilter{Who: "token reader", Action: jarvis.ActionExport}, "")
	if err != nil || len(some) != 1 || some[0].Captures != 1 {
		t.Errorf("the reader's lines are %+v, error %v", some, err)
	}
}

func testHealth(t *testing.T, s *server) {
	t.Helper()
	anybody := s.with(t, "")
	health, err := anybody.Health(t.Context())
	if want := (client.Health{Status: "healthy", Version: "9.9", Database: "ok", Storage: "ok"}); err != nil || health != want {
		t.Errorf("the health is %+v, error %v", health, err)
	}
	if ready, err := anybody.Ready(t.Context()); err != nil || !ready {
		t.Errorf("ready: %t, error %v", ready, err)
	}
}

func second[T any](_ T, err error) error { return err }
