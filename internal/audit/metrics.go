package audit

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// What finds that something was tampered with.
const (
	foundBySigning      = "signing"      // the log is not an extension of the last checkpoint
	foundByCheckpoints  = "checkpoints"  // a row of the table is not signed, or was deleted
	foundByProof        = "proof"        // a record is not in the signed tree
	foundByVerification = "verification" // by the API
)

// metrics are what operators see of the audit.
type metrics struct {
	covered  atomic.Int64 // when all records were covered last, in nanoseconds since 1970
	age      prometheus.GaugeFunc
	failures prometheus.Counter
	tampers  *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{}
	m.covered.Store(time.Now().UnixNano())
	m.age = prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "boxoffice", Name: "audit_checkpoint_age_seconds",
		Help: "Time since this process last made sure that a signed checkpoint covers every record."},
		func() float64 { return time.Since(time.Unix(0, m.covered.Load())).Seconds() })
	m.failures = prometheus.NewCounter(prometheus.CounterOpts{Namespace: "boxoffice", Name: "audit_sign_failures_total",
		Help: "Checkpoints that were not signed."})
	m.tampers = prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "boxoffice", Name: "audit_tampering_total",
		Help: "How often the log, or what is stored about it, was found to differ from what was signed."},
		[]string{"found_by"})
	for _, by := range []string{foundBySigning, foundByCheckpoints, foundByProof, foundByVerification} {
		m.tampers.WithLabelValues(by)
	}
	return m
}

// wrote is called after each attempt to write a checkpoint.
func (m *metrics) wrote(err error) {
	if err == nil {
		m.covered.Store(time.Now().UnixNano())
		return
	}
	m.failures.Inc()
	if errors.Is(err, ErrTampered) {
		m.tampered(foundBySigning)
	}
}

func (m *metrics) tampered(by string) { m.tampers.WithLabelValues(by).Inc() }

// Describe implements [prometheus.Collector].
func (m *metrics) Describe(to chan<- *prometheus.Desc) {
	m.age.Describe(to)
	m.failures.Describe(to)
	m.tampers.Describe(to)
}

// Collect implements [prometheus.Collector].
func (m *metrics) Collect(to chan<- prometheus.Metric) {
	m.age.Collect(to)
	m.failures.Collect(to)
	m.tampers.Collect(to)
}
