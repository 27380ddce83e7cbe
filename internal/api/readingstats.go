package api

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/jarvis-memory/jarvis"
)

// ReadingStats is what workers did since they began; reading.Stats describes it.
type ReadingStats struct {
	Read     int64
	Twins    int64
	Indexed  int64
	Failed   int64
	SetAside int64
	Lost     int64
	Masked   int64
	Engine   time.Duration
	Busy     int
}

// counted describes a number of the metrics.
func counted(name, help, label string) *prometheus.Desc {
	var labels []string
	if label != "" {
		labels = []string{label}
	}
	return prometheus.NewDesc(name, help, labels, nil)
}

// readingCollector is what workers did, as Prometheus reads it.
type readingCollector func() ReadingStats

// Describe implements prometheus.Collector: what it collects is checked when it is.
func (readingCollector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c readingCollector) Collect(into chan<- prometheus.Metric) {
	stats := c()
	total := counted("jarvis_readings_total", "Captures that were taken from the queue here, and what became of them.", "result")
	for _, one := range []struct {
		result string
		n      int64
	}{{"read", stats.Read}, {"twin", stats.Twins}, {"indexed", stats.Indexed}, {"failed", stats.Failed}, {"set_aside", stats.SetAside}, {"lost", stats.Lost}} {
		into <- prometheus.MustNewConstMetric(total, prometheus.CounterValue, float64(one.n), one.result)
	}
	into <- prometheus.MustNewConstMetric(counted("jarvis_masked_secrets_total", "Secrets that were replaced in texts here.", ""), prometheus.CounterValue, float64(stats.Masked))
	into <- prometheus.MustNewConstMetric(counted("jarvis_reading_seconds_total", "Time that engines took here, of all images together.", ""), prometheus.CounterValue, stats.Engine.Seconds())
	into <- prometheus.MustNewConstMetric(counted("jarvis_readings_in_flight", "Images that are being read here.", ""), prometheus.GaugeValue, float64(stats.Busy))
}

// queueLasts is how long the counts of the queue are as good as new: counting it
// costs more than what else the metrics look at.
const queueLasts = 15 * time.Second

// queueCheck counts the queue now and then.
type queueCheck struct {
	check
	counts atomic.Pointer[jarvis.ReadStatus] // of the last count; nil before the first
}

func newQueueCheck(readings jarvis.Readings, now func() time.Time) *queueCheck {
	q := &queueCheck{check: check{lasts: queueLasts}}
	q.run = func(ctx context.Context) string {
		status, err := readings.ReadStatus(ctx, jarvis.Instant(now()))
		if err != nil {
			return stateUnavailable
		}
		q.counts.Store(&status)
		return stateOK
	}
	return q
}

// Describe implements prometheus.Collector, as readingCollector does.
func (*queueCheck) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector. It looks at nothing anew.
func (q *queueCheck) Collect(into chan<- prometheus.Metric) {
	counts := q.counts.Load()
	if counts == nil {
		return
	}
	queue := counted("jarvis_reading_queue", "Captures by how far they are read, as of the last look.", "state")
	for _, one := range []struct {
		state string
		n     int64
	}{{"waiting", counts.Waiting}, {"delayed", counts.Delayed}, {"leased", counts.Leased}, {"failed", counts.Failed}, {"read", counts.Read}} {
		into <- prometheus.MustNewConstMetric(queue, prometheus.GaugeValue, float64(one.n), one.state)
	}
}
