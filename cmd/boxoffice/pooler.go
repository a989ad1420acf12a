package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/internal/replica"
)

var errTransactionPooling = errors.New("it leads to a pooler in transaction or statement mode; " +
	"the program needs sessions that stay (LISTEN, session locks, settings): " +
	"set pool_mode = session (PgBouncer), or name the PostgreSQL itself")

// poolerRounds is how often the two sessions alternate. One round finds a pooler that hands out its
// last used backend, or its backends in rotation. More rounds are for a pooler that has other clients.
const poolerRounds = 5

// refuseTransactionPooling is an error if a pooler in front of the database assigns backends by
// transaction. Then two sessions that alternate get each other's backends; otherwise each keeps its
// own.
func refuseTransactionPooling(ctx context.Context, config *pgx.ConnConfig) error {
	one, err := connectPlain(ctx, config)
	if err != nil {
		return err
	}
	defer one.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is lost with it
	two, err := connectPlain(ctx, config)
	if err != nil {
		return err
	}
	defer two.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is lost with it
	var own, other string
	for range poolerRounds {
		for _, look := range []struct {
			at      *pgx.Conn
			sql     string
			backend *string // that it told before; nil: the statement tells none
		}{
			{at: one, sql: backendSQL, backend: &own},
			{at: one, sql: backendSQL, backend: &own}, // of several that are free, a pooler may give the next in turn
			{at: two, sql: `begin`},
			{at: two, sql: backendSQL, backend: &other}, // and keep it, while the first session asks again
			{at: one, sql: backendSQL, backend: &own},
			{at: two, sql: `commit`},
		} {
			isStable, err := sameBackend(ctx, look.at, look.sql, look.backend)
			if err != nil {
				return err
			}
			if !isStable || own == other {
				return errTransactionPooling
			}
		}
	}
	return nil
}

// replicaTimeout bounds how long the start waits for a replica, which need not be there.
const replicaTimeout = 2 * time.Second

// refusePooledReplicas tells whether there is such a pooler in front of one of the replicas that an
// address names. One that does not answer is not looked at: it may come later.
func refusePooledReplicas(ctx context.Context, url string) error {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return replica.CheckURL(url) // whose error does not repeat the password
	}
	ctx, cancel := context.WithTimeout(ctx, replicaTimeout)
	defer cancel()
	var each errgroup.Group
	for _, host := range replica.Hosts(config) {
		each.Go(func() error {
			if err := refuseTransactionPooling(ctx, host); errors.Is(err, errTransactionPooling) {
				return err
			}
			return nil
		})
	}
	return each.Wait()
}

// backendSQL identifies a backend, also among those of several servers.
const backendSQL = `select format('%s %s', pg_backend_pid(), pg_postmaster_start_time())`

// sameBackend executes a statement. When that identifies a backend, it must be the same as before,
// if there was one.
func sameBackend(ctx context.Context, conn *pgx.Conn, sql string, backend *string) (bool, error) {
	if backend == nil {
		_, err := conn.Exec(ctx, sql)
		var refused *pgconn.PgError
		if errors.As(err, &refused) && refused.Code == "08P01" { // PgBouncer's statement mode has no transactions
			return false, nil
		}
		return true, err
	}
	var now string
	if err := conn.QueryRow(ctx, sql).Scan(&now); err != nil {
		return false, err
	}
	isSame := *backend == "" || *backend == now
	*backend = now
	return isSame, nil
}

// connectPlain opens a session that prepares no statements, which do not work everywhere.
func connectPlain(ctx context.Context, config *pgx.ConnConfig) (*pgx.Conn, error) {
	c := config.Copy()
	c.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	c.RuntimeParams["application_name"] = "boxoffice start"
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	return conn, nil
}
