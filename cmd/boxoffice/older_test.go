package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/projections"
)

// Every process of the database says so, and goes on serving.
func TestAProgramThatIsOlderThanTheLogSaysSo(t *testing.T) {
	t.Parallel()
	env := onDatabase(t)
	metrics := freePort(t)
	projecting := serve(t, append(env, "METRICS_PORT="+metrics), "--seed")
	other := serve(t, env, "--projections=false")
	url := strings.TrimPrefix(env[0], "DATABASE_URL=")
	pool := dbtest.Connect(t, url)
	_, err := appendtest.Append(t.Context(), pool, uuid.New(), 0,
		appendtest.Record{Type: "EventScheduled", SchemaVersion: 99, Data: []byte(`{}`)})
	must(t, err)
	head, err := eventstore.NewLog(pool).Head(t.Context())
	must(t, err)
	for _, p := range []*process{projecting, other} {
		p.waitFor("its readiness to say so", func() bool {
			response, err := http.Get(p.api + "/readyz")
			must(t, err)
			defer response.Body.Close() //nolint:errcheck // read to its end
			text, err := io.ReadAll(response.Body)
			must(t, err)
			var health struct{ Status, Detail string }
			must(t, json.Unmarshal(text, &health))
			return response.StatusCode == http.StatusOK && health.Status == "ok" &&
				strings.Contains(health.Detail, `"EventScheduled" with schema version 99`) &&
				strings.Contains(health.Detail, "read model bookings stands")
		})
	}
	projecting.waitFor("the metric of each read model to say so", func() bool {
		series := scrape(t, metrics)["boxoffice_projection_unknown_record"].GetMetric()
		for _, m := range series {
			if m.GetGauge().GetValue() != 1 {
				return false
			}
		}
		return len(series) == len(projections.Names())
	})
	out, err := command(env, "projections", "status").CombinedOutput()
	const nobody = "nobody: the next record is of a newer version"
	if err != nil || strings.Count(string(out), nobody) != len(projections.Names()) {
		t.Errorf("%v: %s", err, out)
	}
	// Before the record, everything is projected.
	if n := strings.Count(string(out), " 1 "); n < 2 {
		t.Errorf("the read models of a log with %d records: %s", head, out)
	}
}
