package main

import (
	"math"
	"testing"
	"time"
)

func TestExtrapolationStretchesTimesAndKeepsTheRate(t *testing.T) {
	m := measurement{
		count: 5, wall: 5 * time.Second, factor: 100,
		latencies: latencies(time.Second, 2*time.Second, 3*time.Second, 4*time.Second, 5*time.Second),
	}
	if got, want := m.seconds(), 500.0; got != want {
		t.Errorf("wall: got %v s, want %v s", got, want)
	}
	if got, want := m.perSecond(), 1.0; got != want {
		t.Errorf("rate: got %v/s, want %v/s", got, want)
	}
	if got, want := m.percentile(50), 300_000.0; math.Abs(got-want) > want/1000 {
		t.Errorf("p50: got %v ms, want %v ms", got, want)
	}
	m.factor = 0
	if got, want := m.seconds(), 5.0; got != want {
		t.Errorf("wall of a run in full: got %v s, want %v s", got, want)
	}
}

func TestAPartOfASaleHasItsProportions(t *testing.T) {
	for _, c := range []struct {
		name       string
		all        sale
		customers  int
		want       sale
		wantFactor float64
	}{
		{
			"one event: fewer tickets",
			sale{events: 1, tickets: 500, customers: 1000, delay: delay}, 10,
			sale{events: 1, tickets: 5, customers: 10, delay: delay}, 100,
		},
		{
			"many events: fewer events",
			sale{events: 10_000, tickets: 1, customers: 10_000}, 128,
			sale{events: 128, tickets: 1, customers: 128}, 78.125,
		},
		{
			"a small sale is run in full",
			sale{events: 1, tickets: 3, customers: 6}, 10,
			sale{events: 1, tickets: 3, customers: 6}, 1,
		},
	} {
		got, factor := c.all.part(c.customers)
		if got != c.want || factor != c.wantFactor {
			t.Errorf("%s: got %+v and %v, want %+v and %v", c.name, got, factor, c.want, c.wantFactor)
		}
	}
}

func TestEverySaleSellsWhatItCan(t *testing.T) {
	for _, c := range []struct {
		sale sale
		want int
	}{
		{sale{events: 1, tickets: 500, customers: 1000}, 500},
		{sale{events: 1, tickets: 500, customers: 300}, 300},
		{sale{events: 100, tickets: 1, customers: 100}, 100},
	} {
		if got := c.sale.due(); got != c.want {
			t.Errorf("%+v: got %d due, want %d", c.sale, got, c.want)
		}
		if c.sale.check(c.want) != nil || c.sale.check(c.want+1) == nil || c.sale.check(c.want-1) == nil {
			t.Errorf("%+v: another number than %d passes, or that one does not", c.sale, c.want)
		}
	}
}

func TestGoals(t *testing.T) {
	atLeast, atMost := goal{bound: 2}, goal{bound: 2, atMost: true}
	for _, c := range []struct {
		goal  goal
		ratio float64
		want  bool
	}{
		{atLeast, 1.9, false},
		{atLeast, 2, true},
		{atLeast, 3, true},
		{atMost, 1.9, true},
		{atMost, 2, true},
		{atMost, 3, false},
	} {
		if got := c.goal.met(c.ratio); got != c.want {
			t.Errorf("bound 2, at most %t, ratio %v: got met %t", c.goal.atMost, c.ratio, got)
		}
	}
}

func TestChooseScenarios(t *testing.T) {
	all := scenarios(size{1})
	for list, want := range map[string]int{
		"": len(all), "lone": 1, "processes": 2, "processes-hot": 1, "spread": 1, "flash,hot": 2,
	} {
		if got, err := choose(all, list); err != nil || len(got) != want {
			t.Errorf("%q: got %d scenarios and %v, want %d", list, len(got), err, want)
		}
	}
	if _, err := choose(all, "flash,unheard-of"); err == nil {
		t.Error("an unknown scenario was accepted")
	}
}

func TestScenariosReferToTheirOwnStrategies(t *testing.T) {
	for _, s := range scenarios(size{0.01}) {
		known := map[string]bool{}
		for _, e := range s.entries {
			if known[e.strategy] {
				t.Errorf("%s has two entries of %s", s.name, e.strategy)
			}
			known[e.strategy] = true
		}
		if !known[s.reference] {
			t.Errorf("%s refers to %q, which it does not run", s.name, s.reference)
		}
		for _, g := range s.goals {
			for _, name := range g.needs {
				if !known[name] {
					t.Errorf("%s has a goal about %q, which it does not run", s.name, name)
				}
			}
		}
	}
}

func TestOnlySomeStrategies(t *testing.T) {
	s := hot(size{1}).only([]string{"shared"})
	if len(s.entries) != 1 || len(s.goals) != 0 {
		t.Errorf("got %d strategies and %d goals, want 1 and none", len(s.entries), len(s.goals))
	}
}

func TestScenariosWithoutTheChosenStrategiesAreLeftOut(t *testing.T) {
	chosen := []scenario{hot(size{1}), overload(size{1}), httpRead(size{1})}
	some, err := onlyStrategies(chosen, "optimistic,chi")
	if err != nil || len(some) != 2 || some[0].name != "hot" || len(some[0].entries) != 1 || some[1].name != "http-read" {
		t.Errorf("got %+v and %v", some, err)
	}
	for _, list := range []string{"unheard-of", "optimistic,unheard-of", "one-by-one"} {
		if some, err := onlyStrategies(chosen, list); err == nil {
			t.Errorf("%q: got %d scenarios", list, len(some))
		}
	}
	if got, want := len(chosen[0].entries), len(hot(size{1}).entries); got != want || chosen[0].entries[0].strategy == "" {
		t.Errorf("choosing has changed what was chosen from: %+v", chosen[0].entries)
	}
}
