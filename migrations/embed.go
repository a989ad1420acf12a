// Package migrations contains the schema as embedded goose migrations, and applies them.
package migrations

import (
	"context"
	"embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Files are the migrations.
//
//go:embed *.sql
var Files embed.FS

// Up migrates the database at url to the newest schema and returns the versions it applied.
// Concurrent calls are safe: a session lock lets one work while the others wait. A table that
// somebody else has locked is waited for briefly and several times, half a minute in all; the error
// then says who has it.
func Up(ctx context.Context, url string) ([]int64, error) {
	return run(ctx, url, func(p *goose.Provider) ([]*goose.MigrationResult, error) { return p.Up(ctx) })
}

// Down reverts the schema to version target and returns the reverted versions, newest first. It
// drops tables with their rows.
func Down(ctx context.Context, url string, target int64) ([]int64, error) {
	return run(ctx, url, func(p *goose.Provider) ([]*goose.MigrationResult, error) { return p.DownTo(ctx, target) })
}

// run returns the versions of the migrations that were run, also with an error.
func run(
	ctx context.Context, url string, migrate func(*goose.Provider) ([]*goose.MigrationResult, error),
) (versions []int64, err error) {
	err = unlessLocked(ctx, url, func() error {
		return with(url, func(p *goose.Provider) error {
			results, err := migrate(p)
			var partial *goose.PartialError
			if errors.As(err, &partial) {
				results = partial.Applied
			}
			for _, r := range results {
				versions = append(versions, r.Source.Version)
			}
			return err
		})
	})
	return versions, withHint(ctx, url, err)
}

// Pending reports whether the database at url lacks a migration of this program.
func Pending(ctx context.Context, url string) (bool, error) {
	var pending bool
	err := with(url, func(p *goose.Provider) error {
		var err error
		pending, err = p.HasPending(ctx)
		return err
	})
	return pending, err
}

func with(url string, use func(*goose.Provider) error) (err error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("read the database address: %w", err)
	}
	config.RuntimeParams["application_name"] = "boxoffice migrate"
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(limitLocks))
	defer func() { err = errors.Join(err, db.Close()) }()
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 120))
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, Files, goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	return use(provider)
}
