package audit_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/historytest"
	"github.com/boxoffice/boxoffice/projections"
	"github.com/boxoffice/boxoffice/projections/engine"
)

var longLog = historytest.LongLog()

// BenchmarkVerify measures how many records a second an auditor goes through: hashes, Merkle tree,
// decoding, rules and states, with and without the comparison of the read models row by row. The
// goal is 150,000 with it.
func BenchmarkVerify(b *testing.B) {
	for _, models := range []int{0, len(projections.Names())} {
		b.Run(fmt.Sprintf("models=%d", models), func(b *testing.B) {
			pool, keys := openLongLog(b)
			_, err := audit.NewCheckpoints(pool, keys).Write(b.Context())
			dbtest.Must(b, err)
			for _, p := range projections.All()[:models] {
				_, err := engine.Rebuild(b.Context(), p, engine.RebuildOptions{Pool: pool, Holder: "bench"})
				dbtest.Must(b, err)
			}
			for b.Loop() {
				r, err := audit.Verify(b.Context(), audit.VerifyOptions{Pool: pool, Keys: keys})
				dbtest.Must(b, err)
				if !r.OK() || int(r.Records) != historytest.Records() || r.Checkpoints != 1 || len(r.ReadModels) != models {
					b.Fatalf("the verification gave %+v", r)
				}
			}
			historytest.Report(b)
		})
	}
}

// BenchmarkFirstCheckpoint measures how many records a second go into the first signed checkpoint
// of a log.
func BenchmarkFirstCheckpoint(b *testing.B) {
	pool, keys := openLongLog(b)
	for b.Loop() {
		written, err := audit.NewCheckpoints(pool, keys).Write(b.Context())
		dbtest.Must(b, err)
		if !written {
			b.Fatal("no checkpoint was written")
		}
		b.StopTimer()
		_, err = pool.Exec(context.Background(),
			`alter table audit_checkpoints disable trigger all; delete from audit_checkpoints`)
		dbtest.Must(b, err)
		b.StartTimer()
	}
	historytest.Report(b)
}

func openLongLog(b *testing.B) (*pgxpool.Pool, *audit.Keys) {
	b.Helper()
	keys, err := audit.NewKeys(secret)
	dbtest.Must(b, err)
	pool := dbtest.Connect(b, longLog.URL(b),
		dbtest.MaxConns(engine.RebuildConnections), dbtest.Settings(engine.Session()))
	return pool, keys
}
