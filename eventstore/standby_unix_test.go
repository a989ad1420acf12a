//go:build unix

package eventstore_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

// pair is a primary and its synchronous standby.
type pair struct {
	bundle     // of the primary
	primary    *replaced
	network    *relay // from the standby to the primary
	standbyURL string
}

func startPair(t *testing.T) *pair {
	t.Helper()
	primary := startReplaced(t)
	data := filepath.Join(primary.dir, "standby")
	primary.stop()
	primary.run("cp", "-a", primary.DataDir(), data)
	primary.start()

	p := &pair{primary: primary, network: startRelay(t, hostOf(t, primary.URL()))}
	p.startStandby(t, data)
	pool := newPool(t, primary.URL(), 4, nil)
	p.bundle = bundle{url: primary.URL(), pool: pool, log: eventstore.NewLog(pool)}
	mustExec(t, pool, `alter system set synchronous_standby_names = 'standby'`)
	mustExec(t, pool, `select pg_reload_conf()`)
	waittest.For(t, "the standby is synchronous", func() bool {
		return p.count(t, `select count(*) from pg_stat_replication where sync_state = 'sync'`) == 1
	})
	return p
}

func hostOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// startStandby runs a server on a copy of the primary's data.
func (p *pair) startStandby(t *testing.T, data string) {
	t.Helper()
	at, err := url.Parse(p.primary.URL())
	if err != nil {
		t.Fatal(err)
	}
	via, port, _ := net.SplitHostPort(p.network.Addr().String())
	password, _ := at.User.Password()
	primary := fmt.Sprintf("host=%s port=%s user=%s password=%s sslmode=disable application_name=standby",
		via, port, at.User.Username(), password)
	if err := os.WriteFile(filepath.Join(data, "standby.signal"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(data)
	if err != nil {
		t.Fatal(err)
	}
	owner := info.Sys().(*syscall.Stat_t) //nolint:forcetypeassert // on these systems it is one
	if err := os.Lchown(filepath.Join(data, "standby.signal"), int(owner.Uid), int(owner.Gid)); err != nil {
		t.Fatal(err)
	}
	options, err := os.ReadFile(filepath.Join(p.primary.DataDir(), "postmaster.opts"))
	if err != nil {
		t.Fatal(err)
	}
	binary, _, _ := strings.Cut(string(options), ` "`)

	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at.Host = free.Addr().String()
	_ = free.Close()
	p.standbyURL = at.String()

	output := &strings.Builder{}
	args := []string{"-D", data}
	for _, setting := range []string{
		"port=" + at.Port(), "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off",
		"max_connections=400", // not fewer than the primary has
		"primary_conninfo=" + primary, "wal_retrieve_retry_interval=100ms",
	} {
		args = append(args, "-c", setting)
	}
	cmd := exec.Command(binary, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = filepath.Dir(binary), output, output
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}}
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGQUIT)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the standby said:\n%s", output)
		}
	})
}

// failOver ends the primary at once and promotes the standby. The bundle works with that.
func (p *pair) failOver(t *testing.T) bundle {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.primary.DataDir(), "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	// No process of it does anything any more, as after SIGKILL, but its shared memory is freed.
	if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	wait(t, "the primary has ended", p.primary.Done())
	p.network.close()
	pool := newPool(t, p.standbyURL, 4, nil)
	var promoted bool
	if err := pool.QueryRow(t.Context(), `select pg_promote()`).Scan(&promoted); err != nil || !promoted {
		t.Fatalf("promoted: %t, %v", promoted, err)
	}
	return bundle{url: p.standbyURL, pool: pool, log: eventstore.NewLog(pool)}
}

// waitForCommit waits until a COMMIT waits for the standby.
func (p *pair) waitForCommit(t *testing.T) {
	t.Helper()
	waittest.For(t, "a COMMIT waits for the standby", func() bool {
		return p.count(t, `select count(*) from pg_stat_activity where wait_event = 'SyncRep'`) == 1
	})
}

// endWait ends the wait of a COMMIT for the standby with a function of PostgreSQL. Its records are
// visible then.
func (p *pair) endWait(t *testing.T, function string) {
	t.Helper()
	p.waitForCommit(t)
	pid := p.count(t, `select pid from pg_stat_activity where wait_event = 'SyncRep'`)
	mustExec(t, p.pool, `select `+function+`($1)`, pid)
}

// interruptions are what can happen to a COMMIT that waits for the standby.
func interruptions() map[string]func(*pair, *testing.T) {
	return map[string]func(*pair, *testing.T){
		"the standby does not answer": (*pair).waitForCommit,
		"and the wait for it is cancelled": func(p *pair, t *testing.T) {
			t.Helper()
			p.endWait(t, "pg_cancel_backend")
		},
		"and the session is terminated": func(p *pair, t *testing.T) {
			t.Helper()
			p.endWait(t, "pg_terminate_backend")
		},
	}
}

// A customer who was told of a booking has it after a failover.
func TestABookingIsConfirmedOnlyWhenTheSynchronousStandbyHasIt(t *testing.T) {
	t.Parallel()
	for name, interrupt := range interruptions() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startPair(t)
			stream := p.schedule(t, 10)
			// Short, so that the test is quick.
			process := startProcess(t, p.url, booking(), options{Timeout: 3 * time.Second})
			customers := newIDs(3)
			var told []uuid.UUID // that they have a booking
			first, err := process.Execute(t.Context(), bookOnce(stream, customers[0]))
			if err != nil {
				t.Fatalf("with a standby that works: %v", err)
			}
			told = append(told, customers[0])

			p.network.freeze()
			call := begin(func() (result, error) {
				return process.Execute(context.Background(), bookOnce(stream, customers[1]))
			})
			interrupt(p, t)
			if a := call.get(t); !errors.Is(a.err, eventstore.ErrOutcomeUnknown) {
				t.Errorf("a booking that only the primary has: got %v, want an unknown outcome", a.err)
				told = append(told, customers[1])
			}
			nothingToDo := func(domain.State) ([]domain.Record, error) { return nil, nil }
			for name, c := range map[string]command{
				"the same request": bookOnce(stream, customers[1]),
				"nothing to do":    {StreamID: stream, Decide: nothingToDo},
				"another booking":  bookOnce(stream, customers[2]),
			} {
				r, err := process.Execute(t.Context(), c)
				if !errors.Is(err, eventstore.ErrOutcomeUnknown) && !errors.Is(err, eventstore.ErrUnavailable) {
					t.Errorf("%s: got %+v and %v, while the standby is away", name, r, err)
				}
			}

			after := p.failOver(t)
			entries := after.audit(t)
			for _, customer := range told {
				if n := bookings(entries, stream, customer); n != 1 {
					t.Errorf("after the failover: %d bookings of a customer who was told of one", n)
				}
			}
			next := after.process(t, options{})
			r, err := next.Execute(t.Context(), bookOnce(stream, customers[0]))
			if err != nil || string(r.Replayed) != "booked" || r.Position != first.Position {
				t.Errorf("the same request after the failover: got %+v and %v, want the answer of %+v", r, err, first)
			}
		})
	}
}

// A standby that comes back in time costs nobody anything.
func TestABookingWaitsForAStandbyThatIsSlow(t *testing.T) {
	t.Parallel()
	p := startPair(t)
	stream, customer := p.schedule(t, 10), uuid.New()
	process := p.process(t, options{})
	for name, function := range map[string]string{
		"goes on": "", "is cancelled": "pg_cancel_backend", "is terminated": "pg_terminate_backend",
	} {
		customer = uuid.New()
		p.network.freeze()
		call := begin(func() (result, error) {
			return process.Execute(context.Background(), bookOnce(stream, customer))
		})
		if function != "" {
			p.endWait(t, function)
		}
		p.waitForCommit(t) // the first one, or that of the look at what became of it
		p.network.thaw()
		booked := call.mustDo(t)
		again, err := process.Execute(t.Context(), bookOnce(stream, customer))
		if err != nil || string(again.Replayed) != "booked" || again.Position != booked.Position {
			t.Errorf("the wait %s: got %+v and %v, want the answer of %+v", name, again, err, booked)
		}
	}
	after := p.failOver(t)
	after.auditSold(t, stream, 3)
}

// A context that ends closes the socket. PostgreSQL hears of no cancel request, which would end a
// COMMIT's wait.
func TestAConnectionIsGivenUpWithoutACancelRequest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	via := newProxy(t, b.url)
	pool := newPool(t, via.url, 1, nil)
	ctx, cancel := context.WithCancel(t.Context())
	asleep := make(chan error, 1)
	go func() {
		_, err := pool.Exec(ctx, `select pg_sleep(60), 'given up'`, pgx.QueryExecModeSimpleProtocol)
		asleep <- err
	}()
	running := func() bool {
		return b.count(t, `
			select count(*) from pg_stat_activity
			where datname = current_database() and wait_event = 'PgSleep'`) == 1
	}
	waittest.For(t, "the statement runs", running)
	cancel()
	if err := <-asleep; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	waittest.For(t, "the connection is closed", func() bool { return pool.Stat().TotalConns() == 0 })
	if n := via.cancels.Load(); n != 0 {
		t.Errorf("%d cancel requests were sent", n)
	}
	if !running() {
		t.Error("the statement was cancelled")
	}
}
