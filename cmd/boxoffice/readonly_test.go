package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/embeddedpg"
	"github.com/boxoffice/boxoffice/internal/logtest"
)

// administrator has a session that can write whatever the others can.
type administrator struct {
	*testing.T
	*pgx.Conn
}

func administer(t *testing.T, url string) administrator {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	must(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	a := administrator{t, conn}
	a.do(`set default_transaction_read_only = off`)
	return a
}

func (a administrator) do(sql string) {
	a.Helper()
	_, err := a.Exec(a.Context(), sql)
	must(a, err)
}

// ownServer is a PostgreSQL for one test, which may change its configuration.
func ownServer(t *testing.T) (url string) {
	t.Helper()
	dbtest.Slow(t)
	_, dir, _ := strings.Cut(usedDataDir(t), "=")
	settings := map[string]string{"fsync": "off"}
	server, err := embeddedpg.Start(t.Context(), embeddedpg.Options{Dir: dir, Settings: settings})
	must(t, err)
	t.Cleanup(func() { _ = server.Stop() })
	if out, err := command(secretsFor(server.URL()), "seed").CombinedOutput(); err != nil {
		t.Fatalf("seed: %v: %s", err, out)
	}
	return server.URL()
}

// readOnlyDatabase is a way in which a database becomes read-only, and writable again.
type readOnlyDatabase struct {
	url     func(*testing.T) string
	on, off func(a administrator)
}

// onlyNewSessions is how ALTER DATABASE works: a session keeps what it has begun with.
func onlyNewSessions(change string) func(administrator) {
	return func(a administrator) {
		a.do(fmt.Sprintf(change, pgx.Identifier{a.Config().Database}.Sanitize()))
	}
}

var readOnlyDatabases = map[string]readOnlyDatabase{
	"for all sessions": {
		url: ownServer,
		on: func(a administrator) {
			a.do(`alter system set default_transaction_read_only = on`)
			a.do(`select pg_reload_conf()`)
		},
		off: func(a administrator) {
			a.do(`alter system reset default_transaction_read_only`)
			a.do(`select pg_reload_conf()`)
		},
	},
	"for new sessions, as behind a failover": {
		url: newSeededDatabase,
		on: func(a administrator) {
			onlyNewSessions(`alter database %s set default_transaction_read_only = on`)(a)
			a.do(`select pg_terminate_backend(pid) from pg_stat_activity
				where datname = current_database() and pid <> pg_backend_pid()`)
		},
		off: onlyNewSessions(`alter database %s reset default_transaction_read_only`),
	},
}

func TestAReadOnlyDatabaseIsUnavailableForWritesUntilItCanBeWrittenAgain(t *testing.T) {
	t.Parallel()
	for name, database := range readOnlyDatabases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := database.url(t)
			p := serve(t, secretsFor(url))
			admin := administer(t, url)

			credentials := map[string]string{"email": "alice@example.com", "password": "password123"}
			session := p.post("/auth/login", "", credentials)
			alice, refresh := session["accessToken"].(string), session["refreshToken"].(string)
			organizer, auditor := p.login("organizer"), p.login("auditor")
			event := p.limitedConcert(alice)
			booked := p.post("/book", alice, map[string]string{"eventId": event})
			booking := booked["booking"].(map[string]any)["id"].(string)
			p.do("GET", "/bookings", alice, nil) // which waits for the read models
			held := `{"refreshToken":"` + refresh + `"}`
			writes := []struct{ method, path, token, body string }{
				{"POST", "/auth/login", "", `{"email":"alice@example.com","password":"password123"}`},
				{"POST", "/auth/register", "", `{"email":"new@example.com","password":"passw0rd 123","name":"New"}`},
				{"POST", "/auth/refresh", "", held},
				{"POST", "/auth/logout", alice, held},
				{"DELETE", "/auth/me", alice, `{"password":"password123"}`},
				{"GET", "/audit/streams", auditor, ""}, // who looks at the audit is written down
				{"POST", "/book", organizer, `{"eventId":"` + event + `"}`},
				{"DELETE", "/bookings/" + booking, alice, ""},
				{"POST", "/events", organizer,
					`{"title":"T","venue":"V","date":"2100-01-01T00:00:00Z","totalTickets":1,"price":1}`},
				{"PATCH", "/events/" + event, organizer, `{"title":"T"}`},
				{"POST", "/events/" + event + "/cancel", organizer, ""},
			}

			database.on(admin)
			answers := func(path, token string, want int) func() bool {
				return func() bool { status, _, _ := p.ask("GET", path, token, ""); return status == want }
			}
			p.waitFor("readiness to end", answers("/readyz", "", 503))
			p.waitFor("reads", answers("/events?search=x", alice, 200))
			for range 2 {
				for _, r := range writes {
					began := time.Now()
					status, header, problem := p.ask(r.method, r.path, r.token, r.body)
					if status != 503 || problem.Code != "unavailable" || header.Get("Retry-After") == "" {
						t.Errorf("%s %s: %d %+v %v, want 503", r.method, r.path, status, problem, header)
					}
					if took := time.Since(began); took > promised {
						t.Errorf("%s %s took %s", r.method, r.path, took)
					}
				}
				if status, _, problem := p.ask("GET", "/readyz", "", ""); status != 503 || problem.Code != "not_ready" {
					t.Errorf("readiness: %d %+v", status, problem)
				}
				for _, path := range []string{"/bookings", "/events/" + event, "/auth/me"} {
					if status, _, problem := p.ask("GET", path, alice, ""); status != 200 {
						t.Errorf("GET %s: %d %+v, which needs no write", path, status, problem)
					}
				}
			}

			database.off(admin)
			began := time.Now()
			p.waitFor("readiness", answers("/readyz", "", 200))
			for _, r := range []int{2, 5, 6, 8, 0, 3} { // of writes, in an order in which each can succeed
				r := writes[r]
				p.waitFor(r.method+" "+r.path, func() bool {
					status, _, problem := p.ask(r.method, r.path, r.token, r.body)
					if status >= 400 && status != 503 {
						t.Fatalf("%s %s: %d %+v", r.method, r.path, status, problem)
					}
					return status < 400
				})
			}
			p.waitFor("the read model", func() bool {
				bookings, _ := p.do("GET", "/bookings", organizer, nil)["data"].([]any)
				return len(bookings) == 1
			})
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("it took %s until all worked again", took)
			}
		})
	}
}

// readOnlyPool has a database whose new sessions are read-only, and a pool of one connection to it.
func readOnlyPool(t *testing.T) (*pgxpool.Pool, administrator) {
	t.Helper()
	url := dbtest.URL(t)
	admin := administer(t, url)
	onlyNewSessions(`alter database %s set default_transaction_read_only = on`)(admin)
	pool, err := (&database{url: url}).pool(t.Context(), "test", 1, nil)
	must(t, err)
	t.Cleanup(pool.Close)
	return pool, admin
}

// A session can stay read-only for ever, and nobody but its user notices.
func TestAConnectionThatRefusesAWriteIsReplaced(t *testing.T) {
	t.Parallel()
	pool, admin := readOnlyPool(t)
	write := func() error {
		_, err := pool.Exec(t.Context(),
			`insert into access_revocations (user_id, revoked_at) values ($1, now())`, uuid.New())
		return err
	}
	if err := write(); !eventstore.IsReadOnly(err) || !eventstore.IsUnavailable(err) {
		t.Fatalf("got %v, want that the database is read-only", err)
	}
	onlyNewSessions(`alter database %s reset default_transaction_read_only`)(admin)
	if err := write(); err != nil {
		t.Errorf("got %v on a database that can be written again", err)
	}
}

// Connections that only read are not told that they can't write.
func TestAConnectionThatCanOnlyReadIsNotKept(t *testing.T) {
	t.Parallel()
	pool, admin := readOnlyPool(t)
	use := func(opened time.Time) (pid uint32) {
		conn, err := pool.Acquire(t.Context())
		must(t, err)
		defer conn.Release()
		if !opened.IsZero() {
			conn.Conn().PgConn().CustomData()[openedKey] = opened
		}
		return conn.Conn().PgConn().PID()
	}
	first := use(time.Time{})
	if got := use(time.Now().Add(-readOnlyFor)); got != first {
		t.Error("a connection that was opened just now is not used again: each read would open its own")
	}
	second := use(time.Time{})
	if second == first {
		t.Error("a connection that can only read is kept")
	}
	onlyNewSessions(`alter database %s reset default_transaction_read_only`)(admin)
	use(time.Now().Add(-readOnlyFor))
	writable := use(time.Now().Add(-readOnlyFor))
	if got := use(time.Time{}); writable == second || got != writable {
		t.Error("a connection that can write is not kept")
	}
}

// The heartbeat may not have noticed yet, or asked a session that can write.
func TestACommandOnAReadOnlySessionHadNoEffect(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	admin := administer(t, url)
	d := &database{url: url}
	pool, err := d.pool(t.Context(), "test", eventstore.ReservedConns, eventstore.Session(0), eventstore.ConfigureCommits)
	must(t, err)
	t.Cleanup(pool.Close)
	executor, err := eventstore.NewExecutor(pool, booking.Model(), eventstore.Options{})
	must(t, err)
	t.Cleanup(func() { _ = executor.Close(context.Background()) })
	stream := uuid.New()
	decide := func(s domain.State) ([]domain.Record, error) {
		return domain.Decide(domain.ScheduleEvent{Details: domain.Details{
			Title: "T", Venue: "V", StartsAt: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), TimeZone: "UTC",
			Currency: "EUR", TicketTypes: domain.GeneralAdmission(1),
		}, Capacity: 1}, s)
	}
	schedule := eventstore.Command[domain.State, domain.Record]{StreamID: stream, Decide: decide}

	onlyNewSessions(`alter database %s set default_transaction_read_only = on`)(admin)
	began := time.Now()
	_, err = executor.Execute(t.Context(), schedule)
	if !errors.Is(err, eventstore.ErrUnavailable) || errors.Is(err, eventstore.ErrOutcomeUnknown) {
		t.Errorf("got %v, want %v", err, eventstore.ErrUnavailable)
	}
	if took := time.Since(began); took > promised {
		t.Errorf("it took %s", took)
	}
	onlyNewSessions(`alter database %s reset default_transaction_read_only`)(admin)
	if r, err := executor.Execute(t.Context(), schedule); err != nil || r.Version != 1 {
		t.Errorf("got version %d and %v on a database that can be written again", r.Version, err)
	}
}

// With several hosts, the one that can be written is used, and the other one when they have changed
// places.
func TestOfSeveralHostsTheOneThatCanBeWrittenIsUsed(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	first := dbtest.URL(t)
	_, dir, _ := strings.Cut(usedDataDir(t), "=")
	settings := map[string]string{"fsync": "off"}
	server, err := embeddedpg.Start(t.Context(), embeddedpg.Options{Dir: dir, Settings: settings})
	must(t, err)
	t.Cleanup(func() { _ = server.Stop() })
	// The same database on both, with one password.
	one, err := url.Parse(first)
	must(t, err)
	other, err := url.Parse(server.URL())
	must(t, err)
	name := strings.TrimPrefix(one.Path, "/")
	password, _ := one.User.Password()
	admin := administer(t, server.URL())
	admin.do("create database " + name)
	admin.do(fmt.Sprintf("alter role %s password '%s'", one.User.Username(), password))
	hosts := []string{one.Host, other.Host}
	one.Host = other.Host
	second := one.String()
	one.Host = strings.Join(hosts, ",")
	one.RawQuery += "&target_session_attrs=read-write"
	both := one.String()

	change := readOnlyDatabases["for new sessions, as behind a failover"]
	admins := []administrator{administer(t, first), administer(t, second)}
	for _, a := range admins {
		a.do(`create table written (port int)`)
	}
	change.on(admins[1])
	pool, err := (&database{url: both}).pool(t.Context(), "test", 2, nil)
	must(t, err)
	t.Cleanup(pool.Close)
	monitor, err := newHealthMonitor(both, new(atomic.Pointer[string]), slog.New(slog.DiscardHandler))
	must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	go func() { defer close(stopped); monitor.run(ctx) }()
	t.Cleanup(func() { stop(); <-stopped })

	p := &process{T: t, err: &logtest.Buffer{}}
	for i, host := range hosts {
		if i > 0 {
			change.on(admins[0])
			p.waitFor("the heartbeat to miss the first host", func() bool { return monitor.writable().Err() != nil })
			change.off(admins[1])
		}
		p.waitFor("a write", func() bool {
			var port string
			err := pool.QueryRow(t.Context(), `
				insert into written values (inet_server_port()) returning port::text`).Scan(&port)
			if err != nil && !eventstore.IsUnavailable(err) {
				t.Fatalf("got %v, want that it is unavailable", err)
			}
			return err == nil && strings.HasSuffix(host, ":"+port)
		})
		p.waitFor("the heartbeat", func() bool { return monitor.writable().Err() == nil })
	}
}
