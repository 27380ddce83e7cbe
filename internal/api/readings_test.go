package api_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/api"
)

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func (r *rig) endLease(of string, id, token jarvis.ID, more string) answer {
	r.t.Helper()
	return r.post(r.worker, "/api/readings/"+id.String()+"/"+of, fmt.Sprintf(`{"token":%q%s}`, token, more))
}

// status returns the counts of the queue.
func (r *rig) status() (s jarvis.ReadStatus) {
	r.t.Helper()
	r.get(r.reader, "/api/readings").want(http.StatusOK).json(&s)
	return s
}

// What becomes of a lease: each end, and each end again.
func TestServer_Readings(t *testing.T) {
	onAll(t, func(t *testing.T, r *rig) {
		for n := range 4 {
			r.add(n)
		}
		claims := r.claim(3)
		if got, want := r.status(), (jarvis.ReadStatus{Waiting: 1, Leased: 3}); got != want {
			t.Errorf("the queue is %+v, want %+v", got, want)
		}
		finished, failed, released := claims[0], claims[1], claims[2]
		r.finish(finished, "words").want(http.StatusNoContent)
		r.endLease("fail", failed.Capture.ID, failed.Token, `,"reason":"it hung","retry":"2100-01-01T00:00:00Z"`).want(http.StatusNoContent)
		r.endLease("release", released.Capture.ID, released.Token, "").want(http.StatusNoContent)
		if got, want := r.status(), (jarvis.ReadStatus{Waiting: 2, Delayed: 1, Read: 1}); got != want {
			t.Errorf("the queue is %+v, want %+v", got, want)
		}
		var text struct{ State, Reason string }
		r.get(r.reader, "/api/captures/"+failed.Capture.ID.String()+"/text").want(http.StatusOK).json(&text)
		if text.State != "waiting" || text.Reason != "it hung" {
			t.Errorf("what failed is %+v", text)
		}

		r.finish(finished, "others").wantProblem(http.StatusConflict, jarvis.CodeConflict)
		r.finish(failed, "others").wantProblem(http.StatusConflict, jarvis.CodeConflict)
		r.endLease("fail", failed.Capture.ID, failed.Token, `,"reason":"x"`).wantProblem(http.StatusConflict, jarvis.CodeConflict)
		r.endLease("release", released.Capture.ID, released.Token, "").want(http.StatusNoContent)
		again := r.claim(1)[0]
		if again.Capture.ID != released.Capture.ID || again.Claims != 1 || again.Token == released.Token {
			t.Errorf("what was released comes back as %+v", again)
		}
		r.finishWith(again.Capture.ID, sentFinish{Token: jarvis.NewRandomID()}).wantProblem(http.StatusConflict, jarvis.CodeConflict)
		r.delete(r.admin, "/api/captures/"+again.Capture.ID.String()).want(http.StatusOK)
		r.finish(again, "words").wantProblem(http.StatusGone, jarvis.CodeDeleted)
		nobody := jarvis.NewRandomID()
		r.finishWith(nobody, sentFinish{Token: nobody}).wantProblem(http.StatusNotFound, jarvis.CodeNotFound)
		r.endLease("fail", nobody, nobody, `,"reason":"x"`).wantProblem(http.StatusNotFound, jarvis.CodeNotFound)

		one := listOf[claimed](r.post(r.worker, "/api/readings/claim", fmt.Sprintf(`{"id":%q}`, failed.Capture.ID)).want(http.StatusOK)).Items
		if len(one) != 0 {
			t.Errorf("what is not due is claimed: %+v", one)
		}
	})
}

// A lease that ended is given to another, and what the first sends late is refused.
func TestServer_Readings_LeaseEnds(t *testing.T) {
	c := &clock{at: time.Now()}
	r := newRig(t, func(o *api.Options) { o.Now = c.now })
	r.add(1)
	first := r.claim(1)[0]
	if first.Until.Before(c.now().Add(59*time.Second)) || first.Until.After(c.now().Add(61*time.Second)) {
		t.Errorf("a minute's lease ends at %s", first.Until)
	}
	c.move(61 * time.Second)
	second := r.claim(1)[0]
	if second.Claims != 2 || second.Token == first.Token {
		t.Errorf("the second claim is %+v", second)
	}
	r.finish(first, "late").wantProblem(http.StatusConflict, jarvis.CodeConflict)
	r.finish(second, "in time").want(http.StatusNoContent)
	if found := r.find("late", ""); len(found.Results) != 0 {
		t.Error("what came late is found")
	}
}

// hide masks the word that is secret in the tests.
func hide(r *jarvis.Reading) {
	const secret, placeholder = "quagga", "[tail]"
	r.Masked += strings.Count(r.Text, secret)
	r.Text = strings.ReplaceAll(r.Text, secret, placeholder)
}

// The server goes by its own settings: what a worker left unmasked is masked, and
// what it says of a document is not asked for.
func TestServer_Readings_Mask(t *testing.T) {
	onAll(t, func(t *testing.T, r *rig) {
		for n := range 3 {
			r.add(n)
		}
		claims := r.claim(3)
		finished, aside, failed := claims[0], claims[1], claims[2]
		r.endLease("finish", finished.Capture.ID, finished.Token, `,"reading":{"text":"a quagga ran"},"document":"quagga"`).want(http.StatusNoContent)
		r.endLease("fail", aside.Capture.ID, aside.Token, `,"reason":"no quagga"`).want(http.StatusNoContent)
		r.endLease("fail", failed.Capture.ID, failed.Token, `,"reason":"no quagga yet","retry":"2100-01-01T00:00:00Z"`).want(http.StatusNoContent)
		for query, want := range map[string]int{"quagga": 0, "ran": 1, "tail": 1, "zebra": 2, "title:zebra": 2, "url:zebra": 2} {
			if found := r.find(query, "&group=none"); len(found.Results) != want {
				t.Errorf("%s is found %d times, want %d", query, len(found.Results), want)
			}
		}
		for id, want := range map[jarvis.ID]struct {
			Text, Reason string
			Masked       int
		}{finished.Capture.ID: {"a [tail] ran", "", 1}, aside.Capture.ID: {"", "no [tail]", 0}, failed.Capture.ID: {"", "no [tail] yet", 0}} {
			got := want
			got.Text = ""
			r.get(r.reader, "/api/captures/"+id.String()+"/text").want(http.StatusOK).json(&got)
			if got != want {
				t.Errorf("of a reading there is %+v, want %+v", got, want)
			}
		}
		testKeptText(t, r, finished.Capture.ID)
	}, func(o *api.Options) { o.Mask = hide })
}

// What is read anew without a reading, or set aside then, is found by what it says.
func testKeptText(t *testing.T, r *rig, id jarvis.ID) {
	t.Helper()
	for _, end := range []struct{ of, more string }{{"finish", ""}, {"fail", `,"reason":"broken"`}} {
		r.post(r.admin, "/api/readings/requeue", "").want(http.StatusOK)
		one := listOf[claimed](r.post(r.worker, "/api/readings/claim", fmt.Sprintf(`{"id":%q}`, id)).want(http.StatusOK)).Items
		if len(one) != 1 {
			t.Fatalf("the claims are %+v", one)
		}
		r.endLease(end.of, id, one[0].Token, end.more).want(http.StatusNoContent)
		if found := r.find("ran zebra", "&group=none"); len(found.Results) != 1 {
			t.Errorf("after %s without a reading its text is found %d times", end.of, len(found.Results))
		}
	}
}

// The very same image is read once.
func TestServer_Readings_Twin(t *testing.T) {
	onAll(t, func(t *testing.T, r *rig) {
		r.add(1)
		r.finish(r.claim(1)[0], "one text\nof two").want(http.StatusNoContent)
		r.send(r.device, form(metadataPart(saying(5)), filePart("image/jpeg", photo(1)))).want(http.StatusOK)
		twin := r.claim(1)[0].Twin
		if want := readingOf("one text\nof two"); twin == nil || twin.Text != want.Text || fmt.Sprint(twin.Words) != fmt.Sprint(want.Words) || twin.Engine != want.Engine || !twin.ReadAt.Equal(noon) {
			t.Errorf("the twin is %+v", twin)
		}
	})
}

// What was set aside is listed, and read anew when a person says so.
func TestServer_Readings_Requeue(t *testing.T) {
	onAll(t, func(t *testing.T, r *rig) {
		for n := range 3 {
			r.add(n)
		}
		for i, c := range r.claim(3) {
			r.endLease("fail", c.Capture.ID, c.Token, fmt.Sprintf(`,"reason":"broken %d"`, i)).want(http.StatusNoContent)
		}
		if found := r.find("zebra", "&group=none"); len(found.Results) != 3 {
			t.Errorf("of what was set aside %d are found", len(found.Results))
		}
		var failed []jarvis.FailedReading
		for cursor := ""; ; {
			page := listOf[jarvis.FailedReading](r.get(r.admin, "/api/readings/failed?limit=2&cursor="+cursor).want(http.StatusOK))
			failed = append(failed, page.Items...)
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		if len(failed) != 3 || failed[0].Reason != "broken 0" || failed[0].Failures != 1 || !failed[0].Timestamp.Equal(noon.Add(2*time.Second)) {
			t.Errorf("what was set aside is %+v", failed)
		}
		queued := func(query string) (n int64) {
			t.Helper()
			var answer struct{ Queued int64 }
			r.post(r.admin, "/api/readings/requeue?"+query, "").want(http.StatusOK).json(&answer)
			return answer.Queued
		}
		if n := queued("failed=true&from=2026-01-24T12:00:02Z"); n != 1 {
			t.Errorf("%d were queued", n)
		}
		r.finish(r.claim(1)[0], "mended").want(http.StatusNoContent)
		if n := queued(""); n != 3 {
			t.Errorf("%d were queued", n)
		}
		if anew := r.claim(1)[0]; !anew.Redo || anew.Capture.OCRText == nil || *anew.Capture.OCRText != "mended" || anew.Claims != 1 {
			t.Errorf("what is read anew is %+v", anew)
		}
		for _, query := range []string{"from=2026-01-25&to=2026-01-24", "from=2026-01-25T00:00:00Z&to=2026-01-24T00:00:00Z", "failed=maybe", "all=1"} {
			r.post(r.admin, "/api/readings/requeue?"+query, "").wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
		}
	})
}

func TestServer_Readings_Refused(t *testing.T) {
	r := newRig(t)
	r.add(1)
	claim := r.claim(1)[0]
	id, token := claim.Capture.ID.String(), claim.Token.String()
	for _, body := range []string{
		"", "{", "[]", `"x"`, `{"limit":0}`, `{"limit":33}`, `{"limit":"1"}`, `{"lease":0}`, `{"lease":86401}`, `{"lease":1.5}`, `{"id":"x"}`, `{"id":""}`, `{"more":1}`,
	} {
		r.post(r.worker, "/api/readings/claim", body).wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
	}
	for _, body := range []string{
		"", "{", "[]", "null", `{"token":"x"}`, `{"token":""}`, `{"token":null}`, `{"token":1}`,
		`{"token":"T","reading":{"text":"a\u0000b"}}`, `{"token":"T","reading":{"text":1}}`, `{"token":"T","reading":{"masked":-1}}`,
		`{"token":"T","reading":{"text":"ab","words":[{"start":1,"end":0}]}}`,
		`{"token":"T","reading":{"text":"ab","words":[{"start":0,"end":3}]}}`,
		`{"token":"T","reading":{"text":"ab","words":[{"start":-1,"end":1}]}}`,
		`{"token":"T","reading":{"text":"ab","words":[{"start":1,"end":2},{"start":0,"end":1}]}}`,
		`{"token":"T","reading":{"text":"ab","words":[{"start":0,"end":1,"confidence":101}]}}`,
		`{"token":"T","reading":{"text":"ab","words":[{"start":0,"end":1,"box":{"x":-1}}]}}`,
		`{"token":"T","reading":{"text":"ab","words":[{"start":0,"end":1,"box":{"width":99999999}}]}}`,
		`{"token":"T","reading":{"text":"ab","read_at":"yesterday"}}`,
		`{"token":"T","reading":{"text":"` + strings.Repeat("a", jarvis.MaxText+1) + `"}}`,
	} {
		r.post(r.worker, "/api/readings/"+id+"/finish", strings.Replace(body, `"T"`, `"`+token+`"`, 1)).wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
	}
	for _, body := range []string{
		"", "{}", `{"token":"x","reason":"y"}`, `{"token":"T","reason":"y","retry":"soon"}`, `{"token":"T","reason":"y","retry":"1960-01-01T00:00:00Z"}`,
		`{"token":"T","reason":1}`, `{"token":"T"}`, `{"token":"","reason":"y"}`,
	} {
		r.post(r.worker, "/api/readings/"+id+"/fail", strings.Replace(body, `"T"`, `"`+token+`"`, 1)).wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
	}
	r.post(r.worker, "/api/readings/"+id+"/release", `{"token":""}`).wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
	r.post(r.worker, "/api/readings/"+id+"/release", `{}`).wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
	r.post(r.worker, "/api/readings/x/finish", `{"token":"`+token+`"}`).wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
	r.post(r.worker, "/api/readings/"+id+"/finish", `{"token":"`+token+`","reading":{"text":"`+strings.Repeat("a ", 8<<20)+`"}}`).wantProblem(http.StatusRequestEntityTooLarge, jarvis.CodeTooLarge)
	r.post(r.worker, "/api/readings/"+id+"/fail", `{"token":"`+token+`","reason":"`+strings.Repeat("a ", 32<<10)+`"}`).wantProblem(http.StatusRequestEntityTooLarge, jarvis.CodeTooLarge)
	// None of it ended the lease.
	r.finish(claim, "words").want(http.StatusNoContent)
}

// The clock of a worker may be wrong.
func TestServer_Readings_WrongClock(t *testing.T) {
	r := newRig(t)
	for n, at := range []time.Time{{}, time.Now().AddDate(50, 0, 0), time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)} {
		r.add(n)
		claim := r.claim(1)[0]
		reading := readingOf("words")
		reading.ReadAt = at
		r.finishWith(claim.Capture.ID, sentFinish{claim.Token, reading}).want(http.StatusNoContent)
		var text struct {
			ReadAt time.Time `json:"read_at"`
		}
		r.get(r.reader, "/api/captures/"+claim.Capture.ID.String()+"/text").want(http.StatusOK).json(&text)
		if age := time.Since(text.ReadAt); age < 0 || age > time.Minute {
			t.Errorf("what is said to be read at %s was read %s ago", at, age)
		}
	}
}

// Who is told of new captures is told once of each.
func TestServer_Upload_Told(t *testing.T) {
	var told []jarvis.ID
	r := newRig(t, func(o *api.Options) {
		o.Stored = func(c *jarvis.Capture, image []byte) {
			if !bytes.Equal(image, photo(1)) || c.WindowTitle != secretTitle {
				t.Errorf("told of %+v with %d bytes", c, len(image))
			}
			told = append(told, c.ID)
		}
	})
	s := r.add(1)
	r.add(1)
	r.send(r.device, "--x").want(http.StatusBadRequest)
	if len(told) != 1 || told[0] != s.ID {
		t.Errorf("told of %v", told)
	}
}

func TestServer_Metrics_Readings(t *testing.T) {
	c := &clock{at: time.Now()}
	r := newRig(t, func(o *api.Options) {
		o.Now = c.now
		o.ReadingStats = func() api.ReadingStats {
			return api.ReadingStats{Read: 7, Twins: 3, Masked: 2, Engine: 1500 * time.Millisecond, Busy: 1}
		}
	})
	for n := range 3 {
		r.add(n)
	}
	r.finish(r.claim(1)[0], "words").want(http.StatusNoContent)
	r.find("words", "")
	text := string(r.get(r.reader, "/metrics").want(http.StatusOK).body)
	for _, line := range []string{
		`jarvis_reading_queue{state="waiting"} 2`, `jarvis_reading_queue{state="read"} 1`, `jarvis_reading_queue{state="leased"} 0`,
		`jarvis_readings_total{result="read"} 7`, `jarvis_readings_total{result="twin"} 3`, `jarvis_masked_secrets_total 2`,
		`jarvis_reading_seconds_total 1.5`, `jarvis_readings_in_flight 1`, `jarvis_search_seconds_count{result="answered"} 1`,
	} {
		if !strings.Contains(text, line) {
			t.Errorf("the metrics do not have %s", line)
		}
	}
	r.claim(1)
	if text := string(r.get(r.reader, "/metrics").want(http.StatusOK).body); !strings.Contains(text, `jarvis_reading_queue{state="waiting"} 2`) {
		t.Error("the queue is counted at each look")
	}
}

// Whatever a worker sends is answered in order.
func FuzzServer_Finish(f *testing.F) {
	r := newRig(f, quiet)
	id := r.add(1).ID.String()
	for _, body := range []string{
		`{"token":"` + id + `","reading":{"text":"a b","words":[{"start":0,"end":1,"box":{"x":1,"y":2,"width":3,"height":4},"confidence":9,"masked":true}],"language":"eng","engine":"x","masked":1,"read_at":"2026-01-24T12:00:00Z"}}`,
		`{"token":"` + id + `","reason":"x","retry":"2026-01-24T12:00:00Z"}`, `{"limit":1,"lease":60}`, `null`, "\x00", strings.Repeat("[", 1000),
	} {
		f.Add("finish", body)
		f.Add("fail", body)
	}
	f.Fuzz(func(t *testing.T, of, body string) {
		if of != "finish" && of != "fail" && of != "release" {
			of = "finish"
		}
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/readings/"+id+"/"+of, strings.NewReader(body))
		req.Header.Set("Content-Type", "application/json")
		r.ask(t, req, r.worker)
	})
}
