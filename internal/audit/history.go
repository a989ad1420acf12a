package audit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/projections"
)

// History returns streams as of any version. Because folding a long stream takes long, it caches
// states on the way: a second query folds at most a thousand records. It is safe for concurrent
// use.
type History struct {
	pool  eventstore.Database
	log   *eventstore.Log
	cache *stateCache
}

// NewHistory reads from pool, which the caller closes.
func NewHistory(pool eventstore.Database) *History {
	return &History{pool, eventstore.NewLog(pool), &stateCache{streams: map[uuid.UUID]*cachedStream{}}}
}

// ErrNoStream means that there is no stream with this id.
var ErrNoStream = errors.New("there is no stream with this id")

// Moment is a stream right after one of its records. The zero value is before the first.
type Moment struct {
	Record  Line
	State   domain.State
	Problem string // why this record can't be decoded, or which rule it breaks
	Unknown bool   // this record or an earlier one can't be decoded, and State leaves it out
}

// StatusOf returns the status of an event, as the read models name it, and NONE before its first
// record.
func StatusOf(s domain.State) string {
	switch {
	case s.Cancelled():
		return projections.EventCancelled
	case s.Draft():
		return projections.EventDraft
	case s.Exists():
		return projections.EventScheduled
	}
	return "NONE"
}

// Walk calls each for the records after one version up to another (0: the end), oldest first. It
// reads in pages, so that the first call comes soon in a long stream.
func (h *History) Walk(ctx context.Context, streamID uuid.UUID, after, upTo int, each func(Moment) error) error {
	const firstPage, page = 200, 2_000
	start := h.cache.before(streamID, after)
	var replay domain.Replay
	if start.version > 0 {
		replay = domain.ReplayFrom(start.state)
	}
	unknown, previous, size := start.unknown, start.hash, firstPage
	for at := start.version; upTo == 0 || at < upTo; size = page {
		if upTo > 0 {
			size = min(size, upTo-at)
		}
		records, err := h.log.Stream(ctx, streamID, at, size)
		if err != nil || len(records) == 0 {
			return err
		}
		for _, r := range records {
			m := Moment{Record: Line{r, previous}}
			previous = r.Hash
			value, err := domain.Codec{}.Decode(r.Type, r.SchemaVersion, r.Data)
			switch {
			case isRead(&r):
				_, err = checkRead(&r)
			case err == nil:
				err = replay.Next(value)
			default:
				unknown = true
			}
			if err != nil {
				m.Problem = err.Error()
			}
			if at = r.Version; at%cacheEvery == 0 {
				h.cache.add(streamID, cachedState{at, replay.State(), previous, unknown})
			}
			if at <= after {
				continue
			}
			m.State, m.Unknown = replay.State(), unknown
			if err := each(m); err != nil {
				return err
			}
		}
	}
	return nil
}

// At returns a stream as of a version, or as of its newest when the version is 0 or does not exist
// yet.
func (h *History) At(ctx context.Context, streamID uuid.UUID, version int) (Moment, error) {
	newest, err := h.log.Version(ctx, streamID)
	if err != nil {
		return Moment{}, err
	}
	if newest == 0 {
		return Moment{}, ErrNoStream
	}
	if version <= 0 || version > newest {
		version = newest
	}
	var last Moment
	err = h.Walk(ctx, streamID, version-1, version, func(m Moment) error { last = m; return nil })
	return last, err
}

// VersionAt returns the version that a stream had at a time; 0 before the first record.
func (h *History) VersionAt(ctx context.Context, streamID uuid.UUID, at time.Time) (int, error) {
	newest, err := h.log.Version(ctx, streamID)
	if err != nil {
		return 0, err
	}
	if newest == 0 {
		return 0, ErrNoStream
	}
	// Binary search: times in a stream never decrease, and versions have an index.
	low, high := 0, newest
	for low < high {
		middle := (low + high + 1) / 2
		var later bool
		err := h.pool.QueryRow(ctx, `
			select coalesce((select recorded_at > $3 from event_log where stream_id = $1 and version = $2), false)`,
			streamID, middle, at).Scan(&later)
		if err != nil {
			return 0, fmt.Errorf("find the version at a time: %w", err)
		}
		if later {
			high = middle - 1
		} else {
			low = middle
		}
	}
	return low, nil
}

// Joined is how many entries had joined the waiting list of an event at a version, ended ones included.
func (h *History) Joined(ctx context.Context, streamID uuid.UUID, version int) (n int, err error) {
	err = h.pool.QueryRow(ctx, `
		select count(*) from event_log where stream_id = $1 and version <= $2 and type = $3`,
		streamID, version, domain.TypeWaitlistJoined).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count who had joined the waiting list: %w", err)
	}
	return n, nil
}

// Difference is the change between two versions of a stream.
type Difference struct {
	From, To Moment
}

// BookingChange is a booking that was made between two versions or, when it is older, cancelled.
type BookingChange struct {
	domain.Booking      // as of the later version
	Made           bool // in between
	Version        int  // of the record
}

// Head returns the position of the newest record.
func (h *History) Head(ctx context.Context) (int64, error) { return h.log.Head(ctx) }

// Diff compares two versions. Version 0 is the stream before its first record.
func (h *History) Diff(ctx context.Context, streamID uuid.UUID, from, to int) (d Difference, err error) {
	if from > 0 {
		if d.From, err = h.At(ctx, streamID, from); err != nil {
			return d, err
		}
	}
	if d.To, err = h.At(ctx, streamID, to); err != nil {
		return d, err
	}
	return d, nil
}

// EachChange calls use for the bookings that differ, in the order of their records after a version.
// It keeps no list of them: there may be as many as tickets.
func (h *History) EachChange(ctx context.Context, d *Difference, after int, use func(BookingChange) error) error {
	streamID, to := d.To.Record.StreamID, d.To.Record.Version
	for at := max(after, d.From.Record.Version); at < to; {
		const page = 2_000
		records, err := h.log.Stream(ctx, streamID, at, min(page, to-at))
		if err != nil || len(records) == 0 {
			return err
		}
		for i := range records {
			at = records[i].Version
			if c, ok := d.change(&records[i]); ok {
				if err := use(c); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// change is what a record changed, if that is still so at the later version.
func (d *Difference) change(r *eventstore.Record) (c BookingChange, ok bool) {
	value, err := domain.Codec{}.Decode(r.Type, r.SchemaVersion, r.Data)
	if err != nil {
		return c, false // the states leave it out, too
	}
	c.Version = r.Version
	var id uuid.UUID
	switch v := value.(type) {
	case domain.TicketBooked:
		id, c.Made = v.BookingID, true
	case domain.HoldConfirmed:
		id, c.Made = v.HoldID, true
	case domain.BookingCancelled:
		id = v.BookingID
	default:
		return c, false
	}
	c.Booking, ok = d.To.State.Booking(id)
	before, known := d.From.State.Booking(id)
	if c.Made {
		return c, ok && !known
	}
	return c, ok && known && !before.Cancelled
}

// Bucket summarizes a span of time.
type Bucket struct {
	At            time.Time // its beginning
	Version       int       // of the last record in it
	Capacity      int       // after that
	Remaining     int
	Bookings      int // made in the span
	Cancellations int
}

// Series divides the time from from to to, inclusive, into spans of equal length, and summarizes
// each. Empty spans are left out. Zero times stand for the first and the last record.
func (h *History) Series(ctx context.Context, streamID uuid.UUID, from, to time.Time, spans int) (
	buckets []Bucket, span time.Duration, err error,
) {
	first, err := h.At(ctx, streamID, 1)
	if err != nil {
		return nil, 0, err
	}
	last, err := h.At(ctx, streamID, 0)
	if err != nil {
		return nil, 0, err
	}
	if from.IsZero() {
		from = first.Record.RecordedAt
	}
	if to.IsZero() {
		to = last.Record.RecordedAt
	}
	// Rounded up, so that the end is in.
	span = max(time.Millisecond, min(to.Sub(from), math.MaxInt64-1)/time.Duration(spans)+1)
	after, err := h.VersionAt(ctx, streamID, from.Add(-time.Microsecond))
	if err != nil {
		return nil, 0, err
	}
	errDone := errors.New("done")
	err = h.Walk(ctx, streamID, after, 0, func(m Moment) error {
		if m.Record.RecordedAt.After(to) {
			return errDone
		}
		at := from.Add(m.Record.RecordedAt.Sub(from).Truncate(span))
		if n := len(buckets); n == 0 || !buckets[n-1].At.Equal(at) {
			buckets = append(buckets, Bucket{At: at})
		}
		b := &buckets[len(buckets)-1]
		b.Version, b.Capacity, b.Remaining = m.Record.Version, m.State.Capacity(), m.State.Remaining()
		switch m.Record.Type {
		case domain.TypeTicketBooked, domain.TypeHoldConfirmed:
			b.Bookings++
		case domain.TypeBookingCancelled:
			b.Cancellations++
		}
		return nil
	})
	if errors.Is(err, errDone) {
		err = nil
	}
	return buckets, span, err
}
