package projections_test

import (
	"io"
	"testing"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/historytest"
	"github.com/boxoffice/boxoffice/projections"
	"github.com/boxoffice/boxoffice/projections/engine"
)

var longLog = historytest.LongLog()

// BenchmarkRebuild measures how many records a second become rows of a read model: read, folded,
// written, indexed, compared with the one in use and swapped. The goal is 200,000.
func BenchmarkRebuild(b *testing.B) {
	for _, p := range projections.All() {
		b.Run(p.Name(), func(b *testing.B) {
			pool := dbtest.Connect(b, longLog.URL(b),
				dbtest.MaxConns(engine.RebuildConnections), dbtest.Settings(engine.Session()))
			o := engine.RebuildOptions{Pool: pool, Holder: "bench"}
			_, err := engine.Rebuild(b.Context(), p, o) // the one that the next is compared with
			dbtest.Must(b, err)
			for b.Loop() {
				r, err := engine.Rebuild(b.Context(), p, o)
				dbtest.Must(b, err)
				if int(r.Records) != historytest.Records() || !r.Compared || r.Parked > 0 {
					b.Fatalf("the rebuild gave %+v", r)
				}
			}
			historytest.Report(b)
			v, err := engine.Verify(b.Context(), pool, p)
			dbtest.Must(b, err)
			if len(v.Mismatches) > 0 {
				b.Errorf("the rebuild has not applied what the log has: %+v", v.Mismatches)
			}
		})
	}
}

// BenchmarkRebuildLimit measures how many records a second can be read at all, by COPY, and thrown
// away.
func BenchmarkRebuildLimit(b *testing.B) {
	conn, err := dbtest.Connect(b, longLog.URL(b), dbtest.MaxConns(1)).Acquire(b.Context())
	dbtest.Must(b, err)
	defer conn.Release()
	for b.Loop() {
		_, err := conn.Conn().PgConn().CopyTo(b.Context(), io.Discard, `
			copy (
				select position, stream_id, version, type, schema_version, data, recorded_at, hash
				from event_log
				order by position
			) to stdout (format binary)`)
		dbtest.Must(b, err)
	}
	historytest.Report(b)
}
