package reactors

import (
	"context"
	"time"

	wmetrics "github.com/ThreeDotsLabs/watermill/components/metrics"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/boxoffice/boxoffice/projections/engine"
)

// metrics read the state of the reactors from the database for each scrape, so that any process
// shows one that nobody runs. How long handlers take and whether they fail is counted by watermill's
// own metrics.
type metrics struct {
	options                              Options
	position, waiting, seconds, poisoned *prometheus.Desc
}

func register(o Options) (observe message.HandlerMiddleware, unregister func(), err error) {
	if o.Registerer == nil {
		return nil, func() {}, nil
	}
	about := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("boxoffice_reactor_"+name, help, []string{"reactor"}, nil)
	}
	m := &metrics{
		options:  o,
		position: about("position", "Position up to which the log is handled; 0 for a queue."),
		waiting:  about("lag_messages", "Messages that are not handled yet."),
		seconds:  about("lag_seconds", "How long the oldest of them has been waiting."),
		poisoned: about("poisoned_messages", "Messages that could not be handled."),
	}
	if unregister, err = engine.RegisterMetrics(o.Registerer, m); err != nil {
		return nil, nil, err
	}
	builder := wmetrics.NewPrometheusMetricsBuilder(o.Registerer, "boxoffice", "reactor")
	return builder.NewRouterMiddleware().Middleware, unregister, nil
}

// Describe implements [prometheus.Collector].
func (m *metrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.position, m.waiting, m.seconds, m.poisoned} {
		to <- d
	}
}

// Collect implements [prometheus.Collector]. Without an answer of the database there are no values.
func (m *metrics) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	all, err := Statuses(ctx, m.options.Pool, m.options.Reactors)
	if err != nil {
		m.options.Logger.Warn("reading the state of the reactors for metrics failed", "error", err)
		return
	}
	for _, s := range all {
		for desc, v := range map[*prometheus.Desc]float64{
			m.position: float64(s.Position), m.waiting: float64(s.Waiting), m.seconds: s.Behind.Seconds(),
			m.poisoned: float64(s.Poisoned),
		} {
			to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, v, s.Name)
		}
	}
}
