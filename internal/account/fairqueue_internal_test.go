package account

import (
	"context"
	"errors"
	"slices"
	"testing"
)

// line is a fairQueue whose only slot is taken, and the names of those that wait, in order.
type line struct {
	*testing.T
	fairQueue
	names []string
	done  map[string]chan error
}

func newLine(t *testing.T, queue int) *line {
	l := &line{T: t, fairQueue: newFairQueue(1, queue), done: map[string]chan error{}}
	if done, err := l.enqueue("first"); done != nil || err != nil {
		t.Fatalf("a free slot is not given: %v", err)
	}
	return l
}

// ask enqueues a request of a network, under a name; false: it is refused.
func (l *line) ask(network, name string) bool {
	l.Helper()
	done, err := l.enqueue(network)
	if errors.Is(err, ErrBusy) {
		return false
	}
	if err != nil || done == nil {
		l.Fatalf("%s did not enter: %v", name, err)
	}
	l.names, l.done[name] = append(l.names, name), done
	return true
}

// refused are those that were evicted.
func (l *line) refused() (names []string) {
	for _, name := range l.names {
		select {
		case err := <-l.done[name]:
			if !errors.Is(err, ErrBusy) {
				l.Errorf("%s has a slot: %v", name, err)
			}
			names = append(names, name)
			delete(l.done, name)
		default:
		}
	}
	l.names = slices.DeleteFunc(l.names, func(name string) bool { return l.done[name] == nil })
	return names
}

// served hands the slot over until nobody waits, and returns in which order.
func (l *line) served() (names []string) {
	for len(l.names) > 0 {
		l.release()
		i := slices.IndexFunc(l.names, func(name string) bool {
			select {
			case err := <-l.done[name]:
				return err == nil
			default:
				return false
			}
		})
		if i < 0 {
			l.Fatalf("nobody got the slot, and %v wait", l.names)
		}
		names = append(names, l.names[i])
		l.names = slices.Delete(l.names, i, i+1)
	}
	return names
}

func TestNetworksTakeTurns(t *testing.T) {
	t.Parallel()
	l := newLine(t, 100)
	for _, name := range []string{"a1", "a2", "a3", "b1", "b2", "c1", "a4"} {
		l.ask(name[:1], name)
	}
	want := []string{"a1", "b1", "c1", "a2", "b2", "a3", "a4"}
	if got := l.served(); !slices.Equal(got, want) {
		t.Errorf("served were %v, want %v", got, want)
	}
	l.release()
	if pending, limit := l.pending(); pending != 0 || limit != 101 {
		t.Errorf("%d of %d are pending after all", pending, limit)
	}
}

func TestANetworkThatHasNotAskedLatelyComesNext(t *testing.T) {
	t.Parallel()
	l := newLine(t, 100)
	for _, name := range []string{"f1", "g1", "f2", "g2", "f3", "g3"} {
		l.ask(name[:1], name)
	}
	l.release() // f1
	l.ask("a", "a1")
	l.names = slices.DeleteFunc(l.names, func(name string) bool { return name == "f1" })
	want := []string{"g1", "a1", "f2", "g2", "f3", "g3"}
	if got := l.served(); !slices.Equal(got, want) {
		t.Errorf("served were %v, want %v", got, want)
	}
	if len(l.finish) > 3 {
		t.Errorf("%d networks are remembered after all were served", len(l.finish))
	}
}

func TestAFloodFillsTheQueueAndKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	l := newLine(t, 4)
	for _, name := range []string{"f1", "f2", "f3", "f4"} {
		l.ask("f", name)
	}
	if l.ask("f", "f5") {
		t.Error("the flood got a place in a full queue")
	}
	if !l.ask("a", "a1") || !slices.Equal(l.refused(), []string{"f4"}) {
		t.Error("another network did not get the flood's last place")
	}
	if !l.ask("b", "b1") || !slices.Equal(l.refused(), []string{"f3"}) {
		t.Error("a third network did not get the flood's last place")
	}
	if l.ask("a", "a2") {
		t.Error("a network got a place of one that has no more than it")
	}
	if got, want := l.served(), []string{"f1", "a1", "b1", "f2"}; !slices.Equal(got, want) {
		t.Errorf("served were %v, want %v", got, want)
	}
}

func TestWhoGivesUpLosesNoSlot(t *testing.T) {
	t.Parallel()
	l := newLine(t, 4)
	l.ask("a", "a1")
	ctx, cancel := context.WithCancel(WithNetwork(t.Context(), "b"))
	cancel()
	if err := l.acquire(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if got := l.served(); !slices.Equal(got, []string{"a1"}) {
		t.Errorf("served were %v", got)
	}
	// The slot comes to one who has just given up: it is handed on.
	done, _ := l.enqueue("a")
	l.ask("b", "b1")
	l.release()
	if l.remove(done) {
		t.Error("one that has a slot still waits")
	}
	if err := <-done; err != nil {
		t.Errorf("the one who gave up got %v", err)
	}
	l.handOver()
	if err := <-l.done["b1"]; err != nil {
		t.Errorf("the next one got %v", err)
	}
}
