package httpapi

import (
	"context"
	"sync"
)

// Health is the answer of the health checks.
type Health struct {
	Status  string `json:"status" example:"ok"`
	Version string `json:"version"`
	Detail  string `json:"detail,omitempty" doc:"What does not work as it should, although requests are served. Of the readiness only"`
	// Replicas are part of the readiness only.
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
		err := a.Ready(ctx)
		if a.readiness.changed(err) {
			if err != nil {
				a.Logger.WarnContext(ctx, "not ready", "error", err)
			} else {
				a.Logger.InfoContext(ctx, "ready again")
			}
		}
		if err != nil {
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

// readiness keeps the last answer of the readiness check, because only changes are logged.
type readiness struct {
	mu     sync.Mutex
	reason string // why it is not ready; empty if it is
}

func (r *readiness) changed(err error) bool {
	reason := ""
	if err != nil {
		reason = err.Error()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.reason
	r.reason = reason
	return reason != before
}
