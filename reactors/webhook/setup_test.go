package webhook_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	wsql "github.com/ThreeDotsLabs/watermill-sql/v3/pkg/sql"
	"github.com/google/uuid"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/endpoint"
	"github.com/boxoffice/boxoffice/internal/enginetest"
	"github.com/boxoffice/boxoffice/internal/logtest"
	"github.com/boxoffice/boxoffice/internal/waittest"
	"github.com/boxoffice/boxoffice/projections/engine"
	"github.com/boxoffice/boxoffice/reactors"
	"github.com/boxoffice/boxoffice/reactors/webhook"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(helperURL); url != "" {
		help(url)
	}
	// Whatever goes to it is lost.
	_ = os.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	dbtest.Main(m)
}

// bundle is a database with an event and its organizers.
type bundle struct {
	dbtest.Database
	notifier *engine.Notifier
	store    *endpoint.Store
	log      *logtest.Buffer
	passed   atomic.Int64 // by which the clock is ahead

	owner, manager, seller, stranger, admin uuid.UUID
	event                                   uuid.UUID
	details                                 domain.Details
	versions                                map[uuid.UUID]int

	mu      sync.Mutex
	stopped []string // addresses whose owners were told
}

func setup(t *testing.T) *bundle {
	t.Helper()
	db := dbtest.New(t)
	b := &bundle{
		Database: db, event: uuid.New(), log: &logtest.Buffer{}, versions: map[uuid.UUID]int{},
		notifier: enginetest.Notify(db),
		details: domain.Details{
			Title: "Rock Night", Venue: "City Hall", StartsAt: time.Date(2030, 5, 4, 19, 30, 0, 0, time.UTC),
			TimeZone: "Europe/Lisbon", Currency: "EUR",
			TicketTypes: []domain.TicketType{{ID: 1, Name: "Balcony", Price: 45_00}, {ID: 2, Name: "Floor", Price: 20_50}},
		},
	}
	b.store = &endpoint.Store{Pool: b.Pool, Addresses: endpoint.NewAddresses(true), Due: b.queued, Now: b.now}
	b.owner, b.manager, b.seller = b.user("organizer"), b.user("organizer"), b.user("organizer")
	b.stranger, b.admin = b.user("organizer"), b.user("admin")
	b.add(b.event, domain.EventScheduled{Details: b.details, Capacity: 50_000, OrganizerID: b.owner},
		domain.OrganizerAdded{UserID: b.manager, Role: domain.RoleManage},
		domain.OrganizerAdded{UserID: b.seller, Role: domain.RoleSell})
	return b
}

func (b *bundle) now() time.Time { return time.Now().Add(time.Duration(b.passed.Load())) }

func (b *bundle) queued() { b.notifier.Queued(webhook.Topic) }

// later moves the clock on, and has everybody look at it.
func (b *bundle) later(d time.Duration) {
	b.passed.Add(int64(d))
	b.queued()
}

func (b *bundle) user(role string) uuid.UUID {
	b.Helper()
	id := uuid.New()
	b.Exec(`
		insert into users (id, email, name, role, password_hash, created_at, updated_at)
		values ($1, $2, 'Secret Name', $3, '', now(), now())`, id, id.String()+"@example.org", role)
	return id
}

// add appends records to an event.
func (b *bundle) add(event uuid.UUID, records ...domain.Record) {
	b.Helper()
	encoded := appendtest.Encode(b, domain.Codec{}, records...)
	_, err := appendtest.Append(context.Background(), b.Pool, event, b.versions[event], encoded...)
	dbtest.Must(b, err)
	b.versions[event] += len(records)
	b.notifier.Appended()
}

// booking is a record with one ticket of the first type.
func booking() domain.TicketBooked {
	return domain.TicketBooked{BookingID: uuid.New(), CustomerID: uuid.New(), Currency: "EUR",
		Lines: domain.Lines{{Type: 1, Quantity: 1, Price: 45_00}}}
}

func (b *bundle) book(n int) {
	b.Helper()
	for range n {
		b.add(b.event, booking())
	}
}

// webhook adds an endpoint of the owner.
func (b *bundle) webhook(url string, types ...string) (endpoint.Endpoint, string) {
	b.Helper()
	return b.webhookOf(b.owner, endpoint.Wanted{URL: url, Types: types})
}

func (b *bundle) webhookOf(owner uuid.UUID, w endpoint.Wanted) (endpoint.Endpoint, string) {
	b.Helper()
	w.OwnerID = owner
	e, secret, err := b.store.Create(context.Background(), w)
	dbtest.Must(b, err)
	return e, secret.Reveal()
}

// options are those of the sender.
func (b *bundle) options(change ...func(*webhook.Options)) webhook.Options {
	b.Helper()
	logger := slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	pool := dbtest.Connect(b, b.URL, dbtest.MaxConns(reactors.Connections(1)+webhook.SenderConnections))
	o := webhook.Options{
		Pool: pool, Notifier: b.notifier, Addresses: endpoint.NewAddresses(true), Logger: logger, Holder: "test", Now: b.now,
		Lease: time.Second,
		Stopped: func(_ wsql.ContextExecutor, _ uuid.UUID, address string) error {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.stopped = append(b.stopped, address)
			return nil
		},
	}
	for _, c := range change {
		c(&o)
	}
	return o
}

// run sends webhooks until the test ends.
func (b *bundle) run(change ...func(*webhook.Options)) {
	b.Helper()
	o := b.options(change...)
	waittest.Background(b, func(ctx context.Context) { dbtest.Must(b, webhook.Send(ctx, o)) })
	b.react(o, webhook.Messages("https://tickets.example.com", b.now))
	b.eventually("the reactor and the sender run", func() bool {
		return b.Count(`select count(*) from reactor_offsets where holder is not null`) == 2
	})
}

// react runs the reactor until stop is called or the test ends.
func (b *bundle) react(o webhook.Options, r reactors.Reactor) (stop func()) {
	return waittest.Background(b, func(ctx context.Context) {
		dbtest.Must(b, reactors.Run(ctx, reactors.Options{
			Reactors: []reactors.Reactor{r}, Pool: o.Pool, Notifier: b.notifier, Logger: o.Logger, Holder: "test",
			Retry: time.Millisecond, Lease: time.Second, Poll: time.Hour, // signals must do
		}))
	})
}

// receiver is an endpoint.
type receiver struct {
	url string

	mu     sync.Mutex
	got    []received
	answer func(w http.ResponseWriter, n int) // n from 1; nil: 204
}

type received struct {
	header http.Header
	body   []byte
}

func (r received) id() string { return r.header.Get("Webhook-Id") }

// said is the message.
func (r received) said(tb testing.TB) (m map[string]any) {
	tb.Helper()
	dbtest.Must(tb, json.Unmarshal(r.body, &m))
	return m
}

func (b *bundle) receive(answer func(w http.ResponseWriter, n int)) *receiver {
	b.Helper()
	r := &receiver{answer: answer}
	server := httptest.NewServer(r)
	b.Cleanup(server.Close)
	r.url = server.URL + "/hook?key=s3cret-of-the-receiver"
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	r.mu.Lock()
	r.got = append(r.got, received{request.Header, body})
	n := len(r.got)
	answer := r.answer
	r.mu.Unlock()
	if answer == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	answer(w, n)
}

func (r *receiver) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

func (r *receiver) answerWith(answer func(w http.ResponseWriter, n int)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func status(code int) func(http.ResponseWriter, int) {
	return func(w http.ResponseWriter, _ int) { w.WriteHeader(code) }
}

// types are those of the messages, sorted.
func (r *receiver) types(tb testing.TB) string {
	tb.Helper()
	var types []string
	for _, m := range r.all() {
		types = append(types, m.said(tb)["type"].(string))
	}
	slices.Sort(types)
	return strings.Join(types, " ")
}

// gets waits for a number of messages.
func (b *bundle) gets(r *receiver, n int) []received {
	b.Helper()
	b.eventually("messages arrive", func() bool { return len(r.all()) >= n })
	return r.all()
}

// settled waits until nothing is to be sent now.
func (b *bundle) settled() {
	b.Helper()
	b.settledLog()
	b.eventually("all that is due is sent", func() bool {
		return b.Count(`
			select count(*) from webhook_deliveries d join webhook_endpoints e on e.id = d.endpoint_id
			where d.status = 'pending' and e.status = 'active' and d.next_at <= $1`, b.now()) == 0
	})
}

// settledLog waits until the log is handled.
func (b *bundle) settledLog() {
	b.Helper()
	b.eventually("the log is handled", func() bool {
		return b.Count(`
			select count(*) from log_head h, reactor_offsets o where o.name = 'webhooks' and o.position < h.position`) == 0
	})
}

func (b *bundle) deliveries(e endpoint.Endpoint) []endpoint.Delivery {
	b.Helper()
	all, err := b.store.Deliveries(context.Background(), e.OwnerID, e.ID, 0, 100)
	dbtest.Must(b, err)
	return all
}

func (b *bundle) statusOf(e endpoint.Endpoint) endpoint.Status {
	b.Helper()
	e, err := b.store.Get(context.Background(), e.OwnerID, e.ID)
	dbtest.Must(b, err)
	return e.Status
}

func verify(tb testing.TB, secret string, r received) {
	tb.Helper()
	official, err := standardwebhooks.NewWebhook(secret)
	dbtest.Must(tb, err)
	dbtest.Must(tb, official.VerifyIgnoringTimestamp(r.body, r.header))
}

func (b *bundle) eventually(what string, holds func() bool) {
	b.Helper()
	if !waittest.Until(waittest.Timeout, holds) {
		b.Fatalf("timeout: %s\n%s", what, b.log)
	}
}
