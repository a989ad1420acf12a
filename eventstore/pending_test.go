package eventstore_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

// answer is what a caller of Execute got.
type answer struct {
	result
	err  error
	took time.Duration
}

// pending is a command on its way.
type pending struct {
	done chan struct{}
	answer
}

func begin(call func() (result, error)) *pending {
	p := &pending{done: make(chan struct{})}
	go func() {
		defer close(p.done)
		started := time.Now()
		p.result, p.err = call()
		p.took = time.Since(started)
	}()
	return p
}

// beginBooking has somebody book.
func (p process) beginBooking(stream uuid.UUID) *pending {
	return begin(func() (result, error) { return p.book(context.Background(), stream, uuid.New()) })
}

func (p *pending) get(tb testing.TB) answer {
	tb.Helper()
	wait(tb, "the answer to a command", p.done)
	return p.answer
}

// mustDo wants success.
func (p *pending) mustDo(tb testing.TB) result {
	tb.Helper()
	a := p.get(tb)
	if a.err != nil {
		tb.Fatal(a.err)
	}
	return a.result
}

// storm lets everybody book at once, spread over the processes, and gives back their answers.
func storm(tb testing.TB, processes []process, stream uuid.UUID, customers []uuid.UUID) []answer {
	tb.Helper()
	return stormOf(tb, customers, func(i int, customer uuid.UUID) (result, error) {
		return processes[i%len(processes)].book(context.Background(), stream, customer)
	})
}

func stormOf(tb testing.TB, customers []uuid.UUID, book func(i int, customer uuid.UUID) (result, error)) []answer {
	tb.Helper()
	var (
		answers = make([]answer, len(customers))
		gate    = make(chan struct{})
		done    sync.WaitGroup
	)
	for i, customer := range customers {
		done.Go(func() {
			<-gate
			started := time.Now()
			r, err := book(i, customer)
			answers[i] = answer{r, err, time.Since(started)}
		})
	}
	close(gate)
	all := make(chan struct{})
	go func() {
		done.Wait()
		close(all)
	}()
	wait(tb, "the end of the storm", all)
	return answers
}

// tally counts the answers by their error, nil being success.
func tally(answers []answer, kinds ...error) map[error]int {
	counts := map[error]int{}
	for _, a := range answers {
		counts[kindOf(a.err, kinds...)]++
	}
	return counts
}

func kindOf(err error, kinds ...error) error {
	for _, kind := range kinds {
		if errors.Is(err, kind) {
			return kind
		}
	}
	return err
}
