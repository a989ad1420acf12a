package httpapi

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/httpapi/problem"
)

// Read models follow the log, some milliseconds behind. Every answer from them names the position
// of the log that they are known to contain, and a request may ask for one that they must contain,
// such as the Log-Position of an earlier command's answer.
const (
	logPosition    = "Log-Position"
	minLogPosition = "Min-Log-Position"
	readModelLag   = "Read-Model-Lag"
)

// readsModels is for an operation that answers from read models: it waits until they contain what
// Min-Log-Position names.
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
				Schema:      position,
				Description: "Only when the wait ran out: how many positions the answer may be behind " + minLogPosition,
			},
		},
	}
	if !slices.Contains(op.Errors, http.StatusBadRequest) {
		op.Errors = append(op.Errors, http.StatusBadRequest)
	}
}

// awaitPosition answers with what there is when the wait takes too long, and says so: a projection
// that lags makes answers stale, never errors.
func (a *api) awaitPosition(ctx huma.Context, next func(huma.Context)) {
	var least int64
	if text := ctx.Header(minLogPosition); text != "" {
		var err error
		if least, err = strconv.ParseInt(text, 10, 64); err != nil || least < 0 {
			a.writeError(ctx, problem.Invalid(problem.FieldProblem{
				Pointer: minLogPosition, Detail: "must be a whole number that is not negative",
			}))
			return
		}
	}
	ctx, reached, ok := a.choose(ctx, least)
	if !ok {
		reached = a.Service.WaitFor(ctx.Context(), least)
	}
	ctx.SetHeader(logPosition, strconv.FormatInt(reached, 10))
	if reached < least {
		ctx.SetHeader(readModelLag, strconv.FormatInt(least-reached, 10))
	}
	next(ctx)
}
