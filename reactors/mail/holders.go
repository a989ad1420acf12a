package mail

import (
	"database/sql"
	"fmt"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/reactors"
)

// toHolders is a letter for everybody who held tickets of an event at a record, by the history
// itself: read models may be behind it, or ahead.
func (n *notices) toHolders(m *message.Message, tx *sql.Tx, at eventstore.Record, l Letter) ([]Letter, error) {
	holders, err := holdersAt(m, tx, at)
	if err != nil || len(holders) == 0 {
		return nil, err
	}
	if l.Event == nil {
		d, err := n.detailsAt(m, tx, at)
		if err != nil {
			return nil, err
		}
		l.Event = eventOf(at.StreamID, at.Version, d)
	}
	letters := make([]Letter, len(holders))
	for i, h := range holders {
		letters[i] = l
		letters[i].Position, letters[i].User, letters[i].Booking = at.Position, h.user, h.booking
	}
	return letters, nil
}

// holder has tickets. Of several bookings the first one counts, which names the entry in a calendar.
type holder struct{ user, booking uuid.UUID }

func holdersAt(m *message.Message, tx *sql.Tx, at eventstore.Record) ([]holder, error) {
	rows, err := tx.QueryContext(m.Context(), `
		select type, schema_version, data::text
		from event_log
		where stream_id = $1 and version < $2 and type in ('TicketBooked', 'HoldConfirmed', 'BookingCancelled')
		order by version`, at.StreamID, at.Version)
	if err != nil {
		return nil, fmt.Errorf("read the bookings of event %s: %w", at.StreamID, err)
	}
	defer rows.Close() //nolint:errcheck // its error is that of Err
	var booked []holder
	cancelled := map[uuid.UUID]bool{}
	for rows.Next() {
		var r eventstore.Record
		if err := rows.Scan(&r.Type, &r.SchemaVersion, &r.Data); err != nil {
			return nil, err
		}
		value, err := domain.Codec{}.Decode(r.Type, r.SchemaVersion, r.Data)
		if err != nil {
			return nil, reactors.Permanent(err)
		}
		switch v := value.(type) {
		case domain.TicketBooked:
			booked = append(booked, holder{v.CustomerID, v.BookingID})
		case domain.HoldConfirmed:
			booked = append(booked, holder{v.CustomerID, v.HoldID})
		case domain.BookingCancelled:
			cancelled[v.BookingID] = true
		default: // not selected
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the bookings of event %s: %w", at.StreamID, err)
	}
	var holders []holder
	seen := map[uuid.UUID]bool{}
	for _, h := range booked {
		if !cancelled[h.booking] && !seen[h.user] {
			seen[h.user] = true
			holders = append(holders, h)
		}
	}
	return holders, nil
}
