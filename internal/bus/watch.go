package bus

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"
)

// watch is what operators see of one end. How far it is, the process tells that does the work; whether the bus is connected, all do.
type watch struct {
	options   Options
	conn      atomic.Pointer[nats.Conn]
	publishes bool

	position atomic.Int64 // unknown: below 0
	pending  atomic.Int64 // of a follower: records that it has not appended
	since    atomic.Int64 // and when the oldest of them was recorded, in microseconds

	connectedDesc, positionDesc, lagRecordsDesc, lagSecondsDesc *prometheus.Desc
}

func newWatch(end string, o Options) *watch {
	about := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("boxoffice_bus_"+name, help, nil, prometheus.Labels{"end": end})
	}
	w := &watch{
		options: o, publishes: end == "publish",
		connectedDesc:  about("connected", "1 while there is a connection to the bus."),
		positionDesc:   about("position", "Position up to which the log is published, or followed."),
		lagRecordsDesc: about("lag_records", "Records that are not published, or not followed, yet."),
		lagSecondsDesc: about("lag_seconds", "How long the oldest of them has been waiting."),
	}
	w.stop()
	return w
}

func (w *watch) stop()            { w.position.Store(-1) }
func (w *watch) reach(head int64) { w.position.Store(head) }
func (w *watch) wait(records int64, since time.Time) {
	w.since.Store(since.UnixMicro())
	w.pending.Store(records)
}

func (w *watch) register() (unregister func(), err error) {
	if w.options.Registerer == nil {
		return func() {}, nil
	}
	if err := w.options.Registerer.Register(w); err != nil {
		return nil, err
	}
	return func() { w.options.Registerer.Unregister(w) }, nil
}

// Describe implements [prometheus.Collector].
func (w *watch) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{w.connectedDesc, w.positionDesc, w.lagRecordsDesc, w.lagSecondsDesc} {
		to <- d
	}
}

// Collect implements [prometheus.Collector].
func (w *watch) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64) { to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v) }
	connected := 0.0
	if conn := w.conn.Load(); conn != nil && conn.IsConnected() {
		connected = 1
	}
	gauge(w.connectedDesc, connected)
	position := w.position.Load()
	if position < 0 {
		return
	}
	records, seconds := w.pending.Load(), 0.0
	if w.publishes {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		err := w.options.Pool.QueryRow(ctx, `
			select h.position - $1, coalesce(extract(epoch from greatest(clock_timestamp() - (select recorded_at from event_log where position = $1 + 1), '0')), 0)::float8
			from log_head h`, position).Scan(&records, &seconds)
		if err != nil {
			w.options.Logger.Warn("reading how far publishing is for metrics failed", "error", err)
			return
		}
	} else if records > 0 {
		seconds = max(0, time.Since(time.UnixMicro(w.since.Load())).Seconds())
	}
	gauge(w.positionDesc, float64(position))
	gauge(w.lagRecordsDesc, float64(records))
	gauge(w.lagSecondsDesc, seconds)
}
