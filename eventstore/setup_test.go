package eventstore_test

import (
	"context"
	"flag"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

func TestMain(m *testing.M) {
	// Each check of a property here is a small storm on a real database, which no file can repeat. The
	// command line goes over it.
	for name, value := range map[string]string{"rapid.checks": "15", "rapid.nofailfile": "true"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	dbtest.Main(m)
}

type (
	executor = eventstore.Executor[domain.State, domain.Record]
	command  = eventstore.Command[domain.State, domain.Record]
	result   = eventstore.Result[domain.State]
	model    = eventstore.Model[domain.State, domain.Record]
	options  = eventstore.Options
)

// executorName is how the connections of executors are called in pg_stat_activity.
const executorName = "executor"

// waitForNoExecutors waits until PostgreSQL has done with all connections of executors, also with
// those that were cut.
func (b bundle) waitForNoExecutors(tb failer) {
	tb.Helper()
	waittest.For(tb, "the connections of executors have ended", func() bool {
		return b.count(tb, `select count(*) from pg_stat_activity where datname = current_database() and application_name `+
			`= $1`, executorName) == 0
	})
}

// failer is what checks need of a test; properties have one of their own kind.
type failer interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// bundle is what a test works with: a database of its own, and a pool on it that belongs to no
// executor.
type bundle struct {
	url  string
	pool *pgxpool.Pool
	log  *eventstore.Log
}

func setup(tb testing.TB) bundle {
	tb.Helper()
	url := dbtest.URL(tb)
	pool := newPool(tb, url, 4, nil)
	return bundle{url: url, pool: pool, log: eventstore.NewLog(pool)}
}

func newPool(
	tb testing.TB, url string, size int, params map[string]string, configure ...func(*pgxpool.Config),
) *pgxpool.Pool {
	tb.Helper()
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		tb.Fatal(err)
	}
	config.MaxConns = int32(size)
	eventstore.ConfigureCommits(config)
	for name, value := range params {
		config.ConnConfig.RuntimeParams[name] = value
	}
	for _, apply := range configure {
		apply(config)
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		closed := make(chan struct{})
		go func() {
			pool.Close()
			close(closed)
		}()
		wait(tb, "the connections of a pool", closed)
	})
	return pool
}

// process is an executor with a pool of its own, as another process would have.
type process struct {
	*executor
	pool *pgxpool.Pool
}

func booking() model {
	return model{Codec: domain.Codec{}, Evolve: domain.State.Evolve, Size: domain.State.Size}
}

func (b bundle) process(tb testing.TB, o options) process {
	tb.Helper()
	return startProcess(tb, b.url, booking(), o)
}

// processes are n of them.
func (b bundle) processes(tb testing.TB, n int, o options) []process {
	tb.Helper()
	all := make([]process, n)
	for i := range all {
		all[i] = b.process(tb, o)
	}
	return all
}

// startProcess closes the executor when the test ends and checks that it gave every connection
// back.
func startProcess(tb testing.TB, url string, m model, o options) process {
	tb.Helper()
	e, pool := startExecutor(tb, url, m, o)
	return process{e, pool}
}

func startExecutor[S, R any](
	tb testing.TB, url string, m eventstore.Model[S, R], o options, configure ...func(*pgxpool.Config),
) (*eventstore.Executor[S, R], *pgxpool.Pool) {
	tb.Helper()
	if o.Transactions == 0 {
		o.Transactions = 4
	}
	params := eventstore.Session(o.Delay)
	params["application_name"] = executorName
	pool := newPool(tb, url, o.Transactions+eventstore.ReservedConns, params, configure...)
	e, err := eventstore.NewExecutor(pool, m, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), waittest.Timeout)
		defer cancel()
		if err := e.Close(ctx); err != nil {
			tb.Error(err)
		}
		waittest.For(tb, "all connections are given back", func() bool { // one that is being closed still counts
			return pool.Stat().AcquiredConns() == 0
		})
	})
	return e, pool
}

// order makes a command for the executor out of one of the domain.
func order(stream uuid.UUID, c domain.Command) command {
	return command{StreamID: stream, Decide: func(s domain.State) ([]domain.Record, error) { return domain.Decide(c, s) }}
}

func (p process) do(ctx context.Context, stream uuid.UUID, c domain.Command) (result, error) {
	return p.Execute(ctx, order(stream, c))
}

func (p process) book(ctx context.Context, stream, customer uuid.UUID) (result, error) {
	return p.do(ctx, stream, bookFor(customer))
}

func bookFor(customer uuid.UUID) domain.BookTicket {
	return domain.BookTicket{BookingID: uuid.New(), CustomerID: customer, Now: time.Now()}
}

// bookOnce is a booking that can be repeated: each customer has one key.
func bookOnce(stream, customer uuid.UUID) command {
	c := order(stream, bookFor(customer))
	c.Once = &eventstore.Once[domain.State]{
		Key: eventstore.Key{Owner: customer, Name: "booking"}, Fingerprint: []byte{1},
		Answer: func(result) ([]byte, error) { return []byte("booked"), nil },
	}
	return c
}

// schedule opens the stream of a new event.
func (b bundle) schedule(tb testing.TB, capacity int) uuid.UUID {
	tb.Helper()
	stream := uuid.New()
	b.append(tb, stream, 0, scheduled(capacity))
	return stream
}

func scheduled(capacity int) domain.EventScheduled {
	c := scheduleCommand(capacity)
	return domain.EventScheduled{Details: c.Details, Capacity: c.Capacity}
}

func scheduleCommand(capacity int) domain.ScheduleEvent {
	return domain.ScheduleEvent{
		Details: domain.Details{
			Title: "A concert", Venue: "A hall", TimeZone: "UTC", Currency: "EUR", TicketTypes: domain.GeneralAdmission(25_00),
			StartsAt: time.Date(2100, 1, 1, 20, 0, 0, 0, time.UTC),
		},
		Capacity: capacity,
	}
}

func (b bundle) append(tb testing.TB, stream uuid.UUID, expected int, values ...domain.Record) []eventstore.Record {
	tb.Helper()
	records, err := appendtest.Append(tb.Context(), b.pool, stream, expected, newRecords(tb, values...)...)
	if err != nil {
		tb.Fatal(err)
	}
	return records
}

func newRecords(tb testing.TB, values ...domain.Record) []appendtest.Record {
	tb.Helper()
	records := make([]appendtest.Record, len(values))
	for i, v := range values {
		var err error
		if records[i].Type, records[i].SchemaVersion, records[i].Data, err = (domain.Codec{}).Encode(v); err != nil {
			tb.Fatal(err)
		}
	}
	return records
}

// newIDs makes the ids of n customers or streams.
func newIDs(n int) []uuid.UUID {
	ids := make([]uuid.UUID, n)
	for i := range ids {
		ids[i] = uuid.New()
	}
	return ids
}

// count gives the number that a query answers with.
func (b bundle) count(tb failer, sql string, args ...any) int {
	tb.Helper()
	var n int
	if err := b.pool.QueryRow(context.Background(), sql, args...).Scan(&n); err != nil {
		tb.Fatal(err)
	}
	return n
}

// openTransactions counts those of executors.
func (b bundle) openTransactions(tb testing.TB) int {
	tb.Helper()
	return b.count(tb, `
		select count(*) from pg_stat_activity
		where datname = current_database() and application_name = $1 and xact_start is not null`, executorName)
}

// wait fails the test if the channel stays open.
func wait(tb failer, what string, done <-chan struct{}) {
	tb.Helper()
	select {
	case <-done:
	case <-time.After(waittest.Timeout):
		tb.Fatalf("still waiting for: %s", what)
	}
}

// connect opens a plain connection, as something else than the executor would.
func (b bundle) connect(tb testing.TB) *pgx.Conn {
	tb.Helper()
	conn, err := pgx.Connect(context.Background(), b.url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// database is a pool or a connection.
type database interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

func mustExec(tb testing.TB, on database, sql string, args ...any) {
	tb.Helper()
	if _, err := on.Exec(context.Background(), sql, args...); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
}
