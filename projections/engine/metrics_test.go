package engine_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/waittest"
	"github.com/boxoffice/boxoffice/projections/engine"
)

func TestMetricsTellHowTheProjectionsDo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	registry := prometheus.NewRegistry()
	p := b.start(func(o *engine.Options) { o.Registerer = registry })
	hurt := b.open("Hurt")
	b.append(hurt, broken())
	b.add(b.open("Good"), 3)
	p.Reaches(b.head)
	want := map[string]float64{
		"boxoffice_projection_position":    float64(b.head),
		"boxoffice_projection_lag_records": 0, "boxoffice_projection_lag_seconds": 0,
		"boxoffice_projection_parked_streams": 1, "boxoffice_projection_applied_records_total": float64(b.head - 1),
	}
	check := func() {
		t.Helper()
		got := gather(t, registry)
		for name, value := range want {
			for _, projection := range names() {
				if got[name+" "+projection] != value {
					t.Errorf("%s of %s is %v, want %v", name, projection, got[name+" "+projection], value)
				}
			}
		}
	}
	waittest.For(t, "what is committed is counted", func() bool { // a moment later
		got := gather(t, registry)
		return !slices.ContainsFunc(names(), func(projection string) bool {
			return got["boxoffice_projection_applied_records_total "+projection] < float64(b.head-1) ||
				got["boxoffice_projection_handler_execution_time_seconds "+projection] == 0
		})
	})
	check()

	// A projection that nobody can run is seen falling behind.
	b.Exec(`update projection_checkpoints set fence = fence + 1, lease_until = now() + interval '1 hour'`)
	b.add(b.baskets[1], 2)
	got := gather(t, registry)
	for _, projection := range names() {
		lag := got["boxoffice_projection_lag_records "+projection]
		if seconds := got["boxoffice_projection_lag_seconds "+projection]; lag != 2 || seconds <= 0 {
			t.Errorf("%s lags by %v records and %v s", projection, lag, seconds)
		}
	}
	p.Stop()
	if got := gather(t, registry); got["boxoffice_projection_position baskets"] != 0 {
		t.Error("the metrics are still there after the end")
	}
}

// gather gives values by name and projection; of histograms, how many there were.
func gather(t testing.TB, from prometheus.Gatherer) map[string]float64 {
	t.Helper()
	families, err := from.Gather()
	dbtest.Must(t, err)
	values := map[string]float64{}
	for _, family := range families {
		for _, m := range family.Metric {
			var labels []string
			for _, l := range m.Label {
				if l.GetName() == "projection" || l.GetName() == "handler_name" {
					labels = append(labels, l.GetValue())
				}
			}
			value := m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
			values[family.GetName()+" "+strings.Join(labels, " ")] += value
		}
	}
	return values
}
