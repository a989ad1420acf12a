package bus_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	wmnats "github.com/ThreeDotsLabs/watermill-nats/v2/pkg/nats"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/bus"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/logtest"
	"github.com/boxoffice/boxoffice/internal/natstest"
	"github.com/boxoffice/boxoffice/internal/waittest"
	"github.com/boxoffice/boxoffice/projections"
	"github.com/boxoffice/boxoffice/projections/engine"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// site is a database whose log is published.
type site struct {
	*testing.T
	nats *natstest.Server
	url  string
	pool *pgxpool.Pool
	log  *eventstore.Log
	wire *engine.Notifier
	said *logtest.Buffer
}

func newSite(t *testing.T, server *natstest.Server) *site {
	t.Helper()
	url := dbtest.URL(t)
	pool := dbtest.Connect(t, url)
	s := &site{T: t, nats: server, url: url, pool: pool, log: eventstore.NewLog(pool), said: &logtest.Buffer{}}
	s.wire = engine.NewNotifier(url, pool, projections.Names(), s.logger())
	s.run(func(ctx context.Context) error { s.wire.Run(ctx); return nil })
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
		Appended: s.wire.Log.Listen, Registerer: prometheus.NewRegistry(),
	}
}

func (s *site) publish() (stop func()) {
	o := s.options()
	return s.run(func(ctx context.Context) error { return bus.Publish(ctx, o) })
}

func (s *site) head() int64 {
	s.Helper()
	head, err := s.log.Head(context.Background())
	dbtest.Must(s, err)
	return head
}

// says waits until something was logged.
func (s *site) says(text string) {
	s.Helper()
	defer func() {
		if s.Failed() {
			s.Log(s.said.String())
		}
	}()
	waittest.For(s, "it says "+text, func() bool { return bytes.Contains([]byte(s.said.String()), []byte(text)) })
}

// published wants the stream to become the log: record by record, and nothing else.
func (s *site) published() {
	s.Helper()
	head := s.head()
	js := stream(s, s.nats)
	defer func() {
		if s.Failed() {
			s.Log(s.said.String())
		}
	}()
	waittest.For(s, fmt.Sprintf("the stream reaches %d", head), func() bool { return last(s, js) >= head })
	there, err := js.Stream(context.Background(), "boxoffice_log")
	dbtest.Must(s, err)
	if got := last(s, js); got != head {
		s.Fatalf("the stream ends at %d, and the log at %d", got, head)
	}
	here, err := s.log.After(context.Background(), int64(there.CachedInfo().State.FirstSeq)-1, int(head)+1)
	dbtest.Must(s, err)
	for i := range here {
		raw, err := there.GetMsg(context.Background(), uint64(here[i].Position))
		dbtest.Must(s, err)
		got, err := recordOf(raw)
		dbtest.Must(s, err)
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", here[i]) {
			s.Fatalf("position %d: got %+v, want %+v", here[i].Position, got, here[i])
		}
	}
}

// recordOf reads a record back from the bus, as a program that wants all of it would: nothing is
// lost on the way.
func recordOf(raw *jetstream.RawStreamMsg) (r eventstore.Record, err error) {
	var marshaler wmnats.NATSMarshaler
	m, err := marshaler.Unmarshal(&nats.Msg{Header: raw.Header, Data: raw.Data})
	if err != nil {
		return r, err
	}
	var errs [7]error
	r.Position, errs[0] = strconv.ParseInt(m.UUID, 10, 64)
	r.StreamID, errs[1] = uuid.Parse(m.Metadata.Get("stream_id"))
	r.Version, errs[2] = strconv.Atoi(m.Metadata.Get("version"))
	_, errs[3] = fmt.Sscan(m.Metadata.Get("schema_version"), &r.SchemaVersion)
	r.RecordedAt, errs[4] = time.Parse(time.RFC3339Nano, m.Metadata.Get("recorded_at"))
	_, errs[5] = hex.Decode(r.Hash[:], []byte(m.Metadata.Get("hash")))
	r.Type, r.Data, r.Metadata = m.Metadata.Get("type"), m.Payload, []byte(m.Metadata.Get("metadata"))
	if text := m.Metadata.Get("metadata_base64"); text != "" {
		r.Metadata, errs[6] = base64.StdEncoding.DecodeString(text)
	}
	return r, errors.Join(errs[:]...)
}

// copyTo gives another database the first records of this one's log, as a backup does.
func (s *site) copyTo(to *site, records int64) {
	s.Helper()
	ctx := context.Background()
	source, err := s.pool.Acquire(ctx)
	dbtest.Must(s, err)
	defer source.Release()
	target, err := to.pool.Acquire(ctx)
	dbtest.Must(s, err)
	defer target.Release()
	var rows bytes.Buffer
	_, err = source.Conn().PgConn().CopyTo(ctx, &rows,
		fmt.Sprintf(`copy (select * from event_log where position <= %d order by position) to stdout`, records))
	dbtest.Must(s, err)
	_, err = target.Exec(ctx, `update log_head set position = $1`, records)
	dbtest.Must(s, err)
	_, err = target.Conn().PgConn().CopyFrom(ctx, &rows, `copy event_log from stdin`)
	dbtest.Must(s, err)
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
	return &history{site: s, random: rand.New(rand.NewPCG(seed, 1)), states: map[uuid.UUID]domain.State{},
		versions: map[uuid.UUID]int{}}
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
		dbtest.Must(h, err)
		news = append(news, appendtest.Record{Type: name, SchemaVersion: schema, Data: data, Metadata: eventstore.Metadata{
			Actor: uuid.New(), CorrelationID: fmt.Sprint("request <", len(h.booked), "> ü"),
		}})
	}
	if len(news) == 0 {
		return
	}
	_, err = appendtest.Append(context.Background(), h.pool, event, h.versions[event], news...)
	dbtest.Must(h, err)
	h.states[event] = h.states[event].Evolve(records...)
	h.versions[event] += len(news)
	h.wire.Appended()
}

func (h *history) details(title string) domain.Details {
	d, err := domain.NewDetails(domain.Details{
		Title: title, Venue: "Hall", StartsAt: time.Date(2090, 1, 1+h.random.IntN(300), 20, 0, 0, 0, time.UTC),
		Currency: "EUR", TicketTypes: domain.GeneralAdmission(h.random.Int64N(9_000)),
		Description: "Line\nline \"quoted\" <b> Ω",
	})
	dbtest.Must(h, err)
	return d
}

// live lets n things happen.
func (h *history) live(n int) {
	h.Helper()
	for range n {
		if len(h.events) < 3 || h.random.IntN(40) == 0 {
			event := uuid.New()
			h.events = append(h.events, event)
			h.do(event, domain.ScheduleEvent{Details: h.details(fmt.Sprint("Event ", len(h.events))),
				Capacity: 1 + h.random.IntN(20)})
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
	dbtest.Must(t, err)
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	dbtest.Must(t, err)
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
