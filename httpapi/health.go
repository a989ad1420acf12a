package httpapi

import "context"

// Health is the answer of the health checks.
type Health struct {
	Status  string `json:"status" example:"ok"`
	Version string `json:"version"`
	Detail  string `json:"detail,omitempty" doc:"What does not work as it should, although requests are served. Of the readiness only"`
	// Replicas is of the readiness only.
	Replicas *HealthOfReplicas `json:"replicas,omitempty" doc:"Streaming replicas, if configured. Without them, the primary answers"`
}

// HealthOfReplicas tells how many replicas there are.
type HealthOfReplicas struct {
	Used       int `json:"used" doc:"Those that answer and are up to date"`
	Configured int `json:"configured"`
}

type healthOutput struct{ Body Health }

func (a *api) healthz(context.Context, *struct{}) (*healthOutput, error) {
	return &healthOutput{Health{Status: "ok", Version: a.Version}}, nil
}

func (a *api) readyz(ctx context.Context, _ *struct{}) (*healthOutput, error) {
	if a.Ready != nil {
		if err := a.Ready(ctx); err != nil {
			a.Logger.WarnContext(ctx, "not ready", "error", err)
			return nil, errNotReady
		}
	}
	health := Health{Status: "ok", Version: a.Version}
	if a.Detail != nil {
		health.Detail = a.Detail()
	}
	if used, all := a.Replicas.InUse(); all > 0 {
		health.Replicas = &HealthOfReplicas{used, all}
	}
	return &healthOutput{health}, nil
}
