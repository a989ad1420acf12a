package telemetry

import (
	"net/http"
	"net/http/pprof"

	"github.com/IBM/pgxpoolprometheus"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/boxoffice/boxoffice/eventstore"
)

// Metrics are what one process measures. They cost next to nothing between scrapes.
type Metrics struct {
	registry *prometheus.Registry

	batches                                 *prometheus.CounterVec   // by queue and result
	commands, waiting, transaction, appends *prometheus.HistogramVec // by queue
	records, repeats                        *prometheus.CounterVec   // by queue
}

// A booking takes its delay, a second by default, and a little more; everything else takes
// milliseconds.
var seconds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 1.1, 1.25, 1.5, 2.5, 5, 10}

// NewMetrics makes the metrics of this process.
func NewMetrics(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "boxoffice", Name: name, Help: help}, labels)
		m.registry.MustRegister(c)
		return c
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "boxoffice", Name: name, Help: help,
			Buckets: buckets}, labels)
		m.registry.MustRegister(h)
		return h
	}
	m.batches = counter("batches_total", "Transactions that commands shared.", "queue", "result")
	m.commands = histogram("batch_commands", "Commands of one transaction.",
		[]float64{1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500}, "queue")
	m.waiting = histogram("batch_wait_seconds", "Time that the first command of a transaction waited for it.",
		seconds, "queue")
	m.transaction = histogram("batch_transaction_seconds",
		"Time from the start of a batch to its answers, with the delay.", seconds, "queue")
	m.appends = histogram("batch_append_seconds",
		"Time of the last decision, the append and its commit, including retries.", seconds, "queue")
	m.records = counter("batch_records_total", "Records appended to the log.", "queue")
	m.repeats = counter("batch_repeats_total",
		"Appends that were repeated, after a conflict with another process or a lost connection.", "queue")
	for _, queue := range []string{delayed, immediate} { // so that a rate is known from the first one on
		for _, result := range []string{succeeded, failed} {
			m.batches.WithLabelValues(queue, result)
		}
		m.records.WithLabelValues(queue)
		m.repeats.WithLabelValues(queue)
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: "boxoffice", Name: "build_info", Help: "Always 1.", ConstLabels: prometheus.Labels{"version": version},
	})
	info.Set(1)
	m.registry.MustRegister(info, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Registerer takes the metrics of other packages.
func (m *Metrics) Registerer() prometheus.Registerer { return m.registry }

// Queues and results of batches.
const (
	delayed   = "delayed"
	immediate = "immediate"
	succeeded = "succeeded"
	failed    = "failed"
)

// ObserveBatch is for the executor's option Observe.
func (m *Metrics) ObserveBatch(b eventstore.BatchStats) {
	queue, result := immediate, succeeded
	if b.Delay > 0 {
		queue = delayed
	}
	if b.Err != nil {
		result = failed
	}
	m.batches.WithLabelValues(queue, result).Inc()
	m.commands.WithLabelValues(queue).Observe(float64(b.Commands))
	m.waiting.WithLabelValues(queue).Observe(b.Waited.Seconds())
	m.transaction.WithLabelValues(queue).Observe(b.Took.Seconds())
	m.records.WithLabelValues(queue).Add(float64(b.Records))
	if b.Attempts > 0 { // otherwise all commands were refused before
		m.appends.WithLabelValues(queue).Observe(b.Append.Seconds())
		m.repeats.WithLabelValues(queue).Add(float64(b.Attempts - 1))
	}
}

// Gauge is a number that is read at each scrape.
type Gauge struct{ name, help string }

// The gauges of this program.
var (
	CommandsWaiting = Gauge{"commands_waiting", "Commands that wait for admission, or to join a transaction."}
	CommandQueue    = Gauge{"commands_waiting_limit", "Commands that may wait before more are refused as busy."}
	HashesPending   = Gauge{"password_hashes_pending", "Passwords that are hashed or wait for it."}
	HashesLimit     = Gauge{"password_hashes_pending_limit", "Passwords that may wait before more are refused as busy."}
	Sockets         = Gauge{"websocket_connections", "WebSocket connections."}
	SocketsLimit    = Gauge{"websocket_connections_limit", "WebSocket connections that are accepted at once."}
)

// Watch adds a gauge. Each can be added once.
func (m *Metrics) Watch(g Gauge, value func() int) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "boxoffice", Name: g.name,
		Help: g.help},
		func() float64 { return float64(value()) }))
}

// WatchPool adds the connections of a pool. Each name can be added once.
func (m *Metrics) WatchPool(name string, pool *pgxpool.Pool) {
	m.registry.MustRegister(pgxpoolprometheus.NewCollector(pool, map[string]string{"pool": name}))
}

// Handler serves /metrics, and profiles below /debug/pprof/. It is not for the public.
func (m *Metrics) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry,
		ErrorHandling: promhttp.ContinueOnError}))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}
