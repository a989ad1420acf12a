package engine

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Verification is the result of [Verify].
type Verification struct {
	Projection string
	Position   int64 // up to which the projection says that it has applied the log
	Applied    int64 // records up to there, without those of parked streams
	Mismatches []Mismatch
}

// Mismatch is a range of positions of which a projection did not apply each record exactly once.
type Mismatch struct {
	First, Last   int64
	Log, Applied  int64 // records; parked ones are not counted
	OthersApplied bool  // as many as the log has, but not the same
}

// Verify compares what a projection says that it has applied with the log: a count and a hash for
// each range of positions. It finds a projection that looks as if it had caught up and has skipped
// something. It reads the whole log.
func Verify(ctx context.Context, pool *pgxpool.Pool, p Projection) (Verification, error) {
	projection := p.Name()
	v := Verification{Projection: projection}
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, pool, options, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `
			select coalesce((select position from projection_checkpoints where name = $1), 0),
				(select coalesce(sum(records), 0)::bigint from applied_ranges where projection = $1)`, projection,
		).Scan(&v.Position, &v.Applied)
		if err != nil {
			return err
		}
		v.Mismatches, err = mismatches(ctx, tx, projection, v.Position)
		return err
	})
	if err != nil {
		return v, fmt.Errorf("verify %s: %w", projection, err)
	}
	return v, nil
}

func mismatches(ctx context.Context, tx pgx.Tx, projection string, position int64) ([]Mismatch, error) {
	rows, _ := tx.Query(ctx, `
		with log as (
			select (position - 1) / $3 * $3 + 1 as first_position, count(*) as records,
				bit_xor(('x' || encode(substring(hash from 1 for 8), 'hex'))::bit(64)::bigint) as hash
			from event_log e
			where position <= $2 and not exists (
				select from parked_records p where p.projection = $1 and p.stream_id = e.stream_id and p.version <= e.version)
			group by 1
		), applied as (
			select first_position, records, hash from applied_ranges where projection = $1
		)
		select first_position, least(first_position + $3 - 1, greatest($2, first_position)),
			coalesce(log.records, 0), coalesce(applied.records, 0), coalesce(log.records = applied.records, false)
		from log
		full join applied using (first_position)
		where (log.records, log.hash) is distinct from (applied.records, applied.hash)
		order by first_position`, projection, position, int64(rangeSize))
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Mismatch])
}
