package webhook

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// The results of attempts in metrics.
const (
	resultDelivered = "delivered"
	resultFailed    = "failed"   // it is tried again
	resultGivenUp   = "given_up" // it is not
)

// metrics count what this process sends, and read from the database for each scrape what is still to be
// sent.
type metrics struct {
	options   Options
	attempts  *prometheus.CounterVec
	duration  prometheus.Histogram
	lag       *prometheus.Desc
	endpoints *prometheus.Desc
}

func newMetrics(o Options) *metrics {
	m := &metrics{
		options: o,
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "boxoffice_webhook_attempts_total", Help: "Requests to webhooks that this process has made.",
		}, []string{"result"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "boxoffice_webhook_attempt_seconds", Help: "How long requests to webhooks took.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10},
		}),
		lag: prometheus.NewDesc("boxoffice_webhook_lag_seconds",
			"How long the oldest delivery that is due has been waiting, at endpoints that work.", nil, nil),
		endpoints: prometheus.NewDesc("boxoffice_webhook_endpoints", "Webhooks by status.", []string{"status"}, nil),
	}
	for _, result := range []string{resultDelivered, resultFailed, resultGivenUp} {
		m.attempts.WithLabelValues(result)
	}
	return m
}

func (m *metrics) observe(result string, took time.Duration) {
	m.attempts.WithLabelValues(result).Inc()
	m.duration.Observe(took.Seconds())
}

// Describe implements [prometheus.Collector].
func (m *metrics) Describe(to chan<- *prometheus.Desc) {
	m.attempts.Describe(to)
	m.duration.Describe(to)
	to <- m.lag
	to <- m.endpoints
}

// Collect implements [prometheus.Collector]. Without an answer of the database, what it knows is
// missing.
func (m *metrics) Collect(to chan<- prometheus.Metric) {
	m.attempts.Collect(to)
	m.duration.Collect(to)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	var lag float64
	counts := make([]int, 4)
	err := m.options.Pool.QueryRow(ctx, `
		select greatest(0, extract(epoch from $1 - min(d.next_at)))::float8,
			count(*) filter (where e.status = 'active'), count(*) filter (where e.status = 'paused'),
			count(*) filter (where e.status = 'failing'), count(*) filter (where e.status = 'gone')
		from webhook_endpoints e
		left join lateral (
			select next_at from webhook_deliveries
			where endpoint_id = e.id and status = 'pending' and e.status = 'active' and e.failing_since is null
			order by next_at, id
			limit 1
		) d on true`, m.options.Now()).Scan(&lag, &counts[0], &counts[1], &counts[2], &counts[3])
	if err != nil {
		m.options.Logger.Warn("reading the state of webhooks for metrics failed", "error", err)
		return
	}
	to <- prometheus.MustNewConstMetric(m.lag, prometheus.GaugeValue, lag)
	for i, status := range []string{"active", "paused", "failing", "gone"} {
		to <- prometheus.MustNewConstMetric(m.endpoints, prometheus.GaugeValue, float64(counts[i]), status)
	}
}
