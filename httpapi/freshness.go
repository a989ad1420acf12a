package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Read models follow the log, some milliseconds behind. Every answer from them names the position of the log that they are known
// to contain, and a request may ask for one that they must contain, such as the Log-Position of an earlier command's answer.
const (
	logPosition    = "Log-Position"
	minLogPosition = "Min-Log-Position"
	readModelLag   = "Read-Model-Lag"
)

// catchUpFor bounds how long an answer waits for the read models.
const catchUpFor = 2 * time.Second

const readsModelsKey = "reads models"

// readsModels marks an operation that answers from read models, and describes what [api.fresh] does for it.
func readsModels(op *huma.Operation) {
	op.Metadata[readsModelsKey] = true
	position := &huma.Schema{Type: huma.TypeInteger, Format: "int64", Minimum: new(float64)}
	op.Parameters = append(op.Parameters, &huma.Param{
		Name: minLogPosition, In: "header", Schema: position,
		Description: "A position of the log that the answer must contain, such as the Log-Position of an earlier answer. The request waits for it, but not longer than " + catchUpFor.String(),
	})
	op.Responses[strconv.Itoa(op.DefaultStatus)] = &huma.Response{
		Description: http.StatusText(op.DefaultStatus),
		Headers: map[string]*huma.Param{
			logPosition:  {Schema: position, Description: "A position of the log that the answer contains. It may contain more"},
			readModelLag: {Schema: position, Description: "Only when the wait ran out: how many positions the answer may be behind " + minLogPosition},
		},
	}
	if !slices.Contains(op.Errors, http.StatusBadRequest) {
		op.Errors = append(op.Errors, http.StatusBadRequest)
	}
}

// fresh lets a read wait until the read models contain what Min-Log-Position names. When they don't in time, the answer is what
// there is, and says so: a projection that lags makes answers stale, never errors.
func (a *api) fresh(ctx huma.Context, next func(huma.Context)) {
	if ctx.Operation().Metadata[readsLogKey] != nil { // evidence is as new as what this process knows of
		ctx, _, _ = a.choose(ctx, a.Progress.Reached())
	}
	if ctx.Operation().Metadata[readsModelsKey] == nil {
		next(ctx)
		return
	}
	var least int64
	if text := ctx.Header(minLogPosition); text != "" {
		var err error
		if least, err = strconv.ParseInt(text, 10, 64); err != nil || least < 0 {
			a.writeError(ctx, invalid([]FieldProblem{{minLogPosition, "must be a whole number that is not negative"}}))
			return
		}
	}
	ctx, reached, ok := a.choose(ctx, least)
	if !ok {
		reached = a.catchUp(ctx.Context(), least)
	}
	ctx.SetHeader(logPosition, strconv.FormatInt(reached, 10))
	if reached < least {
		ctx.SetHeader(readModelLag, strconv.FormatInt(least-reached, 10))
	}
	next(ctx)
}

// catchUp waits until people find in the read models what they have just done, and gives the position that those have reached.
func (a *api) catchUp(ctx context.Context, position int64) (reached int64) {
	if reached = a.Progress.Reached(); reached >= position {
		return reached
	}
	ctx, cancel := context.WithTimeout(ctx, catchUpFor)
	defer cancel()
	return a.Progress.Wait(ctx, position)
}
