package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/scripts/chaos/history"
)

func TestAShortRun(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	var out bytes.Buffer
	// Another seed each time. CI has longer runs.
	code := run(t.Context(), []string{"-duration", "20s", "-customers", "16", "-healthy", "3m",
		"-program", program(t)}, &out, &out)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if code != 0 || !strings.HasPrefix(lines[len(lines)-1], "PASS ") {
		t.Errorf("exit code %d:\n%s", code, &out)
	}
	t.Log(lines[0], lines[len(lines)-1])
}

// Without space bookings fail, the database lives on, and everybody is told the truth; with space
// again, they go on.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	if runtime.GOOS != "linux" {
		t.Skip("only on Linux can a running process be limited")
	}
	o := short(t, "-duration 20s -faults disk-full -processes 2 -seed 3")
	var out bytes.Buffer
	r, err := execute(t.Context(), o, &out)
	if err != nil || len(r.violations) > 0 {
		t.Fatalf("%v %v\n%s", err, r.violations, &out)
	}
	full := 0
	for line := range strings.Lines(out.String()) {
		if strings.Contains(line, "disk-full (") && strings.HasSuffix(line, ")\n") { // without a reason why not
			full++
		}
	}
	if full == 0 || r.starts != 2*o.processes-1 {
		t.Errorf("the disk was never full, or somebody died of it: %s\n%s", r, &out)
	}
	t.Log(r)
}

// stopper ends a run when it tells of its first fault.
type stopper struct {
	text bytes.Buffer
	stop context.CancelFunc
}

func (s *stopper) Write(text []byte) (int, error) {
	s.stop()
	return s.text.Write(text)
}

func TestARunThatEndsEarlyKeepsItsHistory(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	o := short(t, "-duration 60s -faults reset -processes 1")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out := &stopper{stop: stop}
	r, err := execute(ctx, o, out)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v\n%s", err, &out.text)
	}
	_, dir, found := strings.Cut(out.text.String(), "kept in ")
	if !found {
		t.Fatalf("nothing was kept:\n%s", &out.text)
	}
	dir = strings.TrimSpace(dir)
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary one
	text, err := os.ReadFile(filepath.Join(dir, "history.json"))
	if err != nil {
		t.Fatal(err)
	}
	var kept struct{ Requests []history.Request }
	if err := json.Unmarshal(text, &kept); err != nil {
		t.Fatal(err)
	}
	if len(kept.Requests) == 0 || len(kept.Requests) != len(r.requests) {
		t.Errorf("kept %d of %d requests", len(kept.Requests), len(r.requests))
	}
}

// What spoils the system must be found: else a run that passes says nothing.
func TestARunThatWasSpoiledFails(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	for name, c := range map[string]struct{ rule, sabotage string }{
		"a record is changed": {history.Chain, `
			alter table event_log disable trigger all;
			update event_log set metadata = '{}'
			where position = (select max(position) from event_log where type = 'TicketBooked')`},
		"a ticket goes missing in the read model": {history.ReadModel, `update events set remaining = remaining + 1`},
		"a confirmed booking is lost": {history.Lost, `
			alter table event_log disable trigger all;
			delete from event_log where position = (select max(position) from event_log);
			update log_head set position = position - 1;
			update projection_checkpoints set position = position - 1`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := short(t, "-duration 1s -faults none -processes 1")
			o.sabotage = c.sabotage
			r, err := execute(t.Context(), o, io.Discard)
			if err != nil || !slices.ContainsFunc(r.violations, func(v history.Violation) bool { return v.Rule == c.rule }) {
				t.Errorf("want %q, got %v, %v", c.rule, r.violations, err)
			}
		})
	}
}

// Without a synchronous standby, a frozen one keeps nothing from being confirmed.
func TestARunWithAnAsynchronousStandbyFails(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	o := short(t, "-duration 10s -processes 1 -async -faults "+frozenStandby)
	o.sabotage = `select` // so that nothing is kept
	r, err := execute(t.Context(), o, io.Discard)
	if err != nil || !slices.ContainsFunc(r.violations, func(v history.Violation) bool {
		return v.Rule == history.Unreplicated
	}) {
		t.Errorf("want %q, got %v, %v", history.Unreplicated, r.violations, err)
	}
}

func TestAMessageIsCutInItsMiddle(t *testing.T) {
	t.Parallel()
	digest := sha256.Sum256([]byte("commit"))
	name := "stmtcache_" + hex.EncodeToString(digest[:24])
	before := "an append, whole"
	flight := []byte(before + "B\x00\x00\x00\x50\x00" + name + "\x00\x00\x00\x00\x00\x00\x00E")
	for dice := range 200 {
		at := (&cutToxic{Dice: dice}).cutAt(flight)
		if at <= 0 || at >= len(flight) || dice%3 != 0 && at < len(before)+len("B") {
			t.Errorf("dice %d cut %d of %d bytes", dice, at, len(flight))
		}
	}
	if at := (&cutToxic{}).cutAt([]byte(before)); at != 0 {
		t.Errorf("without a COMMIT, %d bytes", at)
	}
}

func TestTheScheduleFollowsFromTheSeed(t *testing.T) {
	t.Parallel()
	draw := func(seed uint64) []injection { return schedule(faults, onDatabase, seed, time.Minute, 3) }
	if !slices.Equal(draw(1), draw(1)) {
		t.Error("one seed gives two schedules")
	}
	if slices.Equal(draw(1), draw(2)) {
		t.Error("two seeds give one schedule")
	}
	var used int
	for _, f := range faults {
		drawn := schedule(faults, f.target, 1, 20*time.Second, 3)
		if slices.ContainsFunc(drawn, func(in injection) bool { return in.fault == f }) {
			used++
		}
	}
	if used != len(faults) {
		t.Errorf("a short run has %d of %d faults", used, len(faults))
	}
}

func TestGrowthIsFound(t *testing.T) {
	t.Parallel()
	steady, leaking := make([]sample, 30), make([]sample, 30)
	for i := range steady {
		steady[i] = sample{files: 40 + i%5, threads: 9, kilobytes: 40_000 + 100*i}
		leaking[i] = sample{files: 40 + i, threads: 9 + i, kilobytes: 40_000 + 2_000*i}
	}
	if found := (&growth{samples: [][]sample{steady}}).leaks(); len(found) > 0 {
		t.Errorf("nothing grows, and found is %v", found)
	}
	if found := (&growth{samples: [][]sample{steady, leaking}}).leaks(); len(found) != len(resources()) {
		t.Errorf("all of %d grow, and found is %v", len(resources()), found)
	}
}

func TestGrowthOfAProcessThatHasEndedIsNotMeasured(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	g := &growth{}
	if err := g.watch(ctx, []*node{{}}, 50*time.Millisecond); err != nil || len(g.samples[0]) > 0 {
		t.Errorf("got %v and %d samples", err, len(g.samples[0]))
	}
}
