package eventstore

import (
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
)

// A command that comes when a load has just been found to be for nobody has the stream loaded again.
func TestACommandAfterALoadWasLeftIsNotLost(t *testing.T) {
	t.Parallel()
	l := &loader[string, string]{
		store: &store[string, string]{model: notes(), cache: newCache[string](1000), logger: slog.New(slog.DiscardHandler)},
		loads: map[uuid.UUID]*load[string, string]{}, workers: loadWorkers, // none more is started
	}
	q := newQueue(t.Context(), l, 0, 1, &Options{Batch: 10, Queue: 10})
	id := uuid.New()
	enqueue := func() *call[string, string] {
		c := &call[string, string]{
			Command: Command[string, string]{StreamID: id}, arrived: time.Now(), done: make(chan struct{}),
		}
		if err := q.enqueue(c); err != nil {
			t.Fatal(err)
		}
		if calls := q.takeBatch(); len(calls) > 0 {
			t.Fatal("a command is in a batch before its stream was loaded")
		}
		return c
	}
	early := enqueue()
	if !q.awaits(id) {
		t.Error("nobody is said to wait")
	}
	early.withdraw()
	wanted, left := l.splitAbandoned(l.next(false))
	if len(wanted) != 0 || len(left) != 1 {
		t.Fatalf("%d loads are wanted, and %d were left", len(wanted), len(left))
	}
	late := enqueue()
	l.deliver(left)
	if len(l.loads) != 0 {
		t.Error("a load that was left is still there")
	}
	if calls := q.takeBatch(); len(calls) > 0 || l.loads[id] == nil || len(l.groups) != 1 {
		t.Fatal("the stream is not loaded for the command that came late")
	}
	if isClosed(late.done) || q.length() != 1 {
		t.Errorf("%d commands wait", q.length())
	}
	l.groups[0].stream = stream[string]{Tail: Tail{Version: 1}}
	l.deliver(l.next(false))
	if calls := q.takeBatch(); len(calls) != 1 || calls[0] != late || late.loaded == nil {
		t.Error("the command that came late is in no batch")
	}
}
