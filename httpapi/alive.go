package httpapi

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/boxoffice/boxoffice/eventstore"
)

// needsDatabase lets an operation that can answer 503 give up as soon as the database is known to be gone. The health checks say
// for themselves what they know.
func needsDatabase[In, Out any](a *api, o operation, handle func(context.Context, *In) (*Out, error)) func(context.Context, *In) (*Out, error) {
	if a.Alive == nil || len(o.errors) < 2 || !slices.Contains(o.errors, http.StatusServiceUnavailable) {
		return handle
	}
	return func(ctx context.Context, in *In) (*Out, error) {
		alive := a.Alive()
		if alive.Err() != nil {
			return nil, context.Cause(alive)
		}
		waiting, done := a.whileAlive(ctx)
		defer done()
		out, err := handle(waiting, in)
		// What was being waited for then says that it was cancelled, as if the client had gone.
		if err != nil && ctx.Err() == nil && alive.Err() != nil && errors.Is(err, context.Canceled) && !errors.Is(err, eventstore.ErrOutcomeUnknown) {
			err = context.Cause(alive)
		}
		return out, err
	}
}

// whileAlive is ctx as long as the database is not known to be gone.
func (a *api) whileAlive(ctx context.Context) (context.Context, context.CancelFunc) {
	if a.Alive == nil {
		return ctx, func() {}
	}
	alive := a.Alive()
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(alive, func() { cancel(context.Cause(alive)) })
	return ctx, func() { stop(); cancel(nil) }
}
