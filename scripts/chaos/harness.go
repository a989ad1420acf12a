package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/internal/executable"
	"github.com/boxoffice/boxoffice/scripts/chaos/history"
)

// harness is everything that runs.
type harness struct {
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

	customers []*customer
	claimants []*claimant
	growth    growth

	exclusive sync.RWMutex // held by each fault, for writing by those that are alone

	mu         sync.Mutex
	spans      history.Spans
	counts     map[string]int // that each fault came about
	violations []history.Violation
	ready      []time.Duration // when processes said so, one by one
}

// open starts everything.
func (h *harness) open(ctx context.Context, faults []*fault) (err error) {
	program := h.options.program
	if program == "" {
		program = filepath.Join(h.dir, "boxoffice")
		if err := executable.Build(ctx, program); err != nil {
			return err
		}
	}
	if program, err = filepath.Abs(program); err != nil {
		return err
	}
	addresses, err := h.openDatabase(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(faults, func(f *fault) bool { return f.name == frozenStandby }) {
		server := h.postgres.server.Load()
		h.standby, err = startStandby(ctx, server, filepath.Join(h.dir, "postgres", "standby"), !h.options.async)
		if err != nil {
			return err
		}
	}
	for i, database := range addresses {
		n, err := h.newNode(i, program, database)
		if err != nil {
			return err
		}
		h.nodes = append(h.nodes, n)
		n.done.Go(func() { n.supervise(ctx) })
		if err := n.waitReady(ctx, 2*h.options.healthy); err != nil {
			return err
		}
	}
	h.balancer, err = newBalancer(func(n uint64) string { return h.nodes[n%uint64(len(h.nodes))].apiAddress() })
	if err != nil {
		return err
	}
	if h.customers, err = h.newCustomers(ctx); err != nil {
		return err
	}
	h.claimants, err = h.newClaimants(ctx)
	return err
}

// openDatabase starts the database, and gives each process its address.
func (h *harness) openDatabase(ctx context.Context) (addresses []string, err error) {
	if h.options.failover {
		if h.cluster, err = startPatroni(ctx, h.dir, h.options.lease, !h.options.async); err != nil {
			return nil, err
		}
		h.url = h.cluster.controlURL()
		return slices.Repeat([]string{h.cluster.clientURL()}, h.options.processes), nil
	}
	if h.postgres, err = startPostgres(ctx, filepath.Join(h.dir, "postgres")); err != nil {
		return nil, err
	}
	h.url = h.postgres.server.Load().URL()
	if err := h.postgres.createUsers(ctx, h.options.processes); err != nil {
		return nil, err
	}
	address, err := url.Parse(h.url)
	if err != nil {
		return nil, err
	}
	if h.links, err = newLinks(h.options.processes, address.Host); err != nil {
		return nil, err
	}
	addresses = make([]string, len(h.links))
	for i, l := range h.links {
		if addresses[i], err = h.postgres.as(userOf(i), l.proxy.Listen); err != nil {
			return nil, err
		}
	}
	return addresses, nil
}

func (h *harness) newNode(number int, program, database string) (*node, error) {
	dir := filepath.Join(h.dir, fmt.Sprintf("process-%d", number)) // where there is no .env
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	return &node{number: number, program: program, dir: dir, log: log, env: []string{
		"DATABASE_URL=" + database, "DATA_DIR=" + dir, "API_PORT=0", "WEB_PORT=0",
		"BOOKING_DELAY=" + h.options.delay.String(), "HOLD_TIME=" + holdTime.String(),
		"BOOKING_TRANSACTIONS=8", "READ_CONNECTIONS=8", "RATE_LIMITS=off", "LOG_LEVEL=info",
		"GOGC=50", // so that what is resident is in use, and no garbage that nobody has had to collect
		"JWT_ACCESS_SECRET=" + secrets().Access[0], "JWT_REFRESH_SECRET=" + secrets().Refresh[0],
	}}, nil
}

// close ends what is left.
func (h *harness) close() (err error) {
	for _, n := range h.nodes {
		n.signal(syscall.SIGKILL) // a process that stands still ends too
		n.done.Wait()
		err = errors.Join(err, n.log.Close())
	}
	if h.balancer != nil {
		h.balancer.close()
	}
	for _, l := range h.links {
		l.cut()
	}
	if h.postgres != nil && h.postgres.server.Load() != nil {
		err = errors.Join(err, h.postgres.stop())
	}
	if h.standby != nil {
		h.standby.stop()
	}
	if h.cluster != nil {
		err = errors.Join(err, h.cluster.stop())
	}
	return err
}

func (h *harness) countFault(fault string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.counts[fault]++
}

func (h *harness) addViolation(rule, detail string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.violations = append(h.violations, history.Violation{Rule: rule, Detail: detail})
}

// remember keeps a span that ends now.
func (h *harness) addSpan(spans *[]history.Span, from time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	*spans = append(*spans, history.Span{From: from, To: h.recorder.now()})
}

func (h *harness) withConn(ctx context.Context, do func(*pgx.Conn) error) error {
	conn, err := connect(ctx, h.url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is lost with it
	return do(conn)
}
