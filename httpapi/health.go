package httpapi

import "context"

// Health is the answer of the health checks.
type Health struct {
	Status  string `json:"status" example:"ok"`
	Version string `json:"version"`
}

type healthOutput struct{ Body Health }

func (a *api) healthz(context.Context, *struct{}) (*healthOutput, error) {
	return &healthOutput{Health{"ok", a.Version}}, nil
}

func (a *api) readyz(ctx context.Context, _ *struct{}) (*healthOutput, error) {
	if a.Ready != nil {
		if err := a.Ready(ctx); err != nil {
			a.Logger.WarnContext(ctx, "not ready", "error", err)
			return nil, errNotReady
		}
	}
	return &healthOutput{Health{"ok", a.Version}}, nil
}
