package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/bus"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/projections"
)

// singleConnections are those of the health monitor, which opens a second one when the first does
// not answer, and of notifications.
const singleConnections = 3

// projectingConnections is how many connections a process needs that keeps the read models.
func projectingConnections(c config.Config) int {
	n := c.ReadConns + projections.Connections + singleConnections
	if c.EventBusURL != "" {
		n += bus.Connections
	}
	return n
}

// servingConnections is how many connections a process needs that answers requests.
func servingConnections(c config.Config, projects bool) int {
	n := c.ReadConns + singleConnections
	if projects {
		n = projectingConnections(c)
	}
	return n + reactingConns(c) + c.Transactions + eventstore.ReservedConns + accountConns + audit.VerifyConnections
}

// checkSessions refuses a database that can't give this process the sessions that it needs: as
// many, and such that stay.
func (d *database) checkSessions(ctx context.Context, needed int) error {
	c, err := pgx.ParseConfig(d.url)
	if err != nil {
		return errors.New("the address of the database can't be read") // without err, which may repeat the password
	}
	if err := refuseTransactionPooling(ctx, c); err != nil {
		return fmt.Errorf("DATABASE_URL: %w", err)
	}
	conn, err := connectPlain(ctx, c)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is lost with it
	return checkLimit(ctx, conn, needed)
}

// checkLimit compares how many connections a process needs with how many its role may have. Those
// of other processes are not counted: they may be about to end, as in a rolling update.
func checkLimit(ctx context.Context, conn *pgx.Conn, needed int) error {
	var server, reserved, role, database int
	var isSuperuser bool
	err := conn.QueryRow(ctx, `
		select current_setting('max_connections')::int,
			current_setting('superuser_reserved_connections')::int
				+ coalesce(current_setting('reserved_connections', true), '0')::int, -- from PostgreSQL 16 on
			r.rolconnlimit, d.datconnlimit, r.rolsuper
		from pg_roles r, pg_database d
		where r.rolname = current_user and d.datname = current_database()`).
		Scan(&server, &reserved, &role, &database, &isSuperuser)
	if err != nil {
		return fmt.Errorf("read the limits of connections: %w", err)
	}
	if isSuperuser { // no limit but the server's is for it
		reserved, role, database = 0, -1, -1
	}
	allowed, by := server-reserved, fmt.Sprintf("max_connections = %d, of which %d are reserved", server, reserved)
	if role >= 0 && role < allowed {
		allowed, by = role, fmt.Sprintf("the role's CONNECTION LIMIT %d", role)
	}
	if database >= 0 && database < allowed {
		allowed, by = database, fmt.Sprintf("the database's CONNECTION LIMIT %d", database)
	}
	if allowed >= needed {
		return nil
	}
	return fmt.Errorf("this process needs %d connections to the database, and %d are allowed (%s): "+
		"raise the limit, or lower BOOKING_TRANSACTIONS and READ_CONNECTIONS", needed, allowed, by)
}
