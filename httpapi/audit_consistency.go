package httpapi

import (
	"context"
	"errors"

	"github.com/boxoffice/boxoffice/httpapi/problem"
	"github.com/boxoffice/boxoffice/internal/audit"
)

type proveConsistencyInput struct {
	Size int64 `path:"size" minimum:"1" doc:"Number of records that the newer checkpoint covers"`
	From int64 `query:"from" minimum:"1" required:"true" doc:"Number of records that the older checkpoint covers"`
}

// proveConsistency proves to a client that has kept a checkpoint that a newer one extends it.
func (a *api) proveConsistency(
	ctx context.Context, in *proveConsistencyInput,
) (*struct{ Body audit.Consistency }, error) {
	proof, err := a.Audit.Checkpoints.Consistency(ctx, in.From, in.Size)
	switch {
	case errors.Is(err, audit.ErrNotThatLong):
		return nil, problem.Invalid(problem.FieldProblem{Pointer: "from", Detail: "Use a size up to that of the checkpoint."})
	case err != nil:
		return nil, err
	}
	return &struct{ Body audit.Consistency }{*proof}, nil
}
