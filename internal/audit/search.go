package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/domain"
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

// CountReads returns how many reads of the audit the log has.
func (h *History) CountReads(ctx context.Context) (int, error) {
	return h.log.Version(ctx, eventstore.ReadsStream)
}

// Filter selects records of the log. Zero fields match all.
type Filter struct {
	Type   string
	Actor  uuid.UUID
	Stream uuid.UUID
}

// How many positions one call of Records goes through at most.
const (
	scanWindow  = 100_000   // one by one
	actorWindow = 2_000_000 // by an index that says where an actor can't be
)

// Records returns at most limit records after a position, and the position to continue from, which
// is 0 at the end of the log. When matches are rare it may return few or none before the end.
func (h *History) Records(ctx context.Context, f Filter, after int64, limit int) (lines []Line, next int64, err error) {
	head, err := h.log.Head(ctx)
	if err != nil {
		return nil, 0, err
	}
	upTo := head
	var rows pgx.Rows
	switch {
	case f.Stream != uuid.Nil:
		// Not the index of positions, which the planner prefers for the order.
		rows, _ = h.pool.Query(ctx, selectLines+`
			where l.stream_id = $1 and l.position + 0 > $2 and l.position + 0 <= $3 and ($4 = '' or l.type = $4)
				and ($5 = '' or l.metadata->>'actor' = $5)
			order by l.version
			limit $6`, f.Stream, after, upTo, f.Type, actorText(f.Actor), limit)
	case f.Actor != uuid.Nil:
		upTo = min(after+actorWindow, head)
		found, err := h.positionsOf(ctx, f, after, upTo, limit)
		if err != nil {
			return nil, 0, err
		}
		rows, _ = h.pool.Query(ctx, selectLines+`
			where l.position = any($1)
			order by l.position`, found)
	case f.Type != "" && f.Type != domain.TypeTicketBooked:
		rows, _ = h.pool.Query(ctx, recordsOfTypeSQL, f.Type, after, upTo, limit)
	default:
		upTo = min(after+scanWindow, head)
		rows, _ = h.pool.Query(ctx, selectLines+`
			where l.position > $1 and l.position <= $2 and ($3 = '' or l.type = $3)
			order by l.position
			limit $4`, after, upTo, f.Type, limit)
	}
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

func actorText(actor uuid.UUID) string {
	if actor == uuid.Nil {
		return ""
	}
	return actor.String()
}

// positionsOf finds the records of an actor. The planner can't know how much the Bloom filters leave
// out, and would read everything.
func (h *History) positionsOf(ctx context.Context, f Filter, after, upTo int64, limit int) (found []int64, err error) {
	err = pgx.BeginFunc(ctx, h.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, bloomSettings); err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, positionsOfActorSQL, f.Actor.String(), after, upTo, f.Type, limit)
		found, err = pgx.CollectRows(rows, pgx.RowTo[int64])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find the records of an actor: %w", err)
	}
	return found, nil
}

const bloomSettings = `set local enable_seqscan = off; set local enable_indexscan = off`

const recordsOfTypeSQL = selectLines + `
	where l.type = $1 and l.type <> 'TicketBooked' and l.position > $2 and l.position <= $3
	order by l.position
	limit $4`

const positionsOfActorSQL = `
	select position
	from event_log
	where metadata->>'actor' = $1 and position + 0 > $2 and position + 0 <= $3 and ($4 = '' or type = $4)
	order by position
	limit $5`
