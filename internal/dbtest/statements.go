package dbtest

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Statements keeps the statements that a pool sends, each with single spaces. The zero value has none.
type Statements struct {
	mu  sync.Mutex
	all []string
}

// Trace is an [Option] of the pool.
func (s *Statements) Trace(c *pgxpool.Config) { c.ConnConfig.Tracer = s }

// All gives the statements so far.
func (s *Statements) All() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all)
}

// String gives them in lines.
func (s *Statements) String() string { return strings.Join(s.All(), "\n") }

// Count tells how many begin with one of the texts.
func (s *Statements) Count(beginnings ...string) int {
	return s.count(func(sql string) bool {
		return slices.ContainsFunc(beginnings, func(b string) bool { return strings.HasPrefix(sql, b) })
	})
}

// CountWith tells how many contain a text.
func (s *Statements) CountWith(part string) int {
	return s.count(func(sql string) bool { return strings.Contains(sql, part) })
}

func (s *Statements) count(counts func(sql string) bool) (n int) {
	for _, sql := range s.All() {
		if counts(sql) {
			n++
		}
	}
	return n
}

func (s *Statements) add(sql string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, strings.Join(strings.Fields(sql), " "))
}

// TraceQueryStart implements [pgx.QueryTracer].
func (s *Statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	s.add(q.SQL)
	return ctx
}

// TraceQueryEnd implements [pgx.QueryTracer].
func (s *Statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart implements [pgx.BatchTracer].
func (s *Statements) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

// TraceBatchQuery implements [pgx.BatchTracer].
func (s *Statements) TraceBatchQuery(_ context.Context, _ *pgx.Conn, q pgx.TraceBatchQueryData) {
	s.add(q.SQL)
}

// TraceBatchEnd implements [pgx.BatchTracer].
func (s *Statements) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}
