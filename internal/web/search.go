package web

import (
	"net/http"

	"github.com/jarvis-memory/jarvis"
)

// searchData is what the page of a search shows.
type searchData struct {
	Query string
	Data  map[string]any
}

// search answers with the page of a search, whose results its script fetches.
func (p *Pages) search(w http.ResponseWriter, r *http.Request, principal jarvis.Principal, secure bool) (int64, error) {
	m, err := p.moment(r)
	if err != nil {
		return 0, err
	}
	return 0, p.show(w, r, http.StatusOK, "search.html", searchData{Query: m.words, Data: map[string]any{
		"zone": m.zone.String(), "now": p.now().UnixMicro(), "own": principal.Own, "secure": secure, "version": p.o.Version, "query": m.words,
	}})
}
