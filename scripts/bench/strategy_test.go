package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/dbtest"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == workerRole { // the test program is its own worker, as the program is
		if err := runChild(context.Background(), workerRole, os.Stdin, os.Stdout); err != nil {
			panic(err)
		}
		return
	}
	dbtest.Main(m)
}

// fresh is a database for one run.
func fresh(t *testing.T) *database {
	t.Helper()
	dbtest.Slow(t)
	s, err := openServer(t.Context(), dbtest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	db, err := s.create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(db.drop(), s.close()); err != nil {
			t.Error(err)
		}
	})
	return db
}

func TestEveryStrategySellsInAStream(t *testing.T) {
	t.Parallel()
	load := stream{events: 3, customers: 8, warmUp: 300 * time.Millisecond, measured: 2 * time.Second}
	for _, e := range []entry{
		load.by(shared{}, eventstore.ReservedConns),
		load.by(held{}, eventstore.ReservedConns),
		load.byBest(rowLock{}, 2),
		load.by(optimistic{}, 4),
		load.by(limit{byInsert}, 4),
		load.by(limit{byTx}, 4),
		load.by(limit{byCopy}, 1),
		inProcesses(load, 2),
	} {
		t.Run(e.strategy, func(t *testing.T) {
			t.Parallel()
			m, err := e.measure(t.Context(), fresh(t))
			if err != nil {
				t.Fatal(err)
			}
			if m.count == 0 || m.latencies.TotalCount() == 0 || m.wall != load.measured {
				t.Errorf("measured %d bookings and %d answers in %v", m.count, m.latencies.TotalCount(), m.wall)
			}
		})
	}
}

func TestRefusalsOfAnEventWithTicketsFail(t *testing.T) {
	t.Parallel()
	if err := checkStream(t.Context(), shared{}, nil, 0, 1); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("got %v", err)
	}
}

// The audits must find what they are for, or a fast strategy that oversells would win.
func TestAuditsFindOverselling(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		strategy strategy
		tamper   string
	}{
		{shared{}, `
			alter table event_log disable trigger event_log_no_gap;
			with head as (update log_head set position = position + 1 returning position)
			insert into event_log
			select head.position, stream_id, version + 1, type, schema_version, data, metadata, recorded_at, hash
			from head, event_log l
			where l.position = head.position - 1`},
		{rowLock{}, `insert into bench.bookings select gen_random_uuid(), id, gen_random_uuid() from bench.events`},
		{optimistic{}, `
			insert into bench.records
			select event_id, version + 1, 0, gen_random_uuid(), gen_random_uuid() from bench.records where version = 2`},
	} {
		t.Run(c.strategy.name(), func(t *testing.T) {
			t.Parallel()
			db, one := fresh(t), sale{events: 1, tickets: 1, customers: 3}
			if m, err := one.run(t.Context(), c.strategy, db); err != nil || m.count != 1 {
				t.Fatalf("an honest sale: %d bookings and %v", m.count, err)
			}
			if err := audited(t.Context(), c.strategy, db, one.tickets, 0); err == nil {
				t.Error("a booking that nobody was told of passes")
			}
			if _, err := db.conn.Exec(t.Context(), c.tamper); err != nil {
				t.Fatal(err)
			}
			_, err := c.strategy.audit(t.Context(), db, one.tickets)
			if err == nil || !strings.Contains(err.Error(), "oversold") {
				t.Errorf("got %v of a log with a ticket too many", err)
			}
		})
	}
}
