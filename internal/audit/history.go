package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
)

// History tells what streams looked like at any version. Folding a long stream takes a while, so that states on the way are kept: a
// second question about it is answered after a thousand records at most. Values are safe for concurrent use.
type History struct {
	pool  *pgxpool.Pool
	log   *eventstore.Log
	cache *markCache
}

// NewHistory reads from pool, which stays the caller's.
func NewHistory(pool *pgxpool.Pool) *History {
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
	span = max(time.Millisecond, (to.Sub(from)+time.Duration(spans))/time.Duration(spans)) // rounded up, so that the end is in
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

// StreamInfo is a stream in a list. What the read model knows of it may lag behind.
type StreamInfo struct {
	ID        uuid.UUID
	Position  int64 // of its first record
	Records   int
	Title     string // by the read model; so are the next three
	Status    string
	Capacity  int
	Remaining int
	FirstAt   time.Time
	LastAt    time.Time
}

// Streams lists streams in the order in which they began, after the one that began at a position. Search looks for a part of the
// title, or for the beginning of the id.
func (h *History) Streams(ctx context.Context, search string, after int64, limit int) ([]StreamInfo, error) {
	rows, _ := h.pool.Query(ctx, `
		select l.stream_id, l.position, newest.version, coalesce(e.title, ''), coalesce(e.status, ''), coalesce(e.capacity, 0), coalesce(e.remaining, 0),
			l.recorded_at, newest.recorded_at
		from event_log l
		left join events e on e.id = l.stream_id
		cross join lateral (
			select version, recorded_at from event_log n where n.stream_id = l.stream_id order by version desc limit 1
		) newest
		where l.version = 1 and l.position > $1
			and ($2 = '' or strpos(lower(e.title), lower($2)) > 0 or starts_with(l.stream_id::text, lower($2)))
		order by l.position
		limit $3`, after, search, limit)
	return collect(rows, func(row pgx.CollectableRow) (s StreamInfo, err error) {
		err = row.Scan((*[16]byte)(&s.ID), &s.Position, &s.Records, &s.Title, &s.Status, &s.Capacity, &s.Remaining, &s.FirstAt, &s.LastAt)
		s.FirstAt, s.LastAt = s.FirstAt.UTC(), s.LastAt.UTC()
		return s, err
	}, "list streams")
}

// CountStreams tells how many there are in all.
func (h *History) CountStreams(ctx context.Context) (n int64, err error) {
	err = h.pool.QueryRow(ctx, `select count(*) from event_log where version = 1`).Scan(&n)
	return n, err
}

// Filter chooses records of the log. Zero fields don't restrict it.
type Filter struct {
	Type   string
	Actor  uuid.UUID
	Stream uuid.UUID
}

// scanWindow bounds how many positions one call of Records looks at. There is no index for actors and types: each would make every booking
// dearer.
const scanWindow = 100_000

// Records gives records after a position, at most limit of them, and the position to go on from: 0 at the end of the log. It may give few or none
// and still tell to go on, when what is asked for is rare.
func (h *History) Records(ctx context.Context, f Filter, after int64, limit int) (lines []Line, next int64, err error) {
	head, err := h.log.Head(ctx)
	if err != nil {
		return nil, 0, err
	}
	upTo := min(after+scanWindow, head)
	if f.Stream != uuid.Nil {
		upTo = head
	}
	actor := ""
	if f.Actor != uuid.Nil {
		actor = f.Actor.String()
	}
	chosen := `l.position > $1 and l.position <= $2`
	if f.Stream != uuid.Nil { // by its own index; the planner would take the one of positions, for the order
		chosen = `l.stream_id = $6 and l.position + 0 > $1 and l.position + 0 <= $2`
	} else {
		chosen += ` and $6::uuid is not null`
	}
	rows, _ := h.pool.Query(ctx, `
		select `+lineColumns+`, p.hash
		from event_log l
		left join event_log p on p.stream_id = l.stream_id and p.version = l.version - 1
		where `+chosen+` and ($3 = '' or l.type = $3) and ($4 = '' or l.metadata->>'actor' = $4)
		order by l.`+orderOf(f)+`
		limit $5`, after, upTo, f.Type, actor, limit, f.Stream)
	if lines, err = collect(rows, scanLine, "list records"); err != nil {
		return nil, 0, err
	}
	switch {
	case len(lines) == limit && lines[limit-1].Position < head:
		next = lines[limit-1].Position
	case len(lines) < limit && upTo < head:
		next = upTo
	}
	return lines, next, nil
}

// orderOf is the index to read by. In one stream, versions and positions have the same order.
func orderOf(f Filter) string {
	if f.Stream != uuid.Nil {
		return "version"
	}
	return "position"
}

// mark is a state on the way.
type mark struct {
	version int
	state   domain.State
	hash    eventstore.Hash // of the record at the version
	unknown bool
}

// markEvery is how many versions lie between marks. States share what did not change, so that marks are cheap.
const markEvery = 1_000

// marks are those of one stream.
type marks struct {
	byVersion map[int]mark
	size      int // estimate, in bytes
	used      int64
}

// markCache keeps the marks of the streams that were asked for last.
type markCache struct {
	mu      sync.Mutex
	streams map[uuid.UUID]*marks
	size    int
	clock   int64
}

// maxMarks bounds the memory of the cache, in bytes.
const maxMarks = 64 << 20

// before gives the last mark that is not after a version; the zero mark if there is none.
func (c *markCache) before(streamID uuid.UUID, version int) mark {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.streams[streamID]
	if s == nil {
		return mark{}
	}
	c.clock++
	s.used = c.clock
	for v := version - version%markEvery; v > 0; v -= markEvery {
		if m, kept := s.byVersion[v]; kept {
			return m
		}
	}
	return mark{}
}

func (c *markCache) add(streamID uuid.UUID, m mark) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.streams[streamID]
	if s == nil {
		s = &marks{byVersion: map[int]mark{}}
		c.streams[streamID] = s
	}
	c.clock++
	s.used = c.clock
	s.byVersion[m.version] = m
	// The newest state holds nearly everything, and each mark some more of its own.
	size := max(s.size, 2*m.state.Size())
	c.size += size - s.size
	s.size = size
	for c.size > maxMarks {
		oldest := streamID
		for id, other := range c.streams {
			if other.used < c.streams[oldest].used {
				oldest = id
			}
		}
		c.size -= c.streams[oldest].size
		delete(c.streams, oldest)
		if oldest == streamID {
			return
		}
	}
}
