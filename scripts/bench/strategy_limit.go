package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// limit is not a way of selling tickets but what appending costs without any rule: rows like those
// of the log, into a table with the log's columns and indexes, but without its triggers, checks and
// head row. Positions and versions come from a counter in the program, for nothing. Nobody can
// append rows one by one and be faster than this.
type limit struct{ way way }

type way string

const (
	byInsert way = "limit-insert" // one prepared INSERT for each row, which commits by itself
	byTx     way = "insert-tx"    // BEGIN, the same INSERT, COMMIT: what a program with a transaction for each row pays
	byCopy   way = "limit-copy"   // a thousand rows with one COPY
)

func (l limit) name() string { return string(l.way) }

func (limit) prepare(ctx context.Context, db *database, _ []uuid.UUID, _ int) error {
	_, err := db.conn.Exec(ctx, `
		create schema bench;
		create table bench.records (like event_log including indexes)`)
	return err
}

type limitSeller struct {
	pooled
	way      way
	position atomic.Int64
}

func (l limit) open(ctx context.Context, url string, _ time.Duration, connections int) (seller, error) {
	pool, err := openPooled(ctx, url, connections)
	return &limitSeller{pooled: pool, way: l.way}, err
}

const insertSQL = `
	insert into bench.records (position, stream_id, version, type, schema_version, data, metadata, recorded_at, hash)
	values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`

// row has values for all columns of the log that are as long as those of a booking.
func row(position int64, event [16]byte) []any {
	const (
		data = `{"bookingId":"8f14e45f-ceea-467f-a5d0-1a2b3c4d5e6f",` +
			`"customerId":"c9f0f895-fb98-4b91-9e2e-6f7a8b9c0d1e"}`
		metadata = `{"actor":"c9f0f895-fb98-4b91-9e2e-6f7a8b9c0d1e","correlationId":"bench"}`
		hash     = "0123456789abcdef0123456789abcdef"
	)
	return []any{
		position, event, int32(position), "TicketBooked", int16(1),
		[]byte(data), []byte(metadata), time.Now(), []byte(hash),
	}
}

func (s *limitSeller) book(ctx context.Context, o order) (int, error) {
	switch s.way {
	case byInsert:
		_, err := s.Exec(ctx, insertSQL, row(s.position.Add(1), o.event)...)
		return 1, err
	case byTx:
		err := pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, insertSQL, row(s.position.Add(1), o.event)...)
			return err
		})
		return 1, err
	case byCopy:
		return s.copy(ctx, o)
	}
	return 0, fmt.Errorf("unknown way %q", s.way)
}

// copy spreads its rows over streams by changing the last bytes of the id.
func (s *limitSeller) copy(ctx context.Context, o order) (int, error) {
	const rows = 1000
	first, event := s.position.Add(rows)-rows+1, [16]byte(o.event)
	n, err := s.CopyFrom(ctx, pgx.Identifier{"bench", "records"}, []string{
		"position", "stream_id", "version", "type", "schema_version", "data", "metadata", "recorded_at", "hash",
	}, pgx.CopyFromSlice(rows, func(i int) ([]any, error) {
		position := first + int64(i)
		event[14], event[15] = byte(position>>8), byte(position)
		return row(position, event), nil
	}))
	return int(n), err
}

func (limit) audit(ctx context.Context, db *database, _ int) (rows int, err error) {
	err = db.conn.QueryRow(ctx, `select count(*) from bench.records`).Scan(&rows)
	return rows, err
}
