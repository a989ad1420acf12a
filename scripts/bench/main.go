// Bench compares ways of selling tickets on one PostgreSQL, in one run: this project's executor, which lets bookings share
// transactions, against one transaction for each booking with a row lock, against the same with optimistic retry, and against the
// limit of what single-row appends reach at all. It reports; it does not judge: a missed goal is printed, and the exit code stays
// 0. It is 1 when a strategy sold a ticket too many or too few, because then its speed means nothing.
//
//	go run ./scripts/bench [-scenario a,b] [-rounds 3] [-scale 1] [-json FILE] [-svg FILE] [-database-url URL]
//	go run ./scripts/bench -h     all flags
//
// # What the numbers mean
//
//   - wall: a rush (flash, spread-delay, http-sale) is timed from the moment all customers are let in to the last answer; one
//     operation (rebuild, verify, websocket) by how long it took. Else it is the measured time, the same for each strategy.
//   - …/s: what the table's heading names, in that time; refusals are not counted.
//   - p50, p99: what a customer waits, from asking to the answer, queues in the program included.
//   - ratio: that number per second against the scenario's reference strategy.
//   - goals compare strategies round by round; the ratio is the median of the rounds' ratios.
//
// # How it is kept fair
//
// All strategies run on the same machine, server and settings; by default on a private server whose settings are durable, fsync
// included. Each run gets a fresh database, a checkpoint right before, open connections and a warm-up. The strategies take turns,
// and every other round goes backwards, so that a slow minute of the machine hits each of them; results are medians of the rounds.
// All use pgx with prepared statements and the same kind of pool. Where more connections can be too many, each rival gets the
// number that a short search finds best for it. What would take minutes is run in part and extrapolated, and says so.
//
// Start reading at scenario.go; each scenario has a file scenario_*.go, each strategy a file strategy_*.go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/boxoffice/boxoffice/internal/tune"
)

// scenarios are run in this order.
func scenarios(s size) []scenario {
	return []scenario{
		flash(s),
		spreadDelay(s),
		hot(s),
		spread(s),
		processesHot(s),
		processesSpread(s),
		lone(s),
		lag(s),
		rebuild(s),
		verify(s),
		httpSale(s),
		httpRead(s),
		webSocket(s),
		overload(s),
	}
}

type options struct {
	scenarios   string
	strategies  string
	rounds      int
	scale       float64
	databaseURL string
	json        string
	svg         string
	cpuProfile  string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (err error) {
	tune.Memory(0.5, slog.New(slog.DiscardHandler)) // as the system does
	if len(args) == 1 {
		switch args[0] { // as another process of a run
		case workerArg:
			return work(ctx, os.Stdin, os.Stdout)
		case readerArg:
			return readAlong(ctx, os.Stdin, os.Stdout)
		case referenceArg:
			return serveReference(ctx, os.Stdin, os.Stdout)
		}
	}
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&o.scenarios, "scenario", "", "the scenarios to run, separated by commas (default: all of "+strings.Join(names(), ", ")+")")
	flags.StringVar(&o.strategies, "strategy", "", "only these strategies, separated by commas, and only the goals that compare them")
	flags.IntVar(&o.rounds, "rounds", 3, "how often to run each strategy; results are medians")
	flags.Float64Var(&o.scale, "scale", 1, "multiplies customers, events and durations; below 1 for a quick look")
	flags.StringVar(&o.databaseURL, "database-url", "", "a server on which databases may be created (default: a private one)")
	flags.StringVar(&o.json, "json", "", "write the results to this file")
	flags.StringVar(&o.svg, "svg", "", "draw the results into this file")
	flags.StringVar(&o.cpuProfile, "cpuprofile", "", "write a CPU profile of this program to this file")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.rounds < 1 || o.scale <= 0 || flags.NArg() > 0 {
		return errors.New("-rounds and -scale must be positive, and there are no arguments besides flags")
	}
	chosen, err := choose(scenarios(size{o.scale}), o.scenarios)
	if err != nil {
		return err
	}
	if o.strategies != "" {
		if chosen, err = onlyStrategies(chosen, o.strategies); err != nil {
			return err
		}
	}

	server, err := openServer(ctx, o.databaseURL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.close()) }()
	machine, err := server.describe(ctx)
	if err != nil {
		return err
	}
	fmt.Println(machine)
	fmt.Printf("medians of %d, scale %g\n", o.rounds, o.scale)

	if o.cpuProfile != "" {
		stop, err := profile(o.cpuProfile)
		if err != nil {
			return err
		}
		defer stop()
	}
	r := &report{Machine: machine, Rounds: o.rounds, Scale: o.scale, Date: time.Now().UTC().Format(time.DateOnly)}
	show := newProgress(os.Stderr, chosen, o.rounds)
	for _, s := range chosen {
		outcome, err := server.run(ctx, s, o.rounds, show)
		if err != nil {
			return err
		}
		r.add(s, outcome)
		show.clear()
		fmt.Print("\n", r.table(s))
	}
	fmt.Print("\n", r.goals())
	return errors.Join(save(o.json, r.json), save(o.svg, r.svg))
}

func names() []string {
	var names []string
	for _, s := range scenarios(size{1}) {
		if name := s.selector(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// choose picks scenarios by name or group; all when list is empty.
func choose(all []scenario, list string) ([]scenario, error) {
	if list == "" {
		return all, nil
	}
	var chosen []scenario
	for name := range strings.SplitSeq(list, ",") {
		before := len(chosen)
		for _, s := range all {
			if s.name == name || s.group == name {
				chosen = append(chosen, s)
			}
		}
		if len(chosen) == before {
			return nil, fmt.Errorf("there is no scenario %q; there are %s", name, strings.Join(names(), ", "))
		}
	}
	return chosen, nil
}

// onlyStrategies leaves out the other strategies, and the scenarios that have none of them.
func onlyStrategies(chosen []scenario, list string) ([]scenario, error) {
	names := strings.Split(list, ",")
	for _, name := range names {
		if !slices.ContainsFunc(chosen, func(s scenario) bool { return len(s.only([]string{name}).entries) > 0 }) {
			return nil, fmt.Errorf("no chosen scenario has a strategy %q", name)
		}
	}
	var some []scenario
	for _, s := range chosen {
		if s = s.only(names); len(s.entries) > 0 {
			some = append(some, s)
		}
	}
	return some, nil
}

func save(path string, render func() ([]byte, error)) error {
	if path == "" {
		return nil
	}
	data, err := render()
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}

func profile(path string) (stop func(), err error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close() // a profile that is cut short does not read, which says enough
	}, nil
}
