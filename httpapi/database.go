package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// needsDatabase ends an operation as soon as the database is known to be down, unless a replica answers
// it.
func (a *api) needsDatabase(op *huma.Operation) {
	op.Errors = append(op.Errors, http.StatusServiceUnavailable, http.StatusInternalServerError)
	op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
		if chosen(ctx.Context()) != nil {
			next(ctx)
			return
		}
		whileUp, done, err := a.whileUp(ctx.Context())
		if err != nil {
			a.writeError(ctx, err)
			return
		}
		defer done()
		next(huma.WithContext(ctx, whileUp))
	})
}

// whileUp returns a context that ends when the database is known to be down, or an error if it is.
func (a *api) whileUp(ctx context.Context) (context.Context, func(), error) {
	if a.Health == nil {
		return ctx, func() {}, nil
	}
	if up := a.Health(); up.Err() != nil {
		return nil, nil, context.Cause(up)
	}
	ctx, done := a.Health.Guard(ctx)
	return ctx, done, nil
}
