package client_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/client"
	"github.com/jarvis-memory/jarvis/internal/query"
	"github.com/jarvis-memory/jarvis/internal/reading"
)

// A worker reads for a server as for a catalogue.
var _ reading.Queue = (*client.Client)(nil)

// readText is what a worker says that it read.
func readText(text string) *jarvis.Reading {
	return &jarvis.Reading{
		Text: text, Words: []jarvis.Word{{Start: 0, End: 4, Box: jarvis.Box{X: 1, Y: 2, Width: 3, Height: 4}, Confidence: 99}, {Start: 5, End: 6, Masked: true}},
		Language: "eng", Engine: "test", Masked: 1, ReadAt: noon,
	}
}

func testReadings(t *testing.T, worker, admin *client.Client, ids []jarvis.ID) {
	t.Helper()
	now := time.Now()
	one, err := worker.ClaimReading(t.Context(), ids[0], now, time.Minute)
	must(t, err)
	if one == nil || one.ID != ids[0] || one.Claims != 1 || one.Capture.WindowTitle != "a title" || one.Until.Before(now) || one.Until.After(now.Add(time.Minute)) {
		t.Errorf("the claim is %+v", one)
	}
	none, err := worker.ClaimReading(t.Context(), ids[0], now, time.Minute)
	if none != nil || err != nil {
		t.Errorf("claimed again: %+v, error %v", none, err)
	}
	must(t, worker.ReleaseReading(t.Context(), one.Lease))
	must(t, worker.ReleaseReading(t.Context(), one.Lease))
	claims, err := worker.ClaimReadings(t.Context(), now, time.Minute, 5)
	must(t, err)
	if len(claims) != 5 || claims[0].ID != ids[4] {
		t.Fatalf("the claims are %+v", claims)
	}
	if data, err := worker.ReadImage(t.Context(), ids[4]); err != nil || !bytes.Equal(data, screen(t, 4)) {
		t.Errorf("the worker got %d bytes, error %v", len(data), err)
	}
	for i, claim := range claims {
		text := "text 4711"
		switch i {
		case 3:
			must(t, worker.SetAside(t.Context(), claim.Lease, "it is broken", query.Document("", "aside", "")))
		case 4:
			must(t, worker.FailReading(t.Context(), claim.Lease, jarvis.ReadFailure{Reason: "later", Retry: now.Add(time.Hour)}))
		default:
			must(t, worker.FinishReading(t.Context(), claim.Lease, readText(text), query.Document(text, "", "")))
		}
		wantCode(t, worker.FinishReading(t.Context(), claim.Lease, nil, ""), jarvis.CodeConflict)
	}
	_, err = worker.ReadImage(t.Context(), ids[4])
	wantCode(t, err, jarvis.CodeForbidden)
	for _, who := range []*client.Client{worker, admin} {
		if status, err := who.ReadStatus(t.Context(), now); err != nil || status != (jarvis.ReadStatus{Delayed: 1, Failed: 1, Read: 3}) {
			t.Errorf("the queue is %+v, error %v", status, err)
		}
	}
	if no, err := worker.KeepsNoText(t.Context()); err != nil || no {
		t.Errorf("it keeps no text: %t, error %v", no, err)
	}
	failed, err := admin.FindFailed(t.Context(), jarvis.Cursor{}, 10)
	if err != nil || len(failed) != 1 || failed[0].ID != ids[1] || failed[0].Reason != "it is broken" {
		t.Errorf("what failed is %+v, error %v", failed, err)
	}
	if after, err := admin.FindFailed(t.Context(), failed[0].Cursor(), 10); err != nil || len(after) != 0 {
		t.Errorf("after it comes %+v, error %v", after, err)
	}
	if n, err := admin.Requeue(t.Context(), jarvis.RequeueFilter{To: noon.Add(time.Minute), Failed: true}, now); err != nil || n != 1 {
		t.Errorf("%d were queued, error %v", n, err)
	}
	_, err = worker.Requeue(t.Context(), jarvis.RequeueFilter{}, now)
	wantCode(t, err, jarvis.CodeForbidden)
}

func testSearch(t *testing.T, reader *client.Client, ids []jarvis.ID) {
	t.Helper()
	page, err := reader.Search(t.Context(), jarvis.SearchRequest{Query: "4711", Limit: 2, Facets: true})
	must(t, err)
	if len(page.Results) != 2 || page.Next == "" || page.Understood != "4711" || page.Facets.Total != 3 || page.Results[0].Capture.ID != ids[4] {
		t.Fatalf("the page is %+v", page)
	}
	if snippet := page.Results[0].Snippet; snippet.Text != "text 4711" || len(snippet.Marks) != 1 || snippet.Marks[0] != (jarvis.Mark{Start: 5, End: 9}) {
		t.Errorf("the snippet is %+v", snippet)
	}
	rest, err := reader.Search(t.Context(), jarvis.SearchRequest{Query: "4711", Limit: 2, Cursor: page.Next})
	if err != nil || len(rest.Results) != 1 || rest.Next != "" || rest.Results[0].Capture.ID != ids[2] {
		t.Errorf("the rest is %+v, error %v", rest, err)
	}
	moments, err := reader.Search(t.Context(), jarvis.SearchRequest{Query: "4711", Group: jarvis.GroupMoments, Sort: jarvis.SortRelevance, Location: time.UTC})
	if err != nil || len(moments.Results) == 0 {
		t.Errorf("the moments are %+v, error %v", moments, err)
	}
	_, err = reader.Search(t.Context(), jarvis.SearchRequest{Location: time.FixedZone("Nowhere", 0)})
	wantCode(t, err, jarvis.CodeInvalid)
	text, err := reader.FindText(t.Context(), ids[4])
	must(t, err)
	if text.State != jarvis.TextRead || text.Capture.ID != ids[4] || *text.Capture.OCRText != "text 4711" || text.Reading == nil || !slices.Equal(text.Reading.Words, readText("").Words) || !text.Reading.ReadAt.Equal(noon) {
		t.Errorf("the text is %+v", text)
	}
	unread, err := reader.FindText(t.Context(), ids[0])
	if err != nil || unread.State != jarvis.TextWaiting || unread.Reading != nil || unread.Capture.OCRText != nil {
		t.Errorf("what is not read is %+v, error %v", unread, err)
	}
	_, err = reader.FindText(t.Context(), jarvis.NewRandomID())
	wantCode(t, err, jarvis.CodeNotFound)
	if found, err := reader.Suggest(t.Context(), "fire", 5); err != nil || len(found) == 0 || found[0].Value != "firefox" {
		t.Errorf("the suggestions are %+v, error %v", found, err)
	}
}
