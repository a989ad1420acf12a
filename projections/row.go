package projections

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/projections/engine"
)

// rowOf returns one row of a read model, or [ErrNotFound]. The noun is for errors.
func rowOf[Row any](
	ctx context.Context, pool eventstore.Database, table *engine.Table[Row, domain.Record], name string, id uuid.UUID,
) (*Row, error) {
	rows, _ := pool.Query(ctx, `select `+table.ColumnList("")+` from `+table.ReadModel+` where id = $1`, id)
	found, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (*Row, error) {
		var r Row
		err := engine.Scan(row, table.Fields(&r)...)
		return &r, err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", name, id, err)
	}
	return found, nil
}
