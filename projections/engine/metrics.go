package engine

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts what this process has applied. The state of the projections is read from the
// database for each scrape, so that any process shows a projection falling behind that no process
// runs.
type metrics struct {
	applied *prometheus.CounterVec

	position, lagRecords, lagSeconds, parked, unknown *prometheus.Desc

	pool   *pgxpool.Pool
	names  []string
	logger *slog.Logger
}

func newMetrics() *metrics {
	about := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("boxoffice_projection_"+name, help, []string{"projection"}, nil)
	}
	return &metrics{
		applied: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "boxoffice_projection_applied_records_total", Help: "Records that this process has applied.",
		}, []string{"projection"}),
		position:   about("position", "Position up to which the log is applied."),
		lagRecords: about("lag_records", "Records of the log that are not applied yet."),
		lagSeconds: about("lag_seconds", "How long the oldest record that is not applied yet has been waiting."),
		parked:     about("parked_streams", "Streams with a record that can't be applied."),
		unknown: about("unknown_record",
			"1 while the projection stands before a record that the program that ran it, an older version, does not know."),
	}
}

func (m *metrics) register(o Options) (unregister func(), err error) {
	m.pool, m.logger = o.Pool, o.Logger
	for _, p := range o.Projections {
		m.names = append(m.names, p.Name())
		m.applied.WithLabelValues(p.Name())
	}
	return RegisterMetrics(o.Registerer, m)
}

// RegisterMetrics registers metrics until unregister is called. Without a registerer (nil) it does
// nothing.
func RegisterMetrics(with prometheus.Registerer, c prometheus.Collector) (unregister func(), err error) {
	if with == nil {
		return func() {}, nil
	}
	if err := with.Register(c); err != nil {
		return nil, err
	}
	return func() { with.Unregister(c) }, nil
}

// Describe implements [prometheus.Collector].
func (m *metrics) Describe(to chan<- *prometheus.Desc) {
	m.applied.Describe(to)
	for _, d := range []*prometheus.Desc{m.position, m.lagRecords, m.lagSeconds, m.parked, m.unknown} {
		to <- d
	}
}

// Collect implements [prometheus.Collector]. Without an answer of the database there are no values;
// an alert for missing values reports that.
func (m *metrics) Collect(to chan<- prometheus.Metric) {
	m.applied.Collect(to)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	all, err := Statuses(ctx, m.pool, m.names)
	if err != nil {
		m.logger.Warn("reading the state of the projections for metrics failed", "error", err)
		return
	}
	for _, s := range all {
		unknown := 0.0
		if s.Unknown {
			unknown = 1
		}
		for desc, v := range map[*prometheus.Desc]float64{
			m.position: float64(s.Position), m.lagRecords: float64(s.Records), m.lagSeconds: s.Behind.Seconds(),
			m.parked: float64(s.Parked), m.unknown: unknown,
		} {
			to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, v, s.Name)
		}
	}
}
