package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// uploader sends captures to a server, as agents do.
type uploader struct {
	url    string
	token  string // empty for none
	images *benchImages
	first  time.Time // of the captures; each is a millisecond later than the last
	sent   *atomic.Int64
}

// round is what was measured while clients uploaded for a time.
type round struct {
	uploads   int64
	elapsed   time.Duration
	latencies []time.Duration // sorted
	rss       int64           // most bytes of memory of the server that were seen; 0 when not known
	cpu       time.Duration   // of processors that the server took; 0 when not known
}

// rate returns the uploads per second.
func (r *round) rate() float64 { return float64(r.uploads) / r.elapsed.Seconds() }

// percentile returns the latency that p percent of the uploads did not exceed.
func (r *round) percentile(p float64) time.Duration {
	if len(r.latencies) == 0 {
		return 0
	}
	return r.latencies[min(int(float64(len(r.latencies))*p/100), len(r.latencies)-1)]
}

// add takes the measurements of another round in.
func (r *round) add(other *round) {
	r.uploads += other.uploads
	r.elapsed += other.elapsed
	r.latencies = append(r.latencies, other.latencies...)
	slices.Sort(r.latencies)
	r.rss = max(r.rss, other.rss)
	r.cpu += other.cpu
}

// run uploads with so many clients for so long. An upload that is not
// acknowledged ends it.
func (u *uploader) run(ctx context.Context, clients int, lasts time.Duration) (*round, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: clients, MaxConnsPerHost: clients}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: time.Minute}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	latencies := make([][]time.Duration, clients)
	var all sync.WaitGroup
	begun := time.Now()
	for i := range clients {
		all.Go(func() {
			for time.Since(begun) < lasts && ctx.Err() == nil {
				since := time.Now()
				if err := u.upload(ctx, client); err != nil {
					cancel(err)
					return
				}
				latencies[i] = append(latencies[i], time.Since(since))
			}
		})
	}
	all.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	r := &round{elapsed: time.Since(begun), latencies: slices.Concat(latencies...)}
	r.uploads = int64(len(r.latencies))
	slices.Sort(r.latencies)
	return r, nil
}

// upload sends one capture and waits until it is acknowledged.
func (u *uploader) upload(ctx context.Context, client *http.Client) error {
	number := u.sent.Add(1)
	body, contentType, err := u.form(number)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, u.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", contentType)
	if u.token != "" {
		request.Header.Set("Authorization", "Bearer "+u.token)
	}
	response, err := client.Do(request)
	if err != nil {
		return jarvis.WrapError(jarvis.CodeUnavailable, "bench: upload", "the server that is measured does not answer", err)
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, 4096))
	if closeErr := response.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return jarvis.Errorf(jarvis.CodeUnavailable, "an upload was answered %s: %.300s", response.Status, answer)
	}
	return nil
}

// form is the form of a capture.
func (u *uploader) form(number int64) (body []byte, contentType string, err error) {
	image := u.images.image(number)
	var b bytes.Buffer
	b.Grow(len(image) + 1024)
	w := multipart.NewWriter(&b)
	part, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="file"; filename="capture.jpg"`},
		"Content-Type":        {"image/jpeg"},
	})
	if err != nil {
		return nil, "", err
	}
	if _, err := part.Write(image); err != nil {
		return nil, "", err
	}
	metadata := fmt.Sprintf(`{"timestamp":%q,"monitor_index":0,"width":%d,"height":%d}`,
		u.first.Add(time.Duration(number)*time.Millisecond).Format(time.RFC3339Nano), benchWidth, benchHeight)
	if err := w.WriteField("metadata", metadata); err != nil {
		return nil, "", err
	}
	err = w.Close() // which writes the end of the form
	return b.Bytes(), w.FormDataContentType(), err
}
