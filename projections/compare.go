package projections

import (
	"bytes"
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

// Comparison compares the rows of a read model with the states of streams, which the domain has
// folded without the projection. It takes the streams one by one, and keeps a bounded number of rows
// in memory.
type Comparison struct {
	tx      pgx.Tx
	name    string
	model   comparedModel
	buffer  []comparedRow
	count   int  // rows of the stream that the state knows too
	ended   bool // no rows are left in the database
	parked  map[uuid.UUID]bool
	differs func(streamID uuid.UUID, version int, detail string)
	rows    int64
}

// comparedModel is how the rows of one read model are compared.
type comparedModel struct {
	noun    string // what a row is
	columns string
	stream  string // the column that names the stream
	order   string // of the rows of a stream, if it matters
	fetch   func(*Comparison, context.Context) error
	match   func(*Comparison, *comparedRow, Stream)
	// counts tells whether the state must contain what the row is about, and known how many of these
	// it contains.
	counts func(*comparedRow) bool
	known  func(domain.State) int
}

// comparedRow is a row of any read model.
type comparedRow struct {
	stream    uuid.UUID
	id        uuid.UUID
	event     *Event
	hold      *Hold
	entry     *Entry
	customer  uuid.UUID // of a booking
	cancelled bool
	checkIns  checkInsColumn // of a booking
}

func comparedModels() map[string]comparedModel {
	return map[string]comparedModel{
		eventsName: {
			noun: "event", columns: eventsTable().ColumnList(""), stream: "id",
			fetch: (*Comparison).fetchEvents, match: (*Comparison).matchEvent,
			counts: func(*comparedRow) bool { return true },
			known:  func(domain.State) int { return 1 },
		},
		bookingsName: {
			noun: "booking", stream: "event_id",
			columns: `event_id, id, user_id, status = '` + BookingCancelled + `', nullif(check_ins, '[]')::text`,
			fetch:   (*Comparison).fetchBookings, match: (*Comparison).matchBooking,
			counts: func(*comparedRow) bool { return true },
			known:  domain.State.Made,
		},
		holdsName:    comparedHolds(),
		waitlistName: comparedEntries(),
	}
}

// CompareStates begins a comparison in tx, which must see the read model at the position of the
// states. only, if set, is the one stream to compare; otherwise rows of streams after one are.
// Streams that are parked or unknown are left out. The comparison calls differs for each row that is
// wrong, missing or too many.
func CompareStates(
	ctx context.Context, tx pgx.Tx, projection string, only, after uuid.UUID,
	differs func(streamID uuid.UUID, version int, detail string),
) (*Comparison, error) {
	c := &Comparison{tx: tx, name: projection, parked: map[uuid.UUID]bool{}, differs: differs}
	parked, _ := tx.Query(ctx, `select stream_id from parked_records where projection = $1`, projection)
	var id uuid.UUID
	_, err := pgx.ForEachRow(parked, []any{(*[16]byte)(&id)}, func() error { c.parked[id] = true; return nil })
	if err != nil {
		return nil, err
	}
	var isKnown bool
	if c.model, isKnown = comparedModels()[projection]; !isKnown {
		return nil, fmt.Errorf("%s has no comparison with states", projection)
	}
	key, order := c.model.stream, c.model.stream
	if c.model.order != "" {
		order += ", " + c.model.order
	}
	which := key + ` > '` + after.String() + `'`
	if only != uuid.Nil {
		which = key + ` = '` + only.String() + `'`
	}
	// No index of bookings has this order: it would cost every booking more than an occasional sort.
	_, err = tx.Exec(ctx, `set local work_mem = '32MB';
		declare `+c.cursor()+` no scroll cursor for
		select `+c.model.columns+` from `+projection+` where `+which+` order by `+order)
	if err != nil {
		return nil, fmt.Errorf("compare %s with the streams: %w", projection, err)
	}
	return c, nil
}

func (c *Comparison) cursor() string { return "compared_" + c.name }

// TakeRows returns how many rows were compared since its last call.
func (c *Comparison) TakeRows() (rows int64) {
	rows, c.rows = c.rows, 0
	return rows
}

// Next compares the rows of a stream. Streams come in the order of their ids. The zero Stream has no
// rows.
func (c *Comparison) Next(ctx context.Context, id uuid.UUID, s Stream) error {
	skip := s.Unknown || c.parked[id]
	c.count = 0
	for {
		r, err := c.take(ctx, &id)
		if err != nil {
			return err
		}
		if r == nil {
			break
		}
		if r.stream != id || s.Version == 0 {
			c.stray(r)
			continue
		}
		if c.model.counts(r) {
			c.count++
		}
		if !skip {
			c.model.match(c, r, s)
		}
	}
	if skip || s.Version == 0 {
		return nil
	}
	if known := c.model.known(s.State); known > c.count {
		detail := fmt.Sprintf("%d %s(s) of the stream have no row", known-c.count, c.model.noun)
		if c.name == eventsName {
			detail = "there is a stream and no row"
		}
		c.differs(id, s.Version, detail)
	}
	return nil
}

// End reports the rows that are left after the last stream.
func (c *Comparison) End(ctx context.Context) error {
	for {
		r, err := c.take(ctx, nil)
		if err != nil || r == nil {
			return err
		}
		c.stray(r)
	}
}

// stray is a row of a stream that the read model can't have.
func (c *Comparison) stray(r *comparedRow) {
	switch {
	case c.parked[r.stream]:
	case r.event != nil:
		c.differs(r.stream, 0, "there is a row and no stream")
	default:
		c.differs(r.stream, 0, fmt.Sprintf("%s %s is in no record", c.model.noun, r.id))
	}
}

// take returns the next row of the streams up to upTo, or of all if that is nil; nil at the end.
func (c *Comparison) take(ctx context.Context, upTo *uuid.UUID) (*comparedRow, error) {
	if len(c.buffer) == 0 && !c.ended {
		if err := c.model.fetch(c, ctx); err != nil {
			return nil, fmt.Errorf("compare %s with the streams: %w", c.name, err)
		}
		c.ended = len(c.buffer) == 0
	}
	if len(c.buffer) == 0 || upTo != nil && bytes.Compare(c.buffer[0].stream[:], upTo[:]) > 0 {
		return nil, nil
	}
	r := &c.buffer[0]
	c.buffer = c.buffer[1:]
	c.rows++
	return r, nil
}

func (c *Comparison) fetchEvents(ctx context.Context) error {
	return c.fetchSome(ctx, 200, func(row pgx.CollectableRow) (comparedRow, error) {
		e, err := scanEvent(row)
		return comparedRow{stream: e.ID, id: e.ID, event: e}, err
	})
}

func (c *Comparison) fetchSome(ctx context.Context, n int, scan pgx.RowToFunc[comparedRow]) (err error) {
	rows, _ := c.tx.Query(ctx, fmt.Sprintf(`fetch forward %d from %s`, n, c.cursor()), pgx.QueryExecModeDescribeExec)
	c.buffer, err = pgx.CollectRows(rows, scan)
	return err
}

func (c *Comparison) matchEvent(r *comparedRow, s Stream) {
	if r.event.keysVersion != r.event.Version { // until RefreshEvents gets there
		r.event.setKeys()
		r.event.keysVersion = r.event.Version
	}
	want := eventOfState(r.stream, s)
	if different := eventsTable().Differences(r.event, &want); different != "" {
		c.differs(r.stream, s.Version, different)
	}
}

func eventOfState(id uuid.UUID, s Stream) Event {
	e := EventOf(id, s.Version, s.State)
	e.CreatedAt, e.UpdatedAt, e.keysVersion = s.CreatedAt, s.UpdatedAt, s.Version
	e.setKeys()
	return e
}

// fetchBookings takes rows as they come from PostgreSQL: there can be millions.
func (c *Comparison) fetchBookings(ctx context.Context) error {
	const page = 5_000
	rows, err := c.tx.Query(ctx, fmt.Sprintf(`fetch forward %d from %s`, page, c.cursor()),
		pgx.QueryExecModeDescribeExec, pgx.QueryResultFormats{pgx.BinaryFormatCode})
	if err != nil {
		return err
	}
	defer rows.Close()
	c.buffer = make([]comparedRow, 0, page)
	for rows.Next() {
		v := rows.RawValues()
		row := comparedRow{
			stream: uuid.UUID(v[0]), id: uuid.UUID(v[1]), customer: uuid.UUID(v[2]), cancelled: v[3][0] == 1,
		}
		if v[4] != nil {
			if err := row.checkIns.Scan(v[4]); err != nil {
				return err
			}
		}
		c.buffer = append(c.buffer, row)
	}
	return rows.Err()
}

// matchBooking compares what a state knows of a booking.
func (c *Comparison) matchBooking(r *comparedRow, s Stream) {
	b, made := s.State.Booking(r.id)
	switch {
	case !made:
		c.differs(r.stream, s.Version, fmt.Sprintf("booking %s is in no record", r.id))
	case b.CustomerID != r.customer:
		c.differs(r.stream, s.Version,
			fmt.Sprintf("booking %s is said to be of user %s and is of %s", r.id, r.customer, b.CustomerID))
	case b.Cancelled != r.cancelled:
		c.differs(r.stream, s.Version, fmt.Sprintf("booking %s is cancelled: %t in the read model, %t in the stream",
			r.id, r.cancelled, b.Cancelled))
	case !r.checkIns.are(s.State.CheckInsOf(r.id)):
		c.differs(r.stream, s.Version,
			fmt.Sprintf("booking %s has other check-ins in the stream than in the read model", r.id))
	}
}
