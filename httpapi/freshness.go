package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/httpapi/problem"
)

// Read models follow the log with a delay of some milliseconds. Every answer from them names the
// position that they have reached, and a request may ask for a minimum, such as the Log-Position of an
// earlier command's answer.
const (
	logPosition    = "Log-Position"
	minLogPosition = "Min-Log-Position"
	readModelLag   = "Read-Model-Lag"
)

// readsModels is for an operation that answers from read models: it waits until they have reached
// Min-Log-Position.
func (a *api) readsModels(op *huma.Operation) {
	a.textParameters(op)
	op.Middlewares = append(op.Middlewares, a.awaitPosition)
	position := &huma.Schema{Type: huma.TypeInteger, Format: "int64", Minimum: new(float64)}
	op.Parameters = append(op.Parameters, &huma.Param{
		Name: minLogPosition, In: "header", Schema: position,
		Description: "A position of the log that the answer must contain, such as the Log-Position of an earlier answer. " +
			"The request waits for it, but not longer than " + booking.MaxWait.String(),
	})
	op.Responses[strconv.Itoa(op.DefaultStatus)] = &huma.Response{
		Description: http.StatusText(op.DefaultStatus),
		Headers: map[string]*huma.Param{
			logPosition: {Schema: position, Description: "A position of the log that the answer contains. It may contain more"},
			readModelLag: {
				Schema: position,
				Description: "Only when the wait ran out, or when the read models can't apply some records: " +
					"how many positions the answer may be behind",
			},
		},
	}
	if !slices.Contains(op.Errors, http.StatusBadRequest) {
		op.Errors = append(op.Errors, http.StatusBadRequest)
	}
}

// awaitPosition waits for read models. If that takes too long, the answer says that it is stale: a
// projection that lags causes no errors.
func (a *api) awaitPosition(ctx huma.Context, next func(huma.Context)) {
	var least int64
	if text := ctx.Header(minLogPosition); text != "" {
		var err error
		if least, err = strconv.ParseInt(text, 10, 64); err != nil || least < 0 {
			a.writeError(ctx, problem.Invalid(problem.FieldProblem{
				Pointer: minLogPosition, Detail: "Enter a whole number that isn't negative.",
			}))
			return
		}
	}
	ctx, reached, ok := a.choose(ctx, least)
	if !ok {
		reached = a.Service.WaitFor(ctx.Context(), max(least, a.Progress.Answered(ctx.Context())))
	}
	ctx.SetHeader(logPosition, strconv.FormatInt(reached, 10))
	event, _ := uuid.Parse(ctx.Param("id")) // without one, the answer is about all events
	if lag := a.Progress.Lag(reached, least, event); lag > 0 {
		ctx.SetHeader(readModelLag, strconv.FormatInt(lag, 10))
	}
	next(ctx)
}

// caughtUp waits until the read models have reached the present end of the log. It fails if that takes
// too long.
func (a *api) caughtUp(ctx context.Context) error {
	head, err := a.Log.Head(ctx)
	if err == nil && a.Service.WaitFor(ctx, head) < head {
		err = booking.ErrCatchingUp
	}
	return err
}

// missing is the error for an event that the read model does not have. It is a 404 only if the log does
// not have it either.
func (a *api) missing(ctx context.Context, event uuid.UUID) error {
	records, err := a.Log.Stream(ctx, event, 0, 1)
	switch {
	case err != nil:
		return err
	case len(records) == 0:
		return domain.ErrEventNotFound
	}
	return booking.ErrCatchingUp
}
