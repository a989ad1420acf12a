package booking_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/projections"
	"github.com/boxoffice/boxoffice/projections/engine"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// bundle is a service on a database of its own. Nothing projects before project is called.
type bundle struct {
	*booking.Service
	t        *testing.T
	events   *projections.Events
	pool     *pgxpool.Pool
	notifier *engine.Notifier
	url      string
	context  context.Context // of what runs in the background
	running  *sync.WaitGroup
}

func setup(t *testing.T) *bundle {
	t.Helper()
	url := dbtest.URL(t)
	pool := dbtest.Connect(t, url, dbtest.MaxConns(4))
	writing := dbtest.Connect(t, url, dbtest.MaxConns(eventstore.ReservedConns),
		dbtest.Settings(eventstore.Session(0)), eventstore.ConfigureCommits)
	silent := slog.New(slog.DiscardHandler)
	notifier := engine.NewNotifier(url, pool, projections.Names(), silent)
	executor, err := eventstore.NewExecutor(writing, booking.Model(), eventstore.Options{
		Committed: func(records []eventstore.Record) { notifier.Appended(records...) },
	})
	must(t, err)
	progress := engine.NewProgress(pool, notifier, nil, silent)
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { notifier.Run(ctx) })
	running.Go(func() { progress.Run(ctx) })
	t.Cleanup(func() {
		must(t, executor.Close(context.Background()))
		stop()
		running.Wait()
	})
	service := &booking.Service{
		Executor: executor, Log: eventstore.NewLog(pool), Bookings: projections.Bookings{Pool: pool},
		Holds: projections.Holds{Pool: pool}, Waitlist: projections.Waitlist{Pool: pool}, Progress: progress, Now: time.Now,
	}
	return &bundle{service, t, projections.NewEvents(pool), pool, notifier, url, ctx, &running}
}

// anotherProcess is a service with an executor of its own on the same database, without read models.
func (b *bundle) anotherProcess() *booking.Service {
	b.t.Helper()
	writing := dbtest.Connect(b.t, b.url, dbtest.MaxConns(eventstore.ReservedConns),
		dbtest.Settings(eventstore.Session(0)), eventstore.ConfigureCommits)
	executor, err := eventstore.NewExecutor(writing, booking.Model(), eventstore.Options{})
	must(b.t, err)
	b.t.Cleanup(func() { must(b.t, executor.Close(context.Background())) })
	s := b.unread()
	s.Executor = executor
	return s
}

// project runs the projections until the test ends.
func (b *bundle) project() *bundle {
	b.t.Helper()
	pool := dbtest.Connect(b.t, b.url,
		dbtest.MaxConns(projections.Connections), dbtest.Settings(engine.RunSession()))
	b.running.Go(func() {
		if err := engine.Run(b.context, engine.Options{Projections: projections.All(), Pool: pool,
			Notifier: b.notifier}); err != nil {
			b.t.Errorf("projections: %v", err)
		}
	})
	return b
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// organizer owns the events of the tests.
var organizer = uuid.MustParse("0e0e0e0e-0000-4000-8000-000000000001")

// by is a request of somebody.
func by(actor uuid.UUID) booking.Request {
	return booking.Request{Actor: actor, CorrelationID: "a test"}
}

// once is a request with the key "k", whose answer tells how many tickets remain.
func once(actor uuid.UUID, asked any) booking.Request {
	r := by(actor)
	r.Once = &booking.Once{Key: "k", Asked: asked, Answer: func(r booking.Result) ([]byte, error) {
		return json.Marshal(r.Event.Remaining)
	}}
	return r
}

func concert(capacity int) booking.Schedule {
	return booking.Schedule{Capacity: capacity, Details: domain.Details{
		Title: "Concert", Venue: "Hall", StartsAt: time.Now().Add(24 * time.Hour),
		Currency: "EUR", TicketTypes: domain.GeneralAdmission(4200),
	}}
}

// schedule makes an event and returns its id. It does not wait for the read models.
func (b *bundle) schedule(capacity int) uuid.UUID {
	b.t.Helper()
	result, err := b.unread().Schedule(b.t.Context(), by(organizer), concert(capacity))
	must(b.t, err)
	return result.Event.ID
}

// unread is the service without the read models' progress.
func (b *bundle) unread() *booking.Service {
	s := *b.Service
	s.Progress = nil
	return &s
}

// at is the service at another time.
func (b *bundle) at(now time.Time) *booking.Service {
	s := *b.Service
	s.Now = func() time.Time { return now }
	return &s
}

// head is the position of the log's last record.
func (b *bundle) head() int64 {
	b.t.Helper()
	head, err := b.Log.Head(b.t.Context())
	must(b.t, err)
	return head
}

// progress is what a test says of the read models.
type progress struct {
	reached int64
	wait    func(ctx context.Context, position int64) (reached int64)
}

func (p progress) Reached() int64 { return p.reached }

func (p progress) Wait(ctx context.Context, position int64) int64 { return p.wait(ctx, position) }

func (p progress) AnswerEarly(int64) bool { return false }

func (p progress) Answered(context.Context) int64 { return 0 }

// stalled are read models that contain nothing, and never will.
var stalled = progress{0, func(context.Context, int64) int64 { return 0 }}

// inMemory carries commands out on states in memory, for one goroutine.
type inMemory map[uuid.UUID]domain.State

func (m inMemory) Execute(
	_ context.Context, c eventstore.Command[domain.State, domain.Record],
) (eventstore.Result[domain.State], error) {
	records, err := c.Decide(m[c.StreamID])
	if err != nil {
		return eventstore.Result[domain.State]{}, err
	}
	m[c.StreamID] = m[c.StreamID].Evolve(records...)
	return eventstore.Result[domain.State]{State: m[c.StreamID], Records: make([]eventstore.Record, len(records))}, nil
}
