package engine_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/internal/dbtest"
)

func TestALongPageCostsAFewStatements(t *testing.T) {
	t.Parallel()
	b := setup(t)
	basket := b.open("E")
	b.add(basket, 4000)
	counter := &statements{}
	pool := dbtest.Connect(t, b.URL, dbtest.MaxConns(connections),
		func(c *pgxpool.Config) { c.ConnConfig.Tracer = counter })
	b.startOn(pool).Reaches(b.head)
	if n := counter.containing("begin", "insert into", "with moved", "commit", "select id"); n > 7*len(names()) {
		t.Errorf("%d statements for one page of each projection:\n%s", n, counter)
	}
	b.checkFold()
}

// Most columns of a row stay as they are with each record, and some rows are wide.
func TestARowIsUpdatedInTheColumnsThatHaveChanged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sent := &statements{}
	p := b.startOn(dbtest.Connect(t, b.URL, dbtest.MaxConns(connections),
		func(c *pgxpool.Config) { c.ConnConfig.Tracer = sent }))
	basket := b.open("E")
	p.Reaches(b.head)
	for range 3 {
		b.add(basket, 1)
		p.Reaches(b.head)
	}
	const want = "update baskets set items = $1::bigint, last = $2::timestamptz where id = $3"
	if sent.containing(want) < 3 || sent.containing("update baskets set label") > 0 {
		t.Errorf("want three times %q, got:\n%s", want, sent)
	}
	b.checkFold()
}

// statements counts what is sent to the database.
type statements struct {
	mu  sync.Mutex
	sql []string
}

func (s *statements) add(sql string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sql = append(s.sql, strings.Join(strings.Fields(sql), " "))
}

func (s *statements) containing(parts ...string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sql := range s.sql {
		for _, part := range parts {
			if strings.HasPrefix(sql, part) {
				n++
			}
		}
	}
	return n
}

func (s *statements) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.sql, "\n")
}

func (s *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	s.add(data.SQL)
	return ctx
}

func (s *statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (s *statements) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (s *statements) TraceBatchQuery(_ context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	s.add(data.SQL)
}

func (s *statements) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}
