package migrations

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Changing a table needs a lock that excludes all readers. Readers queue up behind a session that waits
// for it, so a migration waits briefly, and tries again after a pause.
const (
	lockTimeout  = 500 * time.Millisecond
	lockAttempts = 10
	lockPause    = 2 * time.Second // in which the readers go on
)

// limitLocks prepares a connection. The setting is not a startup parameter, because poolers refuse
// those.
func limitLocks(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, fmt.Sprintf(`set lock_timeout = %d`, lockTimeout.Milliseconds()))
	return err
}

// unlessLocked migrates. After a lock timeout it tries again.
func unlessLocked(ctx context.Context, url string, migrate func() error) error {
	for attempt := 1; ; attempt++ {
		err := migrate()
		if !hasCode(err, "55P03") {
			return err
		}
		holders := describeHolders(ctx, url)
		if attempt == lockAttempts {
			return fmt.Errorf("a table that has to be changed is locked, tried %d times: %s: %w", attempt, holders, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %s: %w", context.Cause(ctx), holders, err)
		case <-time.After(lockPause):
		}
	}
}

// describeHolders names the sessions that have had locks of our tables for longer than the timeout.
func describeHolders(ctx context.Context, url string) string {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return "who has it can't be found out: " + err.Error()
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is lost with it
	rows, _ := conn.Query(ctx, `
		select format('backend %s (user %s, application "%s", %s) since %s on %s', a.pid, a.usename, a.application_name,
			coalesce(a.state, 'in another state'), to_char(a.xact_start, 'YYYY-MM-DD"T"HH24:MI:SSOF'),
			string_agg(distinct c.relname::text, ', '))
		from pg_stat_activity a
		join pg_locks l on l.pid = a.pid and l.granted and l.locktype = 'relation'
		join pg_class c on c.oid = l.relation and c.relkind in ('r', 'p')
		where a.datname = current_database() and c.relnamespace = current_schema()::regnamespace
			and a.xact_start < clock_timestamp() - $1::float8 * interval '1 second'
		group by a.pid, a.usename, a.application_name, a.state, a.xact_start
		order by a.xact_start
		limit 5`, lockTimeout.Seconds())
	holders, err := pgx.CollectRows(rows, pgx.RowTo[string])
	switch {
	case err != nil:
		return "who has it can't be found out: " + err.Error()
	case len(holders) == 0:
		return "nobody has it any more"
	}
	return "it is held by " + strings.Join(holders, ", and ")
}

// withHint adds what to do when the role may not create tables.
func withHint(ctx context.Context, url string, err error) error {
	if !hasCode(err, "42501", "3F000") {
		return err
	}
	conn, connectErr := pgx.Connect(ctx, url)
	if connectErr != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is lost with it
	var role, schema string
	var may bool
	if conn.QueryRow(ctx, `
		select quote_ident(current_user), quote_ident(name), has_schema_privilege(name, 'CREATE')
		from (select coalesce(current_schema(), 'public')) s (name)`).Scan(&role, &schema, &may) != nil || may {
		return err
	}
	return fmt.Errorf("the role %s can't create tables; have the owner of the database execute "+
		"GRANT USAGE, CREATE ON SCHEMA %s TO %s: %w", role, schema, role, err)
}

func hasCode(err error, codes ...string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && slices.Contains(codes, pg.Code)
}
