// Bench compares ways of selling tickets on one PostgreSQL, in one run: this project's executor,
// which lets bookings share transactions, against one transaction for each booking with a row lock,
// against the same with optimistic retry, and against the limit of what single-row appends reach at
// all. It reports and does not judge: a missed goal is printed, and the exit code stays 0. It is 1
// when a strategy sold a ticket too many or too few, because then its speed means nothing.
//
//	go run ./scripts/bench [-scenario a,b] [-strategy a,b] [-rounds 3] [-json FILE] [-svg FILE]
//	go run ./scripts/bench -h     all flags
//
// # What the numbers mean
//
//   - wall: a rush (flash, spread-delay, http-sale) is timed from the moment all customers are let
//     in to the last answer. Else it is the measured time, the same for each strategy.
//   - …/s: what the table's heading names, in that time; refusals are not counted.
//   - p50, p99: what a customer waits, from asking to the answer, queues in the program included.
//     They come from histograms of three digits.
//   - ratio: that number per second against the scenario's reference strategy.
//   - goals compare strategies round by round; the ratio is the median of the rounds' ratios.
//
// # How it is kept fair
//
// All strategies run on the same machine, server and settings; by default on a private server whose
// settings are durable, fsync included. Each run gets a fresh database, a checkpoint right before,
// open connections and a warm-up. The strategies alternate, and every other round goes backwards,
// so that a slow minute of the machine hits each of them; results are medians of the rounds. All
// use pgx with prepared statements and the same kind of pool. Where more connections can be too
// many, each rival gets the number that a short search finds best for it. What would take minutes
// is run in part and extrapolated, and says so.
//
// Start reading at scenario.go; scenarios.go has those that call the strategies (strategy_*.go) as
// libraries, http_*.go, websocket.go and overload.go those of the whole program.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/boxoffice/boxoffice/internal/tune"
)

// scenarios are run in this order.
func scenarios(s size) []scenario {
	return append([]scenario{
		flash(s),
		spreadDelay(s),
		hot(s),
		hold(s),
		spread(s),
		processesHot(s),
		processesSpread(s),
		lone(s),
		httpSale(s),
		httpRead(s),
		webSocket(s),
		overload(s),
		signIns(s),
		door(s),
	}, ordinary(s)...)
}

type options struct {
	chosen      []scenario
	rounds      int
	scale       float64
	databaseURL string
	json        string
	svg         string
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

func parse(args []string) (o options, err error) {
	var scenarioList, strategyList string
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&scenarioList, "scenario", "",
		"the scenarios to run, separated by commas (default: all of "+strings.Join(names(), ", ")+")")
	flags.StringVar(&strategyList, "strategy", "",
		"only these strategies, separated by commas, and only the goals that compare them")
	flags.IntVar(&o.rounds, "rounds", 3, "how often to run each strategy; results are medians")
	flags.Float64Var(&o.scale, "scale", 1, "multiplies customers, events and durations; below 1 for a quick look")
	flags.StringVar(&o.databaseURL, "database-url", "",
		"a server on which databases may be created (default: a private one)")
	flags.StringVar(&o.json, "json", "", "write the results to this file")
	flags.StringVar(&o.svg, "svg", "", "draw the results into this file")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.rounds < 1 || o.scale <= 0 || flags.NArg() > 0 {
		return o, errors.New("-rounds and -scale must be positive, and there are no arguments besides flags")
	}
	o.chosen, err = choose(scenarios(size{o.scale}), scenarioList)
	if err == nil && strategyList != "" {
		o.chosen, err = onlyStrategies(o.chosen, strategyList)
	}
	return o, err
}

func run(ctx context.Context, args []string) (err error) {
	tune.Memory(0.5, slog.New(slog.DiscardHandler)) // as the system does
	if len(args) == 1 && slices.Contains([]string{workerRole, readerRole, referenceRole}, args[0]) {
		return runChild(ctx, args[0], os.Stdin, os.Stdout) // as another process of a run
	}
	o, err := parse(args)
	if err != nil {
		return err
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
	fmt.Printf("%v\nmedians of %d, scale %g\n", machine, o.rounds, o.scale)
	r := &report{Machine: machine, Rounds: o.rounds, Scale: o.scale, Date: time.Now().UTC().Format(time.DateOnly)}
	for _, s := range o.chosen {
		outcome, err := server.run(ctx, s, o.rounds)
		if err != nil {
			return err
		}
		r.add(s, outcome)
		showProgress("")
		fmt.Print("\n", r.table(s))
	}
	fmt.Print("\n", r.goals())
	return errors.Join(save(o.json, r.json), save(o.svg, r.svg))
}

// showProgress tells on a terminal what is being done, in a line that the next one overwrites.
func showProgress(what string) {
	if term.IsTerminal(int(os.Stderr.Fd())) {
		fmt.Fprint(os.Stderr, "\r\x1b[K", what)
	}
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
		has := func(s scenario) bool { return len(s.only([]string{name}).entries) > 0 }
		if !slices.ContainsFunc(chosen, has) {
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
