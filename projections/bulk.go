package projections

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/eventstore"
)

// load is the other way to drive a projection: rows are kept in memory, so that each is written once however often it changes.
type load interface {
	fold(ctx context.Context, facts []fact) error
	// finish writes what fold has kept.
	finish(ctx context.Context, tx pgx.Tx) error
}

// tableLoad fills a table. When there are too many rows for the memory they are written out, and fetched again in the rare case
// that a later fact changes them.
type tableLoad[Row any] struct {
	table  *table[Row]
	shadow *shadow
	rows   *rowSet[Row]
}

// maxRows bounds how many rows are kept in memory: some 250 MB of bookings.
const maxRows = 1_000_000

func (t *table[Row]) newLoad(s *shadow) load { return &tableLoad[Row]{t, s, t.newRowSet()} }

func (l *tableLoad[Row]) fold(ctx context.Context, facts []fact) error {
	if err := l.rows.fetch(ctx, l.shadow.pool, l.shadow.name, l.rows.missing(facts)); err != nil {
		return err
	}
	l.rows.reduce(facts)
	if len(l.rows.byKey) < l.shadow.maxRows {
		return nil
	}
	return pgx.BeginFunc(ctx, l.shadow.pool, func(tx pgx.Tx) error {
		if err := l.finish(ctx, tx); err != nil {
			return err
		}
		return l.shadow.makeKey(ctx, tx) // rows will be looked for from now on
	})
}

func (l *tableLoad[Row]) finish(ctx context.Context, tx pgx.Tx) error {
	next, fields := 0, []any(nil)
	_, err := tx.CopyFrom(ctx, pgx.Identifier{l.shadow.name}, columnNames(l.table.columns), pgx.CopyFromFunc(func() ([]any, error) {
		if next == len(l.rows.made) {
			return nil, nil
		}
		fields = l.table.fields(l.rows.made[next])
		for i := range fields {
			fields[i] = value(fields[i])
		}
		next++
		return fields, nil
	}))
	if err != nil {
		return fmt.Errorf("copy rows: %w", err)
	}
	for some := range slices.Chunk(l.rows.fetched, pageSize) {
		if _, err := tx.Exec(ctx, l.table.saveSQL(l.shadow.name), l.table.arrays(some)...); err != nil {
			return fmt.Errorf("save rows: %w", err)
		}
	}
	l.rows = l.table.newRowSet()
	return nil
}

// chunksAhead is how many chunks may wait to be folded.
const chunksAhead = 8

// eachChunk reads the log after a position up to another one, several times as fast as [eventstore.Log.After]: without metadata,
// and with chunks read, decoded and used at the same time. Chunks come in the order of the log.
func eachChunk(ctx context.Context, pool *pgxpool.Pool, after, upTo int64, use func([]fact) error) error {
	type chunk struct {
		facts []fact
		err   error
	}
	group, ctx := errgroup.WithContext(ctx)
	decoding := make(chan chan chunk, chunksAhead)
	group.Go(func() error {
		defer close(decoding)
		last := after
		err := eventstore.Scan(ctx, pool, after, upTo, false, func(records []eventstore.Record) error {
			for i := range records {
				if records[i].Position != last+1 {
					return fmt.Errorf("there is a gap before position %d", records[i].Position)
				}
				last++
			}
			decoded := make(chan chunk, 1)
			select {
			case decoding <- decoded:
			case <-ctx.Done():
				return ctx.Err()
			}
			go func() {
				var c chunk
				c.err = recovered(func() (err error) {
					c.facts, err = factsOf(records)
					return err
				})
				decoded <- c
			}()
			return nil
		})
		if err == nil && last < upTo {
			err = fmt.Errorf("the log has nothing after position %d", last)
		}
		return err
	})
	group.Go(func() error {
		for decoded := range decoding {
			c := <-decoded
			if c.err != nil {
				return c.err
			}
			if err := recovered(func() error { return use(c.facts) }); err != nil {
				return err
			}
		}
		return nil
	})
	return group.Wait()
}

// recovered makes a panic an error, as watermill's middleware does for pages.
func recovered(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return do()
}
