package mail_test

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/enginetest"
	"github.com/boxoffice/boxoffice/internal/logtest"
	"github.com/boxoffice/boxoffice/internal/mailtest"
	"github.com/boxoffice/boxoffice/internal/ticket"
	"github.com/boxoffice/boxoffice/internal/waittest"
	"github.com/boxoffice/boxoffice/projections/engine"
	"github.com/boxoffice/boxoffice/reactors"
	"github.com/boxoffice/boxoffice/reactors/mail"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// bundle is a database with an event, and a mail server.
type bundle struct {
	dbtest.Database
	notifier *engine.Notifier
	server   *mailtest.Server
	event    uuid.UUID
	details  domain.Details
	version  int
	log      *logtest.Buffer

	mu     sync.Mutex
	erased map[uuid.UUID]bool
	names  map[uuid.UUID]string // of those who have another name than most
}

func setup(t *testing.T) *bundle {
	t.Helper()
	db := dbtest.New(t)
	starts := time.Date(2030, 5, 4, 19, 30, 0, 0, time.UTC)
	b := &bundle{
		Database: db, server: mailtest.Start(t), event: uuid.New(), log: &logtest.Buffer{},
		details: domain.Details{
			Title: "Rock & Roll <Night>", Venue: "City Hall", StartsAt: starts, TimeZone: "Europe/Lisbon", Currency: "EUR",
			TicketTypes: []domain.TicketType{{ID: 1, Name: "Balcony", Price: 45_00}, {ID: 2, Name: "Floor", Price: 20_50}},
		},
		notifier: enginetest.Notify(db), erased: map[uuid.UUID]bool{},
		names: map[uuid.UUID]string{},
	}
	b.add(domain.EventScheduled{Details: b.details, Capacity: 50_000})
	return b
}

// add appends records to the event.
func (b *bundle) add(records ...domain.Record) {
	b.Helper()
	encoded := appendtest.Encode(b, domain.Codec{}, records...)
	_, err := appendtest.Append(context.Background(), b.Pool, b.event, b.version, encoded...)
	dbtest.Must(b, err)
	b.version += len(records)
	b.notifier.Appended()
}

// book is a record with one ticket of the first type.
func book(booking, customer uuid.UUID) domain.TicketBooked {
	return domain.TicketBooked{BookingID: booking, CustomerID: customer, Currency: "EUR",
		Lines: domain.Lines{{Type: 1, Quantity: 1, Price: 45_00}}}
}

// run sends mails until stop is called or the test ends.
func (b *bundle) run(change ...func(*mail.Options)) (stop func()) {
	b.Helper()
	server, err := mail.ParseServer(b.server.URL())
	dbtest.Must(b, err)
	from, err := mail.ParseSender("Boxoffice <tickets@example.com>")
	dbtest.Must(b, err)
	logger := slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	o := mail.Options{Server: server, From: from, Origin: "https://tickets.example.com", Recipients: b,
		Tickets: signer(b), Rate: 100_000,
		Per: time.Second, Logger: logger, Now: time.Now}
	for _, c := range change {
		c(&o)
	}
	delivery, err := mail.Delivery(o)
	dbtest.Must(b, err)
	pool := dbtest.Connect(b, b.URL, dbtest.MaxConns(reactors.Connections(2)))
	stop = waittest.Background(b, func(ctx context.Context) {
		if err := reactors.Run(ctx, reactors.Options{Reactors: []reactors.Reactor{mail.Notices(), delivery}, Pool: pool,
			Notifier: b.notifier, Logger: logger, Holder: "test", Retry: time.Millisecond, Lease: time.Second}); err != nil {
			b.Error(err)
		}
	})
	b.eventually("the reactors run", func() bool {
		return b.Count(`select count(*) from reactor_offsets where holder is not null`) == 2
	})
	return stop
}

func signer(t testing.TB) ticket.Signer {
	t.Helper()
	keys, err := audit.NewKeys("a signing secret of the tests, which is long enough")
	dbtest.Must(t, err)
	return ticket.Signer{Keys: keys}
}

func (b *bundle) codeOf(of ticket.Ticket) string {
	b.Helper()
	code, err := signer(b).Code(of)
	dbtest.Must(b, err)
	return code
}

func emailOf(id uuid.UUID) string { return "u" + id.String() + "@example.org" }

// Recipient implements [mail.Recipients].
func (b *bundle) Recipient(_ context.Context, id uuid.UUID) (name, email string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.erased[id] {
		return "", "", mail.ErrNoRecipient
	}
	return cmp.Or(b.names[id], "Ann \"Pro\" O'Neil, Äpfel"), emailOf(id), nil
}

// Link implements [mail.Recipients].
func (*bundle) Link(_ context.Context, kind mail.Kind, link uuid.UUID) (email, page string, err error) {
	return "new@example.org", fmt.Sprintf("https://tickets.example.com/%s#token=%s", kind, link), nil
}

// gets waits for a number of mails, and returns them.
func (b *bundle) gets(n int) []mailtest.Mail {
	b.Helper()
	b.eventually(fmt.Sprintf("%d mails", n), func() bool { return len(b.server.Mails()) >= n })
	b.eventually("the queue is empty", func() bool { return b.Count(`select count(*) from reactor_queue`) == 0 })
	mails := b.server.Mails()
	if len(mails) != n {
		b.Fatalf("got %d mails, want %d", len(mails), n)
	}
	return mails
}

func (b *bundle) eventually(what string, holds func() bool) {
	b.Helper()
	if !waittest.Until(time.Minute, holds) {
		b.Fatalf("timeout: %s\n%d mails\n%s", what, len(b.server.Mails()), b.log)
	}
}
