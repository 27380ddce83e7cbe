package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// list is an answer that lists something.
type list[T any] struct {
	Items []T
	Next  string
}

func listOf[T any](a answer) list[T] {
	a.t.Helper()
	var l list[T]
	a.want(http.StatusOK).json(&l)
	return l
}

// A filter that cannot be read is no filter.
func TestServer_List_BrokenQuery(t *testing.T) {
	r := newRig(t)
	r.add(1)
	for _, query := range []string{"app=a;b", "app=%zz", "app=%"} {
		r.get(r.reader, "/api/captures?"+query).wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
		r.post(r.admin, "/api/captures/delete?"+query, "").wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
	}
}

func TestServer_List(t *testing.T) {
	onAll(t, func(t *testing.T, r *rig) {
		var want []jarvis.ID
		for n := range 7 {
			want = append(want, r.add(n).ID)
		}
		for _, order := range []string{"oldest", "newest"} {
			for limit := 1; limit <= 8; limit++ {
				var got []jarvis.ID
				query := url.Values{"limit": {fmt.Sprint(limit)}, "order": {order}}
				for pages := 0; ; pages++ {
					page := listOf[jarvis.Capture](r.get(r.reader, "/api/captures?"+query.Encode()))
					if len(page.Items) == 0 || len(page.Items) > limit || pages > 7 {
						t.Fatalf("page %d of %d has %d captures", pages, limit, len(page.Items))
					}
					for _, c := range page.Items {
						got = append(got, c.ID)
					}
					if page.Next == "" {
						break
					}
					query.Set("cursor", page.Next)
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s first by %d: %v; want %v", order, limit, got, want)
				}
			}
			slices.Reverse(want)
		}
		if empty := listOf[jarvis.Capture](r.get(r.reader, "/api/captures?device=other")); empty.Items == nil || len(empty.Items) != 0 || empty.Next != "" {
			t.Errorf("no captures are %+v", empty)
		}
	})
}

func TestServer_List_Filters(t *testing.T) {
	onAll(t, func(t *testing.T, r *rig) {
		var ids []jarvis.ID
		for n := range 4 {
			ids = append(ids, r.add(n).ID)
		}
		r.do(r.request(http.MethodPut, "/api/captures/"+ids[1].String()+"/pin", nil), r.admin).want(http.StatusNoContent)
		at := func(n int) string {
			return url.QueryEscape(noon.Add(time.Duration(n) * time.Second).Format(time.RFC3339Nano))
		}
		for query, want := range map[string][]int{
			"":                               {3, 2, 1, 0},
			"from=" + at(1):                  {3, 2, 1},
			"to=" + at(1):                    {0},
			"from=" + at(1) + "&to=" + at(3): {2, 1},
			"from=2026-01-24T12:00:03":       {3},
			"device=desk":                    {3, 2, 1, 0},
			"device=elsewhere":               {},
			"app=" + secretApp:               {3, 2, 1, 0},
			"app=x":                          {},
			"monitor=0":                      {3, 2, 1, 0},
			"monitor=1":                      {},
			"pinned=true":                    {1},
			"pinned=false":                   {3, 2, 0},
			"pinned=true&monitor=1":          {},
		} {
			got := []int{}
			for _, c := range listOf[jarvis.Capture](r.get(r.reader, "/api/captures?"+query)).Items {
				got = append(got, slices.Index(ids, c.ID))
			}
			if !slices.Equal(got, want) {
				t.Errorf("%q lists %v; want %v", query, got, want)
			}
		}
	})
}

func TestServer_List_Refused(t *testing.T) {
	r := newRig(t)
	for _, query := range []string{
		"limit=0", "limit=5001", "limit=x", "limit=-1", "cursor=x", "cursor=AAAA", "from=yesterday", "to=2026-13-01T00:00:00Z", "from=1969-01-01T00:00:00Z",
		"from=2026-01-25T00:00:00Z&to=2026-01-24T00:00:00Z", "monitor=x", "monitor=-1", "monitor=99999999999", "pinned=maybe", "order=random", "devcie=desk",
		"device=" + url.QueryEscape(string(make([]byte, 300))),
	} {
		a := r.get(r.reader, "/api/captures?"+query)
		a.wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
	}
}

func TestServer_Get_Refused(t *testing.T) {
	onAll(t, func(t *testing.T, r *rig) {
		gone := r.add(1)
		var receipt jarvis.Receipt
		r.delete(r.admin, "/api/captures/"+gone.ID.String()).want(http.StatusOK).json(&receipt)
		if receipt.Removed != 1 || receipt.Bytes == 0 || receipt.Failed != 0 {
			t.Errorf("the receipt is %+v", receipt)
		}
		for _, of := range []string{"", "/image", "/thumbnail"} {
			r.get(r.reader, "/api/captures/"+jarvis.NewRandomID().String()+of).wantProblem(http.StatusNotFound, jarvis.CodeNotFound)
			r.get(r.reader, "/api/captures/"+gone.ID.String()+of).wantProblem(http.StatusGone, jarvis.CodeDeleted)
			r.get(r.reader, "/api/captures/nonsense"+of).wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
		}
		r.delete(r.admin, "/api/captures/"+gone.ID.String()).wantProblem(http.StatusGone, jarvis.CodeDeleted)
		r.delete(r.admin, "/api/captures/"+jarvis.NewRandomID().String()).wantProblem(http.StatusNotFound, jarvis.CodeNotFound)
		r.do(r.request(http.MethodPut, "/api/captures/"+jarvis.NewRandomID().String()+"/pin", nil), r.admin).wantProblem(http.StatusNotFound, jarvis.CodeNotFound)
		r.delete(r.admin, "/api/captures/"+gone.ID.String()+"/pin").wantProblem(http.StatusGone, jarvis.CodeDeleted)
	})
}

func TestServer_Pin(t *testing.T) {
	r := newRig(t)
	path := "/api/captures/" + r.add(1).ID.String()
	for range 2 { // it may be repeated
		for _, pinned := range []bool{true, false} {
			method := http.MethodDelete
			if pinned {
				method = http.MethodPut
			}
			for range 2 {
				if a := r.do(r.request(method, path+"/pin", nil), r.admin).want(http.StatusNoContent); len(a.body) > 0 {
					t.Errorf("the answer is %q", a.body)
				}
			}
			var c jarvis.Capture
			if r.get(r.reader, path).json(&c); c.Pinned != pinned {
				t.Errorf("pinned is %v; want %v", c.Pinned, pinned)
			}
		}
	}
}

// A row that an older Jarvis made names its file as that machine had it, which is
// nobody's business.
func TestServer_Adopted(t *testing.T) {
	r := newRig(t)
	id := jarvis.NewRandomID()
	for n, path := range []string{"/data/captures/2026/01/24/" + id.String() + ".jpg", "/data/captures/elsewhere"} {
		own := id
		if n > 0 {
			own = jarvis.NewRandomID()
		}
		must(t, r.catalog.InsertCapture(t.Context(), &jarvis.Capture{ID: own, Filepath: path, Timestamp: noon, Width: 1, Height: 1, FileSize: 1, CreatedAt: noon}))
	}
	var c jarvis.Capture
	if r.get(r.reader, "/api/captures/"+id.String()).want(http.StatusOK).json(&c); c.Filepath != "2026/01/24/"+id.String()+".jpg" {
		t.Errorf("the file is %q", c.Filepath)
	}
	r.get(r.reader, "/api/captures")
	r.preview("")
	if strings.Contains(r.answers.String(), "/data/") {
		t.Error("an answer has a path of the server")
	}
}
