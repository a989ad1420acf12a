package httpapi

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/boxoffice/boxoffice/eventstore"
)

// needsDatabase lets an operation that can answer 503 give up as soon as the database is known to be gone. The health checks say
// for themselves what they know. What thousands ask for at once is not watched over as a whole, which would take its time: it waits for
// the executor and the read models, and they know for themselves.
func needsDatabase[In, Out any](a *api, o operation, handle func(context.Context, *In) (*Out, error)) func(context.Context, *In) (*Out, error) {
	if a.Alive == nil || len(o.errors) < 2 || !slices.Contains(o.errors, http.StatusServiceUnavailable) {
		return handle
	}
	return func(ctx context.Context, in *In) (*Out, error) {
		if alive := a.Alive(); alive.Err() != nil {
			return nil, context.Cause(alive)
		}
		if o.path == bookPath {
			return handle(ctx, in)
		}
		return whileAlive(ctx, a, func(ctx context.Context) (*Out, error) { return handle(ctx, in) })
	}
}

// whileAlive does what needs the database, as long as that is not known to be gone.
func whileAlive[T any](ctx context.Context, a *api, do func(context.Context) (T, error)) (T, error) {
	waiting, done := a.Alive.Guard(ctx)
	defer done()
	v, err := do(waiting)
	// What was being waited for then says that it was cancelled, as if the client had gone.
	if err != nil && ctx.Err() == nil && waiting.Err() != nil && errors.Is(err, context.Canceled) && !errors.Is(err, eventstore.ErrOutcomeUnknown) {
		err = context.Cause(waiting)
	}
	return v, err
}
