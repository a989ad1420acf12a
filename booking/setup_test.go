package booking_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/enginetest"
	"github.com/boxoffice/boxoffice/projections"
	"github.com/boxoffice/boxoffice/projections/engine"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// bundle is a service on a database of its own. Nothing projects before project is called.
type bundle struct {
	*booking.Service
	db      dbtest.Database
	events  *projections.Events
	process *enginetest.Process
}

func setup(t *testing.T) *bundle {
	t.Helper()
	db := dbtest.New(t)
	writing := dbtest.Connect(t, db.URL, dbtest.MaxConns(eventstore.ReservedConns),
		dbtest.Settings(eventstore.Session(0)), eventstore.ConfigureCommits)
	p := enginetest.Read(db, projections.Names()...)
	executor, err := eventstore.NewExecutor(writing, booking.Model(), eventstore.Options{
		Committed: func(records []eventstore.Record) { p.Notifier.Appended(records...) },
	})
	dbtest.Must(t, err)
	t.Cleanup(func() { dbtest.Must(t, executor.Close(context.Background())) })
	service := &booking.Service{
		Executor: executor, Log: eventstore.NewLog(db.Pool), Bookings: projections.Bookings{Pool: db.Pool},
		Holds: projections.Holds{Pool: db.Pool}, Waitlist: projections.Waitlist{Pool: db.Pool},
		Progress: p.Progress, Now: time.Now,
	}
	return &bundle{service, db, projections.NewEvents(db.Pool), p}
}

// anotherProcess is a service with an executor of its own on the same database, without read models.
func (b *bundle) anotherProcess() *booking.Service {
	b.db.Helper()
	writing := dbtest.Connect(b.db, b.db.URL, dbtest.MaxConns(eventstore.ReservedConns),
		dbtest.Settings(eventstore.Session(0)), eventstore.ConfigureCommits)
	executor, err := eventstore.NewExecutor(writing, booking.Model(), eventstore.Options{})
	dbtest.Must(b.db, err)
	b.db.Cleanup(func() { dbtest.Must(b.db, executor.Close(context.Background())) })
	s := b.unread()
	s.Executor = executor
	return s
}

// project runs the projections until the test ends.
func (b *bundle) project() *bundle {
	b.db.Helper()
	pool := dbtest.Connect(b.db, b.db.URL,
		dbtest.MaxConns(projections.Connections), dbtest.Settings(engine.RunSession()))
	b.process.Project(pool, projections.All())
	return b
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
	b.db.Helper()
	result, err := b.unread().Schedule(b.db.Context(), by(organizer), concert(capacity))
	dbtest.Must(b.db, err)
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
	b.db.Helper()
	head, err := b.Log.Head(b.db.Context())
	dbtest.Must(b.db, err)
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
