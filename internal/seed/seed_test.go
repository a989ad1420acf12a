package seed_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/crypto/bcrypt"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/seed"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

type bundle struct {
	*testing.T
	accounts *account.Accounts
	service  *booking.Service
	log      *eventstore.Log
}

func setup(t *testing.T) *bundle {
	t.Helper()
	url := dbtest.URL(t)
	pool := dbtest.Connect(t, url, dbtest.MaxConns(4))
	signer, err := account.NewSigner(account.Secrets{
		Access: []string{"an access secret for tests"}, Refresh: []string{"a refresh secret for tests"},
	}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	accounts, err := account.New(pool, signer, account.Options{Cost: bcrypt.MinCost, WeakCost: true})
	if err != nil {
		t.Fatal(err)
	}
	writing := dbtest.Connect(t, url, dbtest.MaxConns(eventstore.ReservedConns),
		dbtest.Settings(eventstore.Session(0)), eventstore.ConfigureCommits)
	executor, err := eventstore.NewExecutor(writing, booking.Model(), eventstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := executor.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return &bundle{t, accounts, &booking.Service{Executor: executor}, eventstore.NewLog(pool)}
}

func (b *bundle) seed(now time.Time) {
	b.Helper()
	b.service.Now = func() time.Time { return now }
	result, err := seed.Run(context.Background(), b.accounts, b.service)
	if err != nil {
		b.Fatal(err)
	}
	if result.Accounts < 3 || result.Events < 12 {
		b.Fatalf("got %+v", result)
	}
}

// states folds every stream of the log.
func (b *bundle) states() (states map[uuid.UUID]domain.State, head int64) {
	b.Helper()
	records, err := b.log.After(context.Background(), 0, 100_000)
	if err != nil {
		b.Fatal(err)
	}
	states = map[uuid.UUID]domain.State{}
	for _, r := range records {
		value, err := domain.Codec{}.Decode(r.Type, r.SchemaVersion, r.Data)
		if err != nil {
			b.Fatal(err)
		}
		states[r.StreamID], head = states[r.StreamID].Evolve(value), r.Position
	}
	return states, head
}

func TestThereIsAnEventOfEachSortToTry(t *testing.T) {
	t.Parallel()
	b := setup(t)
	now := time.Now()
	b.seed(now)
	states, _ := b.states()
	var limited, soldOut, nearly int
	sizes, prices, dates := map[int]bool{}, map[int64]bool{}, map[time.Time]bool{}
	for _, s := range states {
		share := float64(s.Remaining()) / float64(s.Capacity())
		switch {
		case s.Details().Title == "Limited Concert" && s.Capacity() == 2 && s.Remaining() == 2:
			limited++
		case s.Remaining() == 0:
			soldOut++
		case share < 0.1:
			nearly++
		}
		if s.Details().StartsAt.Before(now) {
			t.Errorf("%s is in the past", s.Details().Title)
		}
		sizes[s.Capacity()], prices[s.Details().Price().Minor], dates[s.Details().StartsAt] = true, true, true
	}
	if limited != 1 || soldOut != 1 || nearly < 1 {
		t.Errorf("got %d limited concerts, %d sold out, %d nearly so; want 1, 1 and at least 1", limited, soldOut, nearly)
	}
	if len(states) < 12 || len(sizes) < 8 || len(prices) < 8 || len(dates) < 8 {
		t.Errorf("%d events with %d sizes, %d prices and %d dates vary too little",
			len(states), len(sizes), len(prices), len(dates))
	}
	for _, who := range []struct {
		email string
		role  account.Role
	}{
		{"organizer@example.com", account.Organizer},
		{"auditor@example.com", account.Auditor},
		{"alice@example.com", account.Customer},
	} {
		user, _, err := b.accounts.Login(context.Background(), who.email, seed.Password)
		if err != nil || user.Role != who.role {
			t.Errorf("%s: got %+v, %v", who.email, user, err)
		}
	}
}

func TestThereIsASaleOfEachSortToTry(t *testing.T) {
	t.Parallel()
	b := setup(t)
	now := time.Now()
	b.seed(now)
	states, _ := b.states()
	var typed, waitedFor, drafts, laterOnSale int
	for _, s := range states {
		d := s.Details()
		if len(d.TicketTypes) == 3 && d.MaxPerCustomer == 4 && s.Remaining() > 0 {
			typed++
		}
		if s.Remaining() == 0 && s.Waiting() > 1 {
			waitedFor++
		}
		if s.Draft() {
			drafts++
		}
		if d.SaleOpensAt.After(now) && s.Published() {
			laterOnSale++
		}
	}
	if typed != 1 || waitedFor != 1 || drafts != 1 || laterOnSale != 1 {
		t.Errorf("got %d with three ticket types, %d sold out with people waiting, %d drafts and %d not yet on sale; "+
			"want 1 each", typed, waitedFor, drafts, laterOnSale)
	}
}

func TestSeedingAgainChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	now := time.Now()
	b.seed(now)
	_, before := b.states()
	b.seed(now.Add(time.Hour))
	if _, after := b.states(); after != before {
		t.Errorf("seeding again appended %d records", after-before)
	}
}

func TestEventsThatComeNearAreMovedAndKeepTheirBookings(t *testing.T) {
	t.Parallel()
	b := setup(t)
	now := time.Now()
	b.seed(now)
	before, _ := b.states()
	later := now.AddDate(0, 0, 30)
	b.seed(later)
	after, _ := b.states()
	for id, s := range after {
		if !s.Details().StartsAt.After(later) {
			t.Errorf("%s is in the past", s.Details().Title)
		}
		if s.Sold() != before[id].Sold() {
			t.Errorf("%s has %d bookings, and had %d", s.Details().Title, s.Sold(), before[id].Sold())
		}
	}
}

func TestSeedingLeavesACancelledEventAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	now := time.Now()
	b.seed(now)
	states, _ := b.states()
	for id := range states {
		if _, err := b.service.CancelEvent(context.Background(), booking.Request{Admin: true}, id, 0); err != nil {
			t.Fatal(err)
		}
	}
	_, before := b.states()
	b.seed(now.AddDate(1, 0, 0))
	if _, after := b.states(); after != before {
		t.Errorf("seeding appended %d records to events that were called off", after-before)
	}
}
