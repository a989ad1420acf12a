package projections

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

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

const (
	// chunkSize is how many records are read, decoded and folded together.
	chunkSize = 4_096
	// readSize is how many records one query reads. A longer one would hold vacuum up for as long as it takes.
	readSize = 200_000
	// chunksAhead is how many chunks may wait to be folded.
	chunksAhead = 8
)

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
		return scanLog(ctx, pool, after, upTo, func(records []eventstore.Record) error {
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

func scanLog(ctx context.Context, pool *pgxpool.Pool, after, upTo int64, use func([]eventstore.Record) error) error {
	s := &scanner{types: make(map[string]string), last: after}
	for s.last < upTo {
		rows, err := pool.Query(ctx, `
			select position, stream_id, version, type, schema_version, data, recorded_at, hash
			from event_log
			where position > $1 and position <= $2
			order by position`, pgx.QueryResultFormats{pgx.BinaryFormatCode}, s.last, min(s.last+readSize, upTo))
		if err != nil {
			return fmt.Errorf("read the log after %d: %w", s.last, err)
		}
		before := s.last
		if err := s.scan(rows, use); err != nil {
			return fmt.Errorf("read the log after %d: %w", before, err)
		}
		if s.last == before {
			return fmt.Errorf("the log has nothing after position %d", before)
		}
	}
	return nil
}

// scanner takes records from PostgreSQL's binary form, in chunks that share their memory.
type scanner struct {
	types map[string]string
	last  int64
	chunk []eventstore.Record
	data  []byte
}

func (s *scanner) scan(rows pgx.Rows, use func([]eventstore.Record) error) error {
	defer rows.Close()
	for rows.Next() {
		if s.chunk == nil {
			s.chunk = make([]eventstore.Record, 0, chunkSize)
			s.data = make([]byte, 0, chunkSize*128)
		}
		s.chunk = append(s.chunk, s.record(rows.RawValues()))
		position := s.chunk[len(s.chunk)-1].Position
		if position != s.last+1 {
			return fmt.Errorf("there is a gap before position %d", position)
		}
		s.last = position
		if len(s.chunk) == chunkSize {
			if err := s.flush(use); err != nil {
				return err
			}
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return s.flush(use)
}

func (s *scanner) flush(use func([]eventstore.Record) error) error {
	full := s.chunk
	s.chunk = nil
	if len(full) == 0 {
		return nil
	}
	return use(full)
}

func (s *scanner) record(v [][]byte) (r eventstore.Record) {
	r.Position = int64(binary.BigEndian.Uint64(v[0])) //nolint:gosec // as PostgreSQL sends it; so are the others
	copy(r.StreamID[:], v[1])
	r.Version = int(int32(binary.BigEndian.Uint32(v[2]))) //nolint:gosec
	r.Type = s.typeName(v[3])
	r.SchemaVersion = int16(binary.BigEndian.Uint16(v[4])) //nolint:gosec
	at := len(s.data)
	s.data = append(s.data, v[5]...)
	r.Data = s.data[at:len(s.data):len(s.data)]
	r.RecordedAt = time.UnixMicro(int64(binary.BigEndian.Uint64(v[6])) + millennium).UTC() //nolint:gosec
	copy(r.Hash[:], v[7])
	return r
}

// millennium is when PostgreSQL's time begins.
var millennium = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

// typeName keeps one copy of each name.
func (s *scanner) typeName(b []byte) string {
	if name, known := s.types[string(b)]; known {
		return name
	}
	name := string(b)
	s.types[name] = name
	return name
}
