package cli

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/client"
)

// What is deleted is not looked at before: the access log would tell of a view.
func TestRemoteMemory_RemoveIDs(t *testing.T) {
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method)
		w.Header().Set("Content-Type", "application/json")
		if _, err := io.WriteString(w, `{"removed":1,"bytes":4711,"missing":1,"failed":0}`); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	c, err := client.New(client.Options{BaseURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdle)
	m := &remoteMemory{Client: c}
	ids := []jarvis.ID{jarvis.NewRandomID(), jarvis.NewRandomID()}
	done, err := m.RemoveIDs(t.Context(), ids, jarvis.RemoveOptions{Progress: func(int64, int64) {}})
	if want := (jarvis.Receipt{Removed: 2, Bytes: 9422, Missing: 2}); err != nil || done.Receipt != want {
		t.Errorf("got %+v, error %v", done.Receipt, err)
	}
	if !slices.Equal(asked, []string{"DELETE", "DELETE"}) {
		t.Errorf("it asked %v", asked)
	}
}
