package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/scripts/chaos/history"
)

func TestAShortFailover(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	if missing := missingPrograms(); len(missing) > 0 {
		t.Skipf("a failover needs programs that are not installed here: %s", strings.Join(missing, ", "))
	}
	o := short(t, "-failover -faults kill,switchover -duration 1s -processes 2 -seed 1")
	o.lease = 10            // a newer Patroni makes it 20
	o.gap = 3 * bookedAgain // where other tests run, elections take longer; CI measures failovers alone
	var out bytes.Buffer
	r, err := execute(t.Context(), o, &out)
	if err != nil || len(r.violations) > 0 || r.faults["kill"] != 1 || r.faults["switchover"] != 1 {
		t.Errorf("%v %v\n%s", err, r.violations, &out)
	}
	t.Log(r, "\n", out.String())
}

func TestTheLongestGapIsBetweenBookings(t *testing.T) {
	t.Parallel()
	second := func(n int) time.Duration { return time.Duration(n) * time.Second }
	at := func(seconds int) history.Request {
		return history.Request{Outcome: history.Done, Answered: second(seconds)}
	}
	replayed, cancelled, refused := at(15), at(15), at(15)
	replayed.Answer.Replayed, cancelled.Kind, refused.Outcome = true, history.Cancel, history.Refused
	for name, c := range map[string]struct {
		requests   []history.Request
		start, end int
	}{
		"nothing was booked":            {nil, 0, 30},
		"it begins before the moment":   {[]history.Request{at(2), at(8), at(20), at(29)}, 8, 20},
		"it lasts until the end":        {[]history.Request{at(9), at(11), at(12)}, 12, 30},
		"what comes later says nothing": {[]history.Request{at(9), at(11), at(12), at(31)}, 12, 30},
		"in any order":                  {[]history.Request{at(29), at(12), at(9), at(11)}, 12, 29},
		"repetitions and cancellations are none": {
			[]history.Request{at(9), at(12), replayed, cancelled, refused, at(29)}, 12, 29,
		},
	} {
		start, end := longestGap(c.requests, second(10), second(30))
		if start != second(c.start) || end != second(c.end) {
			t.Errorf("%s: got %s to %s, want %d to %d s", name, start, end, c.start, c.end)
		}
	}
}

func TestAStandbyFollowsInItsRole(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status       status
		sync, simply bool
	}{
		{status{"a", "leader", "running"}, false, false},
		{status{"a", "sync_standby", "running"}, true, false},
		{status{"a", "sync_standby", "streaming"}, true, false}, // as a newer Patroni says
		{status{"a", "replica", "running"}, false, true},
		{status{"a", "sync_standby", "starting"}, false, false},
	} {
		if c.status.follows(true) != c.sync || c.status.follows(false) != c.simply {
			t.Errorf("%+v: want %t and %t", c.status, c.sync, c.simply)
		}
	}
}

func TestAPartitionLeavesTheClientsWhereItIsTold(t *testing.T) {
	t.Parallel()
	p := &patroni{}
	for _, name := range []string{"a", "b"} {
		p.members = append(p.members, &member{
			name: name, clients: &gate{}, replication: &gate{}, health: &gate{}, agreement: &gate{},
		})
	}
	a, b := p.members[0], p.members[1]
	isCut := func(g *gate) bool { return g.healed != nil }
	for _, withClients := range []bool{true, false} {
		p.isolate(a, withClients)
		for i, g := range []*gate{a.replication, a.health, a.agreement, b.replication, b.health} {
			if !isCut(g) {
				t.Errorf("the members still hear of each other through gate %d", i)
			}
		}
		if isCut(a.clients) != withClients || isCut(b.clients) || isCut(b.agreement) {
			t.Error("the wrong clients are cut off, or the other member")
		}
		p.heal()
		if slices.ContainsFunc(append(a.gates(), b.gates()...), isCut) {
			t.Error("something is still cut")
		}
	}
}
