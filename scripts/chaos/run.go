package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/executable"
	"github.com/boxoffice/boxoffice/scripts/chaos/history"
)

// arena is everything that runs.
type arena struct {
	options  options
	dir      string
	url      string    // of the database, past the links, for the run itself
	postgres *postgres // nil with a cluster
	standby  *standby  // nil unless a fault needs it
	cluster  *patroni  // nil without -failover
	signups  signups
	links    []*link
	nodes    []*node
	balancer *balancer
	recorder *recorder

	breaking sync.RWMutex // held by each fault; alone by some

	mu         sync.Mutex
	spans      history.Spans
	times      map[string]int // that each fault came about
	violations []history.Violation
	ready      []time.Duration // when processes said so, one by one
}

// report is what a run gives.
type report struct {
	requests   []history.Request
	final      history.Final
	faults     map[string]int
	starts     int
	healthy    time.Duration
	violations []history.Violation
}

func (r report) String() string {
	outcomes := map[history.Outcome]int{}
	for i := range r.requests {
		outcomes[r.requests[i].Outcome]++
	}
	struck := 0
	for _, n := range r.faults {
		struck += n
	}
	return fmt.Sprintf("requests=%d done=%d refused=%d not-done=%d unknown=%d "+
		"records=%d faults=%d starts=%d healthy-after=%.1fs violations=%d",
		len(r.requests), outcomes[history.Done], outcomes[history.Refused],
		outcomes[history.NotDone], outcomes[history.Unknown],
		len(r.final.Log), struck, r.starts, r.healthy.Seconds(), len(r.violations))
}

// play makes a run.
func play(ctx context.Context, o options, out io.Writer) (r report, err error) {
	of, err := chosen(o.known(), o.faults)
	if err != nil {
		return r, err
	}
	dir, err := os.MkdirTemp("", "boxoffice-chaos-")
	if err != nil {
		return r, err
	}
	defer func() {
		if (err != nil || len(r.violations) > 0) && o.sabotage == "" {
			_, _ = fmt.Fprintf(out, "what the processes have logged, and the history, are kept in %s\n", dir)
			data, marshalErr := json.MarshalIndent(map[string]any{"requests": r.requests, "final": r.final}, "", " ")
			err = errors.Join(err, marshalErr, os.WriteFile(filepath.Join(dir, "history.json"), data, 0o600))
			return
		}
		err = errors.Join(err, os.RemoveAll(dir))
	}()
	if err := os.Chmod(dir, 0o711); err != nil { // root's PostgreSQL runs as another user, who must get through
		return r, err
	}
	a := &arena{options: o, dir: dir, recorder: &recorder{began: time.Now()}, times: map[string]int{}}
	running, end := context.WithCancel(ctx)
	defer func() {
		end() // kills the processes
		err = errors.Join(err, a.close())
		r.requests = a.recorder.requests() // also of a run that ended early
	}()
	if err := a.open(running, of); err != nil {
		return r, err
	}
	customers, err := a.invite(ctx)
	if err != nil {
		return r, err
	}

	claimants, err := a.inviteClaimants(ctx)
	if err != nil {
		return r, err
	}

	var growth growth
	day, night := a.day(ctx)
	defer night()
	group, day := errgroup.WithContext(day)
	for _, c := range customers {
		group.Go(func() error { c.live(day); return nil })
	}
	for _, c := range claimants {
		group.Go(func() error { c.live(day); return nil })
	}
	group.Go(func() error { return a.signups.run(day, a.balancer.url(), a.recorder) })
	var printing sync.Mutex // the lanes break things at once
	tell := func(line string) {
		printing.Lock()
		defer printing.Unlock()
		_, _ = io.WriteString(out, line)
	}
	if o.failover {
		a.startFailovers(day, night, group, of, tell)
	}
	for l := range onLeader {
		group.Go(func() error { a.breakThings(day, schedule(of, l, o.seed, o.duration, o.processes), tell); return nil })
	}
	if len(of) == 0 && !o.failover {
		group.Go(func() error { return growth.watch(day, a.nodes, o.duration) })
	}
	if err := group.Wait(); err != nil {
		return r, err
	}
	if ctx.Err() != nil {
		return r, context.Cause(ctx)
	}

	violations, err := a.rest(running, customers, claimants, &r)
	if err != nil {
		r.violations = violations
		return r, err
	}
	for _, text := range growth.found() {
		violations = append(violations, history.Violation{Rule: "it grows", Detail: text})
	}
	_, _ = fmt.Fprint(out, growth.String())
	for _, n := range a.nodes {
		r.starts += n.starts
		for _, text := range n.faults {
			violations = append(violations, history.Violation{
				Rule: "a process fails", Detail: fmt.Sprintf("process %d %s", n.number, text),
			})
		}
	}
	r.faults = a.times
	r.violations = append(violations, history.Check(a.recorder.requests(), r.final)...)
	for _, name := range slices.Sorted(maps.Keys(r.faults)) {
		_, _ = fmt.Fprintf(out, "%-17s %d\n", name, r.faults[name])
	}
	return r, nil
}

// open starts everything.
func (a *arena) open(ctx context.Context, of []*fault) (err error) {
	program := a.options.program
	if program == "" {
		program = filepath.Join(a.dir, "boxoffice")
		if err := executable.Build(ctx, program); err != nil {
			return err
		}
	}
	if program, err = filepath.Abs(program); err != nil {
		return err
	}
	addresses, err := a.openDatabase(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(of, func(f *fault) bool { return f.name == frozenStandby }) {
		server := a.postgres.server.Load()
		a.standby, err = startStandby(ctx, server, filepath.Join(a.dir, "postgres", "standby"), !a.options.async)
		if err != nil {
			return err
		}
	}
	for i, database := range addresses {
		n, err := a.newNode(i, program, database)
		if err != nil {
			return err
		}
		a.nodes = append(a.nodes, n)
		n.done.Go(func() { n.supervise(ctx) })
		if err := n.waitReady(ctx, 2*a.options.healthy); err != nil {
			return err
		}
	}
	a.balancer, err = newBalancer(func(n uint64) string { return a.nodes[n%uint64(len(a.nodes))].target() })
	return err
}

// openDatabase starts the database, and gives each process its address.
func (a *arena) openDatabase(ctx context.Context) (addresses []string, err error) {
	if a.options.failover {
		if a.cluster, err = startPatroni(ctx, a.dir, a.options.lease, !a.options.async); err != nil {
			return nil, err
		}
		a.url = a.cluster.controlURL()
		return slices.Repeat([]string{a.cluster.clientURL()}, a.options.processes), nil
	}
	if a.postgres, err = startPostgres(ctx, filepath.Join(a.dir, "postgres")); err != nil {
		return nil, err
	}
	a.url = a.postgres.server.Load().URL()
	if err := a.postgres.createUsers(ctx, a.options.processes); err != nil {
		return nil, err
	}
	address, err := url.Parse(a.url)
	if err != nil {
		return nil, err
	}
	if a.links, err = newLinks(a.options.processes, address.Host); err != nil {
		return nil, err
	}
	addresses = make([]string, len(a.links))
	for i, l := range a.links {
		if addresses[i], err = a.postgres.as(userOf(i), l.proxy.Listen); err != nil {
			return nil, err
		}
	}
	return addresses, nil
}

func (a *arena) newNode(number int, program, database string) (*node, error) {
	dir := filepath.Join(a.dir, fmt.Sprintf("process-%d", number)) // where there is no .env
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	return &node{number: number, program: program, dir: dir, log: log, env: []string{
		"DATABASE_URL=" + database, "DATA_DIR=" + dir, "API_PORT=0", "WEB_PORT=0",
		"BOOKING_DELAY=" + a.options.delay.String(), "HOLD_TIME=" + holdTime.String(),
		"BOOKING_TRANSACTIONS=8", "READ_CONNECTIONS=8", "RATE_LIMITS=off", "LOG_LEVEL=info",
		"GOGC=50", // so that what is resident is in use, and no garbage that nobody has had to collect
		"JWT_ACCESS_SECRET=" + secrets().Access[0], "JWT_REFRESH_SECRET=" + secrets().Refresh[0],
	}}, nil
}

// invite schedules events and makes customers, who want tickets of all of them: of some there are
// enough, of others not.
func (a *arena) invite(ctx context.Context) ([]*customer, error) {
	organizer, err := newCaller(a.balancer.url(), a.recorder, account.Organizer)
	if err != nil {
		return nil, err
	}
	n := a.options.customers
	var events []uuid.UUID
	for i, tickets := range []int{1, n / 4, n / 2, n - 1, n, 2 * n} {
		id, err := organizer.newEvent(ctx, map[string]any{
			"title": fmt.Sprintf("Event %d", i), "venue": "Hall", "date": "2100-01-01T20:00:00Z",
			"totalTickets": tickets, "price": 10,
		})
		if err != nil {
			return nil, err
		}
		events = append(events, id)
	}
	customers := make([]*customer, n)
	for i := range customers {
		c, err := newCaller(a.balancer.url(), a.recorder, account.Customer)
		if err != nil {
			return nil, err
		}
		customers[i] = &customer{
			caller: c, events: events, held: map[uuid.UUID]uuid.UUID{},
			random: rand.New(rand.NewPCG(a.options.seed, uint64(100+i))),
		}
	}
	return customers, nil
}

// rest mends everything, waits until all is well, lets everybody who still wants a ticket ask for
// it, and reads what there is.
func (a *arena) rest(
	ctx context.Context, customers []*customer, claimants []*claimant, r *report,
) ([]history.Violation, error) {
	a.mu.Lock()
	began, violations := time.Now(), slices.Clone(a.violations)
	a.mu.Unlock()
	for _, n := range a.nodes {
		n.signal(syscall.SIGCONT)
	}
	for _, l := range a.links {
		if err := l.mend(); err != nil {
			return violations, err
		}
	}
	for _, n := range a.nodes {
		if err := n.waitReady(ctx, a.options.healthy-time.Since(began)); err != nil {
			violations = append(violations, history.Violation{Rule: "not healthy again", Detail: err.Error()})
		}
	}
	r.healthy = time.Since(began)
	// What is still under way from the time of the faults ends here, and a stop in order is part of
	// what must work. One process stays the same: it must have recovered by itself.
	for _, n := range a.nodes[1:] {
		if err := n.restart(ctx); err != nil {
			return violations, err
		}
	}
	if err := a.quiet(ctx); err != nil {
		return violations, err
	}
	closing, cancel := context.WithTimeout(ctx, 2*a.options.healthy)
	defer cancel()
	if err := a.endClaims(closing, claimants); err != nil {
		return violations, err
	}
	var last sync.WaitGroup
	for _, c := range customers {
		last.Go(func() { c.insist(closing) })
	}
	last.Wait()
	if a.options.sabotage != "" {
		err := a.withConn(ctx, func(conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, a.options.sabotage)
			return err
		})
		if err != nil {
			return violations, err
		}
	}
	r.final.Spans = a.spans
	found, err := a.read(ctx, &r.final)
	return append(violations, found...), err
}

func (a *arena) note(fault string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.times[fault]++
}

// close ends what is left.
func (a *arena) close() (err error) {
	for _, n := range a.nodes {
		n.signal(syscall.SIGKILL) // a process that stands still ends too
		n.done.Wait()
		err = errors.Join(err, n.log.Close())
	}
	if a.balancer != nil {
		a.balancer.close()
	}
	for _, l := range a.links {
		l.cut()
	}
	if a.postgres != nil && a.postgres.server.Load() != nil {
		err = errors.Join(err, a.postgres.stop())
	}
	if a.standby != nil {
		a.standby.stop()
	}
	if a.cluster != nil {
		err = errors.Join(err, a.cluster.stop())
	}
	return err
}
