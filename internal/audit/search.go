package audit

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/eventstore"
)

// StreamInfo is a stream in a list. The fields of the read model may lag behind.
type StreamInfo struct {
	ID        uuid.UUID
	Position  int64 // of its first record
	Records   int
	Title     string // from the read model, like the next three
	Status    string
	Capacity  int
	Remaining int
	FirstAt   time.Time
	LastAt    time.Time
}

// isFound selects the first records of the events that are searched. Reads of the audit are no event.
const isFound = `
	l.version = 1 and l.stream_id <> $2
	and ($1 = '' or strpos(lower(e.title), lower($1)) > 0 or starts_with(l.stream_id::text, lower($1)))`

// Streams lists streams in the order of their first records, after a position. Search matches a
// part of the title or a prefix of the id.
func (h *History) Streams(ctx context.Context, search string, after int64, limit int) ([]StreamInfo, error) {
	rows, _ := h.pool.Query(ctx, `
		select l.stream_id, l.position, newest.version, coalesce(e.title, ''), coalesce(e.status, ''),
			coalesce(e.capacity, 0), coalesce(e.remaining, 0), l.recorded_at, newest.recorded_at
		from event_log l
		left join events e on e.id = l.stream_id
		cross join lateral (
			select version, recorded_at from event_log n where n.stream_id = l.stream_id order by version desc limit 1
		) newest
		where `+isFound+` and l.position > $3
		order by l.position
		limit $4`, search, eventstore.ReadsStream, after, limit)
	return collect(rows, func(row pgx.CollectableRow) (s StreamInfo, err error) {
		err = row.Scan((*[16]byte)(&s.ID), &s.Position, &s.Records, &s.Title, &s.Status, &s.Capacity, &s.Remaining,
			&s.FirstAt, &s.LastAt)
		s.FirstAt, s.LastAt = s.FirstAt.UTC(), s.LastAt.UTC()
		return s, err
	}, "list streams")
}

// CountStreams returns how many streams a search finds.
func (h *History) CountStreams(ctx context.Context, search string) (n int64, err error) {
	err = h.pool.QueryRow(ctx, `
		select count(*)
		from event_log l
		left join events e on e.id = l.stream_id
		where `+isFound, search, eventstore.ReadsStream).Scan(&n)
	return n, err
}

// Filter selects records of the log. Zero fields match all.
type Filter struct {
	Type   string
	Actor  uuid.UUID
	Stream uuid.UUID
}

// scanWindow bounds how many positions one call of Records reads. There is no index of actors or
// types, because each would slow down every booking.
const scanWindow = 100_000

// Records returns at most limit records after a position, and the position to continue from, which
// is 0 at the end of the log. When matches are rare it may return few or none before the end.
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
	if f.Stream != uuid.Nil { // force the index of the stream: for the order, the planner prefers that of positions
		chosen = `l.stream_id = $6 and l.position + 0 > $1 and l.position + 0 <= $2`
	} else {
		chosen += ` and $6::uuid is not null`
	}
	rows, _ := h.pool.Query(ctx, selectLines+`
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

// orderOf returns the column to sort by. In one stream, versions and positions have the same order.
func orderOf(f Filter) string {
	if f.Stream != uuid.Nil {
		return "version"
	}
	return "position"
}
