package projections

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
)

// Projection turns records of the log into rows of a read model.
type Projection interface {
	// Name is the identity of the projection in the database. It is never reused for another shape of rows.
	Name() string
	// Apply writes what the records change, within tx. They come in the order of the log, each exactly once in effect.
	Apply(ctx context.Context, tx pgx.Tx, records []eventstore.Record) error
}

// table is a projection in which every record changes at most one row. A batch costs a query for the rows that it changes and a
// statement that writes them back, however many records it has.
type table[Row any] struct {
	name string
	// row names the row that a record changes; ok is false when it changes none, and fresh is true when the record makes the row.
	row func(eventstore.Record, domain.Record) (key uuid.UUID, fresh, ok bool)
	// reduce changes the row as the record says. It is the same for live batches and for a rebuild.
	reduce func(*Row, eventstore.Record, domain.Record)
	load   func(ctx context.Context, tx pgx.Tx, keys []uuid.UUID) (map[uuid.UUID]*Row, error)
	save   func(ctx context.Context, tx pgx.Tx, rows []*Row) error
}

func (t *table[Row]) Name() string { return t.name }

type change struct {
	key    uuid.UUID
	record eventstore.Record
	value  domain.Record
}

func (t *table[Row]) Apply(ctx context.Context, tx pgx.Tx, records []eventstore.Record) error {
	changes := make([]change, 0, len(records))
	rows := make(map[uuid.UUID]*Row)
	var old []uuid.UUID
	for _, r := range records {
		value, err := domain.Codec{}.Decode(r.Type, r.SchemaVersion, r.Data)
		if err != nil {
			return fmt.Errorf("position %d: %w", r.Position, err)
		}
		key, fresh, ok := t.row(r, value)
		if !ok {
			continue
		}
		if _, seen := rows[key]; !seen {
			rows[key] = new(Row)
			if !fresh {
				old = append(old, key)
			}
		}
		changes = append(changes, change{key, r, value})
	}
	if len(old) > 0 {
		found, err := t.load(ctx, tx, old)
		if err != nil {
			return fmt.Errorf("load rows: %w", err)
		}
		for _, key := range old {
			if found[key] == nil {
				return fmt.Errorf("%s: row %s is missing", t.name, key)
			}
		}
		maps.Copy(rows, found)
	}
	if len(changes) == 0 {
		return nil
	}
	for _, c := range changes {
		t.reduce(rows[c.key], c.record, c.value)
	}
	if err := t.save(ctx, tx, slices.Collect(maps.Values(rows))); err != nil {
		return fmt.Errorf("save rows: %w", err)
	}
	return nil
}
