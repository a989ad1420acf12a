package replica

import "github.com/prometheus/client_golang/prometheus"

// Describe implements [prometheus.Collector].
func (s *Set) Describe(to chan<- *prometheus.Desc) { prometheus.DescribeByCollect(s, to) }

// Collect implements [prometheus.Collector].
func (s *Set) Collect(to chan<- prometheus.Metric) {
	for _, r := range s.replicas {
		tell := func(kind prometheus.ValueType, name, help string, value float64) {
			desc := prometheus.NewDesc("boxoffice_replica_"+name, help, []string{"replica"}, nil)
			to <- prometheus.MustNewConstMetric(desc, kind, value, r.name)
		}
		inUse := 0.0
		if r.inUse() {
			inUse = 1
		}
		tell(prometheus.GaugeValue, "in_use", "1 while requests are read from the replica, 0 while it is left out.", inUse)
		tell(prometheus.GaugeValue, "position", "Position of the log that its read models contain.", float64(r.Reached()))
		tell(prometheus.GaugeValue, "lag_seconds", "How long the primary's read models have had what the replica's have not.",
			r.lagged().Seconds())
		tell(prometheus.CounterValue, "reads_total", "Requests that were read from the replica.", float64(r.reads.Load()))
		tell(prometheus.CounterValue, "failed_reads_total", "Those that it could not answer, and the primary did.",
			float64(r.failed.Load()))
	}
}
