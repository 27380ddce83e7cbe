package client_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/client"
)

// cutting breaks the first two answers off after some bytes.
type cutting struct {
	http.Transport
	answers int
}

func (c *cutting) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := c.Transport.RoundTrip(r)
	if c.answers++; err == nil && c.answers < 3 {
		res.Body = &cut{res.Body, 50}
	}
	return res, err
}

type cut struct {
	io.ReadCloser
	left int
}

func (c *cut) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := c.ReadCloser.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

// 50 clients send one id: with the same bytes all get the same answer, with other
// bytes one wins.
func TestServer_SameID(t *testing.T) {
	s := startServer(t)
	agent := s.as(t, "ann@laptop", jarvis.ScopeUpload)
	send := func(bytesOf func(i int) []byte) (answers []client.Stored, conflicts int) {
		id := jarvis.NewRandomID()
		var mu sync.Mutex
		var all errgroup.Group
		for i := range 50 {
			u := uploadOf(bytesOf(i), noon)
			u.ID = id
			all.Go(func() error {
				stored, err := agent.Upload(t.Context(), u)
				mu.Lock()
				defer mu.Unlock()
				if errors.Is(err, jarvis.ErrConflict) {
					conflicts++
					return nil
				}
				answers = append(answers, stored)
				return err
			})
		}
		must(t, all.Wait())
		return answers, conflicts
	}
	same := screen(t, 7)
	answers, conflicts := send(func(int) []byte { return same })
	first := 0 // one made the capture, and every other is told that it existed
	for i := range answers {
		if !answers[i].Existed {
			first++
		}
		answers[i].Existed = true
	}
	if len(answers) != 50 || len(slices.Compact(answers)) != 1 || conflicts != 0 || first != 1 {
		t.Errorf("%d answers, %d conflicts, %d first", len(answers), conflicts, first)
	}
	answers, conflicts = send(func(i int) []byte { return screen(t, byte(i)) })
	if len(answers) != 1 || conflicts != 49 {
		t.Errorf("%d answers, %d conflicts", len(answers), conflicts)
	}
}
