package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/eventstore"
)

// RetryOptions configure [Retry].
type RetryOptions struct {
	Pool   *pgxpool.Pool // with the settings of [Session]
	Logger *slog.Logger
	Holder string // names this process to people
}

// Retried is the result of [Retry].
type Retried struct {
	Streams int // that were parked
	Applied int // records
	Left    int // streams that are parked still
}

// Retry applies the records of parked streams that a projection has gone past. Streams whose record
// still can't be applied stay parked. The projection stands still meanwhile, because Retry takes
// its lease.
func Retry(ctx context.Context, p Projection, o RetryOptions) (result Retried, err error) {
	d := newDirectDelivery(Options{Pool: o.Pool, Logger: o.Logger, Holder: o.Holder}, p, p.Name())
	checkpoint, err := d.lease.take(ctx, o.Pool)
	if err != nil {
		return result, err
	}
	err = d.lease.hold(ctx, o.Pool, func(ctx context.Context) error {
		parked, err := ParkedStreams(ctx, o.Pool, p.Name(), math.MaxInt32)
		if err != nil {
			return err
		}
		result.Streams = len(parked)
		for _, stream := range parked {
			applied, left, err := d.retry(ctx, checkpoint, stream)
			if err != nil {
				return fmt.Errorf("retry stream %s: %w", stream.StreamID, err)
			}
			result.Applied += applied
			if left {
				result.Left++
			}
		}
		return nil
	})
	return result, err
}

// retry applies the records of one stream up to the checkpoint, until one can't be applied.
func (d *delivery) retry(ctx context.Context, checkpoint int64, from Parked) (applied int, left bool, err error) {
	for next := from.Version; ; {
		records, err := d.log.Stream(ctx, from.StreamID, next-1, pageSize)
		if err != nil {
			return applied, true, err
		}
		for len(records) > 0 && records[len(records)-1].Position > checkpoint {
			records = records[:len(records)-1]
		}
		n, parked, err := d.retrySome(ctx, checkpoint, from.StreamID, records)
		if err != nil || parked {
			return applied, true, err
		}
		if n == 0 {
			return applied, false, nil
		}
		applied += n
		next = records[n-1].Version + 1
	}
}

// retrySome applies as many of the records as can be applied together, and moves the mark of the
// parked stream past them. If no records are left, it deletes the mark.
func (d *delivery) retrySome(
	ctx context.Context, checkpoint int64, stream uuid.UUID, records []eventstore.Record,
) (n int, parked bool, err error) {
	for n = len(records); ; {
		p := &page{pageRange: pageRange{Projection: d.lease.name, Stream: stream}, records: records[:n]}
		if n > 0 {
			p.From, p.To = records[0].Position, records[n-1].Position
		}
		err = d.attempt(ctx, p, func(b *pgx.Batch) {
			if !p.parked {
				d.mark(b, stream, records[:n])
			}
			d.lease.advance(b, checkpoint, checkpoint)
		})
		var unknown *unknownError
		switch {
		case errors.As(err, &unknown):
			n = slices.IndexFunc(records, func(r eventstore.Record) bool { return r.Position == unknown.Position })
			if n == 0 {
				return 0, true, nil // it waits as it is
			}
		case errors.As(err, new(*pageError)):
			n /= 2
		default:
			return n, p.parked, err
		}
	}
}

func (d *delivery) mark(b *pgx.Batch, stream uuid.UUID, applied []eventstore.Record) {
	if len(applied) == 0 {
		b.Queue(`delete from parked_records where projection = $1 and stream_id = $2`, d.lease.name, stream)
		return
	}
	last := applied[len(applied)-1]
	b.Queue(`
		update parked_records set version = $3, position = $4
		where projection = $1 and stream_id = $2`, d.lease.name, stream, last.Version+1, last.Position+1)
}
