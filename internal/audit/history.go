package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/projections"
)

// History tells what streams looked like at any version. Folding a long stream takes a while, so that states on the way are kept: a
// second question about it is answered after a thousand records at most. Values are safe for concurrent use.
type History struct {
	pool  eventstore.Database
	log   *eventstore.Log
	cache *markCache
}

// NewHistory reads from pool, which stays the caller's.
func NewHistory(pool eventstore.Database) *History {
	return &History{pool, eventstore.NewLog(pool), &markCache{streams: map[uuid.UUID]*marks{}}}
}

// ErrNoStream means that there is no stream with this id.
var ErrNoStream = errors.New("there is no stream with this id")

// Moment is a stream right after one of its records; the zero value is before the first.
type Moment struct {
	Record  Line
	State   domain.State
	Problem string // why this record can't be read, or which rule it breaks
	Unknown bool   // this record or one before can't be read, and State leaves it out
}

// StatusOf says what has become of an event, in the words of the read models; NONE is before its first record.
func StatusOf(s domain.State) string {
	switch {
	case s.Cancelled():
		return projections.EventCancelled
	case s.Exists():
		return projections.EventScheduled
	}
	return "NONE"
}

// Walk goes through a stream from after a version up to another one (0: to its end), oldest record first, and tells what each
// led to. It reads page by page, so that the first comes soon however long the stream is.
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
			if err == nil {
				err = replay.Next(value)
			} else {
				unknown = true
			}
			if err != nil {
				m.Problem = err.Error()
			}
			if at = r.Version; at%markEvery == 0 {
				h.cache.add(streamID, mark{at, replay.State(), previous, unknown})
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

// At gives a stream as it was at a version, or at its newest when the version is 0 or beyond it.
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

// VersionAt is that of the newest record at a time: 0 before the first.
func (h *History) VersionAt(ctx context.Context, streamID uuid.UUID, at time.Time) (int, error) {
	newest, err := h.log.Version(ctx, streamID)
	if err != nil {
		return 0, err
	}
	if newest == 0 {
		return 0, ErrNoStream
	}
	// Time does not run backwards in a stream, and its versions have an index.
	low, high := 0, newest
	for low < high {
		middle := (low + high + 1) / 2
		var later bool
		if err := h.pool.QueryRow(ctx, `
			select coalesce((select recorded_at > $3 from event_log where stream_id = $1 and version = $2), false)`, streamID, middle, at).Scan(&later); err != nil {
			return 0, fmt.Errorf("look for the version at a time: %w", err)
		}
		if later {
			high = middle - 1
		} else {
			low = middle
		}
	}
	return low, nil
}

// Difference is what happened between two versions of a stream.
type Difference struct {
	From, To  Moment
	Booked    []domain.Booking // that To has and From has not; cancelled again, maybe
	Cancelled []domain.Booking // that From has as active
}

// Head is the position of the newest record.
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
	for b := range d.To.State.Bookings() {
		before, known := d.From.State.Booking(b.ID)
		switch {
		case !known:
			d.Booked = append(d.Booked, b)
		case b.Cancelled && !before.Cancelled:
			d.Cancelled = append(d.Cancelled, b)
		}
	}
	byID := func(a, b domain.Booking) int { return bytes.Compare(a.ID[:], b.ID[:]) }
	slices.SortFunc(d.Booked, byID)
	slices.SortFunc(d.Cancelled, byID)
	return d, nil
}

// Bucket is what happened in a span of time.
type Bucket struct {
	At            time.Time // its beginning
	Version       int       // of the last record in it
	Capacity      int       // after that
	Remaining     int
	Bookings      int // made within
	Cancellations int
}

// Series cuts a part of a stream's time into so many spans of equal length and tells what happened in each. Spans in which nothing
// happened are left out. Without from and to it is all of the stream's time. The time of the last record is in.
func (h *History) Series(ctx context.Context, streamID uuid.UUID, from, to time.Time, spans int) (buckets []Bucket, span time.Duration, err error) {
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
	span = max(time.Millisecond, min(to.Sub(from), math.MaxInt64-1)/time.Duration(spans)+1) // rounded up, so that the end is in
	after, err := h.VersionAt(ctx, streamID, from.Add(-time.Microsecond))
	if err != nil {
		return nil, 0, err
	}
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
		case domain.TypeTicketBooked:
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

var errDone = errors.New("done")
