package mail

import (
	"encoding/json"
	"fmt"
	"time"

	wsql "github.com/ThreeDotsLabs/watermill-sql/v3/pkg/sql"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/reactors"
)

// Topic is that of letters that are to be sent.
const Topic = "mail"

// Kind is what a letter is about. Its text is stored.
type Kind string

// The kinds of letters.
const (
	VerifyEmail      Kind = "verify_email"
	ResetPassword    Kind = "reset_password"
	PasswordChanged  Kind = "password_changed"
	EmailChanged     Kind = "email_changed"
	BookingConfirmed Kind = "booking_confirmed"
	BookingCancelled Kind = "booking_cancelled"
	HoldLapsed       Kind = "hold_lapsed"
	TicketsOffered   Kind = "tickets_offered"
	OfferLapsed      Kind = "offer_lapsed"
	EventChanged     Kind = "event_changed"
	EventCancelled   Kind = "event_cancelled"
	Reminder         Kind = "reminder"
	WebhookStopped   Kind = "webhook_stopped"
	OrganizerMessage Kind = "organizer_message"

	BookingCancelledByOrganizer Kind = "booking_cancelled_by_organizer"
)

// Letter is a mail that is to be sent. Letters are stored until then, as JSON: fields are added, and
// never get another meaning.
type Letter struct {
	Kind Kind      `json:"kind"`
	User uuid.UUID `json:"user"`
	// To is the address, where it is not the user's: the one from before, of EmailChanged.
	To string `json:"to,omitempty"`
	// Link names the link of VerifyEmail and ResetPassword. Its token is a secret and is not stored.
	Link uuid.UUID `json:"link,omitzero"`
	// Webhook is the address that WebhookStopped is about.
	Webhook string `json:"webhook,omitempty"`

	// Of the others: the event as it was at that record, and what the letter is about.
	Position int64     `json:"position,omitempty"`
	Event    *Event    `json:"event,omitempty"`
	Before   *Event    `json:"before,omitempty"` // of EventChanged
	Booking  uuid.UUID `json:"booking,omitzero"` // or the hold, or the offer
	Lines    []Line    `json:"lines,omitempty"`
	Currency string    `json:"currency,omitempty"` // of the lines; empty: prices are not known
	Until    time.Time `json:"until,omitzero"`     // when an offer ends

	Reason  string    `json:"reason,omitempty"` // of BookingCancelledByOrganizer
	Sender  uuid.UUID `json:"sender,omitzero"`  // of OrganizerMessage, and what they write
	Subject string    `json:"subject,omitempty"`
	Text    string    `json:"text,omitempty"`
}

// Event is what letters say about one.
type Event struct {
	ID       uuid.UUID `json:"id"`
	Version  int       `json:"version"` // of the stream
	Title    string    `json:"title"`
	Venue    string    `json:"venue"`
	StartsAt time.Time `json:"startsAt"`
	EndsAt   time.Time `json:"endsAt,omitzero"`
	TimeZone string    `json:"timeZone"`
	// Organizer is the name that the event gives.
	Organizer string `json:"organizer,omitempty"`
}

// Line is a number of tickets of one type.
type Line struct {
	Type     string `json:"type"` // its name
	TypeID   uint8  `json:"typeId,omitempty"`
	Quantity int    `json:"quantity"`
	Price    int64  `json:"price"` // of one, in minor units
}

func eventOf(id uuid.UUID, version int, d domain.Details) *Event {
	return &Event{
		ID: id, Version: version, Title: d.Title, Venue: d.Venue, StartsAt: d.StartsAt, EndsAt: d.EndsAt,
		TimeZone: d.TimeZone, Organizer: d.OrganizerName,
	}
}

// looksLike tells whether people would see no difference.
func (e Event) looksLike(other Event) bool {
	return e.Title == other.Title && e.Venue == other.Venue && e.StartsAt.Equal(other.StartsAt) &&
		e.EndsAt.Equal(other.EndsAt) && e.TimeZone == other.TimeZone
}

func linesOf(lines domain.Lines, d domain.Details) []Line {
	names := make(map[domain.TypeID]string, len(d.TicketTypes))
	for _, t := range d.TicketTypes {
		names[t.ID] = t.Name
	}
	var all []Line
	for _, l := range lines.All() {
		all = append(all, Line{Type: names[l.Type], TypeID: uint8(l.Type), Quantity: l.Quantity, Price: l.Price})
	}
	return all
}

// key tells letters apart: the same one is queued once, and its Message-ID says that it is the same.
func (l Letter) key() string {
	switch {
	case l.Link != uuid.Nil:
		return fmt.Sprintf("%s.%s", l.Kind, l.Link)
	case l.Position == 0 && l.Event != nil: // the day before an event
		return fmt.Sprintf("%s.%s.%d.%s", l.Kind, l.Event.ID, l.Event.StartsAt.Unix(), l.User)
	case l.Position == 0:
		return fmt.Sprintf("%s.%s", l.Kind, uuid.New())
	}
	return fmt.Sprintf("%d.%s", l.Position, l.User)
}

// Queue adds letters to those that are to be sent, in whatever transaction to is. They are sent soon
// if engine.Notifier.Queued is called with [Topic] after it.
func Queue(to wsql.ContextExecutor, letters ...Letter) error {
	return queueFor(nil, to, letters)
}

func queueFor(because *message.Message, to wsql.ContextExecutor, letters []Letter) error {
	const most = 1000 // in one statement
	var messages []*message.Message
	for i, l := range letters {
		payload, err := json.Marshal(l)
		if err != nil {
			return fmt.Errorf("queue a letter: %w", err)
		}
		messages = append(messages, reactors.NewMessage(l.key(), payload, because))
		if len(messages) == most || i == len(letters)-1 {
			if err := reactors.Queue(to, Topic, messages...); err != nil {
				return err
			}
			messages = nil
		}
	}
	return nil
}
