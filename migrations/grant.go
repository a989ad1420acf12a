package migrations

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// grants are for a role that only runs the program. It owns the read models, because a rebuild
// swaps their tables. The log and its checkpoints belong to somebody else, so their triggers bind
// it: it cannot switch them off. New tables get their grants at the next start.
const grants = `
	grant usage, create on schema public to %[1]s;
	grant select, insert, update, delete on all tables in schema public to %[1]s;
	grant usage, select on all sequences in schema public to %[1]s;
	revoke update, delete on event_log, audit_checkpoints from %[1]s;
	revoke insert, update, delete on goose_db_version from %[1]s;
	alter table events owner to %[1]s;
	alter table bookings owner to %[1]s;
	alter table holds owner to %[1]s;
	alter table waitlist owner to %[1]s`

// Grant lets a role do what the program does, and no more. url is that of the owner of the schema,
// who must be a member of the role or a superuser. The schema has to be up to date.
func Grant(ctx context.Context, url, role string) (err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // everything is committed
	if _, err := conn.Exec(ctx, fmt.Sprintf(grants, pgx.Identifier{role}.Sanitize())); err != nil {
		return fmt.Errorf("grant %s what the program does: %w", role, err)
	}
	return nil
}
