package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/embeddedpg"
	"github.com/boxoffice/boxoffice/migrations"
)

// server is the PostgreSQL that all strategies run on.
type server struct {
	url      string // of the maintenance database
	template string // the name of a migrated database
	private  *embeddedpg.Server
	dir      string // of the private server; removed at the end
}

// openServer uses the server at address or, when that is empty, starts a private one with durable
// settings.
func openServer(ctx context.Context, address string) (_ *server, err error) {
	// PostgreSQL's clients take key=value lists too, in which no other database can be put in place
	// of the one that is named.
	if u, err := url.Parse(address); address != "" && (err != nil || u.Scheme == "") {
		return nil, errors.New("-database-url must be an address such as postgres://user@host/database")
	}
	s := &server{url: address, template: newName()}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if address == "" {
		if err := s.start(ctx); err != nil {
			return nil, err
		}
	}
	if err := s.admin(ctx, "create database "+s.template); err != nil {
		return nil, fmt.Errorf("create a database: %w", err)
	}
	if _, err := migrations.Up(ctx, s.address(s.template)); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *server) start(ctx context.Context) (err error) {
	if s.dir, err = os.MkdirTemp("", "boxoffice-bench-"); err != nil {
		return err
	}
	if err := os.Chmod(s.dir, 0o711); err != nil {
		return err
	}
	s.private, err = embeddedpg.Start(ctx, embeddedpg.Options{Dir: s.dir, Settings: map[string]string{
		// The same settings as the program's own server runs with, and durable. Only there must be
		// enough connections for the strategies that want many.
		"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "max_connections": "600",
	}})
	if err != nil {
		return fmt.Errorf("start a private PostgreSQL: %w", err)
	}
	s.url = s.private.URL()
	return nil
}

func (s *server) close() (err error) {
	switch {
	case s.private != nil:
		err = s.private.Stop()
	case s.url != "": // else there was to be a private one, which did not start
		err = s.admin(context.Background(), "drop database if exists "+s.template)
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

func (s *server) admin(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, s.url)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql)
	return errors.Join(err, conn.Close(ctx))
}

func (s *server) address(database string) string {
	address, err := url.Parse(s.url)
	if err != nil {
		panic(err) // openServer has looked
	}
	address.Path = "/" + database
	return address.String()
}

func newName() string { return fmt.Sprintf("bench_%x", [16]byte(uuid.New())) }

// database is a fresh one for a single run.
type database struct {
	server *server
	name   string
	url    string
	conn   *pgx.Conn // for preparing and checking, not for what is measured
}

func (s *server) create(ctx context.Context) (*database, error) {
	db := &database{server: s, name: newName()}
	if err := s.admin(ctx, "create database "+db.name+" template "+s.template); err != nil {
		return nil, fmt.Errorf("create a database: %w", err)
	}
	db.url = s.address(db.name)
	var err error
	if db.conn, err = pgx.Connect(ctx, db.url); err != nil {
		return nil, errors.Join(err, db.drop())
	}
	return db, nil
}

// quiesce ends what preparing has begun, so that each run starts from the same point: statistics
// known, nothing left to flush.
func (db *database) quiesce(ctx context.Context) error {
	for _, sql := range []string{"vacuum analyze", "checkpoint"} {
		if _, err := db.conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

// checkCount fails when a query does not count what customers were told of.
func (db *database) checkCount(ctx context.Context, told int, query string, args ...any) error {
	var held int
	if err := db.conn.QueryRow(ctx, query, args...).Scan(&held); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	if held != told {
		return fmt.Errorf("customers were told of %d, and the database holds %d", told, held)
	}
	return nil
}

func (db *database) drop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if db.conn != nil {
		_ = db.conn.Close(ctx) // the drop forces it anyway
	}
	return db.server.admin(ctx, "drop database "+db.name+" with (force)")
}

// openPool opens all connections at once, so that none is opened while the time is taken.
func openPool(ctx context.Context, url string, connections int, session map[string]string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.MaxConns, config.MinConns = int32(connections), int32(connections)
	for name, value := range session {
		config.ConnConfig.RuntimeParams[name] = value
	}
	eventstore.ConfigureCommits(config)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	all := make([]*pgxpool.Conn, 0, connections)
	for range connections {
		conn, acquireErr := pool.Acquire(ctx)
		if err = acquireErr; err != nil {
			break
		}
		all = append(all, conn)
	}
	for _, conn := range all {
		conn.Release()
	}
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("open %d connections: %w", connections, err)
	}
	return pool, nil
}

// planner is how the executor's sessions plan. The rivals get the same: no plan of theirs may
// suffer from statistics of an empty table.
func planner() map[string]string { return map[string]string{"enable_seqscan": "off", "jit": "off"} }
