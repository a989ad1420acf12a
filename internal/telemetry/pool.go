package telemetry

import (
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
)

// poolCollector shows how busy a pool of database connections is.
type poolCollector struct {
	name string
	pool *pgxpool.Pool
}

var (
	poolConnections = aboutPool("connections", "Connections by what they do.", "state")
	poolLimit       = aboutPool("connections_limit", "Connections that may be open at once.")
	poolAcquires    = aboutPool("acquires_total", "Times that a connection was taken.")
	poolWaits       = aboutPool("waits_total", "Times that a connection was taken after none had been free.")
	poolWaited      = aboutPool("wait_seconds_total", "Time spent on waiting for connections.")
	poolGivenUp     = aboutPool("given_up_waits_total", "Times that the wait for a connection was given up.")
)

func aboutPool(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("boxoffice_pool_"+name, help, append([]string{"pool"}, labels...), nil)
}

// Describe implements [prometheus.Collector]. It describes nothing, because there is one collector for each pool.
func (c *poolCollector) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector].
func (c *poolCollector) Collect(to chan<- prometheus.Metric) {
	s := c.pool.Stat()
	gauge := func(desc *prometheus.Desc, value int32, labels ...string) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(value), append([]string{c.name}, labels...)...)
	}
	counter := func(desc *prometheus.Desc, value float64) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, value, c.name)
	}
	gauge(poolConnections, s.AcquiredConns(), "in use")
	gauge(poolConnections, s.IdleConns(), "idle")
	gauge(poolConnections, s.ConstructingConns(), "opening")
	gauge(poolLimit, s.MaxConns())
	counter(poolAcquires, float64(s.AcquireCount()))
	counter(poolWaits, float64(s.EmptyAcquireCount()))
	counter(poolWaited, s.EmptyAcquireWaitTime().Seconds())
	counter(poolGivenUp, float64(s.CanceledAcquireCount()))
}
