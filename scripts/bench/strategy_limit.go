package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// limit is not a way of selling tickets but what appending costs without any rule: rows like those of the log, into a table with
// the log's columns and indexes, but without its triggers, checks and head row. Positions and versions come from a counter in the
// program, for nothing. Nobody can append rows one by one and be faster than this.
type limit struct{ way way }

type way string

const (
	byInsert way = "limit-insert" // one prepared INSERT for each row, which commits by itself
	byTx     way = "insert-tx"    // BEGIN, the same INSERT, COMMIT: what a program with a transaction for each row pays
	byCopy   way = "limit-copy"   // rowsPerCopy rows with one COPY
)

const rowsPerCopy = 1000

func (l limit) name() string { return string(l.way) }

func (limit) prepare(ctx context.Context, db *database, _ []uuid.UUID, _ int) error {
	_, err := db.conn.Exec(ctx, `
		create schema bench;
		create table bench.records (like event_log including indexes)`)
	return err
}

type limitSeller struct {
	pool     *pgxpool.Pool
	way      way
	position atomic.Int64
}

func (l limit) open(ctx context.Context, url string, _ time.Duration, connections int) (seller, error) {
	pool, err := openPool(ctx, url, connections, planner())
	return &limitSeller{pool: pool, way: l.way}, err
}

// columns of the log. The values are as long as those of a booking.
var columns = []string{"position", "stream_id", "version", "type", "schema_version", "data", "metadata", "recorded_at", "hash"}

const insertSQL = `
	insert into bench.records (position, stream_id, version, type, schema_version, data, metadata, recorded_at, hash)
	values ($1, $2, $3, 'TicketBooked', 1, $4, $5, $6, $7)`

var (
	sampleData     = []byte(`{"bookingId":"8f14e45f-ceea-467f-a5d0-1a2b3c4d5e6f","customerId":"c9f0f895-fb98-4b91-9e2e-6f7a8b9c0d1e"}`)
	sampleMetadata = []byte(`{"actor":"c9f0f895-fb98-4b91-9e2e-6f7a8b9c0d1e","correlationId":"bench"}`)
	sampleHash     = []byte("0123456789abcdef0123456789abcdef")
)

func (s *limitSeller) book(ctx context.Context, w wish) (int, error) {
	switch s.way {
	case byInsert:
		position := s.position.Add(1)
		_, err := s.pool.Exec(ctx, insertSQL, position, [16]byte(w.event), int32(position), sampleData, sampleMetadata, time.Now(), sampleHash)
		return 1, err
	case byTx:
		position := s.position.Add(1)
		err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, insertSQL, position, [16]byte(w.event), int32(position), sampleData, sampleMetadata, time.Now(), sampleHash)
			return err
		})
		return 1, err
	case byCopy:
		return s.copy(ctx, w)
	}
	return 0, fmt.Errorf("unknown way %q", s.way)
}

// copy spreads its rows over streams by changing the last bytes of the id.
func (s *limitSeller) copy(ctx context.Context, w wish) (int, error) {
	last := s.position.Add(rowsPerCopy)
	position, event := last-rowsPerCopy, [16]byte(w.event)
	n, err := s.pool.CopyFrom(ctx, pgx.Identifier{"bench", "records"}, columns, pgx.CopyFromFunc(func() ([]any, error) {
		if position == last {
			return nil, nil
		}
		position++
		event[14], event[15] = byte(position>>8), byte(position)
		return []any{position, event, int32(position), "TicketBooked", int16(1), sampleData, sampleMetadata, time.Now(), sampleHash}, nil
	}))
	return int(n), err
}

func (s *limitSeller) close(context.Context) error { s.pool.Close(); return nil }

func (s *limitSeller) extra() map[string]float64 { return map[string]float64{} }

func (limit) audit(ctx context.Context, db *database, _ int) (rows int, err error) {
	err = db.conn.QueryRow(ctx, `select count(*) from bench.records`).Scan(&rows)
	return rows, err
}
