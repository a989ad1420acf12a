package eventstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

// withSnapshots is the model of bookings with snapshots.
func withSnapshots() model {
	m := booking()
	m.Snapshot, m.Restore = domain.State.MarshalBinary, domain.ReadSnapshot
	return m
}

// bookMany appends n bookings with one command.
func bookMany(stream uuid.UUID, n int) command {
	return command{StreamID: stream, Immediate: true, Decide: func(domain.State) ([]domain.Record, error) {
		records := make([]domain.Record, n)
		for i := range records {
			records[i] = domain.TicketBooked{BookingID: uuid.New(), CustomerID: uuid.New()}
		}
		return records, nil
	}}
}

// look gives the state of a stream as the executor knows it, and appends nothing.
func (p process) look(tb testing.TB, stream uuid.UUID) (result, error) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), waittest.Timeout)
	defer cancel()
	return p.Execute(ctx, command{StreamID: stream, Immediate: true, Decide: func(domain.State) ([]domain.Record,
		error) {
		return nil, nil
	}})
}

func (p process) mustLook(tb testing.TB, stream uuid.UUID, sold int) {
	tb.Helper()
	r, err := p.look(tb, stream)
	if err != nil {
		tb.Fatal(err)
	}
	if r.State.Sold() != sold || r.Version != sold+1 {
		tb.Errorf("got %d sold at version %d, want %d at %d", r.State.Sold(), r.Version, sold, sold+1)
	}
}

// streamWithSnapshot has 300 bookings and a snapshot at version 201 or later.
func streamWithSnapshot(t *testing.T, b bundle) uuid.UUID {
	t.Helper()
	p := startProcess(t, b.url, withSnapshots(), options{Snapshot: 100})
	stream := b.schedule(t, 1000)
	for range 3 {
		if _, err := p.Execute(context.Background(), bookMany(stream, 100)); err != nil {
			t.Fatal(err)
		}
		waittest.For(t, "the snapshot is written", func() bool {
			return b.count(t, `select count(*) from snapshots where stream_id = $1`, stream) == 1
		})
	}
	waittest.For(t, "a later snapshot is written", func() bool {
		return b.count(t, `select version from snapshots where stream_id = $1`, stream) > 101
	})
	return stream
}

// loseBeginning deletes the records that the snapshot stands for, so that only a process that uses
// it can know the stream.
func loseBeginning(t *testing.T, b bundle, stream uuid.UUID) {
	t.Helper()
	conn := b.connect(t)
	mustExec(t, conn, `alter table event_log disable trigger user`)
	mustExec(t, conn, `delete from event_log l using snapshots s where l.stream_id = $1 and s.stream_id = l.stream_id `+
		`and l.version < s.version`, stream)
}

func TestAStreamThatIsNotInTheCacheStartsFromItsSnapshot(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stream := streamWithSnapshot(t, b)
	loseBeginning(t, b, stream)
	p := startProcess(t, b.url, withSnapshots(), options{})
	p.mustLook(t, stream, 300)
	if _, err := p.book(context.Background(), stream, uuid.New()); err != nil {
		t.Error(err)
	}

	// The control: without snapshots, the loss shows.
	if _, err := b.process(t, options{}).look(t, stream); err == nil {
		t.Error("a stream without its beginning could be read without a snapshot")
	}
}

func TestASnapshotIsOnlyUsedWhenTheLogVouchesForIt(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"deleted": `delete from snapshots`,
		"its state changed": `update snapshots set state = set_byte(state, length(state) - 1, 1 - get_byte(state, ` +
			`length(state) - 1))`,
		"cut short":            `update snapshots set state = substr(state, 1, length(state) - 33)`,
		"of another history":   `update snapshots set hash = sha256(hash)`,
		"with another version": `update snapshots set version = version - 1`,
		"beyond the end":       `update snapshots set version = version + 100000`,
		"of a format of some time": `update snapshots set state = set_byte(state, 0, 250), digest = sha256(hash || ` +
			`set_byte(state, 0, 250))`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			stream := streamWithSnapshot(t, b)
			mustExec(t, b.pool, change)
			startProcess(t, b.url, withSnapshots(), options{}).mustLook(t, stream, 300)
		})
	}
}

func TestAStreamLongerThanOneReadIsReadInSeveral(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.process(t, options{})
	stream := b.schedule(t, domain.MaxCapacity)
	const n = 4_000 // three times this is more than two reads
	for range 3 {
		if _, err := p.Execute(context.Background(), bookMany(stream, n)); err != nil {
			t.Fatal(err)
		}
	}
	b.process(t, options{}).mustLook(t, stream, 3*n)
	b.process(t, options{Delay: 10 * time.Millisecond}).mustLook(t, stream, 3*n)
}
