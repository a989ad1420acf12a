package main

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/migrations"
	"github.com/boxoffice/boxoffice/projections"
)

// migrateUp brings the schema up to date, and then the rows of the read models: events that are there
// are found by new searches from the beginning.
func migrateUp(ctx context.Context, url string) (applied []int64, err error) {
	applied, err = migrations.Up(ctx, url)
	if err != nil || len(applied) == 0 {
		return applied, err
	}
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return applied, err
	}
	defer pool.Close()
	_, err = projections.RefreshEvents(ctx, pool)
	return applied, err
}
