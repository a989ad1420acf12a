package httpapi

import (
	"context"
	"errors"

	"github.com/danielgtaylor/huma/v2"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/replica"
)

// readsLog is for an operation that only reads the log, so that a replica can answer it.
func (a *api) readsLog(op *huma.Operation) {
	op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
		ctx, _, ok := a.choose(ctx, a.Progress.Reached()) // not older than what this process has answered
		if !ok {
			a.Service.WaitForAnswered(ctx.Context()) // titles come from read models
		}
		next(ctx)
	})
}

type chosenKey struct{}

// chosen is the replica that answers a request; nil: the primary does.
func chosen(ctx context.Context) *replica.Replica {
	r, _ := ctx.Value(chosenKey{}).(*replica.Replica)
	return r
}

// choose picks a replica that contains the log up to position for a request. It returns the position
// that the replica has reached; ok is false when the primary has to answer.
func (a *api) choose(ctx huma.Context, position int64) (_ huma.Context, reached int64, ok bool) {
	r := a.Replicas.Choose(ctx.Context(), position)
	if r == nil {
		return ctx, 0, false
	}
	return huma.WithValue(ctx, chosenKey{}, r), r.Reached(), true
}

// reached is the position that the answer to a request contains.
func (a *api) reached(ctx context.Context) int64 {
	if r := replica.From(ctx); r != nil {
		return r.Reached()
	}
	return a.Progress.Reached()
}

// onReplica lets the replica that was chosen for a request answer. If it fails or does not find
// something, the primary answers: the replica may be behind, and reading twice is harmless.
func onReplica[In, Out any](
	a *api, ctx context.Context, in *In, handle func(context.Context, *In) (*Out, error),
) (*Out, error) {
	r := chosen(ctx)
	if r == nil {
		return handle(ctx, in)
	}
	out, err := handle(replica.With(ctx, r), in)
	if err == nil || errors.Is(err, eventstore.ErrBusy) { // the request has waited long enough
		return out, err
	}
	if eventstore.IsUnavailable(err) {
		r.Failed()
	}
	ctx, done, err := a.whileUp(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	// A read without replicas has waited for this already.
	a.Service.WaitForAnswered(ctx)
	return handle(ctx, in)
}
