package engine

import (
	"context"
	"sync"
	"time"
)

// Signal wakes goroutines that wait for something to happen. The zero value is not usable; see
// [NewSignal].
type Signal struct {
	mu   sync.Mutex
	next chan struct{}
}

// NewSignal returns a signal that was never sent.
func NewSignal() *Signal { return &Signal{next: make(chan struct{})} }

// Broadcast wakes everyone who listens now.
func (s *Signal) Broadcast() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.next)
	s.next = make(chan struct{})
}

// Listen returns a channel that the next broadcast closes. Call it before looking at what the
// signal is about, so that nothing is missed in between.
func (s *Signal) Listen() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.next
}

// Await waits for a signal, for at most some time because a signal may be lost, and for no longer
// than ctx. It is late if the time has passed. A nil channel never signals.
func Await(ctx context.Context, signalled <-chan struct{}, atMost time.Duration) (late bool) {
	if atMost <= 0 && signalled == nil {
		return ctx.Err() == nil
	}
	return AwaitEither(ctx, signalled, nil, atMost)
}

// AwaitEither is [Await] for the first of two signals.
func AwaitEither(ctx context.Context, one, other <-chan struct{}, atMost time.Duration) (late bool) {
	timer := time.NewTimer(atMost)
	defer timer.Stop()
	select {
	case <-one:
	case <-other:
	case <-timer.C:
		return true
	case <-ctx.Done():
	}
	return false
}
