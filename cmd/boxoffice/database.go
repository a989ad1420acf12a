package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/embeddedpg"
	"github.com/boxoffice/boxoffice/migrations"
)

// database is the PostgreSQL that this run works with.
type database struct {
	url      string             // of the role that the program works as
	owner    string             // of the role that the schema belongs to, which may be the same
	embedded *embeddedpg.Server // nil when it is not ours to stop
	// leader is the address of the server that answered the last heartbeat; nil before the first.
	leader atomic.Pointer[string]
	// changed is when a prepared statement was refused last because a table has changed.
	changed atomic.Pointer[time.Time]
}

// openDatabase finds the PostgreSQL of the configuration: the one that is named, the program's own
// that another process runs, or one that it starts now.
func openDatabase(ctx context.Context, c config.Config, logger *slog.Logger) (*database, error) {
	if c.DatabaseURL != "" {
		return databaseAt(c.DatabaseURL), nil
	}
	owner, err := embeddedpg.RunningURL(c.DataDir)
	switch {
	case err == nil:
		return limitedDatabase(ctx, c.DataDir, owner)
	case !errors.Is(err, embeddedpg.ErrNotRunning):
		return nil, err
	}
	return startDatabase(ctx, c, logger)
}

// hasDatabase is an error when there is no database yet: a tool that only reads must not create one.
func hasDatabase(c config.Config) error {
	if c.DatabaseURL != "" {
		return nil
	}
	has, err := embeddedpg.HasData(c.DataDir)
	if err == nil && !has {
		err = fmt.Errorf("there is no database in %s; boxoffice serve makes one", c.DataDir)
	}
	return err
}

// databaseAt is the database that the configuration names.
func databaseAt(address string) *database {
	address = withHostTimeout(address)
	return &database{url: address, owner: address}
}

// programRole is the role that the program works as in its own PostgreSQL. It is no superuser, so
// that the triggers of the log bind it.
const programRole = "boxoffice_program"

// limitedDatabase is the program's own PostgreSQL, at the owner's address. The limited role is made, or
// gets the password that is kept in the data directory.
func limitedDatabase(ctx context.Context, dataDir, owner string) (*database, error) {
	password, err := secretOr("", filepath.Join(dataDir, "postgres-program.secret"))
	if err != nil {
		return nil, err
	}
	// Another program that listens on the port must not get the password.
	owner += "&require_auth=scram-sha-256"
	conn, err := pgx.Connect(ctx, owner)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // everything is committed
	// Several processes may start at once. The password has letters and digits only.
	if _, err := conn.Exec(ctx, fmt.Sprintf(`
		begin;
		select pg_advisory_xact_lock(hashtext('%[1]s'));
		do $$ begin
			if not exists (select from pg_roles where rolname = '%[1]s') then
				create role %[1]s login;
			end if;
		end $$;
		alter role %[1]s password '%[2]s';
		commit`, programRole, password)); err != nil {
		return nil, fmt.Errorf("make the role %s: %w", programRole, err)
	}
	u, err := url.Parse(owner)
	if err != nil {
		return nil, errors.New("the address of the embedded PostgreSQL can't be read")
	}
	u.User = url.UserPassword(programRole, password)
	return &database{url: u.String(), owner: owner}, nil
}

// migrate brings the schema up to date, and returns the versions that were applied.
func (d *database) migrate(ctx context.Context) ([]int64, error) {
	applied, err := migrateUp(ctx, d.owner)
	if err != nil {
		return nil, fmt.Errorf("migrate the database: %w", err)
	}
	if d.owner != d.url {
		err = migrations.Grant(ctx, d.owner, programRole)
	}
	return applied, err
}

// withHostTimeout limits how long each of several hosts may take to open a connection, to a second
// unless the address or PGCONNECT_TIMEOUT says otherwise. A server that is frozen or cut off never
// answers, and the next host would not be tried.
func withHostTimeout(address string) string {
	c, err := pgx.ParseConfig(address)
	if err != nil || c.ConnectTimeout != 0 || countHosts(c) == 1 {
		return address // the error is reported when the address is used
	}
	const timeout = "connect_timeout=1"
	switch isURL := strings.Contains(address, "://"); {
	case !isURL:
		return address + " " + timeout
	case strings.Contains(address, "?"):
		return address + "&" + timeout
	default:
		return address + "?" + timeout
	}
}

// countHosts counts each host once, with and without TLS.
func countHosts(c *pgx.ConnConfig) int {
	hosts := map[string]bool{net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))): true}
	for _, f := range c.Fallbacks {
		hosts[net.JoinHostPort(f.Host, strconv.Itoa(int(f.Port)))] = true
	}
	return len(hosts)
}

func startDatabase(ctx context.Context, c config.Config, logger *slog.Logger) (*database, error) {
	server, err := embeddedpg.Start(ctx, embeddedpg.Options{Dir: c.DataDir, BinDir: c.PostgresBin, Logger: logger})
	if err != nil {
		return nil, fmt.Errorf("start the embedded PostgreSQL: %w", err)
	}
	d, err := limitedDatabase(ctx, c.DataDir, server.URL())
	if err != nil {
		return nil, errors.Join(err, server.Stop())
	}
	d.embedded = server
	return d, nil
}

func (d *database) close() error {
	if d == nil || d.embedded == nil {
		return nil
	}
	return d.embedded.Stop()
}

// watch fails when the embedded PostgreSQL ends by itself: there is nothing left to work with.
func (d *database) watch(ctx context.Context) error {
	if d.embedded == nil {
		return nil
	}
	select {
	case <-ctx.Done():
		return nil
	case <-d.embedded.Done():
		return fmt.Errorf("the embedded PostgreSQL has ended: %w", d.embedded.Err())
	}
}

// pool opens connections for one purpose. Each purpose has a pool of its own, so that a busy one does
// not starve the others.
func (d *database) pool(
	ctx context.Context, purpose string, most int, settings map[string]string, configure ...func(*pgxpool.Config),
) (*pgxpool.Pool, error) {
	c, err := pgxpool.ParseConfig(d.url)
	if err != nil {
		return nil, errors.New("the address of the database can't be read") // without err, which may repeat the password
	}
	c.MaxConns = int32(most) //nolint:gosec // from the configuration, small
	// An idle connection is pinged before use. A dead one must not block its caller for long.
	c.PingTimeout = time.Second
	c.ShouldPing = func(_ context.Context, p pgxpool.ShouldPingParams) bool { return p.IdleDuration > pingAfter }
	c.ConnConfig.RuntimeParams["application_name"] = "boxoffice " + purpose
	all := map[string]string{
		"default_transaction_isolation": "read committed", // whatever the database's default is
		"client_min_messages":           "warning",        // a COMMIT may come with one
	}
	maps.Copy(all, settings)
	eventstore.ConfigureConn(c.ConnConfig, all)
	d.replaceStale(c)
	for _, apply := range configure {
		apply(c)
	}
	pool, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("open the %s pool: %w", purpose, err)
	}
	return pool, nil
}

// pingAfter is longer than what polls once a second leaves a connection idle, so that a poll is one
// message and not two.
const pingAfter = 1500 * time.Millisecond

// openedKey is the key under which a connection keeps the time when it was opened.
const openedKey = "boxoffice.opened"

// readOnlyFor is how long a connection is used that is read-only or leads to another server than the
// heartbeat's. If it were zero, each request would open a connection of its own while the database is
// read-only or the heartbeat has not found the new leader.
const readOnlyFor = time.Second

// replaceStale makes a pool close connections that are read-only, and those whose prepared statements
// are older than a change of a table. A session can stay read-only after its server has become
// writable, and a connection to a server that has become a replica does not lead to the new leader. A
// connection to a former leader that was frozen works again when that wakes up, and reads old data
// until the server is stopped.
func (d *database) replaceStale(c *pgxpool.Config) {
	others, several := c.ConnConfig.OnPgError, countHosts(c.ConnConfig) > 1
	c.ConnConfig.OnPgError = func(conn *pgconn.PgConn, err *pgconn.PgError) (keep bool) {
		if eventstore.IsStalePlan(err) {
			now := time.Now()
			d.changed.Store(&now)
			return false
		}
		return !eventstore.IsReadOnly(err) && others(conn, err)
	}
	c.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		conn.PgConn().CustomData()[openedKey] = time.Now()
		return nil
	}
	c.PrepareConn = func(_ context.Context, conn *pgx.Conn) (keep bool, err error) {
		if changed := d.changed.Load(); changed != nil && time.Since(*changed) < openFor(conn) {
			return false, nil
		}
		isStale := isReadOnly(conn) || several && !d.isLeader(conn) // one name may have several addresses
		return !isStale || openFor(conn) < readOnlyFor, nil
	}
}

// isLeader reports whether the connection leads to the server of the heartbeat.
func (d *database) isLeader(conn *pgx.Conn) bool {
	leader := d.leader.Load()
	return leader == nil || *leader == addressOf(conn)
}

func addressOf(conn *pgx.Conn) string { return conn.PgConn().Conn().RemoteAddr().String() }

// isReadOnly reports whether the server is read-only, as a replica is. PostgreSQL sends that with any
// answer.
func isReadOnly(conn *pgx.Conn) bool {
	pg := conn.PgConn()
	return pg.ParameterStatus("default_transaction_read_only") == "on" || pg.ParameterStatus("in_hot_standby") == "on"
}

func openFor(conn *pgx.Conn) time.Duration {
	opened, _ := conn.PgConn().CustomData()[openedKey].(time.Time)
	return time.Since(opened)
}

func (a *app) databaseCommand() *cobra.Command {
	database := &cobra.Command{Use: "database", Short: "About the database"}
	database.AddCommand(&cobra.Command{
		Use: "url", Short: "Print the address of the database, with its password, for psql and other tools",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			c, err := a.load()
			if err != nil {
				return err
			}
			address := c.DatabaseURL
			if address == "" {
				if address, err = embeddedpg.RunningURL(c.DataDir); err != nil {
					return err
				}
			}
			_, err = fmt.Fprintln(a.out, address)
			return err
		},
	})
	return database
}

func (a *app) migrateCommand() *cobra.Command {
	migrate := &cobra.Command{
		Use: "migrate", Short: "Bring the schema of the database to the newest version", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withDatabase(cmd.Context(), func(ctx context.Context, d *database) error {
				applied, err := d.migrate(ctx)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(a.out, "%d migration(s) applied\n", len(applied))
				return err
			})
		},
	}
	var to int64
	var sure bool
	down := &cobra.Command{
		Use: "down", Args: cobra.NoArgs,
		Short: "Take the schema back to an older version; tables that it does not have are dropped with their data",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !sure {
				return errors.New("this deletes data; repeat it with --yes")
			}
			return a.withDatabase(cmd.Context(), func(ctx context.Context, d *database) error {
				reverted, err := migrations.Down(ctx, d.owner, to)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(a.out, "%d migration(s) reverted\n", len(reverted))
				return err
			})
		},
	}
	down.Flags().Int64Var(&to, "to", 0, "version to go back to")
	down.Flags().BoolVar(&sure, "yes", false, "yes, delete data")
	_ = down.MarkFlagRequired("to") // fails only for a flag that is not there
	migrate.AddCommand(down)
	return migrate
}

// withDatabase runs a tool on the database of the configuration.
func (a *app) withDatabase(ctx context.Context, use func(context.Context, *database) error) (err error) {
	c, err := a.load()
	if err != nil {
		return err
	}
	d, err := openDatabase(ctx, c, a.logger(c))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := d.checkSessions(ctx, 1); err != nil {
		return err
	}
	return use(ctx, d)
}
