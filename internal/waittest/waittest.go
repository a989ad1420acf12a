// Package waittest lets tests wait: for conditions that nothing signals, and for what they run in
// the background.
package waittest

import (
	"context"
	"sync"
	"testing"
	"time"
)

// Timeout is longer than anything in a test takes when all is well.
const Timeout = time.Minute

// Until checks a condition every two milliseconds until it holds, and returns false if it does not
// within the given time.
func Until(within time.Duration, holds func() bool) bool {
	deadline := time.Now().Add(within)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		if time.Now().After(deadline) {
			return false
		}
		<-tick.C
	}
	return true
}

// For waits for a condition, and ends the test if it does not hold within [Timeout]. The test can be
// a property, which has a type of its own.
func For(t interface {
	Helper()
	Fatalf(format string, args ...any)
}, what string, holds func() bool,
) {
	t.Helper()
	if !Until(Timeout, holds) {
		t.Fatalf("still not so: %s", what)
	}
}

// Background runs functions beside the test. stop ends their context and waits for them. It is called
// when the test ends, and may be called before.
func Background(tb testing.TB, run ...func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, f := range run {
		running.Go(func() { f(ctx) })
	}
	stop = sync.OnceFunc(func() { cancel(); running.Wait() })
	tb.Cleanup(stop)
	return stop
}
