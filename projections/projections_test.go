package projections_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/projections"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

var actor = uuid.MustParse("11111111-2222-4333-8444-555555555555")

// process is one process's projections on a database that several may share.
type process struct {
	wire     *projections.Wire
	progress *projections.Progress
	stop     func()
}

func startProcess(t *testing.T, url string) *process {
	t.Helper()
	pool := dbtest.Connect(t, url, dbtest.MaxConns(projections.Connections), dbtest.Settings(projections.Session()))
	ctx, cancel := context.WithCancel(context.Background())
	p := &process{wire: projections.NewWire(url, pool, slog.New(slog.DiscardHandler))}
	p.progress = projections.NewProgress(pool, p.wire, slog.New(slog.DiscardHandler))
	var work sync.WaitGroup
	work.Go(func() { p.wire.Run(ctx) })
	work.Go(func() { p.progress.Run(ctx) })
	work.Go(func() {
		if err := projections.Run(ctx, pool, p.wire, slog.New(slog.DiscardHandler)); err != nil {
			t.Errorf("run: %v", err)
		}
	})
	p.stop = sync.OnceFunc(func() { cancel(); work.Wait() })
	t.Cleanup(p.stop)
	return p
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// reaches fails the test when the read models have not got to the position in good time.
func (p *process) reaches(t *testing.T, position int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if reached := p.progress.Wait(ctx, position); reached < position {
		t.Fatalf("the read models are at %d, want %d", reached, position)
	}
}

// history appends to streams, as the executor would.
type history struct {
	t    *testing.T
	log  *eventstore.Log
	wire *projections.Wire // told of appends; nil: nobody is
	now  time.Time

	versions map[uuid.UUID]int
	states   map[uuid.UUID]domain.State
	head     int64
}

func newHistory(t *testing.T, pool *pgxpool.Pool, wire *projections.Wire) *history {
	return &history{t: t, log: eventstore.NewLog(pool), wire: wire, now: time.Now(), versions: map[uuid.UUID]int{}, states: map[uuid.UUID]domain.State{}}
}

// do appends what a command gives; a refusal appends nothing.
func (h *history) do(event uuid.UUID, cmd domain.Command) {
	h.t.Helper()
	records, err := domain.Decide(cmd, h.states[event])
	if err != nil {
		return
	}
	for _, r := range records {
		name, schema, data, err := domain.Codec{}.Encode(r)
		must(h.t, err)
		h.append(event, name, schema, data)
		h.states[event] = h.states[event].Evolve(r)
	}
}

func (h *history) append(event uuid.UUID, name string, schema int16, data []byte) {
	h.t.Helper()
	stored, err := h.log.Append(context.Background(), event, h.versions[event], eventstore.NewRecord{
		Type: name, SchemaVersion: schema, Data: data, Metadata: eventstore.Metadata{Actor: actor},
	})
	must(h.t, err)
	h.versions[event]++
	h.head = stored[0].Position
	if h.wire != nil {
		h.wire.Appended()
	}
}

func details(title string, days int, price int64) domain.Details {
	d, err := domain.NewDetails(domain.Details{
		Title: title, Venue: "Hall", StartsAt: time.Date(2031, 1, 1, 20, 0, 0, 0, time.UTC).AddDate(0, 0, days), Price: domain.Money{Minor: price, Currency: "EUR"},
	})
	if err != nil {
		panic(err)
	}
	return d
}

func TestAReadModelIsTheFoldOfTheLog(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	pool := dbtest.Connect(t, url, dbtest.MaxConns(4))
	p := startProcess(t, url)
	h := newHistory(t, pool, p.wire)
	random := rand.New(rand.NewPCG(1, 2))

	events := make([]uuid.UUID, 5)
	for i := range events {
		events[i] = uuid.New()
		h.do(events[i], domain.ScheduleEvent{Details: details(fmt.Sprint("Event ", i), i, 1000), Capacity: 3 + i})
	}
	type made struct{ event, booking, customer uuid.UUID }
	var bookings []made
	for range 400 {
		event := events[random.IntN(len(events))]
		switch random.IntN(10) {
		case 0:
			h.do(event, domain.ChangeCapacity{Capacity: 1 + random.IntN(10)})
		case 1:
			h.do(event, domain.ChangeDetails{Details: details(fmt.Sprint("Renamed ", random.IntN(3)), random.IntN(9), random.Int64N(5000))})
		case 2, 3, 4:
			if len(bookings) > 0 {
				b := bookings[random.IntN(len(bookings))]
				h.do(b.event, domain.CancelBooking{BookingID: b.booking, CustomerID: b.customer, Now: h.now})
			}
		default:
			b := made{event, uuid.New(), uuid.New()}
			h.do(event, domain.BookTicket{BookingID: b.booking, CustomerID: b.customer, Now: h.now})
			bookings = append(bookings, b)
		}
	}
	h.do(events[0], domain.CancelEvent{})
	p.reaches(t, h.head)

	rows := projections.Events{Pool: pool}
	for _, id := range events {
		row, err := rows.Get(context.Background(), id)
		must(t, err)
		s := h.states[id]
		if row.Remaining != s.Remaining() || row.Capacity != s.Capacity() || row.Version != h.versions[id] || row.Title != s.Details().Title ||
			row.Price != s.Details().Price || !row.StartsAt.Equal(s.Details().StartsAt) || (row.Status == projections.EventCancelled) != s.Cancelled() {
			t.Errorf("row %+v differs from the fold %+v at version %d", row, s.Details(), h.versions[id])
		}
		var confirmed int
		must(t, pool.QueryRow(context.Background(), `select count(*) from bookings where event_id = $1 and status = 'CONFIRMED'`, id).Scan(&confirmed))
		if confirmed != s.Sold() {
			t.Errorf("%d bookings are confirmed, the fold has %d", confirmed, s.Sold())
		}
	}
}

func TestARecordHasItsEffectOnceThoughTheHandlerFailsAndComesAgain(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	pool := dbtest.Connect(t, url, dbtest.MaxConns(4))
	h := newHistory(t, pool, nil)
	event := uuid.New()
	h.do(event, domain.ScheduleEvent{Details: details("E", 0, 0), Capacity: 100})
	for range 10 {
		h.do(event, domain.BookTicket{BookingID: uuid.New(), CustomerID: uuid.New(), Now: h.now})
	}
	// The first writes of the projections are refused, and each comes in the middle of a batch's transaction.
	_, err := pool.Exec(context.Background(), `
		create sequence failures;
		create function fail_twice() returns trigger language plpgsql as $$
		begin
			if nextval('failures') <= 6 then raise exception 'planted failure'; end if;
			return new;
		end $$;
		create trigger fail_twice before insert on bookings for each row execute function fail_twice();
		create trigger fail_twice before insert on events for each row execute function fail_twice();`)
	must(t, err)
	startProcess(t, url).reaches(t, h.head)
	row, err := projections.Events{Pool: pool}.Get(context.Background(), event)
	must(t, err)
	var bookings int
	must(t, pool.QueryRow(context.Background(), `select count(*) from bookings`).Scan(&bookings))
	if row.Remaining != 90 || bookings != 10 {
		t.Errorf("got %d remaining and %d bookings, want 90 and 10", row.Remaining, bookings)
	}
}

func TestNewsArriveWithoutAnyNotification(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	p := startProcess(t, url)
	p.reaches(t, 0)
	h := newHistory(t, dbtest.Connect(t, url, dbtest.MaxConns(2)), nil) // tells nobody
	h.do(uuid.New(), domain.ScheduleEvent{Details: details("E", 0, 0), Capacity: 1})
	p.reaches(t, h.head)
}

func TestListeningSurvivesALostConnection(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	pool := dbtest.Connect(t, url, dbtest.MaxConns(4))
	p := startProcess(t, url)
	other := projections.NewWire(url, pool, slog.New(slog.DiscardHandler)) // stands for another process
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() { other.Run(ctx) })
	defer work.Wait()
	defer cancel()

	heard := func() bool {
		deadline := time.After(10 * time.Second)
		for {
			rung := p.wire.Log.Listen()
			other.Appended()
			select {
			case <-rung:
				return true
			case <-deadline:
				return false
			case <-time.After(50 * time.Millisecond): // the listener may not be there yet
			}
		}
	}
	if !heard() {
		t.Fatal("a notification of another process was not heard")
	}
	if _, err := pool.Exec(context.Background(), `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query ilike 'listen%'`); err != nil {
		t.Fatal(err)
	}
	if !heard() {
		t.Fatal("no notification was heard after the connection was lost")
	}
}

func TestOneOfSeveralProcessesProjectsAndAnotherTakesOver(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	pool := dbtest.Connect(t, url, dbtest.MaxConns(4))
	holders := func() (n int) {
		must(t, pool.QueryRow(context.Background(), `select count(distinct holder) from projection_checkpoints where lease_until > now()`).Scan(&n))
		return n
	}
	first := startProcess(t, url)
	h := newHistory(t, pool, first.wire)
	event := uuid.New()
	h.do(event, domain.ScheduleEvent{Details: details("E", 0, 0), Capacity: 100})
	first.reaches(t, h.head)
	if holders() != 2 { // one for each projection
		t.Fatalf("got %d holders, want one for each of two projections", holders())
	}
	second := startProcess(t, url)
	h.do(event, domain.BookTicket{BookingID: uuid.New(), CustomerID: uuid.New(), Now: h.now})
	second.reaches(t, h.head) // which it sees though it does not project

	// A clean stop hands over at once, far sooner than a lease runs out.
	first.stop()
	began := time.Now()
	h.wire = second.wire
	h.do(event, domain.BookTicket{BookingID: uuid.New(), CustomerID: uuid.New(), Now: h.now})
	second.reaches(t, h.head)
	if took := time.Since(began); took > 2500*time.Millisecond {
		t.Errorf("taking over after a clean stop took %s", took)
	}
	row, err := projections.Events{Pool: pool}.Get(context.Background(), event)
	must(t, err)
	if row.Remaining != 98 {
		t.Errorf("%d remain, want 98", row.Remaining)
	}
}

func TestAProcessThatLostItsLeaseCannotWrite(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	pool := dbtest.Connect(t, url, dbtest.MaxConns(4))
	p := startProcess(t, url)
	h := newHistory(t, pool, p.wire)
	event := uuid.New()
	h.do(event, domain.ScheduleEvent{Details: details("E", 0, 0), Capacity: 100})
	p.reaches(t, h.head)
	before := h.head
	// Another process holds the leases from now on, and does nothing.
	_, err := pool.Exec(context.Background(), `update projection_checkpoints set holder = gen_random_uuid(), fence = fence + 1, lease_until = now() + interval '1 hour'`)
	must(t, err)
	h.do(event, domain.BookTicket{BookingID: uuid.New(), CustomerID: uuid.New(), Now: h.now})
	ctx, cancel := context.WithTimeout(context.Background(), 700*time.Millisecond)
	defer cancel()
	if reached := p.progress.Wait(ctx, h.head); reached != before {
		t.Errorf("the checkpoint moved to %d without the lease", reached)
	}
	row, err := projections.Events{Pool: pool}.Get(context.Background(), event)
	must(t, err)
	if row.Remaining != 100 {
		t.Errorf("a row was written without the lease: %d remain", row.Remaining)
	}
}

func TestAWaitThatRunsOutAnswersWithWhatThereIs(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	p := startProcess(t, url)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if reached := p.progress.Wait(ctx, 1000); reached != 0 {
		t.Errorf("reached %d of an empty log", reached)
	}
}

func TestEventsAreSearchedSortedAndPaged(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	pool := dbtest.Connect(t, url, dbtest.MaxConns(4))
	p := startProcess(t, url)
	h := newHistory(t, pool, p.wire)
	titles := []string{"100% Jazz", "100 Jazz", "under_score", "underXscore", `back\slash`, "ÄRGER im Zoo", "straße", "alpha", "Beta", "gamma"}
	for i, title := range titles {
		h.do(uuid.New(), domain.ScheduleEvent{Details: details(title, i%3, int64(i%4)), Capacity: 1})
	}
	p.reaches(t, h.head)
	events := projections.Events{Pool: pool}
	list := func(q projections.EventQuery) (got []string, total int) {
		t.Helper()
		if q.Sort == "" {
			q.Sort = projections.SortByTitle
		}
		if q.Limit == 0 {
			q.Page, q.Limit = 1, 50
		}
		page, total, err := events.List(context.Background(), q)
		must(t, err)
		for _, e := range page {
			got = append(got, e.Title)
		}
		return got, total
	}
	for search, want := range map[string][]string{
		"100%":    {"100% Jazz"},
		"r_s":     {"under_score"},
		`k\s`:     {`back\slash`},
		"ärger":   {"ÄRGER im Zoo"},
		"STRASSE": {"straße"},
		"jAzZ":    {"100 Jazz", "100% Jazz"},
		"%":       {"100% Jazz"},
		"none":    nil,
	} {
		if got, total := list(projections.EventQuery{Search: search}); fmt.Sprint(got) != fmt.Sprint(want) || total != len(want) {
			t.Errorf("search %q: got %v of %d, want %v", search, got, total, want)
		}
	}
	for _, sort := range []projections.EventSort{projections.SortByDate, projections.SortByPrice, projections.SortByTitle} {
		for _, descending := range []bool{false, true} {
			all, _ := list(projections.EventQuery{Sort: sort, Descending: descending})
			var paged []string
			for page := 1; page <= 4; page++ {
				part, total := list(projections.EventQuery{Sort: sort, Descending: descending, Page: page, Limit: 3})
				if total != len(titles) {
					t.Errorf("total is %d, want %d", total, len(titles))
				}
				paged = append(paged, part...)
			}
			if fmt.Sprint(all) != fmt.Sprint(paged) || len(all) != len(titles) {
				t.Errorf("by %s (descending %v), the pages %v differ from the whole %v", sort, descending, paged, all)
			}
		}
	}
	want := []string{"100 Jazz", "100% Jazz", "alpha", `back\slash`, "Beta", "gamma", "straße", "under_score", "underXscore", "ÄRGER im Zoo"}
	if got, _ := list(projections.EventQuery{}); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("by title, without regard to case: got %v, want %v", got, want)
	}
	if _, _, err := events.List(context.Background(), projections.EventQuery{Sort: "password", Page: 1, Limit: 1}); err == nil {
		t.Error("an unknown order was accepted")
	}
}

// Decoding must not depend on who wrote: the data of the log is JSON that a later version may lay out differently.
func TestRecordsOfAnotherLayoutAreProjectedToo(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	pool := dbtest.Connect(t, url, dbtest.MaxConns(4))
	p := startProcess(t, url)
	h := newHistory(t, pool, p.wire)
	event, booking, customer := uuid.New(), uuid.New(), uuid.New()
	h.do(event, domain.ScheduleEvent{Details: details("E", 0, 0), Capacity: 2})
	data, err := json.MarshalIndent(map[string]any{"customerId": customer, "bookingId": booking}, "", " ")
	must(t, err)
	h.append(event, domain.TypeTicketBooked, 1, data)
	p.reaches(t, h.head)
	row, err := projections.Bookings{Pool: pool}.Get(context.Background(), booking)
	must(t, err)
	if row.UserID != customer || row.EventID != event {
		t.Errorf("got %+v", row)
	}
}
