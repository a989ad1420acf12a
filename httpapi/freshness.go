package httpapi

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/boxoffice/boxoffice/booking"
)

// Read models follow the log, some milliseconds behind. Every answer from them names the position
// of the log that they are known to contain, and a request may ask for one that they must contain,
// such as the Log-Position of an earlier command's answer.
const (
	logPosition    = "Log-Position"
	minLogPosition = "Min-Log-Position"
	readModelLag   = "Read-Model-Lag"
)

const readsModelsKey = "reads models"

// readsModels marks an operation that answers from read models, and describes what [api.fresh] does
// for it.
func readsModels(op *huma.Operation) {
	op.Metadata[readsModelsKey] = true
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

// fresh lets a read wait until the read models contain what Min-Log-Position names. When they don't
// in time, the answer is what there is, and says so: a projection that lags makes answers stale,
// never errors.
func (a *api) fresh(ctx huma.Context, next func(huma.Context)) {
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
	reached := a.Service.WaitFor(ctx.Context(), least)
	ctx.SetHeader(logPosition, strconv.FormatInt(reached, 10))
	if reached < least {
		ctx.SetHeader(readModelLag, strconv.FormatInt(least-reached, 10))
	}
	next(ctx)
}
