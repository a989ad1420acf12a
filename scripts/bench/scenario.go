package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// scenario compares several strategies in one situation. To add one, write a function that returns
// it and list it in main.go.
type scenario struct {
	name      string
	group     string // selects it too, along with others; may be empty
	about     string // one line for readers
	counts    string // what is counted in a second; empty: bookings
	reference string // the strategy that the table's ratios refer to
	entries   []entry
	goals     []goal
}

func (s scenario) selector() string {
	if s.group != "" {
		return s.group
	}
	return s.name
}

// entry is one strategy in one scenario. measure makes one round in a fresh, migrated database. It
// must fail when it sold more or less than it should have.
type entry struct {
	strategy string
	measure  func(context.Context, *database) (measurement, error)
}

// measurement is what one round of one strategy gave.
type measurement struct {
	count     int // of what the scenario counts: bookings, mostly
	wall      time.Duration
	latencies *hdrhistogram.Histogram // of the answers, in ns; of extrapolated runs as measured, see factor
	// factor stretches a run that was made in part only, as from 5 tickets to 500; 0 and 1 mean
	// that it was made in full.
	factor float64
	note   string             // for readers, such as what was extrapolated
	extra  map[string]float64 // what else is worth knowing, for the JSON
}

func (m measurement) stretch() float64 {
	if m.factor > 0 {
		return m.factor
	}
	return 1
}

func (m measurement) seconds() float64   { return m.wall.Seconds() * m.stretch() }
func (m measurement) perSecond() float64 { return float64(m.count) / m.wall.Seconds() }

// percentile is in milliseconds. In a queue that is n times as long everybody waits n times as
// long, so the factor holds here too.
func (m measurement) percentile(p float64) float64 { return percentile(m.latencies, p) * m.stretch() }

// percentile of a histogram of nanoseconds is in milliseconds.
func percentile(h *hdrhistogram.Histogram, p float64) float64 {
	return float64(h.ValueAtPercentile(p)) / float64(time.Millisecond)
}

// goal is a promise about a ratio. A round is the measurements of all strategies, made one right
// after the other.
type goal struct {
	about  string
	needs  []string // the strategies that ratio looks at
	bound  float64
	atMost bool // else at least
	ratio  func(round) float64
}

type round map[string]measurement

func (g goal) met(ratio float64) bool {
	if g.atMost {
		return ratio <= g.bound
	}
	return ratio >= g.bound
}

// faster is the goal that one strategy sells at least so many times as much per second as another.
func faster(strategy, than string, bound float64) goal {
	return goal{
		about: fmt.Sprintf("bookings/s of %s / %s", strategy, than), needs: []string{strategy, than}, bound: bound,
		ratio: func(r round) float64 { return r[strategy].perSecond() / r[than].perSecond() },
	}
}

// only leaves out the other strategies, and the goals that need them.
func (s scenario) only(strategies []string) scenario {
	isLeftOut := func(name string) bool { return !slices.Contains(strategies, name) }
	s.entries = slices.DeleteFunc(slices.Clone(s.entries), func(e entry) bool { return isLeftOut(e.strategy) })
	s.goals = slices.DeleteFunc(slices.Clone(s.goals), func(g goal) bool {
		return slices.ContainsFunc(g.needs, isLeftOut)
	})
	return s
}

// size scales scenarios.
type size struct{ scale float64 }

func (s size) count(n int) int                        { return max(1, int(float64(n)*s.scale)) }
func (s size) duration(d time.Duration) time.Duration { return time.Duration(float64(d) * s.scale) }

func (s size) stream(events, customers int) stream {
	return stream{events, customers, s.duration(time.Second), s.duration(4 * time.Second)}
}

// Shared by the scenarios.
const (
	delay       = time.Second // BOOKING_DELAY's default
	connections = 64          // that a pool may open; the executor uses fewer
	waiting     = 512         // customers who wait at any moment when they come again and again
	manyEvents  = 10_000
)

// run makes all rounds of a scenario. Every other round goes through the strategies backwards.
func (s *server) run(ctx context.Context, sc scenario, rounds int) ([]round, error) {
	outcome := make([]round, rounds)
	for i := range outcome {
		outcome[i] = round{}
		entries := slices.Clone(sc.entries)
		if i%2 == 1 {
			slices.Reverse(entries)
		}
		for _, e := range entries {
			showProgress(fmt.Sprintf("%s: %s, round %d of %d", sc.name, e.strategy, i+1, rounds))
			m, err := s.measure(ctx, e)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", sc.name, e.strategy, err)
			}
			outcome[i][e.strategy] = m
		}
	}
	return outcome, nil
}

func (s *server) measure(ctx context.Context, e entry) (_ measurement, err error) {
	db, err := s.create(ctx)
	if err != nil {
		return measurement{}, err
	}
	defer func() { err = errors.Join(err, db.drop()) }()
	return e.measure(ctx, db)
}
