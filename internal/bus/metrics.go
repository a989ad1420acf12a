package bus

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what operators see. Each process tells whether the bus is connected, and the leader
// how far it is.
type metrics struct {
	options  Options
	conn     atomic.Pointer[nats.Conn]
	position atomic.Int64 // below 0: this process does not publish

	connectedDesc, positionDesc, lagRecordsDesc, lagSecondsDesc *prometheus.Desc
}

func newMetrics(o Options) *metrics {
	about := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("boxoffice_bus_"+name, help, nil, nil)
	}
	m := &metrics{
		options:        o,
		connectedDesc:  about("connected", "1 while there is a connection to the bus."),
		positionDesc:   about("position", "Position up to which the log is published."),
		lagRecordsDesc: about("lag_records", "Records that are not published yet."),
		lagSecondsDesc: about("lag_seconds", "How long the oldest of them has been waiting."),
	}
	m.stop()
	return m
}

func (m *metrics) stop()                  { m.position.Store(-1) }
func (m *metrics) setPosition(head int64) { m.position.Store(head) }

func (m *metrics) register() (unregister func(), err error) {
	if m.options.Registerer == nil {
		return func() {}, nil
	}
	if err := m.options.Registerer.Register(m); err != nil {
		return nil, err
	}
	return func() { m.options.Registerer.Unregister(m) }, nil
}

// Describe implements [prometheus.Collector].
func (m *metrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.connectedDesc, m.positionDesc, m.lagRecordsDesc, m.lagSecondsDesc} {
		to <- d
	}
}

// Collect implements [prometheus.Collector].
func (m *metrics) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64) { to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v) }
	connected := 0.0
	if conn := m.conn.Load(); conn != nil && conn.IsConnected() {
		connected = 1
	}
	gauge(m.connectedDesc, connected)
	position := m.position.Load()
	if position < 0 {
		return
	}
	var records int64
	var seconds float64
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	err := m.options.Pool.QueryRow(ctx, `
		select h.position - $1, coalesce(extract(epoch from
			greatest(clock_timestamp() - (select recorded_at from event_log where position = $1 + 1), '0')), 0)::float8
		from log_head h`, position).Scan(&records, &seconds)
	if err != nil {
		m.options.Logger.Warn("reading how far publishing is for metrics failed", "error", err)
		return
	}
	gauge(m.positionDesc, float64(position))
	gauge(m.lagRecordsDesc, float64(records))
	gauge(m.lagSecondsDesc, seconds)
}
