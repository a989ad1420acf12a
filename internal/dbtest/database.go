package dbtest

import (
	"context"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Must ends the test if there is an error.
func Must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// Database is the database of a test, with a pool on it for the test itself.
type Database struct {
	testing.TB
	URL  string
	Pool *pgxpool.Pool
}

// New creates a migrated database, as [URL] does, and connects to it.
func New(tb testing.TB) Database {
	tb.Helper()
	url := URL(tb)
	return Database{tb, url, Connect(tb, url, MaxConns(8))}
}

// Exec executes a statement.
func (d Database) Exec(sql string, args ...any) {
	d.Helper()
	if _, err := d.Pool.Exec(context.Background(), sql, args...); err != nil {
		d.Fatalf("%s: %v", sql, err)
	}
}

// Count gives the number that a query answers with.
func (d Database) Count(sql string, args ...any) (n int) {
	d.Helper()
	if err := d.Pool.QueryRow(context.Background(), sql, args...).Scan(&n); err != nil {
		d.Fatalf("%s: %v", sql, err)
	}
	return n
}

// Rows gives all rows of a table, each as a text, sorted.
func (d Database) Rows(table string) []string {
	d.Helper()
	rows, _ := d.Pool.Query(context.Background(), `select t::text from `+table+` t order by 1`)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	Must(d, err)
	return lines
}

// CheckRows compares the rows of a table with those that [Database.Rows] gave before.
func (d Database) CheckRows(table string, want []string) {
	d.Helper()
	if got := d.Rows(table); !slices.Equal(got, want) {
		d.Errorf("%s has other rows than it had:\n%v\n%v", table, got, want)
	}
}
