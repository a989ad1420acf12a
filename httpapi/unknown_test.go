package httpapi_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

// appendRecord appends a record at the end of an event's stream, as another program does.
func (s *system) appendRecord(event string, record appendtest.Record) {
	s.Helper()
	id := uuid.MustParse(event)
	records, err := eventstore.NewLog(s.pool).Stream(context.Background(), id, 0, 1000)
	must(s, err)
	_, err = appendtest.Append(context.Background(), s.pool, id, len(records), record)
	must(s, err)
}

// appendBooking appends a booking as a newer program makes it, and gives its id.
func (s *system) appendBooking(event string, customer uuid.UUID) string {
	s.Helper()
	booking := uuid.New()
	s.appendRecord(event, recordOf(s, domain.TicketBooked{BookingID: booking, CustomerID: customer}))
	return booking.String()
}

func recordOf(t testing.TB, r domain.Record) appendtest.Record {
	t.Helper()
	name, version, data, err := domain.Codec{}.Encode(r)
	must(t, err)
	return appendtest.Record{Type: name, SchemaVersion: version, Data: data}
}

var (
	ofNewerProgram = appendtest.Record{Type: "DetailsChanged", SchemaVersion: 99, Data: []byte(`{}`)}
	brokenRecord   = appendtest.Record{Type: domain.TypeTicketBooked, SchemaVersion: 1, Data: []byte(`{"bookingId":7}`)}
)

func (s *system) eventually(what string, holds func() bool) {
	s.Helper()
	if !waittest.Until(time.Minute, holds) {
		s.Fatalf("still not so: %s", what)
	}
}

func (a answer) lag() string { return a.header.Get("Read-Model-Lag") }

// wantUnknown checks all answers about a stream that can't be read from some record on.
func (s *system) wantUnknown(event, before, after, token string) {
	s.Helper()
	s.want(s.call("DELETE", "/bookings/"+before, token, nil), 503, "catching_up")
	s.want(s.call("DELETE", "/bookings/"+after, token, nil), 503, "catching_up")
	s.want(s.call("GET", "/bookings/"+after+"/receipt", token, nil), 503, "catching_up")
	a := s.want(s.order(s.token(account.Customer), event), 503, "catching_up")
	if a.header.Get("Retry-After") == "" {
		s.Error("nobody is told when to try again")
	}
	s.want(s.call("PATCH", "/events/"+event, s.token(account.Organizer), map[string]any{"title": "New"}),
		503, "catching_up")
	for _, path := range []string{"/events/" + event, "/bookings", "/events"} {
		if a := s.want(s.call("GET", path, token, nil), 200, ""); a.lag() == "" {
			s.Errorf("%s: the answer does not say that it is behind", path)
		}
	}
}

// The program is the older one here.
func TestNobodyIsToldThatThingsDoNotExistWhichANewerProgramHasWritten(t *testing.T) {
	t.Parallel()
	s := start(t)
	customer := uuid.New()
	token := s.tokenOf(customer, account.Customer)
	event, other := s.schedule(9), s.schedule(9)
	before := s.want(s.order(token, event), 201, "").at("booking", "id").(string)
	s.appendRecord(event, ofNewerProgram)
	after := s.appendBooking(event, customer)
	created := uuid.NewString()
	s.appendRecord(created, ofNewerProgram)
	s.eventually("answers say that they are behind", func() bool {
		return s.call("GET", "/events/"+other, token, nil).lag() != ""
	})
	s.wantUnknown(event, before, after, token)
	s.want(s.call("GET", "/events/"+created, token, nil), 503, "catching_up")
	s.want(s.call("GET", "/events/"+uuid.NewString(), token, nil), 404, "event_not_found")

	// Other events are sold, and what is not projected is not denied.
	a := s.want(s.order(token, other), 201, "")
	if a.at("event", "remainingTickets") != 8.0 {
		t.Errorf("got %s", a.raw)
	}
	s.want(s.call("DELETE", "/bookings/"+a.at("booking", "id").(string), token, nil), 503, "catching_up")
	var parked int
	must(t, s.pool.QueryRow(t.Context(), `select count(*) from parked_records`).Scan(&parked))
	if parked != 0 {
		t.Errorf("%d streams are parked", parked)
	}
}

func TestNobodyIsToldThatWhatAParkedStreamHoldsDoesNotExist(t *testing.T) {
	t.Parallel()
	s := start(t)
	customer := uuid.New()
	token := s.tokenOf(customer, account.Customer)
	event, other := s.schedule(9), s.schedule(9)
	before := s.want(s.order(token, event), 201, "").at("booking", "id").(string)
	s.appendRecord(event, brokenRecord)
	after := s.appendBooking(event, customer)
	created := uuid.NewString()
	s.appendRecord(created, brokenRecord)
	s.eventually("answers say that they are behind", func() bool {
		return s.call("GET", "/events/"+event, token, nil).lag() != "" &&
			s.call("GET", "/events/"+created, token, nil).status == 503
	})
	s.wantUnknown(event, before, after, token)
	s.want(s.call("GET", "/events/"+created, token, nil), 503, "catching_up")
	s.want(s.call("GET", "/events/"+uuid.NewString(), token, nil), 404, "event_not_found")

	// Others are not touched.
	booked := s.want(s.order(token, other), 201, "")
	a := s.call("GET", "/events/"+other, token, nil, "Min-Log-Position", booked.header.Get("Log-Position"))
	if a.lag() != "" || a.at("remainingTickets") != 8.0 {
		t.Errorf("got %v %s", a.header, a.raw)
	}
	s.want(s.call("DELETE", "/bookings/"+booked.at("booking", "id").(string), token, nil), 200, "")

	// What nobody knows does not exist as soon as nothing is parked.
	s.want(s.call("DELETE", "/bookings/"+uuid.NewString(), token, nil), 503, "catching_up")
	s.exec(`delete from parked_records`)
	s.want(s.call("DELETE", "/bookings/"+uuid.NewString(), token, nil), 404, "booking_not_found")
}
