package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// needsDatabase has an operation given up as soon as the database is known to be gone. A replica
// that was chosen for it does not need the primary.
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

// whileUp is a context that ends when the database is known to be gone. The error says that it is.
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
