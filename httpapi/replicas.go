package httpapi

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/replica"
)

const readsLogKey = "reads the log"

// readsLog marks an operation that reads the log only, so that a replica can answer it.
func readsLog(op *huma.Operation) { op.Metadata[readsLogKey] = true }

type chosenKey struct{}

// choose has a request answered by a replica that contains the log up to position. It gives the
// position that the replica has reached; ok is false when the primary has to answer.
func (a *api) choose(ctx huma.Context, position int64) (_ huma.Context, reached int64, ok bool) {
	r := a.Replicas.Choose(ctx.Context(), position)
	if r == nil {
		return ctx, 0, false
	}
	return huma.WithValue(ctx, chosenKey{}, r), r.Reached(), true
}

// reached is a position that what a request reads contains.
func (a *api) reached(ctx context.Context) int64 {
	if r := replica.From(ctx); r != nil {
		return r.Reached()
	}
	return a.Progress.Reached()
}

// onReplica lets the replica answer that was chosen for a request. When it can't, or says that
// something does not exist, the primary answers: a replica may be behind, and reading twice does no
// harm.
func onReplica[In, Out any](
	read, onPrimary func(context.Context, *In) (*Out, error),
) func(context.Context, *In) (*Out, error) {
	return func(ctx context.Context, in *In) (*Out, error) {
		if r, ok := ctx.Value(chosenKey{}).(*replica.Replica); ok {
			out, err := read(replica.With(ctx, r), in)
			if err == nil {
				return out, nil
			}
			if eventstore.IsUnavailable(err) {
				r.Failed()
			}
		}
		return onPrimary(ctx, in)
	}
}
