package lapse_test

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/enginetest"
	"github.com/boxoffice/boxoffice/internal/waittest"
	"github.com/boxoffice/boxoffice/projections"
	"github.com/boxoffice/boxoffice/projections/engine"
	"github.com/boxoffice/boxoffice/reactors/lapse"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

var silent = slog.New(slog.DiscardHandler)

// clock is the time of all that a test runs. It goes by itself, and the test moves it on.
type clock struct{ passed atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.passed.Load())) }
func (c *clock) advance(d time.Duration) { c.passed.Add(int64(d)) }

// bundle is a database with projections, and a service on it.
type bundle struct {
	dbtest.Database
	clock
	service *booking.Service
	log     *eventstore.Log
	signal  *engine.Notifier
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{Database: dbtest.New(t)}
	b.log = eventstore.NewLog(b.Pool)
	writing := dbtest.Connect(t, b.URL, dbtest.MaxConns(eventstore.ReservedConns),
		dbtest.Settings(eventstore.Session(0)), eventstore.ConfigureCommits)
	projecting := dbtest.Connect(t, b.URL, dbtest.MaxConns(projections.Connections), dbtest.Settings(engine.RunSession()))
	p := enginetest.Start(b.Database, projecting, projections.All())
	b.signal = p.Notifier
	executor, err := eventstore.NewExecutor(writing, booking.Model(), eventstore.Options{
		Committed: func(records []eventstore.Record) { b.signal.Appended(records...) }, Now: b.now,
	})
	dbtest.Must(t, err)
	t.Cleanup(func() { dbtest.Must(t, executor.Close(context.Background())) })
	b.service = &booking.Service{
		Executor: executor, Log: b.log, Bookings: projections.Bookings{Pool: b.Pool}, Holds: projections.Holds{Pool: b.Pool},
		Progress: p.Progress, Now: b.now,
	}
	return b
}

// process is a process whose timer runs.
type process struct {
	calls atomic.Int64 // of LapseHolds
	stop  func()
	*booking.Service
}

// LapseHolds implements [lapse.Lapser].
func (p *process) LapseHolds(ctx context.Context, event uuid.UUID) (int, error) {
	p.calls.Add(1)
	return p.Service.LapseHolds(ctx, event)
}

// start runs a timer under a name.
func (b *bundle) start(holder string, choices ...func(*lapse.Options)) *process {
	b.Helper()
	p := &process{Service: b.service}
	o := lapse.Options{Lapser: p, Pool: b.Pool, Notifier: b.signal, Now: b.now, Logger: silent, Holder: holder}
	for _, choose := range choices {
		choose(&o)
	}
	p.stop = waittest.Background(b, func(ctx context.Context) {
		if err := lapse.Run(ctx, o); err != nil {
			b.Errorf("the timer: %v", err)
		}
	})
	return p
}

// holder is who has the lease; empty: nobody.
func (b *bundle) holder() (name string) {
	b.Helper()
	dbtest.Must(b, b.Pool.QueryRow(context.Background(), `
		select coalesce(max(holder), '') from reactor_offsets where name = 'lapse' and lease_until > clock_timestamp()`).
		Scan(&name))
	return name
}

func (b *bundle) holds(who string) {
	b.Helper()
	waittest.For(b, who+" has the lease", func() bool { return b.holder() == who })
}

// append writes records at the end of a stream, in one transaction and beside the executor.
func (b *bundle) append(event uuid.UUID, version int, records ...domain.Record) {
	b.Helper()
	encoded := appendtest.Encode(b, domain.Codec{}, records...)
	_, err := appendtest.Append(context.Background(), b.Pool, event, version, encoded...)
	dbtest.Must(b, err)
	b.signal.Appended()
}

// schedule makes an event with that many tickets.
func (b *bundle) schedule(capacity int) uuid.UUID {
	b.Helper()
	event := uuid.New()
	b.append(event, 0, scheduled(b.now(), capacity))
	return event
}

func scheduled(now time.Time, capacity int) domain.Record {
	details, err := domain.NewDetails(domain.Details{Title: "Concert", Venue: "Hall", StartsAt: now.Add(48 * time.Hour),
		Currency: "EUR", TicketTypes: domain.GeneralAdmission(4200)})
	if err != nil {
		panic(err)
	}
	return domain.EventScheduled{Details: details, Capacity: capacity}
}

// do has commands carried out one after the other, and waits for the read models.
func (b *bundle) do(event uuid.UUID, commands ...domain.Command) {
	b.Helper()
	for _, c := range commands {
		o, err := b.service.Executor.Execute(context.Background(), eventstore.Command[domain.State, domain.Record]{
			StreamID: event, Immediate: true, Metadata: eventstore.Metadata{CorrelationID: "a test"},
			Decide: func(s domain.State) ([]domain.Record, error) { return domain.Decide(c, s) },
		})
		dbtest.Must(b, err)
		if reached := b.service.WaitFor(context.Background(), o.Position); reached < o.Position {
			b.Fatalf("the read models are at %d, want %d", reached, o.Position)
		}
	}
}

// hold has somebody hold a ticket for a while, and returns when that is over.
func (b *bundle) hold(event uuid.UUID, lasts time.Duration) (until time.Time) {
	b.Helper()
	now := b.now()
	until = now.Add(lasts)
	b.do(event, domain.HoldTickets{HoldID: uuid.New(), CustomerID: uuid.New(), Now: now, Until: until})
	return until
}

// story is the names of the records of a stream, after the first.
func (b *bundle) story(event uuid.UUID) string {
	b.Helper()
	records, err := b.log.Stream(context.Background(), event, 1, 100_000)
	dbtest.Must(b, err)
	var names []string
	for _, r := range records {
		names = append(names, r.Type)
	}
	return strings.Join(names, " ")
}

// tells waits until the story of a stream is so.
func (b *bundle) tells(event uuid.UUID, names ...string) {
	b.Helper()
	want := strings.Join(names, " ")
	if !waittest.Until(waittest.Timeout, func() bool { return b.story(event) == want }) {
		b.Fatalf("the stream says %q, want %q", b.story(event), want)
	}
}

// wake has the timer read the clock, as any record does.
func (b *bundle) wake() { b.schedule(1) }
