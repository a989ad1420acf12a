package middleware

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Request is a finished request. No field is free text of the client, so each may label metrics.
type Request struct {
	Method   string
	Route    string // the pattern, such as /events/{id}; empty: no route matches
	Status   int
	Code     string // of the problem that was answered, if one was
	Replayed bool   // the answer is that of an earlier request with the same Idempotency-Key
	Took     time.Duration
}

// Observer reports each request to the log, to traces, and to functions that are called at its end.
type Observer struct {
	Logger *slog.Logger
	Tracer trace.Tracer // nil: none are recorded
	// Secret is a part of paths after which they are secret and not logged; empty: there is none.
	Secret string
	Done   []func(Request)
}

// Middleware observes requests. Its router must be chi's.
func (o Observer) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, span := o.startSpan(r.Context(), r)
		if span != nil {
			r = r.WithContext(ctx)
		}
		wrapped, noted := middleware.NewWrapResponseWriter(w, r.ProtoMajor), requestOf(ctx)
		next.ServeHTTP(wrapped, r)
		done := Request{
			Method: knownMethod(r.Method), Route: chi.RouteContext(ctx).RoutePattern(),
			Status: wrapped.Status(), Code: noted.code,
			Replayed: wrapped.Header().Get("Idempotency-Replayed") != "", Took: time.Since(noted.began),
		}
		if done.Status == 0 { // nothing was written
			done.Status = http.StatusOK
		}
		endSpan(span, done)
		o.log(ctx, r, done, wrapped.BytesWritten())
		for _, tell := range o.Done {
			tell(done)
		}
	})
}

// log writes one line, without the request's query, body, or headers, which may contain personal data
// and secrets. Server errors are logged at info level, unless they have a common cause, which is
// logged where it occurs and counted in metrics; other requests are logged at debug level.
func (o Observer) log(ctx context.Context, r *http.Request, done Request, bytes int) {
	level := slog.LevelDebug
	if done.Status >= http.StatusInternalServerError {
		switch done.Code {
		case "busy", "unavailable", "not_ready":
		default:
			level = slog.LevelInfo
		}
	}
	if !o.Logger.Enabled(ctx, level) {
		return
	}
	o.Logger.Log(ctx, level, "request", "method", r.Method, "path", o.path(r), "status", done.Status, "code", done.Code,
		"bytes", bytes, "took", done.Took, "requestId", RequestID(ctx))
}

// path is what is logged of an address.
func (o Observer) path(r *http.Request) string {
	if before, _, found := strings.Cut(r.URL.Path, o.Secret); found && o.Secret != "" {
		return before + o.Secret + "…"
	}
	return r.URL.Path
}

// knownMethod keeps methods that clients make up from becoming labels.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

func (o Observer) startSpan(ctx context.Context, r *http.Request) (context.Context, trace.Span) {
	if o.Tracer == nil {
		return ctx, nil
	}
	ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header))
	method := knownMethod(r.Method)
	return o.Tracer.Start(ctx, method, trace.WithTimestamp(requestOf(ctx).began), trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(
			attribute.String("http.request.method", method), attribute.String("boxoffice.request_id", RequestID(ctx))))
}

func endSpan(span trace.Span, done Request) {
	if span == nil {
		return
	}
	span.SetName(done.Method + " " + done.Route) // the route is known after routing only
	span.SetAttributes(
		attribute.String("http.route", done.Route), attribute.Int("http.response.status_code", done.Status))
	if done.Code != "" {
		span.SetAttributes(attribute.String("error.type", done.Code))
	}
	if done.Status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, done.Code)
	}
	span.End()
}
