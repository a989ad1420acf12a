package eventstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

func TestWhenTheConnectionBreaksAtTheCommitTheCallerGetsTheTruth(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, v := range map[string]verdict{
		"before the append reaches PostgreSQL": lose,
		"before the answer comes back":         loseAnswer,
	} {
		for _, delay := range []time.Duration{0, 20 * time.Millisecond} {
			t.Run(name+", delay "+delay.String(), func(t *testing.T) {
				t.Parallel()
				via := newProxy(t, b.url)
				first, second := b.schedule(t, 1), b.schedule(t, 5)
				p := startProcess(t, via.url, booking(), options{Delay: delay, Transactions: 1})
				customers := newIDs(4)
				via.intercept(once((*flight).appends, always(v)))

				calls := together(t, p.executor,
					order(first, bookFor(customers[0])), order(second, bookFor(customers[1])),
					order(first, bookFor(customers[2])), order(second, bookFor(customers[3])))

				results := []result{calls[0].mustDo(t), calls[1].mustDo(t), calls[3].mustDo(t)}
				if a := calls[2].get(t); !errors.Is(a.err, domain.ErrSoldOut) {
					t.Errorf("got %v, want sold out", a.err)
				}
				b.auditSold(t, first, 1)
				entries := b.auditSold(t, second, 2)
				for i, r := range results {
					checkStored(t, entries, r)
					if len(r.Records) != 1 || r.Records[0].Version != r.Version || r.Records[0].Position != r.Position {
						t.Errorf("booking %d got %d records, version %d and position %d", i, len(r.Records), r.Version, r.Position)
					}
				}
			})
		}
	}
}

func TestWithoutAConnectionTheOutcomeIsUnknownAndTheCommandCanBeRepeated(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, v := range map[string]verdict{
		"before the append reaches PostgreSQL": lose,
		"before the answer comes back":         loseAnswer,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			via := newProxy(t, b.url)
			stream := b.schedule(t, 5)
			p := startProcess(t, via.url, booking(), options{Timeout: 1500 * time.Millisecond})
			via.intercept(once((*flight).appends, func(*flight) verdict {
				via.refuse(true)
				return v
			}))
			book := bookFor(newIDs(1)[0])

			if _, err := p.do(t.Context(), stream, book); !errors.Is(err, eventstore.ErrOutcomeUnknown) {
				t.Fatalf("got %v, want an unknown outcome", err)
			}
			if _, err := p.do(t.Context(), stream, bookFor(newIDs(1)[0])); !errors.Is(err, eventstore.ErrUnavailable) {
				t.Errorf("got %v without any connection, want that the log is unavailable", err)
			}
			via.refuse(false)
			waittest.For(t, "it is booked", func() bool { // that time is short where other tests run
				_, err := p.do(t.Context(), stream, book)
				if err != nil && !errors.Is(err, eventstore.ErrUnavailable) {
					t.Fatal(err)
				}
				return err == nil
			})
			b.auditSold(t, stream, 1)
		})
	}
}

// An append that is under way for so long that its executor has gone on without it must not take
// effect a second time.
func TestALateAppendBooksNothingTwice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	cutClient := func(f *flight) { f.link.cutClient() }

	t.Run("after the same commands went again", func(t *testing.T) {
		t.Parallel()
		via := newProxy(t, b.url)
		stream := b.schedule(t, 5)
		p := startProcess(t, via.url, booking(), options{})
		held := hold(t, loseAnswer, cutClient)
		via.intercept(once((*flight).appends, held.rule))

		booked, err := p.book(t.Context(), stream, newIDs(1)[0])
		if err != nil {
			t.Fatal(err)
		}
		late := held.flight(t)
		held.release()
		wait(t, "PostgreSQL has answered the late append", late.link.gone)

		checkStored(t, b.auditSold(t, stream, 1), booked)
	})

	t.Run("after another process sold the last ticket", func(t *testing.T) {
		t.Parallel()
		via := newProxy(t, b.url)
		stream := b.schedule(t, 1)
		p, other := startProcess(t, via.url, booking(), options{}), b.process(t, options{})
		held := hold(t, loseAnswer, func(f *flight) {
			via.refuse(true)
			f.link.cutClient()
		})
		via.intercept(once((*flight).appends, held.rule))

		call := begin(func() (result, error) { return p.book(t.Context(), stream, newIDs(1)[0]) })
		late := held.flight(t)
		if _, err := other.book(t.Context(), stream, newIDs(1)[0]); err != nil {
			t.Fatal(err)
		}
		via.refuse(false)
		if a := call.get(t); !errors.Is(a.err, domain.ErrSoldOut) {
			t.Errorf("got %v, want sold out", a.err)
		}
		held.release()
		wait(t, "PostgreSQL has answered the late append", late.link.gone)
		b.auditSold(t, stream, 1)
	})

	t.Run("before the executor looks for it", func(t *testing.T) {
		t.Parallel()
		via := newProxy(t, b.url)
		stream := b.schedule(t, 1)
		p := startProcess(t, via.url, booking(), options{})
		held := hold(t, loseAnswer, func(f *flight) {
			via.refuse(true)
			f.link.cutClient()
		})
		via.intercept(once((*flight).appends, held.rule))

		call := begin(func() (result, error) { return p.book(t.Context(), stream, newIDs(1)[0]) })
		late := held.flight(t)
		held.release()
		wait(t, "PostgreSQL has answered the late append", late.link.gone)
		via.refuse(false)
		checkStored(t, b.auditSold(t, stream, 1), call.mustDo(t))
	})

	t.Run("after the caller repeated the command", func(t *testing.T) {
		t.Parallel()
		via := newProxy(t, b.url)
		stream := b.schedule(t, 5)
		p, other := startProcess(t, via.url, booking(), options{Timeout: 2 * time.Second}), b.process(t, options{})
		held := hold(t, loseAnswer, func(f *flight) {
			via.refuse(true)
			f.link.cutClient()
		})
		via.intercept(once((*flight).appends, held.rule))

		book := bookFor(newIDs(1)[0])
		if _, err := p.do(t.Context(), stream, book); !errors.Is(err, eventstore.ErrOutcomeUnknown) {
			t.Fatalf("got %v, want an unknown outcome", err)
		}
		repeated, err := other.do(t.Context(), stream, book)
		if err != nil {
			t.Fatal(err)
		}
		late := held.flight(t)
		held.release()
		wait(t, "PostgreSQL has answered the late append", late.link.gone)
		checkStored(t, b.auditSold(t, stream, 1), repeated)
	})
}

// Two appends are lost, and the first of them arrives after all.
func TestALateAppendIsFoundAlsoWhenASecondOneWasLost(t *testing.T) {
	t.Parallel()
	b := setup(t)
	via := newProxy(t, b.url)
	stream := uuid.New()
	e, _ := startCounter(t, via.url, options{})
	held := hold(t, loseAnswer, func(f *flight) { f.link.cutClient() })
	lostToo := make(chan struct{})
	second := once((*flight).appends, func(*flight) verdict {
		via.refuse(true)
		close(lostToo)
		return lose
	})
	via.intercept(once((*flight).appends, func(f *flight) verdict {
		via.intercept(second)
		return held.rule(f)
	}))

	var got eventstore.Result[int]
	call := begin(func() (result, error) {
		r, err := e.Execute(context.Background(), countOn(stream))
		got = r
		return result{}, err
	})
	late := held.flight(t)
	wait(t, "the second append is lost", lostToo)
	held.release()
	wait(t, "PostgreSQL has answered the late append", late.link.gone)
	via.refuse(false)
	call.mustDo(t)

	if n := b.count(t, `select count(*) from event_log`); n != 1 {
		t.Errorf("the command was executed %d times", n)
	}
	if len(got.Records) != 1 || got.Version != 1 || got.Position != 1 || got.State != 1 {
		t.Errorf("got %+v, want the one record", got)
	}
}

// Two processes are given the same command in the same microsecond, so their records have the same
// hash. That the record of one is in the log says nothing of what else the other one's append
// contained.
func TestTheRecordOfAnotherProcessIsNotTakenForTheWholeAppend(t *testing.T) {
	t.Parallel()
	b := setup(t)
	via := newProxy(t, b.url)
	stream, other := b.schedule(t, 5), b.schedule(t, 5)
	now := time.Now().Add(time.Minute)
	o := options{Delay: 10 * time.Millisecond, Transactions: 1, Now: func() time.Time { return now }}
	p, twin := startProcess(t, via.url, booking(), o), b.process(t, o)
	lost := make(chan struct{})
	via.intercept(once((*flight).appends, func(*flight) verdict {
		via.refuse(true)
		close(lost)
		return lose
	}))

	same := order(stream, bookFor(newIDs(1)[0]))
	calls := together(t, p.executor, same, order(other, bookFor(newIDs(1)[0])))
	wait(t, "the append is lost", lost)
	if _, err := twin.Execute(t.Context(), same); err != nil {
		t.Fatal(err)
	}
	via.refuse(false)

	for _, c := range calls {
		c.mustDo(t)
	}
	b.auditSold(t, stream, 1)
	b.auditSold(t, other, 1)
}

// A connection can go dead without breaking: what is sent on it arrives or not, and nothing ever
// comes back.
func TestADeadConnectionLeavesTimeForAnother(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, at := range map[string]func(*flight) bool{
		"when a transaction begins": (*flight).begins,
		"at the append":             (*flight).appends,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			via := newProxy(t, b.url)
			stream := b.schedule(t, 5)
			p := startProcess(t, via.url, booking(), options{Delay: time.Millisecond, Timeout: 5 * time.Second})
			t.Cleanup(via.cutAll) // or the pool would wait for its dead connection
			via.intercept(once(at, always(mute)))
			r, err := p.book(t.Context(), stream, uuid.New())
			if err != nil {
				t.Fatal(err)
			}
			checkStored(t, b.auditSold(t, stream, 1), r)
		})
	}
}

func TestTheExecutorRecoversWhenAllConnectionsBreak(t *testing.T) {
	t.Parallel()
	b := setup(t)
	via := newProxy(t, b.url)
	stream := b.schedule(t, 100)
	p := startProcess(t, via.url, booking(), options{Delay: 30 * time.Millisecond})
	storm(t, []process{p}, stream, newIDs(20))
	via.cutAll()
	for i, a := range storm(t, []process{p}, stream, newIDs(20)) {
		if a.err != nil {
			t.Errorf("command %d got %v", i, a.err)
		}
	}
	b.auditSold(t, stream, 40)
}
