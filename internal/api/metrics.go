package api

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/jarvis-memory/jarvis"
)

// metrics are what Prometheus reads. They tell how much and how fast, and
// nothing of what was on a screen.
type metrics struct {
	registry *prometheus.Registry
	handler  http.Handler

	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	captures *prometheus.CounterVec
	bytes    prometheus.Counter
	inFlight prometheus.Gauge
	deleted  prometheus.Counter
	searches *prometheus.HistogramVec
}

func newMetrics(s *Server) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "jarvis_http_requests_total", Help: "Requests that were answered.",
		}, []string{"route", "method", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "jarvis_http_request_seconds", Help: "Time until a request was answered.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 60},
		}, []string{"route"}),
		captures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "jarvis_uploads_total", Help: "Captures that were acknowledged: new ones, and those that were there.",
		}, []string{"result"}),
		bytes:    prometheus.NewCounter(prometheus.CounterOpts{Name: "jarvis_upload_bytes_total", Help: "Bytes of the images of new captures."}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "jarvis_uploads_in_flight", Help: "Uploads under way."}),
		deleted:  prometheus.NewCounter(prometheus.CounterOpts{Name: "jarvis_deleted_captures_total", Help: "Captures that were deleted."}),
		searches: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "jarvis_search_seconds", Help: "Time that searches took: answered, timeout, or failed.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"result"}),
	}
	m.registry.MustRegister(m.requests, m.seconds, m.captures, m.bytes, m.inFlight, m.deleted, m.searches,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "jarvis_build_info", Help: "Always 1.", ConstLabels: prometheus.Labels{"version": s.o.Version},
		}, func() float64 { return 1 }),
		// There is none for the database: who reads this was looked up in it.
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "jarvis_storage_up", Help: "1 while images can be stored."},
			func() float64 { return up(s.health.storage.last()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "jarvis_storage_free_bytes", Help: "Space that is left for images, as of the last look."},
			func() float64 { return float64(s.health.free.Load()) }),
	)
	if s.o.Readings != nil {
		m.registry.MustRegister(s.health.queue)
	}
	if s.o.ReadingStats != nil {
		m.registry.MustRegister(readingCollector(s.o.ReadingStats))
	}
	m.handler = promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
	return m
}

func up(state string) float64 {
	if state == stateOK {
		return 1
	}
	return 0
}

// observe counts a request. A route that there is not is counted without its
// path, which anybody may choose.
func (m *metrics) observe(route, method string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, methodLabel(method), strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(route).Observe(took.Seconds())
}

// searched counts a search.
func (m *metrics) searched(took time.Duration, err error) {
	result := "answered"
	switch {
	case jarvis.ErrorCode(err) == jarvis.CodeTimeout:
		result = "timeout"
	case err != nil:
		result = "failed"
	}
	m.searches.WithLabelValues(result).Observe(took.Seconds())
}

// methodLabel returns a method, or "other" for one that somebody made up.
func methodLabel(method string) string {
	known := []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}
	if slices.Contains(known, method) {
		return method
	}
	return "other"
}

// serveMetrics answers Prometheus. It looks at the health first, as anybody who
// asks for it does.
func (s *Server) serveMetrics(w http.ResponseWriter, r *http.Request) error {
	s.health.look(r.Context())
	s.health.countQueue(r.Context())
	s.metrics.handler.ServeHTTP(w, r)
	return nil
}
