package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/eventstore"
)

// bulkLoad fills an empty read model. It keeps rows in memory, so that each is written once however
// often it changes.
type bulkLoad interface {
	// read folds the log up to a position. It calls progress with the number of records of each
	// chunk.
	read(ctx context.Context, upTo int64, progress func(records int)) error
	// finish writes the rows and the applied ranges.
	finish(ctx context.Context, tx pgx.Tx) error
}

// tableLoad fills a table. If there are too many rows for the memory, it writes them out, and
// fetches them again in the rare case that a later record changes them.
type tableLoad[Row, V any] struct {
	table   *Table[Row, V]
	shadow  *shadow
	rows    *rowSet[Row, V]
	applied appliedRanges
}

// maxRows is the default of [RebuildOptions].MaxRows.
const maxRows = 1_000_000

func (t *Table[Row, V]) newBulkLoad(s *shadow) bulkLoad {
	return &tableLoad[Row, V]{t, s, t.newRowSet(), appliedRanges{}}
}

func (l *tableLoad[Row, V]) read(ctx context.Context, upTo int64, progress func(records int)) error {
	return eachChunk(ctx, l.shadow.pool, upTo, l.table.Decode, func(records []Record[V]) error {
		if err := l.fold(ctx, records); err != nil {
			return err
		}
		progress(len(records))
		return nil
	})
}

func (l *tableLoad[Row, V]) fold(ctx context.Context, records []Record[V]) error {
	if err := l.rows.fetch(ctx, l.shadow.pool, l.shadow.name, l.rows.missing(records)); err != nil {
		return err
	}
	l.rows.reduce(records)
	for i := range records {
		l.applied.add(records[i].Position, records[i].hash)
	}
	if len(l.rows.byKey) < l.shadow.maxRows {
		return nil
	}
	return pgx.BeginFunc(ctx, l.shadow.pool, func(tx pgx.Tx) error {
		if err := l.writeRows(ctx, tx); err != nil {
			return err
		}
		return l.shadow.createKey(ctx, tx) // later records look rows up
	})
}

func (l *tableLoad[Row, V]) finish(ctx context.Context, tx pgx.Tx) error {
	if err := l.writeRows(ctx, tx); err != nil {
		return err
	}
	b := &pgx.Batch{}
	l.applied.queue(b, l.shadow.name)
	return tx.SendBatch(ctx, b).Close()
}

func (l *tableLoad[Row, V]) writeRows(ctx context.Context, tx pgx.Tx) error {
	next, fields := 0, []any(nil)
	rows := pgx.CopyFromFunc(func() ([]any, error) {
		if next == len(l.rows.created) {
			return nil, nil
		}
		fields = l.table.Fields(l.rows.created[next])
		for i := range fields {
			fields[i] = value(fields[i])
		}
		next++
		return fields, nil
	})
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{l.shadow.name}, l.table.columnNames(), rows); err != nil {
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

// chunksAhead is how many decoded chunks may wait to be folded.
const chunksAhead = 8

// eachChunk reads the log up to a position, several times as fast as [eventstore.Log.After]:
// without metadata, and it reads, decodes and uses chunks at the same time. Chunks come in the
// order of the log.
func eachChunk[V any](
	ctx context.Context, pool *pgxpool.Pool, upTo int64, decode Decode[V], use func([]Record[V]) error,
) error {
	type chunk struct {
		records []Record[V]
		err     error
	}
	group, ctx := errgroup.WithContext(ctx)
	decoding := make(chan chan chunk, chunksAhead)
	group.Go(func() error {
		defer close(decoding)
		return scanWithoutGaps(ctx, pool, upTo, func(stored []eventstore.Record) error {
			decoded := make(chan chunk, 1)
			select {
			case decoding <- decoded:
			case <-ctx.Done():
				return ctx.Err()
			}
			go func() {
				var c chunk
				c.err = recovered(func() (err error) {
					c.records, err = decode.all(stored)
					return err
				})
				decoded <- c
			}()
			return nil
		})
	})
	group.Go(func() error {
		for decoded := range decoding {
			c := <-decoded
			if c.err != nil {
				return c.err
			}
			if err := recovered(func() error { return use(c.records) }); err != nil {
				return err
			}
		}
		return nil
	})
	return group.Wait()
}

func scanWithoutGaps(ctx context.Context, pool *pgxpool.Pool, upTo int64, use func([]eventstore.Record) error) error {
	last := int64(0)
	err := eventstore.Scan(ctx, pool, upTo, func(records []eventstore.Record) error {
		for i := range records {
			if records[i].Position != last+1 {
				return fmt.Errorf("there is a gap before position %d", records[i].Position)
			}
			last++
		}
		return use(records)
	})
	if err == nil && last < upTo {
		err = fmt.Errorf("the log has nothing after position %d", last)
	}
	return err
}

// recovered turns a panic into an error, as watermill's middleware does for pages.
func recovered(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return do()
}
