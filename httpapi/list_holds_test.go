package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/internal/account"
)

// decide has a command of the domain carried out, and gives the position of what it has led to, as a
// header has it. It does not wait for the read models.
func (s *system) decide(event string, c domain.Command) (position string) {
	s.Helper()
	o, err := s.options.Service.Executor.Execute(context.Background(), eventstore.Command[domain.State, domain.Record]{
		StreamID: uuid.MustParse(event), Immediate: true, Metadata: eventstore.Metadata{CorrelationID: "a test"},
		Decide: func(state domain.State) ([]domain.Record, error) { return domain.Decide(c, state) },
	})
	must(s, err)
	return fmt.Sprint(o.Position)
}

// buyer is somebody whose commands come from the domain.
func (s *system) buyer() (id uuid.UUID, token string) {
	s.Helper()
	id = uuid.New()
	return id, s.tokenOf(id, account.Customer)
}

func TestHoldsAndOffersAreListedForTheirCustomer(t *testing.T) {
	t.Parallel()
	now, passed := time.Now(), atomic.Int64{}
	s := start(t, func(o *httpapi.Options, _ *eventstore.Options) {
		o.Now = func() time.Time { return now.Add(time.Duration(passed.Load())) }
	})
	event, full := s.schedule(5, "price", 12.5, "currency", "EUR"), s.schedule(1)
	ann, annsToken := s.buyer()
	bob, bobsToken := s.buyer()
	hold, entry := uuid.New(), uuid.New()
	until := now.Add(5 * time.Minute).UTC().Truncate(time.Microsecond)
	position := s.decide(event, domain.HoldTickets{HoldID: hold, CustomerID: ann, Now: now, Until: until})
	a := s.want(s.call("GET", "/holds", annsToken, nil, "Min-Log-Position", position), 200, "")
	want := fmt.Sprintf(`{"data":[{"id":%q,"eventId":%q,"status":"HELD","offered":false,`+
		`"lines":[{"ticketTypeId":1,"quantity":1,"price":12.5}],"currency":"EUR","total":12.5,"expiresAt":%q}]}`,
		hold, event, until.Format(time.RFC3339Nano))
	if got := string(a.raw); got != want+"\n" || a.lag() != "" {
		t.Errorf("got %s, want %s", got, want)
	}

	first := s.want(s.order(s.token(account.Customer), full), 201, "")
	sold := uuid.MustParse(first.at("booking", "id").(string))
	seller := uuid.MustParse(first.at("booking", "userId").(string))
	s.decide(full, domain.JoinWaitlist{EntryID: uuid.New(), CustomerID: uuid.New(), Now: now})
	position = s.decide(full, domain.JoinWaitlist{EntryID: entry, CustomerID: bob, Now: now})
	a = s.want(s.call("GET", "/waitlist", bobsToken, nil, "Min-Log-Position", position), 200, "")
	waiting, _ := a.at("data").([]any)
	if len(waiting) != 1 {
		t.Fatalf("got %s", a.raw)
	}
	got := waiting[0].(map[string]any)
	if got["id"] != entry.String() || got["eventId"] != full || got["status"] != "WAITING" || got["place"] != 2.0 ||
		fmt.Sprint(got["lines"]) != "[map[quantity:1 ticketTypeId:1]]" || got["joinedAt"] == nil {
		t.Errorf("got %s", a.raw)
	}

	// The first does not want the ticket, and so it is offered to the second.
	s.decide(full, domain.CancelBooking{BookingID: sold, CustomerID: seller, Now: now, OfferTime: time.Minute})
	lapsed := now.Add(2 * time.Minute)
	position = s.decide(full, domain.LapseHolds{Now: lapsed, OfferTime: time.Minute})
	a = s.want(s.call("GET", "/waitlist", bobsToken, nil, "Min-Log-Position", position), 200, "")
	got = a.at("data").([]any)[0].(map[string]any)
	if got["status"] != "OFFERED" || got["place"] != nil {
		t.Errorf("got %s", a.raw)
	}
	a = s.want(s.call("GET", "/holds", bobsToken, nil), 200, "")
	if held := a.at("data").([]any); len(held) != 1 || held[0].(map[string]any)["id"] != entry.String() ||
		held[0].(map[string]any)["offered"] != true {
		t.Errorf("got %s", a.raw)
	}
	passed.Store(int64(4 * time.Minute)) // nobody has recorded the lapse
	if a = s.want(s.call("GET", "/holds", bobsToken, nil), 200, ""); len(a.at("data").([]any)) != 0 {
		t.Errorf("a hold that has lapsed is shown: %s", a.raw)
	}
	for _, path := range []string{"/holds", "/waitlist"} {
		stranger := s.token(account.Customer)
		if a := s.want(s.call("GET", path, stranger, nil), 200, ""); string(a.raw) != "{\"data\":[]}\n" {
			t.Errorf("%s: a stranger gets %s", path, a.raw)
		}
		s.want(s.call("GET", path, "", nil), 401, "invalid_token")
	}
}

func TestListsOfHoldsSayThatAParkedStreamIsMissing(t *testing.T) {
	t.Parallel()
	s := start(t)
	event := s.schedule(5)
	ann, token := s.buyer()
	s.appendRecord(event, brokenRecord)
	hold := domain.TicketsHeld{HoldID: uuid.New(), CustomerID: ann, Currency: "EUR",
		Lines: domain.Lines{{Type: 1, Quantity: 1}}, ExpiresAt: time.Now().Add(time.Hour)}
	s.appendRecord(event, recordOf(s, hold))
	for _, path := range []string{"/holds", "/waitlist"} {
		s.eventually(path+" says what it lacks", func() bool {
			a := s.want(s.call("GET", path, token, nil), 200, "")
			return a.lag() != "" && len(a.at("data").([]any)) == 0
		})
	}
	if _, err := s.options.Service.FindHold(t.Context(), hold.HoldID); !errors.Is(err, booking.ErrCatchingUp) {
		t.Errorf("the hold may be in the parked stream: got %v", err)
	}
}
