package eventstore_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

func TestAStormSellsEveryTicketOnceAndNoMore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, size := range []struct{ customers, tickets int }{{10, 2}, {200, 50}, {20, 30}} {
		for _, delay := range []time.Duration{0, time.Second} {
			for _, processes := range []int{1, 3} {
				t.Run(fmt.Sprintf("%d customers, %d tickets, %s delay, %d processes", size.customers, size.tickets, delay,
					processes), func(t *testing.T) {
					t.Parallel()
					stream := b.schedule(t, size.tickets)
					answers := storm(t, b.processes(t, processes, options{Delay: delay}), stream, newIDs(size.customers))

					want := min(size.customers, size.tickets)
					if got := tally(answers); got[nil] != want || got[domain.ErrSoldOut] != size.customers-want {
						t.Errorf("got the answers %v, want %d successes and sold out for all others", got, want)
					}
					entries := b.auditSold(t, stream, want)
					for _, a := range answers {
						checkStored(t, entries, a.result)
						if delay > 0 && a.took > 3*delay {
							t.Errorf("an answer took %s with a delay of %s: the delay was not shared", a.took, delay)
						}
						if a.err == nil && a.took < delay {
							t.Errorf("a booking took %s, less than the delay of %s", a.took, delay)
						}
					}
				})
			}
		}
	}
}

// Some get a ticket inside the transaction and lose it again, because their commands fail in one
// way or another. A ticket that only they had must go to somebody else.
func TestTicketsOfCommandsThatFailAreSoldToOthers(t *testing.T) {
	t.Parallel()
	const tickets, spoilt = 20, 30
	b := setup(t)
	for _, delay := range []time.Duration{0, 100 * time.Millisecond} {
		t.Run(delay.String(), func(t *testing.T) {
			t.Parallel()
			stream := b.schedule(t, tickets)
			p := startProcess(t, b.url, spoiltModel(), options{Delay: delay})
			customers := newIDs(100)
			for i := range customers[:spoilt] {
				customers[i] = spoiltCustomer(i)
			}
			answers := storm(t, []process{p}, stream, customers)

			got := tally(answers)
			if got[nil] != tickets {
				t.Errorf("got %d successes, want %d", got[nil], tickets)
			}
			for i, a := range answers {
				var failed *eventstore.CommandError
				switch {
				case i < spoilt && !errors.As(a.err, &failed) && !errors.Is(a.err, domain.ErrSoldOut):
					t.Errorf("the spoilt command %d got %v", i, a.err)
				case i >= spoilt && a.err != nil && !errors.Is(a.err, domain.ErrSoldOut):
					t.Errorf("command %d got %v", i, a.err)
				}
			}
			b.auditSold(t, stream, tickets)
		})
	}
}

// The storm that the unique version decides: every process has read that the last ticket is free,
// and all append at once. Without the constraint each of them sells it, which shows that this storm
// is a test of the constraint, and that nothing else prevents it.
func TestTheVersionIsWhatPreventsOverselling(t *testing.T) {
	t.Parallel()
	const processes, tickets = 3, 2
	race := func(t *testing.T, b bundle) (stream uuid.UUID, answers []answer) {
		t.Helper()
		stream = b.schedule(t, tickets)
		all := b.processes(t, processes, options{Delay: 50 * time.Millisecond})

		// A lock of the head row lets the others read and decide, and no further.
		gate, err := b.pool.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer gate.Rollback(context.Background()) //nolint:errcheck // committed below
		if _, err := gate.Exec(t.Context(), `update log_head set position = position`); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			answers = storm(t, all, stream, newIDs(processes*tickets))
		}()
		waittest.For(t, "all processes want to append", func() bool {
			return b.count(t, `
				select count(*) from pg_stat_activity
				where datname = current_database() and application_name = $1 and wait_event_type = 'Lock'`,
				executorName) == processes
		})
		if err := gate.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		wait(t, "the storm", ended)
		return stream, answers
	}

	t.Run("with the constraint", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		stream, answers := race(t, b)
		if got := tally(answers); got[nil] != tickets || got[domain.ErrSoldOut] != (processes-1)*tickets {
			t.Errorf("got the answers %v, want %d successes and sold out for all others", got, tickets)
		}
		b.auditSold(t, stream, tickets)
	})
	t.Run("negative control: without the constraint the storm oversells", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		mustExec(t, b.pool, `alter table event_log drop constraint event_log_stream_version`)
		stream, answers := race(t, b)
		sold := b.count(t, `select count(*) from event_log where stream_id = $1 and type = 'TicketBooked'`, stream)
		if sold <= tickets {
			t.Errorf("%d tickets of %d were sold: this storm proves nothing", sold, tickets)
		}
		if got := tally(answers)[nil]; got != sold {
			t.Errorf("%d customers were told that they have one of the %d tickets", got, sold)
		}
	})
}
