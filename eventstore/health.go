package eventstore

import "context"

// Health gives a context that lasts while the database is known to answer. It ends with an
// [ErrUnavailable] as its cause when the database goes down, and has ended while it is down. nil:
// the database is always taken to be up.
type Health func() context.Context

// Down is closed when the database is known to be down.
func (h Health) Down() <-chan struct{} {
	if h == nil {
		return nil
	}
	return h().Done()
}

// Guard derives a context from ctx that also ends when the database goes down.
func (h Health) Guard(ctx context.Context) (context.Context, context.CancelFunc) {
	if h == nil {
		return ctx, func() {}
	}
	up := h()
	ctx, cancel := context.WithCancelCause(ctx)
	if up.Err() != nil { // AfterFunc would end ctx in another goroutine, some time later
		cancel(context.Cause(up))
	}
	stop := context.AfterFunc(up, func() { cancel(context.Cause(up)) })
	return ctx, func() { stop(); cancel(nil) }
}
