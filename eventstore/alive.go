package eventstore

import "context"

// Alive gives a context that ends when the database is known to be gone, with an [ErrUnavailable] as its cause, and has ended while it
// is. nil: the database is always taken to be there.
type Alive func() context.Context

// Gone is closed when the database is known to be gone.
func (a Alive) Gone() <-chan struct{} {
	if a == nil {
		return nil
	}
	return a().Done()
}

// While is ctx as long as the database is not known to be gone.
func (a Alive) While(ctx context.Context) (context.Context, context.CancelFunc) {
	if a == nil {
		return context.WithCancel(ctx)
	}
	alive := a()
	ctx, cancel := context.WithCancelCause(ctx)
	if alive.Err() != nil { // AfterFunc would end ctx in another goroutine, some time later
		cancel(context.Cause(alive))
	}
	stop := context.AfterFunc(alive, func() { cancel(context.Cause(alive)) })
	return ctx, func() { stop(); cancel(nil) }
}
