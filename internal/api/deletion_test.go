package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/api"
)

// preview is what a deletion without confirmation is answered with.
type preview struct {
	jarvis.Summary
	Samples   []jarvis.Capture
	Confirm   string
	ExpiresAt time.Time `json:"expires_at"`
}

func (r *rig) preview(query string) preview {
	r.t.Helper()
	var p preview
	r.do(r.request(http.MethodPost, "/api/captures/delete"+query, nil), r.admin).want(http.StatusOK).json(&p)
	return p
}

func (r *rig) confirm(token, confirm string) answer {
	r.t.Helper()
	return r.post(token, "/api/captures/delete", `{"confirm":"`+confirm+`"}`)
}

func TestServer_Delete(t *testing.T) {
	onAll(t, func(t *testing.T, r *rig) {
		for n := range 6 {
			r.add(n)
		}
		p := r.preview("?from=2026-01-24T12:00:02&to=2026-01-24T12:00:05&device=desk")
		if p.Captures != 3 || len(p.Samples) != 3 || len(p.Devices) != 1 || p.Pinned != 0 || p.Bytes == 0 || !p.Oldest.Equal(noon.Add(2*time.Second)) ||
			!p.Newest.Equal(noon.Add(4*time.Second)) || time.Until(p.ExpiresAt) > 10*time.Minute {
			t.Errorf("the preview is %+v", p)
		}
		r.add(100) // after the preview, and outside of it
		var late stored
		r.send(r.device, form(metadataPart(`{"timestamp":"2026-01-24T12:00:03","width":16,"height":9}`), filePart("image/jpeg", photo(9)))).want(http.StatusOK).json(&late)
		var receipt jarvis.Receipt
		r.confirm(r.admin, p.Confirm).want(http.StatusOK).json(&receipt)
		if receipt.Removed != 3 || receipt.Failed != 0 || receipt.Missing != 0 || receipt.Bytes == 0 {
			t.Errorf("the receipt is %+v", receipt)
		}
		if left := listOf[jarvis.Capture](r.get(r.reader, "/api/captures")); len(left.Items) != 5 {
			t.Errorf("%d captures are left; want 5", len(left.Items))
		}
		r.get(r.reader, "/api/captures/"+late.ID.String()).want(http.StatusOK)
		r.confirm(r.admin, p.Confirm).wantProblem(http.StatusNotFound, jarvis.CodeNotFound)
	})
}

func TestServer_Delete_Refused(t *testing.T) {
	now := time.Now()
	r := newRig(t, func(o *api.Options) { o.Now = func() time.Time { return now } })
	for n := range 3 {
		r.add(n)
	}
	r.post(r.admin, "/api/captures/delete", `{"confirm":"made up"}`).wantProblem(http.StatusNotFound, jarvis.CodeNotFound)
	r.post(r.admin, "/api/captures/delete", `{"confirm":1}`).wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
	r.post(r.admin, "/api/captures/delete", `{"Confirm`).wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
	r.post(r.admin, "/api/captures/delete?from=x", "").wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)

	r.post(r.admin, "/api/captures/delete?devcie=desk", "").wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)

	t.Run("SomebodyElse", func(t *testing.T) {
		p := r.preview("")
		r.confirm(r.token("other", jarvis.ScopeAdmin), p.Confirm).wantProblem(http.StatusNotFound, jarvis.CodeNotFound)
	})
	t.Run("Changed", func(t *testing.T) {
		ids := listOf[jarvis.Capture](r.get(r.reader, "/api/captures")).Items
		pin := func(n int) {
			r.do(r.request(http.MethodPut, "/api/captures/"+ids[n].ID.String()+"/pin", nil), r.admin).want(http.StatusNoContent)
		}
		pin(0)
		p := r.preview("?pinned=true")
		pin(1)
		r.confirm(r.admin, p.Confirm).wantProblem(http.StatusConflict, jarvis.CodeConflict)
	})
	t.Run("Late", func(t *testing.T) {
		p := r.preview("")
		now = now.Add(10 * time.Minute)
		r.confirm(r.admin, p.Confirm).wantProblem(http.StatusNotFound, jarvis.CodeNotFound)
	})
	t.Run("Many", func(t *testing.T) {
		first := r.preview("")
		for range 64 {
			now = now.Add(time.Millisecond)
			r.preview("")
		}
		r.confirm(r.admin, first.Confirm).wantProblem(http.StatusNotFound, jarvis.CodeNotFound)
	})
	if stats, err := r.catalog.Stats(t.Context()); err != nil || stats.Captures != 3 {
		t.Errorf("%+v captures are left, %v; want 3", stats, err)
	}
}
