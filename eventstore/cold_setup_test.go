package eventstore_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// unreadMark is part of the query for unread records, and of no other.
	unreadMark = "cross join lateral (\n\t\t\tselect position, stream_id, version, type"
	// rowsOfAStatement is how many records one statement may read in a batch or a group of loads, and
	// rowsOfALong how many of one stream.
	rowsOfAStatement, rowsOfALong = 5_000, 60_000
)

// unreadRows counts the rows of each query for unread records.
type unreadRows struct {
	mu   sync.Mutex
	rows []int
}

func (u *unreadRows) configure(c *pgxpool.Config) { c.ConnConfig.Tracer = u }

func (u *unreadRows) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}
func (u *unreadRows) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

func (u *unreadRows) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}
func (u *unreadRows) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (u *unreadRows) TraceBatchQuery(_ context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	if !strings.Contains(data.SQL, unreadMark) {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.rows = append(u.rows, int(data.CommandTag.RowsAffected()))
}

// take gives the counts since it was called last.
func (u *unreadRows) take() (rows []int, sum int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	rows, u.rows = u.rows, nil
	for _, n := range rows {
		sum += n
	}
	return rows, sum
}

func mustBookAll(tb testing.TB, p process, streams []uuid.UUID) {
	tb.Helper()
	for _, a := range stormOf(tb, streams, func(_ int, stream uuid.UUID) (result, error) {
		return p.book(context.Background(), stream, uuid.New())
	}) {
		if a.err != nil {
			tb.Fatal(a.err)
		}
	}
}
