// Package enginetest runs projections for tests, as the processes of the program do.
package enginetest

import (
	"context"
	"log/slog"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/waittest"
	"github.com/boxoffice/boxoffice/projections/engine"
)

// Notify starts a notifier that knows the named projections, until the test ends.
func Notify(db dbtest.Database, names ...string) *engine.Notifier {
	n := engine.NewNotifier(db.URL, db.Pool, names, slog.New(slog.DiscardHandler))
	waittest.Background(db, n.Run)
	return n
}

// Process is what readers have of a process, and its projections, if it runs them.
type Process struct {
	testing.TB
	Notifier *engine.Notifier
	Progress *engine.Progress

	stop []func()
}

// Read starts a process that does not project.
func Read(db dbtest.Database, names ...string) *Process {
	silent := slog.New(slog.DiscardHandler)
	p := &Process{TB: db, Notifier: engine.NewNotifier(db.URL, db.Pool, names, silent)}
	p.Progress = engine.NewProgress(db.Pool, p.Notifier, nil, silent)
	p.stop = append(p.stop, waittest.Background(db, p.Notifier.Run, p.Progress.Run))
	return p
}

// Start starts a process that projects, through a pool that is for projections. change says in which
// way its options differ from the usual.
func Start(
	db dbtest.Database, pool *pgxpool.Pool, projections []engine.Projection, change ...func(*engine.Options),
) *Process {
	var names []string
	for _, p := range projections {
		names = append(names, p.Name())
	}
	p := Read(db, names...)
	p.Project(pool, projections, change...)
	return p
}

// Project runs projections until the process is stopped or the test ends.
func (p *Process) Project(pool *pgxpool.Pool, projections []engine.Projection, change ...func(*engine.Options)) {
	o := engine.Options{Projections: projections, Pool: pool, Notifier: p.Notifier, Holder: uuid.NewString()}
	for _, c := range change {
		c(&o)
	}
	p.stop = append(p.stop, waittest.Background(p, func(ctx context.Context) {
		if err := engine.Run(ctx, o); err != nil {
			p.Errorf("run: %v", err)
		}
	}))
}

// Stop ends all that the process runs, as a shutdown does. It may be called twice.
func (p *Process) Stop() {
	for i := len(p.stop) - 1; i >= 0; i-- {
		p.stop[i]()
	}
}

// Reaches ends the test when the read models have not got to the position in time.
func (p *Process) Reaches(position int64) {
	p.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), waittest.Timeout)
	defer cancel()
	if reached := p.Progress.Wait(ctx, position); reached < position {
		p.Fatalf("the read models are at %d, want %d", reached, position)
	}
}

// Rebuild rebuilds a read model as the command line does.
func Rebuild(
	db dbtest.Database, p engine.Projection, change ...func(*engine.RebuildOptions),
) (engine.Rebuilt, error) {
	db.Helper()
	o := engine.RebuildOptions{Pool: ToolPool(db), Holder: "a rebuild"}
	for _, c := range change {
		c(&o)
	}
	ctx, cancel := context.WithTimeout(context.Background(), waittest.Timeout)
	defer cancel()
	return engine.Rebuild(ctx, p, o)
}

// AcceptDifferences has [Rebuild] put the new rows in place although they differ.
func AcceptDifferences(o *engine.RebuildOptions) { o.AcceptDifferences = true }

// Retry retries the parked streams of a projection as the command line does.
func Retry(db dbtest.Database, p engine.Projection) (engine.Retried, error) {
	db.Helper()
	return engine.Retry(context.Background(), p, engine.RetryOptions{Pool: ToolPool(db)})
}

// ToolPool is a pool for [engine.Rebuild] and [engine.Retry].
func ToolPool(db dbtest.Database) *pgxpool.Pool {
	db.Helper()
	return dbtest.Connect(db, db.URL, dbtest.MaxConns(engine.RebuildConnections), dbtest.Settings(engine.Session()))
}

// Parked lists the streams that a projection has parked.
func Parked(db dbtest.Database, projection string) []engine.Parked {
	db.Helper()
	parked, err := engine.ParkedStreams(context.Background(), db.Pool, projection, 1000)
	dbtest.Must(db, err)
	return parked
}

// CheckVerified wants every record to have been applied once.
func CheckVerified(db dbtest.Database, projections []engine.Projection) {
	db.Helper()
	for _, p := range projections {
		v, err := engine.Verify(context.Background(), db.Pool, p)
		dbtest.Must(db, err)
		if len(v.Mismatches) > 0 {
			db.Errorf("%s: %+v", p.Name(), v)
		}
	}
}
