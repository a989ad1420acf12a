package engine

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Status is the state of a projection.
type Status struct {
	Name     string
	Position int64         // up to which it has applied the log
	Records  int64         // that it has not applied yet
	Behind   time.Duration // how long the oldest of them has been waiting
	Holder   string        // of the lease; empty: nobody runs it
	Parked   int           // streams that it can't apply; see [ParkedStreams]
	Unknown  bool          // the next record was not known to the program that ran it last
}

// Parked is a stream that a projection has put aside, with the record that is in the way.
type Parked struct {
	StreamID      uuid.UUID
	Version       int
	Position      int64
	Reason        string
	CorrelationID string // of the request that caused the record
	Since         time.Time
}

// Statuses returns the states of the named projections, whichever process runs them.
func Statuses(ctx context.Context, pool *pgxpool.Pool, names []string) ([]Status, error) {
	rows, _ := pool.Query(ctx, `
		select w.name, coalesce(c.position, 0), h.position - coalesce(c.position, 0),
			coalesce(greatest('0', clock_timestamp() -
				(select recorded_at from event_log where position = coalesce(c.position, 0) + 1)), '0'),
			coalesce(case when c.lease_until > clock_timestamp() then c.holder end, ''),
			(select count(*) from parked_records p where p.projection = w.name),
			coalesce(c.unknown_record = c.position + 1, false)
		from unnest($1::text[]) with ordinality as w (name, n)
		cross join log_head h
		left join projection_checkpoints c on c.name = w.name
		order by n`, names)
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (s Status, err error) {
		err = row.Scan(&s.Name, &s.Position, &s.Records, &s.Behind, &s.Holder, &s.Parked, &s.Unknown)
		return s, err
	})
	if err != nil {
		return nil, fmt.Errorf("read the checkpoints: %w", err)
	}
	return all, nil
}

// ParkedStreams lists the parked streams of a projection in the order of the log, at most limit of
// them.
func ParkedStreams(ctx context.Context, pool *pgxpool.Pool, projection string, limit int) ([]Parked, error) {
	return parkedBecause(ctx, pool, projection, "", limit)
}

// parkedUndecoded lists those with a record that could not be decoded.
func parkedUndecoded(ctx context.Context, pool *pgxpool.Pool, projection string) ([]Parked, error) {
	return parkedBecause(ctx, pool, projection, decodeFailed, math.MaxInt32)
}

func parkedBecause(
	ctx context.Context, pool *pgxpool.Pool, projection, reason string, limit int,
) ([]Parked, error) {
	rows, _ := pool.Query(ctx, `
		select stream_id, version, position, reason, correlation_id, parked_at
		from parked_records
		where projection = $1 and starts_with(reason, $2)
		order by position
		limit $3`, projection, reason, limit)
	parked, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Parked])
	if err != nil {
		return nil, fmt.Errorf("read the parked records of %s: %w", projection, err)
	}
	return parked, nil
}
