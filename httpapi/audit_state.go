package httpapi

import (
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/audit"
)

// StateSummary is what most records change of an event.
type StateSummary struct {
	Status    string `json:"status" enum:"NONE,DRAFT,SCHEDULED,CANCELLED"`
	Capacity  int    `json:"capacity"`
	Sold      int    `json:"sold"`
	Held      int    `json:"held" doc:"Tickets that are set aside: of holds and offers whose end is not recorded"`
	Remaining int    `json:"remaining"`
	Waiting   int    `json:"waiting" doc:"Entries on the waiting list"`
}

func stateSummaryOf(s domain.State) StateSummary {
	return StateSummary{audit.StatusOf(s), s.Capacity(), s.Sold(), s.Held(), s.Remaining(), s.Waiting()}
}

// StreamState is an event as it was at a version.
type StreamState struct {
	StateSummary
	Version     int        `json:"version" doc:"0: before the first record"`
	Position    int64      `json:"position"`
	At          *time.Time `json:"at,omitempty" doc:"When that record was recorded"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	Venue       string     `json:"venue"`
	Date        *time.Time `json:"date,omitempty"`
	TimeZone    string     `json:"timeZone"`
	EndsAt      *time.Time `json:"endsAt,omitempty"`
	Category    string     `json:"category,omitempty"`
	Organizer   string     `json:"organizerName,omitempty"`
	Image       string     `json:"image,omitempty" doc:"SHA-256 of what GET /images/{id} answers with"`
	ProofOfWork bool       `json:"requireProofOfWork,omitempty"`
	Price       Decimal    `json:"price"`
	Currency    string     `json:"currency"`
	Bookings    int        `json:"bookings" doc:"All ever made, including cancelled ones"`
	Unknown     bool       `json:"unknown,omitempty" doc:"A record up to here can't be read, and is left out of the state"`

	MaxPerCustomer int                `json:"maxPerCustomer" doc:"Tickets"`
	SaleOpensAt    *time.Time         `json:"saleOpensAt,omitempty"`
	SaleClosesAt   *time.Time         `json:"saleClosesAt,omitempty"`
	TicketTypes    []StreamTicketType `json:"ticketTypes" nullable:"false"`
	Holds          []StreamHold       `json:"holds" nullable:"false" doc:"Holds and offers whose end is not recorded: the 100 that lapse first"`
	Waitlist       []StreamEntry      `json:"waitlist" nullable:"false" doc:"The waiting list in its order: the first 100 entries"`
}

// maxListed bounds the lists in a state.
const maxListed = 100

// StreamTicketType is a ticket type, and what became of its tickets.
type StreamTicketType struct {
	ID        int     `json:"id"`
	Name      string  `json:"name"`
	Price     Decimal `json:"price"`
	Capacity  int     `json:"capacity,omitempty" doc:"Absent: as many as the event has"`
	Sold      int     `json:"sold"`
	Held      int     `json:"held"`
	Remaining int     `json:"remaining"`
}

// StreamHold is tickets that are set aside.
type StreamHold struct {
	ID        uuid.UUID           `json:"id" format:"uuid"`
	UserID    uuid.UUID           `json:"userId" format:"uuid"`
	Offered   bool                `json:"offered" doc:"To somebody who waited"`
	Lines     []audit.TicketCount `json:"lines" nullable:"false"`
	ExpiresAt time.Time           `json:"expiresAt"`
}

// StreamEntry is an entry on the waiting list.
type StreamEntry struct {
	ID     uuid.UUID           `json:"id" format:"uuid"`
	UserID uuid.UUID           `json:"userId" format:"uuid"`
	Number int                 `json:"number" doc:"The order of joining, from 1, over all who ever joined"`
	Lines  []audit.TicketCount `json:"lines" nullable:"false"`
}

func streamStateOf(m audit.Moment) StreamState {
	s := StreamState{
		StateSummary: stateSummaryOf(m.State), Version: m.Record.Version, Position: m.Record.Position,
		Bookings: m.State.Made(), Unknown: m.Unknown, Price: "0",
		TicketTypes: []StreamTicketType{}, Holds: []StreamHold{}, Waitlist: []StreamEntry{},
	}
	if m.Record.Version > 0 {
		s.At = &m.Record.RecordedAt
	}
	if m.State.Exists() {
		s.describe(m.State.Details())
	}
	for _, t := range audit.TypesOf(m.State) {
		price := decimalOf(domain.Money{Minor: t.Price, Currency: s.Currency})
		s.TicketTypes = append(s.TicketTypes,
			StreamTicketType{int(t.ID), t.Name, price, t.Capacity, t.Sold, t.Held, t.Left})
	}
	for _, h := range audit.HoldsOf(m.State, maxListed) {
		s.Holds = append(s.Holds, StreamHold{h.ID, h.CustomerID, h.Offered, audit.LinesOf(h.Lines), h.ExpiresAt})
	}
	for _, e := range audit.WaitlistOf(m.State, maxListed) {
		s.Waitlist = append(s.Waitlist, StreamEntry{e.ID, e.CustomerID, int(e.Number), audit.LinesOf(e.Lines)})
	}
	return s
}

func (s *StreamState) describe(d domain.Details) {
	s.Title, s.Description, s.Venue, s.Date, s.TimeZone = d.Title, d.Description, d.Venue, &d.StartsAt, d.TimeZone
	s.Category, s.Organizer, s.Image, s.ProofOfWork = d.Category, d.OrganizerName, d.Image, d.RequireProofOfWork
	s.EndsAt = optionalTime(d.EndsAt)
	s.SaleOpensAt, s.SaleClosesAt = optionalTime(d.SaleOpensAt), optionalTime(d.SaleClosesAt)
	s.Price, s.Currency, s.MaxPerCustomer = decimalOf(d.Price()), d.Currency, max(1, d.MaxPerCustomer)
}

func optionalTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
