package httpapi

import "github.com/danielgtaylor/huma/v2"

const homeOnlyKey = "home only"

// homeOnly marks an operation that a server which follows the log of another one can't carry out: a command, whose records would
// not be those of the log that it follows, or one about accounts, which are not in the log.
func homeOnly(op *huma.Operation) { op.Metadata[homeOnlyKey] = true }

// atHome refuses what is home only before anything else is looked at: whether the request would have been right is not known here.
func (a *api) atHome(ctx huma.Context, next func(huma.Context)) {
	if a.Follows && ctx.Operation().Metadata[homeOnlyKey] != nil {
		a.writeError(ctx, errReadOnly)
		return
	}
	next(ctx)
}
