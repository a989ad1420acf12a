// Command chaos breaks a running system in every way that real ones break, while customers book,
// cancel, hold tickets and wait for them, and then checks that each of them was told the truth. It
// starts a PostgreSQL of its own and three boxoffice processes, each behind a proxy to the database,
// and a balancer before them.
// Faults come by a schedule that follows from the seed. The last line is PASS or FAIL with counts,
// the lines before it name the violations, and the exit code is 0 or 1.
//
//	go run ./scripts/chaos -duration 60s [-seed N] [-faults kill,stop,…|all|none]
//	go run ./scripts/chaos -faults none -duration 10m     nothing is broken: does anything grow?
//	go run ./scripts/chaos -faults frozen-standby -async  a control: the standby is asynchronous, so it must fail
//	go run ./scripts/chaos -failover -processes 2         two PostgreSQL servers: the leader is lost
//
// Some faults have a rule of their own, beside those that every answer is held to:
//
//	frozen-standby  the synchronous standby receives nothing: nothing may be confirmed
//	cut-message     half of a message arrives, and no more: others must book again within 15 s
//	restore         an older dump takes the place of the database: what came after it is lost by intent, and
//	                the log must go on from there, with nothing oversold
//	slow-ping       the session of a process's health monitor is frozen for 2 s: no booking may be unavailable
//
// What happens between threads and processes is not repeatable, so the same seed gives the same
// faults at the same moments and not the same history. When a run fails its directory is kept, with
// the history and what each process has logged.
//
// Start reading at run.go; harness.go has what runs, fault.go the faults, failover.go those of the
// leader, schedule.go their order, customer.go those who book, claimant.go those who hold and wait,
// verify.go what is read in the end, and the package history the judgement.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

type options struct {
	duration  time.Duration
	seed      uint64
	faults    string
	processes int
	customers int
	delay     time.Duration
	program   string
	healthy   time.Duration
	failover  bool
	async     bool
	lease     int           // s, of Patroni's leader
	gap       time.Duration // the longest without a booking that a failover may cause
	sabotage  string        // SQL that spoils what the system holds, for tests of the judgement
}

func parse(args []string, stderr io.Writer) (o options, err error) {
	o.lease, o.gap = 20, bookedWithin // a newer Patroni accepts no shorter lease
	flags := flag.NewFlagSet("chaos", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.DurationVar(&o.duration, "duration", 60*time.Second, "how long customers and faults go on")
	flags.Uint64Var(&o.seed, "seed", rand.Uint64N(1_000_000), "of the schedule of faults (default: any)")
	flags.StringVar(&o.faults, "faults", "all", "which, separated by commas: "+faultNames(faults)+
		"; of failovers: "+faultNames(failovers())+"; or all, or none")
	flags.IntVar(&o.processes, "processes", 3, "boxoffice processes")
	flags.IntVar(&o.customers, "customers", 32, "customers")
	flags.DurationVar(&o.delay, "delay", 50*time.Millisecond, "BOOKING_DELAY of the processes")
	flags.BoolVar(&o.failover, "failover", false, "run on two PostgreSQL servers with Patroni, and change the leader")
	flags.BoolVar(&o.async, "async", false,
		"the standby is not synchronous: kills with -failover lose bookings, "+
			"a frozen standby delays none, and the run fails")
	flags.StringVar(&o.program, "program", "", "the boxoffice program to run (default: built from this module)")
	flags.DurationVar(&o.healthy, "healthy", 30*time.Second, "by when all must be well again after the last fault")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 || o.processes < 1 || o.customers < 4 || o.duration <= 0 {
		return o, errors.New("there must be a process, four customers and some time, and no arguments besides flags")
	}
	return o, nil
}

// run is main without the process around it. It returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	var r report
	if err == nil {
		_, _ = fmt.Fprintf(stdout, "seed %d\n", o.seed)
		r, err = execute(ctx, o, stdout)
	}
	for i, v := range r.violations {
		if i == 20 {
			_, _ = fmt.Fprintf(stdout, "… and %d more\n", len(r.violations)-i)
			break
		}
		_, _ = fmt.Fprintf(stdout, "VIOLATION %s\n", v)
	}
	if err != nil {
		_, _ = fmt.Fprintf(stdout, "ERROR %v\n", err)
	}
	if err != nil || len(r.violations) > 0 {
		_, _ = fmt.Fprintf(stdout, "FAIL %s\n", r)
		return 1
	}
	_, _ = fmt.Fprintf(stdout, "PASS %s\n", r)
	return 0
}
