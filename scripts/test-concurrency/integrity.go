package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi/client"
)

// stream is the history of an event as an auditor reads it, whether or not it is in order.
type stream struct {
	version int // that the API says it has
	records []eventstore.Record
	decoded []domain.Record
}

// readStream reads a whole history, page by page.
func readStream(ctx context.Context, a *client.Client, id uuid.UUID) (*stream, error) {
	s := &stream{}
	for after := 0; ; {
		var page struct {
			StreamID uuid.UUID
			Version  int
			Records  []struct {
				Position      int64
				Version       int
				Type          string
				SchemaVersion int16
				Data          json.RawMessage
				Metadata      json.RawMessage
				RecordedAt    time.Time
				Hash          hexHash
			}
		}
		path := fmt.Sprintf("/audit/streams/%s?after=%d&limit=1000", id, after)
		if err := a.Do(ctx, http.MethodGet, path, nil, &page, http.StatusOK); err != nil {
			return nil, err
		}
		if page.StreamID != id {
			return nil, fmt.Errorf("GET %s: answered with the stream %s", path, page.StreamID)
		}
		s.version = page.Version
		for _, r := range page.Records {
			s.records = append(s.records, eventstore.Record{
				Position: r.Position, StreamID: id, Version: r.Version, Type: r.Type, SchemaVersion: r.SchemaVersion,
				Data: r.Data, Metadata: r.Metadata, RecordedAt: r.RecordedAt, Hash: eventstore.Hash(r.Hash),
			})
			d, err := domain.Codec{}.Decode(r.Type, r.SchemaVersion, r.Data)
			if err != nil {
				return nil, fmt.Errorf("version %d of the stream: %w", r.Version, err)
			}
			s.decoded = append(s.decoded, d)
			if r.Version > after {
				after = r.Version
			}
		}
		if after >= page.Version || len(page.Records) == 0 {
			return s, nil
		}
	}
}

func (s *stream) fold() domain.State { return domain.Fold(s.decoded...) }

type hexHash eventstore.Hash

func (h *hexHash) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(h)) {
		return fmt.Errorf("a hash of %d characters", len(text))
	}
	_, err := hex.Decode(h[:], text)
	return err
}

// order checks that versions have no gaps, and that neither positions nor time run backwards.
func (s *stream) order() error {
	previous := eventstore.Record{}
	for _, r := range s.records {
		switch {
		case r.Version != previous.Version+1:
			return fmt.Errorf("version %d follows version %d", r.Version, previous.Version)
		case r.Position <= previous.Position:
			return fmt.Errorf("version %d has position %d, and the one before has %d", r.Version, r.Position, previous.Position)
		case r.RecordedAt.Before(previous.RecordedAt):
			return fmt.Errorf("version %d was recorded before the one before it", r.Version)
		}
		previous = r
	}
	if previous.Version != s.version {
		return fmt.Errorf("the stream ends with version %d, and should with %d", previous.Version, s.version)
	}
	return nil
}

// chain checks that each hash is that of its record and of all before.
func (s *stream) chain() error {
	var tail eventstore.Tail
	for i := range s.records {
		if tail.Next(&s.records[i]).CheckHash() != nil {
			return fmt.Errorf("the hash of version %d does not match its record and the hash before it", s.records[i].Version)
		}
	}
	return nil
}

// extends checks that the history before is still there, as it was.
func (s *stream) extends(before *stream) error {
	if len(s.records) < len(before.records) {
		return fmt.Errorf("it had %d records and has %d", len(before.records), len(s.records))
	}
	for i, old := range before.records {
		r := s.records[i]
		if r.Version != old.Version || r.Position != old.Position || r.Type != old.Type || r.Hash != old.Hash ||
			!r.RecordedAt.Equal(old.RecordedAt) || !bytes.Equal(r.Data, old.Data) || !bytes.Equal(r.Metadata, old.Metadata) {
			return fmt.Errorf("version %d has changed", old.Version)
		}
	}
	return nil
}

// capacity checks that at no version more tickets were sold than there were, and that in the end
// exactly remaining are left.
func (s *stream) capacity(remaining int) error {
	var state domain.State
	for i, d := range s.decoded {
		if state = state.Evolve(d); state.Sold() > state.Capacity() {
			return fmt.Errorf("at version %d, %d tickets were sold of %d", s.records[i].Version, state.Sold(), state.Capacity())
		}
	}
	if state.Remaining() != remaining {
		return fmt.Errorf("%d tickets are sold of %d, which leaves %d and not %d",
			state.Sold(), state.Capacity(), state.Remaining(), remaining)
	}
	return nil
}

// booked lists what was booked after the history before. Nothing else should have happened.
func (s *stream) booked(before *stream) (list []domain.TicketBooked, err error) {
	for i := len(before.decoded); i < len(s.decoded); i++ {
		b, is := s.decoded[i].(domain.TicketBooked)
		if !is {
			return list, fmt.Errorf("version %d is %s: does anyone else use this event?",
				s.records[i].Version, s.records[i].Type)
		}
		list = append(list, b)
	}
	return list, nil
}

// matches checks that the stream's bookings are those that were answered with success, each by its
// customer.
func matches(list []domain.TicketBooked, winners []answer) error {
	answered := make(map[uuid.UUID]*user, len(winners))
	for _, w := range winners {
		if answered[w.booked.Booking.ID] != nil {
			return fmt.Errorf("booking %s was given to two customers", w.booked.Booking.ID)
		}
		answered[w.booked.Booking.ID] = w.user
	}
	for _, b := range list {
		switch u := answered[b.BookingID]; {
		case u == nil:
			return fmt.Errorf("booking %s is in the stream, and no one was told so", b.BookingID)
		case u.id != b.CustomerID:
			return fmt.Errorf("booking %s was confirmed to %s, and belongs to customer %s in the stream",
				b.BookingID, u.email, b.CustomerID)
		}
		delete(answered, b.BookingID)
	}
	for id, u := range answered {
		return fmt.Errorf("booking %s was confirmed to %s, and is not in the stream", id, u.email)
	}
	return nil
}

// countsDown checks the numbers of remaining tickets in the answers, in the order in which the
// stream has the bookings.
func countsDown(list []domain.TicketBooked, winners []answer, tickets int) error {
	told := make(map[uuid.UUID]*int, len(winners))
	for _, w := range winners {
		told[w.booked.Booking.ID] = w.booked.Event.RemainingTickets
	}
	for i, b := range list {
		switch got, want := told[b.BookingID], tickets-1-i; {
		case got == nil:
			return fmt.Errorf("no answer says how many tickets remain after booking number %d in the stream", i+1)
		case *got != want:
			return fmt.Errorf("the answer to booking number %d in the stream says that %d tickets remain, and not %d",
				i+1, *got, want)
		}
	}
	return nil
}

// same checks that the read model shows what the stream adds up to.
func same(e client.Event, s domain.State) error {
	status := "SCHEDULED"
	if s.Cancelled() {
		status = "CANCELLED"
	}
	d := s.Details()
	var errs []error
	for _, field := range []struct {
		name         string
		read, folded any
	}{
		{"title", e.Title, d.Title},
		{"description", e.Description, d.Description},
		{"venue", e.Venue, d.Venue},
		{"date", e.Date.UTC(), d.StartsAt},
		{"timeZone", e.TimeZone, d.TimeZone},
		{"totalTickets", e.TotalTickets, s.Capacity()},
		{"remainingTickets", e.RemainingTickets, s.Remaining()},
		{"status", e.Status, status},
	} {
		if field.read != field.folded {
			errs = append(errs, fmt.Errorf("%s is %v, and %v in the stream", field.name, field.read, field.folded))
		}
	}
	return errors.Join(errs...)
}

// holds checks that each winner's bookings contain the one they were told of, and that nobody else
// has one of this event.
func holds(ctx context.Context, answers []answer, eventID uuid.UUID) error {
	return parallel(ctx, len(answers), connecting, func(ctx context.Context, i int) error {
		a := answers[i]
		bookings, err := bookings(ctx, a.user.api)
		if err != nil {
			return err
		}
		var held []uuid.UUID
		for _, b := range bookings {
			if b.EventID == eventID {
				held = append(held, b.ID)
			}
		}
		switch {
		case len(held) > 1:
			return fmt.Errorf("%s has %d bookings of the event", a.user.email, len(held))
		case a.err != nil && len(held) > 0:
			return fmt.Errorf("%s was not given a ticket, and has a booking", a.user.email)
		case a.err == nil && len(held) == 0:
			return fmt.Errorf("%s was given a ticket, and has no booking", a.user.email)
		case a.err == nil && held[0] != a.booked.Booking.ID:
			return fmt.Errorf("%s has booking %s, and was told of %s", a.user.email, held[0], a.booked.Booking.ID)
		}
		return nil
	})
}

// taken counts the tickets itself, by the records.
func (s *stream) taken() error {
	capacity, taken, tickets := 0, 0, map[uuid.UUID]int{}
	set := func(id uuid.UUID, n int) { taken, tickets[id] = taken+n-tickets[id], n }
	for i, r := range s.decoded {
		switch r := r.(type) {
		case domain.EventScheduled:
			capacity = r.Capacity
		case domain.TicketBooked:
			set(r.BookingID, r.Lines.Quantity())
		case domain.TicketsHeld:
			set(r.HoldID, r.Lines.Quantity())
		case domain.TicketsOffered:
			set(r.EntryID, r.Lines.Quantity())
		case domain.BookingCancelled:
			set(r.BookingID, 0)
		case domain.HoldReleased:
			set(r.HoldID, 0)
		case domain.HoldLapsed:
			set(r.HoldID, 0)
		case domain.OfferDeclined:
			set(r.EntryID, 0)
		case domain.OfferLapsed:
			set(r.EntryID, 0)
		default: // it takes no tickets and gives none back
		}
		if taken > capacity {
			return fmt.Errorf("at version %d, %d tickets were taken of %d", s.records[i].Version, taken, capacity)
		}
	}
	return nil
}

// counts compares how many records there are of some types.
func (s *stream) counts(want map[string]int) error {
	got := map[string]int{}
	for _, r := range s.records {
		got[r.Type]++
	}
	var wrong []string
	for name, n := range want {
		if got[name] != n {
			wrong = append(wrong, fmt.Sprintf("%d records %s, want %d", got[name], name, n))
		}
	}
	slices.Sort(wrong)
	if len(wrong) > 0 {
		return errors.New(strings.Join(wrong, "; "))
	}
	return nil
}
