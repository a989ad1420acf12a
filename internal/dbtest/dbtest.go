// Package dbtest gives each test its own PostgreSQL database, cloned from a migrated template.
//
// TEST_DATABASE_URL names the server. By default the test program starts a private one on first use
// and stops it in [Main]. A failed test keeps its database and prints the address. Without a server
// tests fail; they are never skipped.
package dbtest

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/internal/embeddedpg"
	"github.com/boxoffice/boxoffice/migrations"
)

var (
	baseURL  = sync.OnceValues(serverURL)
	migrated = &Template{sync.OnceValues(migratedDatabase)}

	// shared is what the tests of a package have created together, for [Main] to remove.
	shared struct {
		server    *embeddedpg.Server
		mu        sync.Mutex
		dirs      []string // see Dir
		templates []string // database names

		admin sync.Mutex
		conn  *pgx.Conn // see admin
	}
)

// Main runs the tests of a package and stops the server that they started. Call it from TestMain of
// each package that uses [URL] or [Pool]. The checks run after all tests have passed; an error
// fails the package.
func Main(m *testing.M, checks ...func() error) {
	removeFiles, err := InMemory()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	overlapWaiting()
	code := m.Run()
	if code == 0 && ranAll() {
		for _, check := range checks {
			if err := check(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				code = 1
			}
		}
	}
	for _, name := range shared.templates {
		if base, err := baseURL(); err == nil {
			_ = admin(base, "drop database "+name+" with (force)") // best effort: the server may have stopped
		}
	}
	if shared.conn != nil {
		_ = shared.conn.Close(context.Background())
	}
	if shared.server != nil {
		if err := shared.server.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stop the test server:", err)
		}
	}
	for _, dir := range shared.dirs { // even if the server could not be started
		_ = os.RemoveAll(dir)
	}
	removeFiles()
	os.Exit(code)
}

// overlapWaiting has one test more run at a time than there are processors, because tests wait for
// PostgreSQL a third of the time. A package that has set the flag, or the command line, has its way.
func overlapWaiting() {
	isSet := false
	flag.Visit(func(f *flag.Flag) { isSet = isSet || f.Name == "test.parallel" })
	if !isSet {
		_ = flag.Set("test.parallel", strconv.Itoa(runtime.GOMAXPROCS(0)+1)) // it is a number
	}
}

// Dir makes a directory for what the tests of a package share. [Main] removes it.
func Dir(prefix string) (string, error) {
	dir, err := os.MkdirTemp("", prefix)
	if err == nil {
		shared.mu.Lock()
		defer shared.mu.Unlock()
		shared.dirs = append(shared.dirs, dir)
	}
	return dir, err
}

// Slow skips a test in go test -short.
func Slow(tb testing.TB) {
	tb.Helper()
	if testing.Short() {
		tb.Skip("left out of the quick round")
	}
}

// ranAll reports whether no flag has excluded tests.
func ranAll() bool {
	if testing.Short() {
		return false
	}
	for _, name := range []string{"run", "skip", "fuzz", "list"} {
		if f := flag.Lookup("test." + name); f != nil && f.Value.String() != "" {
			return false
		}
	}
	return true
}

// Pool connects to a fresh, migrated database and closes the pool when the test ends.
func Pool(tb testing.TB) *pgxpool.Pool {
	tb.Helper()
	return Connect(tb, URL(tb))
}

// Connect connects to the database at url and closes the pool when the test ends.
func Connect(tb testing.TB, url string, options ...Option) *pgxpool.Pool {
	tb.Helper()
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		tb.Fatalf("read the address of the test database: %v", err)
	}
	for _, apply := range options {
		apply(config)
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		tb.Fatalf("connect to the test database: %v", err)
	}
	tb.Cleanup(pool.Close)
	return pool
}

// Option changes how [Connect] connects.
type Option func(*pgxpool.Config)

// MaxConns limits the size of the pool.
func MaxConns(most int) Option {
	return func(c *pgxpool.Config) { c.MaxConns = int32(most) } //nolint:gosec // small
}

// Settings sets parameters of every session.
func Settings(settings map[string]string) Option {
	return func(c *pgxpool.Config) { maps.Copy(c.ConnConfig.RuntimeParams, settings) }
}

// URL creates a migrated database and returns its address. It is dropped when the test passes.
func URL(tb testing.TB) string {
	tb.Helper()
	return migrated.URL(tb)
}

// Template is a database that is prepared once and cloned for each test.
type Template struct {
	prepare func() (name string, err error)
}

// NewTemplate returns a template that is created on first use: a migrated database that fill has
// written to. fill must close its connections.
func NewTemplate(fill func(url string) error) *Template {
	return &Template{sync.OnceValues(func() (string, error) {
		from, err := migrated.prepare()
		if err != nil {
			return "", err
		}
		name, url, err := createTemplate(from)
		if err != nil {
			return "", err
		}
		return name, fill(url)
	})}
}

// migratedDatabase names one that our server began with. On another server it is new.
func migratedDatabase() (name string, err error) {
	base, err := baseURL()
	if err != nil {
		return "", err
	}
	if shared.server != nil {
		// The first session writes a cache of the catalog, which clones get too: their first sessions take
		// half as long to start.
		conn, err := pgx.Connect(context.Background(), withDatabase(base, preparedTemplate))
		if err != nil {
			return "", err
		}
		return preparedTemplate, conn.Close(context.Background())
	}
	name, url, err := createTemplate("template1")
	if err != nil {
		return "", err
	}
	_, err = migrations.Up(context.Background(), url)
	return name, err
}

// createTemplate creates a database that [Main] removes.
func createTemplate(from string) (name, url string, err error) {
	name = "template_" + newName()
	if url, err = create(name, from); err != nil {
		return "", "", err
	}
	shared.mu.Lock()
	defer shared.mu.Unlock()
	shared.templates = append(shared.templates, name)
	return name, url, nil
}

func create(name, from string) (url string, err error) {
	base, err := baseURL()
	if err != nil {
		return "", err
	}
	sql := fmt.Sprintf("create database %s template %s strategy file_copy", name, from)
	return withDatabase(base, name), admin(base, sql)
}

// URL creates a clone and returns its address. It is dropped when the test passes.
func (t *Template) URL(tb testing.TB) string {
	tb.Helper()
	template, err := t.prepare()
	if err != nil {
		tb.Fatalf("prepare the test database: %v", err)
	}
	base, err := baseURL()
	if err != nil {
		tb.Fatalf("find the test server: %v", err)
	}
	name := "test_" + newName()
	address, err := create(name, template)
	if err != nil {
		tb.Fatalf("clone the test database: %v", err)
	}
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("the database of this test is kept (as long as its server runs): %s", address)
			return
		}
		if err := admin(base, fmt.Sprintf("drop database %s with (force)", name)); err != nil {
			tb.Errorf("drop the test database: %v", err)
		}
	})
	return address
}

func newName() string { return strings.ReplaceAll(uuid.NewString(), "-", "") }

const serverPrefix = "boxoffice-test-"

func serverURL() (string, error) {
	if address := os.Getenv("TEST_DATABASE_URL"); address != "" {
		return address, nil
	}
	dir, err := Dir(serverPrefix)
	if err != nil {
		return "", err
	}
	if err := Prepare(dir); err != nil {
		return "", err
	}
	shared.server, err = embeddedpg.Start(context.Background(), embeddedpg.Options{
		Dir: dir,
		// A crash of the machine loses nothing of value.
		Settings: map[string]string{"fsync": "off", "full_page_writes": "off", "max_connections": "600"},
	})
	if err != nil {
		return "", err
	}
	address := shared.server.URL()
	return address, signInQuickly(address)
}

// admin runs a statement on the server. It keeps its connection for the next one: a backend takes as
// long to start as a database to drop, and each database needs two statements.
func admin(base, sql string) error {
	shared.admin.Lock()
	defer shared.admin.Unlock()
	ctx := context.Background()
	if shared.conn == nil || shared.conn.IsClosed() {
		conn, err := pgx.Connect(ctx, base)
		if err != nil {
			return err
		}
		shared.conn = conn
	}
	_, err := shared.conn.Exec(ctx, sql)
	return err
}

func withDatabase(base, name string) string {
	address, err := url.Parse(base)
	if err != nil {
		panic(err) // the base was used to connect before
	}
	address.Path = "/" + name
	return address.String()
}
