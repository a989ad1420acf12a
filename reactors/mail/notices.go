package mail

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/reactors"
)

// cachedEvents is how many events the reactor remembers, so that it need not look their details up
// for each booking.
const cachedEvents = 1000

// maxAge is how old a record may be for a letter about it. After that, no mails were sent for so long
// that nobody waits for them.
const maxAge = 7 * 24 * time.Hour

// notices turns records into letters.
type notices struct {
	details *lru.Cache[uuid.UUID, domain.Details] // as of the last record of the event that was seen
}

// Reactors are those of this package by name and queue, for tools that show their state.
func Reactors() []reactors.Reactor {
	return []reactors.Reactor{Notices(), {Name: deliveryName, Queue: Topic}}
}

// Notices is the reactor that queues a letter for everyone whom a record concerns. All it does is in
// the transaction of the offset.
func Notices() reactors.Reactor {
	cache, err := lru.New[uuid.UUID, domain.Details](cachedEvents)
	if err != nil {
		panic(err) // only a size that is not positive is refused
	}
	n := &notices{details: cache}
	return reactors.Reactor{
		Name: "notices", Batch: 100, Handle: n.handle, Reset: n.details.Purge,
		Types: []string{
			domain.TypeTicketBooked, domain.TypeBookingCancelled, domain.TypeHoldConfirmed, domain.TypeHoldLapsed,
			domain.TypeTicketsOffered, domain.TypeOfferLapsed, domain.TypeDetailsChanged, domain.TypeEventCancelled,
			domain.TypeMessageSent,
		},
	}
}

func (n *notices) handle(m *message.Message) error {
	record, err := reactors.RecordOf(m)
	if err != nil || time.Since(record.RecordedAt) > maxAge {
		return err
	}
	value, err := domain.Codec{}.Decode(record.Type, record.SchemaVersion, record.Data)
	if err != nil {
		return reactors.Permanent(err) // a record of a newer version is recognised in it
	}
	tx, err := reactors.Tx(m)
	if err != nil {
		return err
	}
	letters, err := n.letters(m, tx, record, value)
	if err != nil {
		return err
	}
	return queueFor(m, tx, letters)
}

func (n *notices) letters(
	m *message.Message, tx *sql.Tx, record eventstore.Record, value domain.Record,
) ([]Letter, error) {
	switch v := value.(type) {
	case domain.DetailsChanged:
		return n.changed(m, tx, record, v)
	case domain.EventCancelled:
		return n.toHolders(m, tx, record, Letter{Kind: EventCancelled})
	case domain.MessageSent:
		message := Letter{Kind: OrganizerMessage, Sender: v.By, Subject: v.Subject, Text: v.Text}
		return n.toHolders(m, tx, record, message)
	default:
	}
	l, lines, ok := personal(value)
	if !ok {
		return nil, nil
	}
	d, err := n.detailsAt(m, tx, record)
	if err != nil {
		return nil, err
	}
	l.Position, l.Event, l.Lines = record.Position, eventOf(record.StreamID, record.Version, d), linesOf(lines, d)
	return []Letter{l}, nil
}

// personal is the letter about a record that concerns one person.
func personal(value domain.Record) (l Letter, lines domain.Lines, ok bool) {
	switch v := value.(type) {
	case domain.TicketBooked:
		return Letter{Kind: BookingConfirmed, User: v.CustomerID, Booking: v.BookingID, Currency: v.Currency}, v.Lines, true
	case domain.HoldConfirmed:
		return Letter{Kind: BookingConfirmed, User: v.CustomerID, Booking: v.HoldID, Currency: v.Currency}, v.Lines, true
	case domain.BookingCancelled:
		l = Letter{Kind: BookingCancelled, User: v.CustomerID, Booking: v.BookingID}
		if v.Reason != "" {
			l.Kind, l.Reason = BookingCancelledByOrganizer, v.Reason
		}
		return l, v.Lines, true
	case domain.HoldLapsed:
		return Letter{Kind: HoldLapsed, User: v.CustomerID, Booking: v.HoldID}, v.Lines, true
	case domain.TicketsOffered:
		return Letter{Kind: TicketsOffered, User: v.CustomerID, Booking: v.EntryID, Currency: v.Currency,
			Until: v.ExpiresAt}, v.Lines, true
	case domain.OfferLapsed:
		return Letter{Kind: OfferLapsed, User: v.CustomerID, Booking: v.EntryID}, v.Lines, true
	case domain.EventScheduled, domain.DetailsChanged, domain.CapacityChanged, domain.EventPublished,
		domain.EventCancelled, domain.OrganizerAdded, domain.OrganizerRemoved,
		domain.MessageSent: // concern nobody, or all holders
	case domain.TicketCheckedIn, domain.CheckInUndone,
		domain.TicketsHeld, domain.HoldReleased, domain.WaitlistJoined, domain.WaitlistLeft,
		domain.OfferDeclined: // the customer who did it sees the answer
	}
	return Letter{}, nil, false
}

// changed tells the holders what is different, if they would see it. The details from before are
// read and not remembered: a record that comes again would be compared with itself.
func (n *notices) changed(
	m *message.Message, tx *sql.Tx, record eventstore.Record, v domain.DetailsChanged,
) ([]Letter, error) {
	earlier, err := detailsBefore(m, tx, record)
	if err != nil {
		return nil, err
	}
	n.details.Add(record.StreamID, v.Details)
	now, before := eventOf(record.StreamID, record.Version, v.Details), eventOf(record.StreamID, record.Version, earlier)
	if now.looksLike(*before) {
		return nil, nil
	}
	return n.toHolders(m, tx, record, Letter{Kind: EventChanged, Event: now, Before: before})
}

// detailsAt are those of the event of a record, which is not about them.
func (n *notices) detailsAt(m *message.Message, tx *sql.Tx, record eventstore.Record) (domain.Details, error) {
	if d, ok := n.details.Get(record.StreamID); ok {
		return d, nil
	}
	d, err := detailsBefore(m, tx, record)
	if err == nil {
		n.details.Add(record.StreamID, d)
	}
	return d, err
}

func detailsBefore(m *message.Message, tx *sql.Tx, record eventstore.Record) (d domain.Details, err error) {
	var r eventstore.Record
	err = tx.QueryRowContext(m.Context(), `
		select type, schema_version, data::text
		from event_log
		where stream_id = $1 and version < $2 and type in ('EventScheduled', 'DetailsChanged')
		order by version desc
		limit 1`, record.StreamID, record.Version).Scan(&r.Type, &r.SchemaVersion, &r.Data)
	if err != nil {
		return d, fmt.Errorf("read the details of event %s before version %d: %w", record.StreamID, record.Version, err)
	}
	value, err := domain.Codec{}.Decode(r.Type, r.SchemaVersion, r.Data)
	if err != nil {
		return d, reactors.Permanent(err)
	}
	switch v := value.(type) {
	case domain.EventScheduled:
		return v.Details, nil
	case domain.DetailsChanged:
		return v.Details, nil
	default:
	}
	return d, reactors.Permanent(errors.New("a record has no details"))
}
