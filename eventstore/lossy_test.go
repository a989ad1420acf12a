package eventstore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
)

// A failover to a replica that was behind loses the newest commits. Processes that remember them
// must not need a restart.
func TestAProcessGoesOnWhenPostgreSQLHasLostCommitsThatItRemembers(t *testing.T) {
	t.Parallel()
	for name, delay := range map[string]time.Duration{"immediate": 0, "delayed": 10 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			stream := b.schedule(t, 5)
			p := b.process(t, options{Delay: delay})
			customers := newIDs(3)
			for _, c := range customers[:2] {
				mustBook(t, p, stream, c)
			}
			for _, sql := range []string{
				`alter table event_log disable trigger all`,
				`delete from event_log where position = (select max(position) from event_log)`,
				`update log_head set position = position - 1`,
				`alter table event_log enable trigger all`,
			} {
				mustExec(t, b.pool, sql)
			}
			mustBook(t, p, stream, customers[2])
			b.auditSold(t, stream, 2)
		})
	}
}

func mustBook(tb testing.TB, p process, stream, customer uuid.UUID) {
	tb.Helper()
	if _, err := p.book(tb.Context(), stream, customer); err != nil {
		tb.Fatal(err)
	}
}

// A database that is restored from an older dump while the server runs, or a server that crashed
// without waiting for its disk, has another history than the one that a process remembers. What the
// process remembers must decide nothing then.
func TestAnotherHistoryUnderTheSameServer(t *testing.T) {
	t.Parallel()
	const capacity = 6
	type scene struct {
		bundle
		stream             uuid.UUID
		remembers, another process
		customers          []uuid.UUID
	}
	for name, play := range map[string]func(*testing.T, scene) (sold int){
		"a ticket that was given back is not sold twice": func(t *testing.T, s scene) int {
			book := bookFor(s.customers[0])
			if _, err := s.remembers.do(t.Context(), s.stream, book); err != nil {
				t.Fatal(err)
			}
			mustBook(t, s.remembers, s.stream, s.customers[1])
			s.save(t)
			cancel := domain.CancelBooking{BookingID: book.BookingID, CustomerID: book.CustomerID, Now: time.Now()}
			if _, err := s.remembers.do(t.Context(), s.stream, cancel); err != nil {
				t.Fatal(err)
			}
			s.restore(t)
			mustBook(t, s.another, s.stream, s.customers[2])
			for _, c := range s.customers[3:6] {
				mustBook(t, s.remembers, s.stream, c)
			}
			if _, err := s.remembers.book(t.Context(), s.stream, s.customers[6]); !errors.Is(err, domain.ErrSoldOut) {
				t.Errorf("got %v, want sold out", err)
			}
			return capacity
		},
		"nobody books twice": func(t *testing.T, s scene) int {
			mustBook(t, s.remembers, s.stream, s.customers[0])
			s.save(t)
			mustBook(t, s.remembers, s.stream, s.customers[1])
			s.restore(t)
			mustBook(t, s.another, s.stream, s.customers[2])
			if _, err := s.remembers.book(t.Context(), s.stream, s.customers[2]); !errors.Is(err, domain.ErrAlreadyBooked) {
				t.Errorf("got %v, want already booked", err)
			}
			mustBook(t, s.remembers, s.stream, s.customers[1])
			return 3
		},
		"nothing is sold out that is not": func(t *testing.T, s scene) int {
			mustBook(t, s.remembers, s.stream, s.customers[0])
			s.save(t)
			for _, c := range s.customers[1:capacity] {
				mustBook(t, s.remembers, s.stream, c)
			}
			s.restore(t)
			mustBook(t, s.remembers, s.stream, s.customers[capacity])
			return 2
		},
		"an event that is gone is not there": func(t *testing.T, s scene) int {
			s.save(t)
			gone := s.schedule(t, capacity)
			mustBook(t, s.remembers, gone, s.customers[0])
			s.restore(t)
			if _, err := s.remembers.book(t.Context(), gone, s.customers[1]); !errors.Is(err, domain.ErrEventNotFound) {
				t.Errorf("got %v, want no such event", err)
			}
			return 0
		},
	} {
		for kind, delay := range map[string]time.Duration{"immediate": 0, "delayed": 10 * time.Millisecond} {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				b := setup(t)
				s := scene{bundle: b, stream: b.schedule(t, capacity), customers: newIDs(capacity + 1)}
				s.remembers, s.another = b.process(t, options{Delay: delay}), b.process(t, options{})
				sold := play(t, s)
				b.auditSold(t, s.stream, sold)
			})
		}
	}
}

// save keeps the log as it is, for restore.
func (b bundle) save(tb testing.TB) {
	tb.Helper()
	mustExec(tb, b.pool, `create schema saved`)
	for _, table := range []string{"log_head", "event_log"} {
		mustExec(tb, b.pool, `create table saved.`+table+` as table `+table)
	}
}

// restore brings back what save has kept.
func (b bundle) restore(tb testing.TB) {
	tb.Helper()
	mustExec(tb, b.pool, `
		do $$ begin
			alter table event_log disable trigger all;
			truncate event_log, log_head, idempotency_keys, snapshots;
			insert into event_log select * from saved.event_log;
			insert into log_head select * from saved.log_head;
			alter table event_log enable trigger all;
		end $$`)
}
