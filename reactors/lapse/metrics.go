package lapse

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/boxoffice/boxoffice/projections"
)

// metrics count what this process has recorded. What is due is read from the read model for each
// scrape, so that every process shows it, even if none records lapses.
type metrics struct {
	options  Options
	recorded prometheus.Counter
	delay    prometheus.Histogram

	dueDesc, lagDesc *prometheus.Desc
}

func newMetrics(o Options) *metrics {
	about := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("boxoffice_lapses_"+name, help, nil, nil)
	}
	return &metrics{
		options: o,
		recorded: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "boxoffice_lapses_recorded_total", Help: "Lapses of holds and offers that this process has recorded.",
		}),
		delay: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "boxoffice_lapses_delay_seconds",
			Help:    "Time from the first expiry among the holds of an event to the record of its lapse.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2, 5, 10, 30, 60},
		}),
		dueDesc: about("due", "Holds and offers whose time is over and whose lapse is not recorded."),
		lagDesc: about("lag_seconds", "How long the first of them has been due."),
	}
}

func (m *metrics) observe(recorded int, delay time.Duration) {
	if recorded > 0 {
		m.recorded.Add(float64(recorded))
		m.delay.Observe(delay.Seconds())
	}
}

// Describe implements [prometheus.Collector].
func (m *metrics) Describe(to chan<- *prometheus.Desc) {
	m.recorded.Describe(to)
	m.delay.Describe(to)
	to <- m.dueDesc
	to <- m.lagDesc
}

// Collect implements [prometheus.Collector].
func (m *metrics) Collect(to chan<- prometheus.Metric) {
	m.recorded.Collect(to)
	m.delay.Collect(to)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	now := m.options.Now()
	all, err := projections.Holds{Pool: m.options.Pool}.Due(ctx, now)
	if err != nil {
		m.options.Logger.Warn("reading which holds are due for metrics failed", "error", err)
		return
	}
	holds, lag := 0, 0.0
	for _, d := range all {
		holds, lag = holds+d.Holds, max(lag, now.Sub(d.Since).Seconds())
	}
	to <- prometheus.MustNewConstMetric(m.dueDesc, prometheus.GaugeValue, float64(holds))
	to <- prometheus.MustNewConstMetric(m.lagDesc, prometheus.GaugeValue, lag)
}
