package main

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/logtest"
)

func TestTheDatabasesClockIsUsed(t *testing.T) {
	t.Parallel()
	for name, wrong := range map[string]time.Duration{"ahead": time.Hour, "behind": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var said logtest.Buffer
			logger := slog.New(slog.NewJSONHandler(&said, nil))
			monitor, err := newHealthMonitor(dbtest.URL(t), new(atomic.Pointer[string]), logger)
			must(t, err)
			monitor.clock = func() time.Time { return time.Now().Add(wrong) }
			monitor.start(t.Context())
			t.Cleanup(func() { monitor.disconnect(monitor.first) })
			if off := time.Until(monitor.now()).Abs(); off > maxClockDifference/2 {
				t.Errorf("the time is off by %s", off)
			}
			if !strings.Contains(said.String(), "the clock of this machine differs") {
				t.Errorf("nobody was told: %q", said.String())
			}
		})
	}
}

func TestACommitStandsForAHeartbeat(t *testing.T) {
	t.Parallel()
	monitor, err := newHealthMonitor(dbtest.URL(t), new(atomic.Pointer[string]), slog.New(slog.DiscardHandler))
	must(t, err)
	monitor.start(t.Context())
	t.Cleanup(func() { monitor.disconnect(monitor.first) })
	evident := func(when string, want bool, change func()) {
		t.Helper()
		monitor.publish(nil)
		monitor.askedAt = time.Now()
		monitor.noteCommit()
		change()
		if got := monitor.isEvident(); got != want {
			t.Errorf("%s: %v, want %v", when, got, want)
		}
	}
	evident("just committed", true, func() {})
	evident("committed a while ago", false, func() { monitor.committedAt.Add(int64(-heartbeatEvery)) })
	evident("the database is known to be down", false, func() { monitor.publish(errDown) })
	evident("it is known to be read-only", false, func() { monitor.publish(errReadOnly) })
	evident("the clocks are to be compared", false, func() { monitor.askedAt = time.Now().Add(-askEvery) })
}

func TestAMonitorOnWhichNobodyReliesRests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		monitor, err := newHealthMonitor("postgres://nobody@127.0.0.1:1/nothing", new(atomic.Pointer[string]),
			slog.New(slog.DiscardHandler))
		must(t, err)
		paused := func(when string, want time.Duration) {
			t.Helper()
			began := time.Now()
			monitor.pause(t.Context())
			if got := time.Since(began); got != want {
				t.Errorf("%s: heartbeats are %s apart, want %s", when, got, want)
			}
		}
		for name, ask := range map[string]func() context.Context{"alive": monitor.alive, "writable": monitor.writable} {
			paused("nobody relies on it", idleHeartbeatEvery)
			go func() {
				time.Sleep(time.Millisecond) // of the bubble: no time passes
				ask()
			}()
			paused("somebody has asked whether it is "+name, time.Millisecond)
			paused("somebody relies on it", heartbeatEvery)
			time.Sleep(idleAfter)
		}
		monitor.publish(errReadOnly)
		paused("the database can't be written", heartbeatEvery)
		monitor.publish(errDown)
		paused("the database is down", heartbeatEvery)
	})
}

func TestASlowHeartbeatSaysNothingOfTheClock(t *testing.T) {
	t.Parallel()
	monitor, err := newHealthMonitor("postgres://nobody@127.0.0.1:1/nothing", new(atomic.Pointer[string]),
		slog.New(slog.DiscardHandler))
	must(t, err)
	now := time.Now()
	monitor.compareClocks(now, now, now.Add(time.Second))
	if ahead := monitor.ahead.Load(); ahead != 0 {
		t.Errorf("the clock was set by %s", time.Duration(ahead))
	}
}
