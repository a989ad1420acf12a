package bus_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/bus"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/logtest"
	"github.com/boxoffice/boxoffice/internal/natstest"
	"github.com/boxoffice/boxoffice/internal/waittest"
	"github.com/boxoffice/boxoffice/projections"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// site is a database with projections, at one end of the bus or the other.
type site struct {
	*testing.T
	nats *natstest.Server
	url  string
	pool *pgxpool.Pool
	log  *eventstore.Log
	wire *projections.Wire
	said *logtest.Buffer
}

func newSite(t *testing.T, server *natstest.Server) *site {
	t.Helper()
	url := dbtest.URL(t)
	pool := dbtest.Connect(t, url, dbtest.MaxConns(projections.RebuildConnections), dbtest.Settings(projections.Session()))
	s := &site{T: t, nats: server, url: url, pool: pool, log: eventstore.NewLog(pool), said: &logtest.Buffer{}}
	s.wire = projections.NewWire(url, pool, s.logger())
	s.run(func(ctx context.Context) error { s.wire.Run(ctx); return nil })
	projecting := dbtest.Connect(t, url, dbtest.MaxConns(projections.Connections), dbtest.Settings(projections.Session()))
	s.run(func(ctx context.Context) error {
		return projections.Run(ctx, projections.Options{Pool: projecting, Wire: s.wire, Logger: s.logger(), Holder: "test"})
	})
	return s
}

func (s *site) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(s.said, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// run does something until the end of the test, or until stop.
func (s *site) run(do func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() {
		if err := do(ctx); err != nil {
			s.Errorf("ended: %v", err)
		}
	})
	stop = sync.OnceFunc(func() { cancel(); work.Wait() })
	s.Cleanup(stop)
	return stop
}

func (s *site) options() bus.Options {
	return bus.Options{
		URL: s.nats.URL(), Pool: dbtest.Connect(s, s.url, dbtest.MaxConns(bus.Connections)), Logger: s.logger(),
		News: s.wire.Log.Listen, Appended: s.wire.Appended, Registerer: prometheus.NewRegistry(),
	}
}

func (s *site) publish() (stop func()) {
	o := s.options()
	return s.run(func(ctx context.Context) error { return bus.Publish(ctx, o) })
}

func (s *site) follow() (stop func()) {
	o := s.options()
	return s.run(func(ctx context.Context) error { return bus.Follow(ctx, o) })
}

func (s *site) head() int64 {
	s.Helper()
	head, err := s.log.Head(context.Background())
	must(s, err)
	return head
}

const patient = 60 * time.Second // longer than anything here takes when all is well

func eventually(tb testing.TB, what string, holds func() bool) {
	tb.Helper()
	if !waittest.Until(patient, holds) {
		tb.Fatalf("still not so: %s", what)
	}
}

// says waits until something was logged.
func (s *site) says(text string) {
	s.Helper()
	defer func() {
		if s.Failed() {
			s.Log(s.said.String())
		}
	}()
	eventually(s, "it says "+text, func() bool { return bytes.Contains([]byte(s.said.String()), []byte(text)) })
}

// reaches waits until the log has got to a position.
func (s *site) reaches(position int64) {
	s.Helper()
	defer func() {
		if s.Failed() {
			s.Log(s.said.String())
		}
	}()
	eventually(s, fmt.Sprintf("the log reaches %d", position), func() bool { return s.head() >= position })
}

// same wants both sites to hold the same log, and the read models of the second to be what the first one's are and what the log comes to.
func same(home, away *site) {
	home.Helper()
	head := home.head()
	away.reaches(head)
	here, err := home.log.After(context.Background(), 0, 1_000_000)
	must(home, err)
	there, err := away.log.After(context.Background(), 0, 1_000_000)
	must(home, err)
	if len(here) != len(there) {
		home.Fatalf("%d records against %d", len(there), len(here))
	}
	for i := range here {
		if fmt.Sprintf("%+v", here[i]) != fmt.Sprintf("%+v", there[i]) {
			home.Fatalf("position %d: got %+v, want %+v", i+1, there[i], here[i])
		}
	}
	for _, s := range []*site{home, away} {
		s.projected(head)
	}
	report, err := audit.Verify(context.Background(), audit.VerifyOptions{Pool: away.pool})
	must(home, err)
	if !report.OK() || report.Records != head || len(report.ReadModels) != 2 {
		home.Errorf("the audit of the follower: %+v", report)
	}
	for _, table := range []string{"events", "bookings"} {
		if want, got := home.dump(table), away.dump(table); want != got || (head > 0 && got == "") {
			home.Errorf("%s differ:\n got %s\nwant %s", table, got, want)
		}
	}
}

// projected waits until the read models have applied the log.
func (s *site) projected(head int64) {
	s.Helper()
	eventually(s, "the read models have the log", func() bool {
		var position int64
		must(s, s.pool.QueryRow(context.Background(), `select coalesce(min(position), 0) from projection_checkpoints`).Scan(&position))
		return position == head || head == 0
	})
}

func (s *site) dump(table string) (rows string) {
	s.Helper()
	must(s, s.pool.QueryRow(context.Background(), `select coalesce(string_agg(t::text, E'\n' order by t::text), '') from `+table+` t`).Scan(&rows))
	return rows
}

// history lets things happen to events.
type history struct {
	*site
	random   *rand.Rand
	events   []uuid.UUID
	states   map[uuid.UUID]domain.State
	versions map[uuid.UUID]int
	booked   []booking
}

type booking struct{ event, id, customer uuid.UUID }

func newHistory(s *site, seed uint64) *history {
	return &history{site: s, random: rand.New(rand.NewPCG(seed, 1)), states: map[uuid.UUID]domain.State{}, versions: map[uuid.UUID]int{}}
}

func (h *history) do(event uuid.UUID, command domain.Command) {
	h.Helper()
	records, err := domain.Decide(command, h.states[event])
	if err != nil {
		return // refused
	}
	var news []appendtest.Record
	for _, r := range records {
		name, schema, data, err := domain.Codec{}.Encode(r)
		must(h, err)
		news = append(news, appendtest.Record{Type: name, SchemaVersion: schema, Data: data, Metadata: eventstore.Metadata{
			Actor: uuid.New(), CorrelationID: fmt.Sprint("request <", len(h.booked), "> ü"),
		}})
	}
	if len(news) == 0 {
		return
	}
	_, err = appendtest.Append(context.Background(), h.pool, event, h.versions[event], news...)
	must(h, err)
	h.states[event] = h.states[event].Evolve(records...)
	h.versions[event] += len(news)
	h.wire.Appended()
}

func (h *history) details(title string) domain.Details {
	d, err := domain.NewDetails(domain.Details{
		Title: title, Venue: "Hall", StartsAt: time.Date(2090, 1, 1+h.random.IntN(300), 20, 0, 0, 0, time.UTC),
		Price: domain.Money{Minor: h.random.Int64N(9_000), Currency: "EUR"}, Description: "Line\nline \"quoted\" <b> Ω",
	})
	must(h, err)
	return d
}

// live lets n things happen.
func (h *history) live(n int) {
	h.Helper()
	for range n {
		if len(h.events) < 3 || h.random.IntN(40) == 0 {
			event := uuid.New()
			h.events = append(h.events, event)
			h.do(event, domain.ScheduleEvent{Details: h.details(fmt.Sprint("Event ", len(h.events))), Capacity: 1 + h.random.IntN(20)})
		}
		event := h.events[h.random.IntN(len(h.events))]
		switch h.random.IntN(20) {
		case 0:
			h.do(event, domain.ChangeCapacity{Capacity: 1 + h.random.IntN(20)})
		case 1:
			h.do(event, domain.ChangeDetails{Details: h.details("Renamed")})
		case 2:
			if len(h.events) > 4 {
				h.do(event, domain.CancelEvent{})
			}
		case 3, 4, 5, 6, 7, 8:
			if len(h.booked) > 0 {
				b := h.booked[h.random.IntN(len(h.booked))]
				h.do(b.event, domain.CancelBooking{BookingID: b.id, CustomerID: b.customer, Now: time.Now()})
			}
		default:
			b := booking{event, uuid.New(), uuid.New()}
			h.booked = append(h.booked, b)
			h.do(event, domain.BookTicket{BookingID: b.id, CustomerID: b.customer, Now: time.Now()})
		}
	}
}

// stream is the test's own view of the bus.
func stream(t testing.TB, server *natstest.Server) jetstream.JetStream {
	t.Helper()
	conn, err := nats.Connect(server.URL())
	must(t, err)
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	must(t, err)
	return js
}

func last(t testing.TB, js jetstream.JetStream) int64 {
	t.Helper()
	s, err := js.Stream(context.Background(), "boxoffice_log")
	if err != nil {
		return 0
	}
	return int64(s.CachedInfo().State.LastSeq)
}
