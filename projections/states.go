package projections

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/domain"
)

// Stream is the state of a stream at the position of a read model.
type Stream struct {
	State                domain.State
	Version              int
	CreatedAt, UpdatedAt time.Time
	Unknown              bool // its records can't be read or break the rules
}

// CompareStates compares the rows of a read model with the states of streams, which were folded by
// the domain and not by the projection: two ways that must lead to the same. tx must see the read
// model at the position of the states. only, if set, is the one stream to compare. Streams that are
// parked or unknown are left out. CompareStates calls differs for each row that is wrong, missing
// or too many.
func CompareStates(
	ctx context.Context, tx pgx.Tx, projection string, only uuid.UUID, streams map[uuid.UUID]Stream,
	differs func(streamID uuid.UUID, detail string),
) (rows int64, err error) {
	c := &comparison{streams: streams, skip: map[uuid.UUID]bool{}, differs: differs}
	if only != uuid.Nil {
		c.only = &only
	}
	parked, _ := tx.Query(ctx, `select stream_id from parked_records where projection = $1`, projection)
	var id uuid.UUID
	_, err = pgx.ForEachRow(parked, []any{(*[16]byte)(&id)}, func() error { c.skip[id] = true; return nil })
	if err != nil {
		return 0, err
	}
	for id, s := range streams {
		if s.Unknown {
			c.skip[id] = true
		}
	}
	switch projection {
	case "events":
		err = c.events(ctx, tx)
	case "bookings":
		err = c.bookings(ctx, tx)
	default:
		return 0, fmt.Errorf("%s has no comparison with states", projection)
	}
	if err != nil {
		return 0, fmt.Errorf("compare %s with the streams: %w", projection, err)
	}
	return c.rows, nil
}

type comparison struct {
	streams map[uuid.UUID]Stream
	skip    map[uuid.UUID]bool
	only    *uuid.UUID
	differs func(uuid.UUID, string)
	rows    int64
}

func (c *comparison) events(ctx context.Context, tx pgx.Tx) error {
	rows, _ := tx.Query(ctx, `
		select `+eventsTable().ColumnList("")+`
		from events
		where $1::uuid is null or id = $1`, c.only)
	defer rows.Close()
	seen := make(map[uuid.UUID]bool, len(c.streams))
	for rows.Next() {
		e, err := scanEvent(rows)
		if err != nil {
			return err
		}
		c.rows++
		seen[e.ID] = true
		if c.skip[e.ID] {
			continue
		}
		s, known := c.streams[e.ID]
		if !known {
			c.differs(e.ID, "there is a row and no stream")
			continue
		}
		if e.keysVersion != e.Version { // until RefreshEvents gets there
			e.setKeys()
			e.keysVersion = e.Version
		}
		want := eventOfState(e.ID, s)
		if different := eventsTable().Differences(e, &want); different != "" {
			c.differs(e.ID, different)
		}
	}
	for id := range c.streams {
		if !seen[id] && !c.skip[id] {
			c.differs(id, "there is a stream and no row")
		}
	}
	return rows.Err()
}

func eventOfState(id uuid.UUID, s Stream) Event {
	e := Event{
		ID: id, Capacity: s.State.Capacity(), Remaining: s.State.Remaining(), Status: EventScheduled,
		Version: s.Version, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, keysVersion: s.Version,
	}
	if s.State.Cancelled() {
		e.Status = EventCancelled
	}
	e.setDetails(s.State.Details())
	return e
}

// bookings compares what a state knows of a booking. There can be millions: rows are taken as they
// come from PostgreSQL.
func (c *comparison) bookings(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, `
		select id, event_id, user_id, status = $2
		from bookings
		where $1::uuid is null or event_id = $1`, pgx.QueryResultFormats{pgx.BinaryFormatCode}, c.only, BookingCancelled)
	if err != nil {
		return err
	}
	defer rows.Close()
	counts := make(map[uuid.UUID]int, len(c.streams))
	for rows.Next() {
		v := rows.RawValues()
		id, event, user := uuid.UUID(v[0]), uuid.UUID(v[1]), uuid.UUID(v[2])
		c.rows++
		counts[event]++
		if c.skip[event] {
			continue
		}
		b, made := c.streams[event].State.Booking(id)
		switch cancelled := v[3][0] == 1; {
		case !made:
			c.differs(event, fmt.Sprintf("booking %s is in no record", id))
		case b.CustomerID != user:
			c.differs(event, fmt.Sprintf("booking %s is said to be of user %s and is of %s", id, user, b.CustomerID))
		case b.Cancelled != cancelled:
			c.differs(event, fmt.Sprintf("booking %s is cancelled: %t in the read model, %t in the stream",
				id, cancelled, b.Cancelled))
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for id, s := range c.streams {
		if missing := s.State.Made() - counts[id]; missing > 0 && !c.skip[id] {
			c.differs(id, fmt.Sprintf("%d booking(s) of the stream have no row", missing))
		}
	}
	return nil
}
