package eventstore_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

// What one statement reads is bounded over all streams of a batch, whether they are new to the
// process or others have appended to them.
func TestAStatementReadsABoundedNumberOfRecords(t *testing.T) {
	t.Parallel()
	b := setup(t)
	streams := newIDs(60)
	b.fill(t, streams, 200)
	var seen unreadRows
	e, pool := startExecutor(t, b.url, booking(), options{}, seen.configure)
	p := process{e, pool}

	mustBookAll(t, p, streams)
	rows, sum := seen.take()
	if most := slices.Max(rows); most > rowsOfAStatement {
		t.Errorf("a statement has read %d records", most)
	}
	// A long stream is read on after the group, from its last known record.
	if sum < 60*200 || sum > 60*200+3*60 {
		t.Errorf("%d records of %d were read: %v", sum, 60*200, rows)
	}

	b.fill(t, streams, 200)
	letGo := occupy(t, e) // so that all are in one batch
	var calls []*pending
	for i, stream := range streams {
		calls = append(calls, p.beginBooking(stream))
		waittest.For(t, "the command waits", func() bool { return p.Waiting() == i+1 })
	}
	seen.take()
	letGo()
	for _, c := range calls {
		c.mustDo(t)
	}
	if rows, _ = seen.take(); slices.Max(rows) > rowsOfAStatement {
		t.Errorf("statements of batches have read %v records", rows)
	}
	b.audit(t)
}

// What has been read of a stream is not read again after an error.
func TestWhatWasReadIsKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	via := newProxy(t, b.url)
	stream := newIDs(1)
	const missing = 5_000 // after a short statement and a long one
	const length = rowsOfAStatement + rowsOfALong + missing
	b.fill(t, stream, length)
	var seen unreadRows
	e, pool := startExecutor(t, via.url, booking(), options{Timeout: waittest.Timeout}, seen.configure)
	p := process{e, pool}

	ctx, giveUp := context.WithCancel(t.Context())
	var reads atomic.Int32
	via.intercept(func(f *flight) verdict {
		if f.has(unreadMark) && reads.Add(1) > 2 { // a short statement and a long one pass
			giveUp()
			return lose
		}
		return pass
	})
	if _, err := p.book(ctx, stream[0], uuid.New()); err == nil {
		t.Fatal("a stream was read without its end")
	}
	if _, sum := seen.take(); sum < rowsOfAStatement+rowsOfALong {
		t.Fatalf("%d records were read before the connection broke", sum)
	}
	via.intercept(nil)
	mustBook(t, p, stream[0], uuid.New())
	if rows, sum := seen.take(); sum > missing+10 {
		t.Errorf("%v records were read the second time, of %d that were missing", rows, missing)
	}
}

// However many commands and batches want a stream, it is read once, and its snapshot is restored
// once.
func TestAStreamIsLoadedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stream := newIDs(1)
	const length, customers = 3 * rowsOfAStatement, 200
	b.fill(t, stream, length)
	b.takeSnapshots(t, stream)
	b.fill(t, stream, length)
	var restored, decoded atomic.Int32
	m := withSnapshots()
	restore := m.Restore
	m.Restore = func(data []byte) (domain.State, error) {
		restored.Add(1)
		return restore(data)
	}
	m.Codec = countingCodec{count: &decoded}
	p := startProcess(t, b.url, m, options{Delay: 20 * time.Millisecond, Transactions: 8})

	mustBookAll(t, p, slices.Repeat(stream, customers))
	if restored.Load() != 1 {
		t.Errorf("the snapshot was restored %d times", restored.Load())
	}
	// The first statement can't know of the snapshot.
	if n := decoded.Load(); n < length || n > length+rowsOfAStatement+2*customers {
		t.Errorf("%d records were read, and %d come after the snapshot", n, length)
	}
}

// A stream is not read to its end for customers who have left. What was read of it is kept.
func TestALoadEndsWhenAllHaveLeft(t *testing.T) {
	t.Parallel()
	b := setup(t)
	via := newProxy(t, b.url)
	stream := newIDs(1)
	const length = 4 * rowsOfAStatement
	b.fill(t, stream, length)
	var seen unreadRows
	e, pool := startExecutor(t, via.url, booking(), options{}, seen.configure)
	p := process{e, pool}
	held := hold(t, pass, nil)
	via.intercept(once(func(f *flight) bool { return f.has(unreadMark) }, held.rule))

	var calls []*pending
	ctx, leave := context.WithCancel(context.Background())
	defer leave()
	for i := range 3 {
		calls = append(calls, begin(func() (result, error) { return p.book(ctx, stream[0], uuid.New()) }))
		waittest.For(t, "the command waits", func() bool { return p.Waiting() == i+1 })
	}
	held.flight(t)
	leave()
	for _, c := range calls {
		if a := c.get(t); !errors.Is(a.err, context.Canceled) {
			t.Errorf("got %v, want that the customer has left", a.err)
		}
	}
	held.release()
	waittest.For(t, "nobody waits", func() bool { return p.Waiting() == 0 })
	if rows, sum := seen.take(); sum != rowsOfAStatement {
		t.Errorf("%v records were read, and all had left when the first %d came", rows, rowsOfAStatement)
	}
	mustBook(t, p, stream[0], uuid.New())
	if rows, sum := seen.take(); sum > length-rowsOfAStatement+10 {
		t.Errorf("%v records were read, of %d that were missing", rows, length-rowsOfAStatement)
	}
}

func TestTheBatchThatFollowsALoadDoesNotReadAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stream := newIDs(1)
	b.fill(t, stream, 3)
	var seen unreadRows
	e, pool := startExecutor(t, b.url, booking(), options{}, seen.configure)
	mustBookAll(t, process{e, pool}, stream)
	if rows, _ := seen.take(); len(rows) != 1 {
		t.Errorf("the stream was read %d times: %v", len(rows), rows)
	}
	b.audit(t)
}

type countingCodec struct {
	domain.Codec
	count *atomic.Int32
}

func (c countingCodec) Decode(name string, schema int16, data []byte) (domain.Record, error) {
	c.count.Add(1)
	return c.Codec.Decode(name, schema, data)
}

func TestAStreamThatWasOnlyReadGetsASnapshot(t *testing.T) {
	t.Parallel()
	b := setup(t)
	streams := newIDs(10)
	b.fill(t, streams, 120)
	p := startProcess(t, b.url, withSnapshots(), options{Snapshot: 100})
	tx, err := b.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background()) //nolint:errcheck // ended below
	if _, err := tx.Exec(t.Context(), `lock table snapshots in exclusive mode`); err != nil {
		t.Fatal(err)
	}
	for _, stream := range streams { // more than wait for the writer at a time
		p.mustLook(t, stream, 119)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	waittest.For(t, "all streams have a snapshot", func() bool {
		for _, stream := range streams {
			p.mustLook(t, stream, 119)
		}
		return b.count(t, `select count(*) from snapshots where version = 120`) == len(streams)
	})
}

// Close waits for commands whose stream is still being loaded.
func TestCloseWaitsForStreamsToBeLoaded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	via := newProxy(t, b.url)
	stream := b.schedule(t, 5)
	p := startProcess(t, via.url, booking(), options{})
	held := hold(t, pass, nil)
	via.intercept(once(func(f *flight) bool { return f.has(unreadMark) }, held.rule))
	call := p.beginBooking(stream)
	held.flight(t)
	closed := make(chan error, 1)
	go func() { closed <- p.Close(context.Background()) }()
	waittest.For(t, "the executor takes no more", func() bool {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		time.AfterFunc(10*time.Millisecond, cancel)
		_, err := p.book(ctx, uuid.New(), uuid.New())
		return errors.Is(err, eventstore.ErrClosed)
	})
	held.release()
	call.mustDo(t)
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

// A load that is aborted lets those who wait for it go.
func TestCloseInTimeAbortsLoads(t *testing.T) {
	t.Parallel()
	b := setup(t)
	via := newProxy(t, b.url)
	stream := b.schedule(t, 5)
	p := startProcess(t, via.url, booking(), options{})
	held := hold(t, pass, nil)
	via.intercept(once(func(f *flight) bool { return f.has(unreadMark) }, held.rule))
	call := p.beginBooking(stream)
	held.flight(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := p.Close(ctx); err == nil {
		t.Error("the executor was closed in order")
	}
	if a := call.get(t); !errors.Is(a.err, eventstore.ErrUnavailable) {
		t.Errorf("got %v, want that the log is unavailable", a.err)
	}
	held.release()
}

// A stream that takes long to read holds up only the commands on it, also when others wait for the
// same batch.
func TestNobodyWaitsWhileAnotherStreamIsLoaded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, delay := range []time.Duration{0, 20 * time.Millisecond} {
		t.Run(delay.String(), func(t *testing.T) {
			t.Parallel()
			via := newProxy(t, b.url)
			cold, warm, other := b.schedule(t, 5), b.schedule(t, 10), b.schedule(t, 5)
			p := startProcess(t, via.url, booking(), options{Delay: delay, Transactions: 1})
			mustBook(t, p, warm, uuid.New())

			letGo := occupy(t, p.executor)
			held := hold(t, pass, nil)
			readsCold := func(f *flight) bool { return f.has(unreadMark) && bytes.Contains(f.raw.Bytes(), cold[:]) }
			via.intercept(once(readsCold, held.rule))
			slow := p.beginBooking(cold)
			waittest.For(t, "the command waits", func() bool { return p.Waiting() == 1 })
			quick := p.beginBooking(warm)
			waittest.For(t, "the other command waits", func() bool { return p.Waiting() == 2 })
			letGo()
			held.flight(t)

			quick.mustDo(t)
			for range 3 {
				mustBook(t, p, warm, uuid.New())
			}
			mustBook(t, p, other, uuid.New()) // it has to be loaded too
			if isDone(slow) {
				t.Error("the command on the stream that is being read has its answer")
			}
			held.release()
			slow.mustDo(t)
			b.auditSold(t, cold, 1)
			b.auditSold(t, warm, 5)
		})
	}
}

// An append on a connection from which nothing comes back holds up no other stream.
func TestNobodyWaitsForAnAppendOnADeadConnection(t *testing.T) {
	t.Parallel()
	b := setup(t)
	via := newProxy(t, b.url)
	dead, warm := b.schedule(t, 5), b.schedule(t, 10)
	p := startProcess(t, via.url, booking(), options{Delay: time.Millisecond})
	mustBook(t, p, dead, uuid.New())
	mustBook(t, p, warm, uuid.New())
	muted := make(chan struct{})
	via.intercept(once((*flight).appends, func(*flight) verdict { close(muted); return mute }))
	stuck := p.beginBooking(dead)
	wait(t, "the append", muted)
	for range 5 {
		mustBook(t, p, warm, uuid.New())
	}
	if isDone(stuck) {
		t.Error("the append on the dead connection has its answer before the others")
	}
	stuck.mustDo(t)
	b.auditSold(t, dead, 2)
	b.auditSold(t, warm, 6)
}

// 900 events that the process does not know are booked at once, and one that it knows goes on.
func TestManyColdStreamsDoNotHoldUpAWarmOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	cold, warm := newIDs(900), b.schedule(t, domain.MaxCapacity)
	b.fill(t, cold, 50)
	p := b.process(t, options{})
	mustBook(t, p, warm, uuid.New())

	rush := make(chan struct{})
	go func() {
		defer close(rush)
		mustBookAll(t, p, cold)
	}()
	var took []time.Duration
	for isOver := false; !isOver; {
		select {
		case <-rush:
			isOver = true
		default:
			started := time.Now()
			mustBook(t, p, warm, uuid.New())
			took = append(took, time.Since(started))
		}
	}
	slices.Sort(took)
	t.Logf("%d bookings of the warm event: p50 %s, p99 %s", len(took), took[len(took)/2], took[len(took)*99/100])
	if len(took) < 20 {
		t.Errorf("%d bookings of the warm event while 900 others were loaded", len(took))
	}
}
