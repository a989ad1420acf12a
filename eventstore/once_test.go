package eventstore_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

// keyed makes a command one that is executed once; its answer is the state that it leaves.
func keyed(c eventstore.Command[int, int], key string, fingerprint string) eventstore.Command[int, int] {
	c.Once = &eventstore.Once[int]{
		Key: eventstore.Key{Name: key}, Fingerprint: []byte(fingerprint),
		Answer: func(r eventstore.Result[int]) ([]byte, error) { return []byte(strconv.Itoa(r.State)), nil },
	}
	return c
}

func (b bundle) counted(tb failer, stream uuid.UUID) int {
	tb.Helper()
	return b.count(tb, `select count(*) from event_log where stream_id = $1`, stream)
}

func TestARepeatedCommandGetsTheStoredAnswerFromEveryProcess(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, delay := range []time.Duration{0, 5 * time.Millisecond} {
		t.Run("delay "+delay.String(), func(t *testing.T) {
			t.Parallel()
			first, _ := startCounter(t, b.url, options{Delay: delay})
			second, _ := startCounter(t, b.url, options{Delay: delay})
			stream, key := uuid.New(), uuid.NewString()
			original, err := first.Execute(t.Context(), keyed(countOn(stream), key, "a"))
			if err != nil || original.Replayed != nil {
				t.Fatalf("got %v, %q", err, original.Replayed)
			}
			if _, err := first.Execute(t.Context(), countOn(stream)); err != nil {
				t.Fatal(err)
			}
			for _, e := range []*counterExecutor{first, second} {
				again, err := e.Execute(t.Context(), keyed(countOn(stream), key, "a"))
				if err != nil || string(again.Replayed) != "1" || again.Version != original.Version ||
					again.Position != original.Position {
					t.Errorf("got %v, %+v, want the answer to %+v", err, again, original)
				}
				if _, err := e.Execute(t.Context(), keyed(countOn(uuid.New()), key, "b")); !errors.Is(err,
					eventstore.ErrKeyReused) {
					t.Errorf("another request with the same key got %v", err)
				}
			}
			if n := b.counted(t, stream); n != 2 {
				t.Errorf("%d records, want 2", n)
			}
		})
	}
}

func TestKeysOfDifferentOwnersAreDifferentKeys(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e, _ := startCounter(t, b.url, options{})
	stream := uuid.New()
	for range 2 {
		c := keyed(countOn(stream), "key", "a")
		c.Once.Owner = uuid.New()
		if r, err := e.Execute(t.Context(), c); err != nil || r.Replayed != nil {
			t.Errorf("got %v, %q", err, r.Replayed)
		}
	}
}

func TestACommandWhoseTwinIsOnItsWayIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	via := newProxy(t, b.url)
	held := hold(t, pass, nil)
	via.intercept(once((*flight).appends, held.rule))
	e, _ := startCounter(t, via.url, options{})
	stream := uuid.New()
	var original eventstore.Result[int]
	var work sync.WaitGroup
	work.Go(func() {
		var err error
		if original, err = e.Execute(context.Background(), keyed(countOn(stream), "key", "a")); err != nil {
			t.Error(err)
		}
	})
	held.flight(t)
	if _, err := e.Execute(t.Context(), keyed(countOn(stream), "key", "a")); !errors.Is(err, eventstore.ErrKeyInFlight) {
		t.Errorf("got %v", err)
	}
	held.release()
	work.Wait()
	if again, err := e.Execute(t.Context(), keyed(countOn(stream), "key", "a")); err != nil ||
		again.Position != original.Position {
		t.Errorf("got %v, %+v", err, again)
	}
}

func TestARefusedCommandLeavesNoKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.process(t, options{})
	stream := b.schedule(t, 1)
	if _, err := p.book(t.Context(), stream, uuid.New()); err != nil {
		t.Fatal(err)
	}
	book := order(stream, bookFor(uuid.New()))
	book.Once = &eventstore.Once[domain.State]{
		Key: eventstore.Key{Name: "key"}, Fingerprint: []byte{1}, Answer: func(result) ([]byte,
			error) {
			return []byte("booked"), nil
		},
	}
	if _, err := p.Execute(t.Context(), book); !errors.Is(err, domain.ErrSoldOut) {
		t.Fatalf("got %v", err)
	}
	if _, err := p.do(t.Context(), stream, domain.ChangeCapacity{Capacity: 2}); err != nil {
		t.Fatal(err)
	}
	if r, err := p.Execute(t.Context(), book); err != nil || len(r.Records) != 1 {
		t.Errorf("got %v, %+v", err, r)
	}
	// Now the state refuses the same customer, and still the repeated command gets its answer.
	if r, err := p.Execute(t.Context(), book); err != nil || string(r.Replayed) != "booked" {
		t.Errorf("got %v, %+v", err, r)
	}
}

// The state of the batch is overtaken by another batch of the same process, which has read what a
// second process did with the key.
func TestARefusalThatRestsOnTheCommandItselfIsNotBelieved(t *testing.T) {
	t.Parallel()
	b := setup(t)
	via := newProxy(t, b.url)
	p := startProcess(t, via.url, booking(), options{Delay: time.Millisecond, Transactions: eventstore.Appenders + 1})
	other, stream := b.process(t, options{}), b.schedule(t, 5)
	customer := uuid.New()
	keyedBooking := func() command {
		c := order(stream, bookFor(customer))
		c.Once = &eventstore.Once[domain.State]{
			Key: eventstore.Key{Owner: customer, Name: "key"}, Fingerprint: []byte{1},
			Answer: func(result) ([]byte, error) { return []byte("booked"), nil },
		}
		return c
	}
	// Batches that stand still where they append, and so let those behind them read but not append.
	var appending atomic.Int32
	held := hold(t, pass, func(*flight) { appending.Add(1) })
	via.intercept(func(f *flight) verdict {
		if f.appends() {
			return held.rule(f)
		}
		return pass
	})
	var first []*pending
	for range eventstore.Appenders {
		blocked := b.schedule(t, 5)
		first = append(first, p.beginBooking(blocked))
		waittest.For(t, "it appends", func() bool { return int(appending.Load()) == len(first) })
	}
	second := begin(func() (result, error) { return p.Execute(context.Background(), keyedBooking()) })
	waittest.For(t, "the second batch has read", func() bool { return b.openTransactions(t) == eventstore.Appenders+1 })
	if _, err := other.Execute(t.Context(), keyedBooking()); err != nil {
		t.Fatal(err)
	}
	held.release()
	for _, call := range first {
		call.mustDo(t)
	}
	if r := second.mustDo(t); string(r.Replayed) != "booked" {
		t.Errorf("got %+v", r)
	}
	b.auditSold(t, stream, 1)
}

func TestKeysAreForgottenByAge(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e, _ := startCounter(t, b.url, options{})
	stream := uuid.New()
	for _, key := range []string{"old", "new"} {
		if _, err := e.Execute(t.Context(), keyed(countOn(stream), key, "")); err != nil {
			t.Fatal(err)
		}
	}
	mustExec(t, b.pool, `update idempotency_keys set created_at = now() - interval '25 hours' where name = 'old'`)
	if n, err := b.log.ForgetKeys(t.Context(), 24*time.Hour); err != nil || n != 1 {
		t.Fatalf("got %d, %v", n, err)
	}
	for key, want := range map[string]bool{"old": false, "new": true} {
		r, err := e.Execute(t.Context(), keyed(countOn(stream), key, ""))
		if isReplayed := r.Replayed != nil; err != nil || isReplayed != want {
			t.Errorf("%s: got %v, replayed %v", key, err, isReplayed)
		}
	}
}

// One statement for millions of keys would exceed its timeout each time.
func TestOldKeysAreDeletedSomeAtATime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, sql := range []string{
		`create table deletions (n int)`,
		`create function note_deletion() returns trigger language plpgsql as $$
			begin insert into deletions select count(*) from gone; return null; end $$`,
		`create trigger note_deletion after delete on idempotency_keys
			referencing old table as gone for each statement execute function note_deletion()`,
		`insert into idempotency_keys (owner, name, fingerprint, stream_id, version, answer, created_at)
			select gen_random_uuid(), 'k', '', gen_random_uuid(), 1, '', now() - interval '25 hours'
			from generate_series(1, 25000)`,
		`insert into idempotency_keys (owner, name, fingerprint, stream_id, version, answer)
			select gen_random_uuid(), 'k', '', gen_random_uuid(), 1, '' from generate_series(1, 10)`,
	} {
		mustExec(t, b.pool, sql)
	}
	if n, err := b.log.ForgetKeys(t.Context(), 24*time.Hour); err != nil || n != 25_000 {
		t.Errorf("%d keys were deleted, %v", n, err)
	}
	var most, left int
	err := b.pool.QueryRow(t.Context(), `
		select (select max(n) from deletions), (select count(*) from idempotency_keys)`).Scan(&most, &left)
	if err != nil {
		t.Fatal(err)
	}
	if most > 10_000 || left != 10 {
		t.Errorf("one statement deleted %d keys, and %d are left", most, left)
	}
}

// Callers repeat their commands, through any process, until they get an answer, while connections
// break in every way: each key takes effect exactly once, and everybody who asks with it is told
// the same.
func TestAKeyTakesEffectOnceWhateverTheConnectionsDo(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	b := setup(t)
	rapid.Check(t, func(rt *rapid.T) {
		faults := &faults{bundle: b, end: make(chan struct{})}
		executors := make([]*counterExecutor, rapid.IntRange(1, 3).Draw(rt, "processes"))
		closers := make([]func(), len(executors))
		for i := range executors {
			via := newProxy(t, b.url)
			via.intercept(faults.draw(rt, i, via))
			e, pool := startCounter(t, via.url, drawOptions(rt))
			executors[i] = e
			closers[i] = func() {
				ctx, cancel := context.WithTimeout(context.Background(), waittest.Timeout)
				defer cancel()
				if err := e.Close(ctx); err != nil {
					t.Error(err)
				}
				pool.Close()
				via.close()
			}
		}
		streams, keys := newIDs(2), newIDs(rapid.IntRange(1, 4).Draw(rt, "keys"))
		var mu sync.Mutex
		answers := map[uuid.UUID]map[string]bool{}
		var callers sync.WaitGroup
		deadline := time.Now().Add(waittest.Timeout)
		for i := range rapid.IntRange(1, 6).Draw(rt, "callers") {
			callers.Go(func() {
				for n, key := range keys {
					c := keyed(countOn(streams[n%len(streams)]), key.String(), "")
					for try := 0; ; try++ {
						r, err := executors[(i+try)%len(executors)].Execute(context.Background(), c)
						if err != nil {
							if time.Now().After(deadline) {
								t.Errorf("no answer but %v", err)
								return
							}
							faults.pause(5 * time.Millisecond) // as a polite client does
							continue
						}
						said := string(r.Replayed)
						if r.Replayed == nil {
							said = strconv.Itoa(r.State)
						}
						mu.Lock()
						if answers[key] == nil {
							answers[key] = map[string]bool{}
						}
						answers[key][said+" at "+strconv.FormatInt(r.Position, 10)] = true
						mu.Unlock()
						break
					}
				}
			})
		}
		finished := make(chan struct{})
		go func() {
			callers.Wait()
			close(finished)
		}()
		wait(rt, "all answers", finished)
		close(faults.end)
		for _, stop := range closers {
			stop()
		}
		faults.done.Wait()
		b.waitForNoExecutors(rt)
		for _, key := range keys {
			if len(answers[key]) != 1 {
				rt.Errorf("one key was answered with %v", answers[key])
			}
		}
		if n := b.counted(rt, streams[0]) + b.counted(rt, streams[1]); n != len(keys) {
			rt.Errorf("%d keys took effect %d times", len(keys), n)
		}
	})
}
