package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Request is what became of a request. It holds nothing that a client has made up, so it may label metrics.
type Request struct {
	Method   string
	Route    string // the pattern, such as /events/{id}; empty: there is none for the address
	Status   int
	Code     string // of the problem that was answered, if one was
	Replayed bool   // the answer is that of an earlier request with the same Idempotency-Key
	Took     time.Duration
}

// observe tells of each request: to the log, to metrics, and to traces.
func (a *api) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, span := a.startSpan(r.Context(), r)
		if span != nil {
			r = r.WithContext(ctx)
		}
		wrapped, noted := middleware.NewWrapResponseWriter(w, r.ProtoMajor), requestOf(ctx)
		next.ServeHTTP(wrapped, r)
		done := Request{
			Method: knownMethod(r.Method), Route: chi.RouteContext(ctx).RoutePattern(), Status: wrapped.Status(), Code: noted.code,
			Replayed: wrapped.Header().Get("Idempotency-Replayed") != "", Took: time.Since(noted.began),
		}
		if done.Status == 0 { // nothing was written, or the connection was taken over, whose handshake net/http does not see
			done.Status = http.StatusOK
			if done.Route == "/ws" {
				done.Status = http.StatusSwitchingProtocols
			}
		}
		endSpan(span, done)
		a.logRequest(ctx, r, done, wrapped.BytesWritten())
		if a.Observe != nil {
			a.Observe(done)
		}
	})
}

// logRequest writes one line, without the request's query, body, or headers: they may hold what nobody should read. What went wrong
// on our side is worth a line everywhere, unless thousands have the same cause, which is logged where it is and counted in metrics; the
// rest is for those who look closer.
func (a *api) logRequest(ctx context.Context, r *http.Request, done Request, bytes int) {
	level := slog.LevelDebug
	if done.Status >= http.StatusInternalServerError && done.Code != "busy" && done.Code != "unavailable" {
		level = slog.LevelInfo
	}
	if !a.Logger.Enabled(ctx, level) {
		return
	}
	a.Logger.Log(ctx, level, "request", "method", r.Method, "path", r.URL.Path, "status", done.Status, "code", done.Code,
		"bytes", bytes, "took", done.Took, "requestId", requestID(ctx))
}

// knownMethod keeps methods that clients make up from becoming labels.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

func (a *api) startSpan(ctx context.Context, r *http.Request) (context.Context, trace.Span) {
	if a.Tracer == nil {
		return ctx, nil
	}
	ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header))
	return a.Tracer.Start(ctx, knownMethod(r.Method), trace.WithTimestamp(requestOf(ctx).began), trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		attribute.String("http.request.method", knownMethod(r.Method)), attribute.String("boxoffice.request_id", requestID(ctx))))
}

func endSpan(span trace.Span, done Request) {
	if span == nil {
		return
	}
	span.SetName(done.Method + " " + done.Route) // which is known only now
	span.SetAttributes(attribute.String("http.route", done.Route), attribute.Int("http.response.status_code", done.Status))
	if done.Code != "" {
		span.SetAttributes(attribute.String("error.type", done.Code))
	}
	if done.Status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, done.Code)
	}
	span.End()
}
