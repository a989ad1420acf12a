package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// DifferenceError means that a rebuilt read model differs from the one in use.
type DifferenceError struct {
	Projection string
	Position   int64 // of the log, at which they were compared
	Rows       int   // that differ
	Examples   []Difference
}

// Difference is a row that is not the same in both. It is empty on a side that does not have it.
type Difference struct {
	ID             string
	InUse, Rebuilt string // as PostgreSQL writes rows
}

func (e *DifferenceError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d row(s) differ between the read model in use and the log at position %d; nothing was changed",
		e.Projection, e.Rows, e.Position)
	for _, d := range e.Examples {
		fmt.Fprintf(&b, "\n  %s\n    in use:  %s\n    rebuilt: %s", d.ID, orNone(d.InUse), orNone(d.Rebuilt))
	}
	return b.String()
}

func orNone(row string) string {
	if row == "" {
		return "(no such row)"
	}
	return row
}

// mostExamples bounds how many differences are shown.
const mostExamples = 20

// compare checks that the shadow has the rows that the table in use had at the same position. A
// snapshot keeps that state while the projection goes on.
func (r *rebuild) compare(ctx context.Context) error {
	r.Observe(RebuildProgress{Phase: "comparing"})
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return pgx.BeginTxFunc(ctx, r.Pool, options, func(snapshot pgx.Tx) error {
		_, err := snapshot.Exec(ctx, `set local idle_in_transaction_session_timeout = 0; set local work_mem = '64MB'`)
		if err != nil {
			return err
		}
		var position int64
		row := snapshot.QueryRow(ctx, `select position from projection_checkpoints where name = $1`, r.shadow.live)
		if err := row.Scan(&position); err != nil {
			return err
		}
		var inUse, rebuilt string
		group, groupCtx := errgroup.WithContext(ctx)
		group.Go(func() (err error) {
			inUse, err = digest(groupCtx, snapshot, r.shadow.live)
			return err
		})
		group.Go(func() (err error) {
			if err := r.advance(groupCtx, "comparing", position); err != nil {
				return err
			}
			rebuilt, err = digest(groupCtx, r.Pool, r.shadow.name)
			return err
		})
		if err := group.Wait(); err != nil {
			return err
		}
		r.result.Compared = true
		if inUse == rebuilt {
			return nil
		}
		found := &DifferenceError{Projection: r.shadow.live, Position: position}
		if err := r.list(ctx, snapshot, found); err != nil {
			return fmt.Errorf("list the differences: %w", err)
		}
		r.result.Differences = found.Rows
		if !r.AcceptDifferences {
			return found
		}
		r.Logger.Warn("differences are accepted", "projection", r.shadow.live, "rows", found.Rows)
		return nil
	})
}

// digest is a count and a hash of all rows of a table, whatever their order.
func digest(ctx context.Context, from querier, table string) (digest string, err error) {
	rows, _ := from.Query(ctx, `
		select count(*) || ' ' || coalesce(sum(hash_record_extended(t, 0)), 0)
		from `+table+` t`)
	digest, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[string])
	if err != nil {
		return "", fmt.Errorf("digest %s: %w", table, err)
	}
	return digest, nil
}

// list adds the differences, and walks both tables in the order of their keys.
func (r *rebuild) list(ctx context.Context, snapshot pgx.Tx, found *DifferenceError) error {
	inUse, err := rowsOf(ctx, snapshot, r.shadow.live)
	if err != nil {
		return err
	}
	defer inUse.Close()
	rebuilt, err := rowsOf(ctx, r.Pool, r.shadow.name)
	if err != nil {
		return err
	}
	defer rebuilt.Close()
	a, b := next(inUse), next(rebuilt)
	for a.id != "" || b.id != "" {
		d := Difference{InUse: a.row, Rebuilt: b.row}
		switch {
		case b.id == "" || a.id != "" && a.id < b.id:
			d.ID, d.Rebuilt = a.id, ""
			a = next(inUse)
		case a.id == "" || b.id < a.id:
			d.ID, d.InUse = b.id, ""
			b = next(rebuilt)
		default:
			d.ID = a.id
			a, b = next(inUse), next(rebuilt)
		}
		if d.InUse == d.Rebuilt {
			continue
		}
		if found.Rows++; len(found.Examples) < mostExamples {
			found.Examples = append(found.Examples, d)
		}
	}
	if err := inUse.Err(); err != nil {
		return err
	}
	return rebuilt.Err()
}

// rowsOf reads a table in the order of its key, whose text sorts like the key itself in the
// collation C.
func rowsOf(ctx context.Context, from querier, table string) (pgx.Rows, error) {
	return from.Query(ctx, `select id::text collate "C", t::text from `+table+` t order by 1`)
}

type textRow struct{ id, row string }

// next returns the next row, and one without an id at the end or after an error.
func next(rows pgx.Rows) (r textRow) {
	if rows.Next() {
		if err := rows.Scan(&r.id, &r.row); err != nil {
			return textRow{}
		}
	}
	return r
}
