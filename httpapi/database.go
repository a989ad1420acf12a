package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// needsDatabase has an operation given up as soon as the database is known to be gone.
func (a *api) needsDatabase(op *huma.Operation) {
	op.Errors = append(op.Errors, http.StatusServiceUnavailable, http.StatusInternalServerError)
	if a.Health == nil {
		return
	}
	op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
		alive := a.Health()
		if alive.Err() != nil {
			a.writeError(ctx, context.Cause(alive))
			return
		}
		whileAlive, done := a.Health.Guard(ctx.Context())
		defer done()
		next(huma.WithContext(ctx, whileAlive))
	})
}
