package eventstore

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// traceCall begins the span of a command, which its records will name.
func traceCall[S, R any](ctx context.Context, tracer trace.Tracer, c *call[S, R]) {
	ctx, c.span = tracer.Start(ctx, "command",
		trace.WithAttributes(attribute.String("boxoffice.stream", c.StreamID.String())))
	if !c.span.IsRecording() {
		return
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	c.Metadata.TraceParent = carrier.Get("traceparent")
}

// traceBatch begins the span of a batch. It belongs to the trace of the first command that is
// recorded, so that it is recorded too, and is linked with all of them, both ways.
func traceBatch[S, R any](
	ctx context.Context, tracer trace.Tracer, calls []*call[S, R], delay time.Duration,
) (_ context.Context, end func(BatchStats)) {
	var links []trace.Link
	for _, c := range calls {
		if c.span.IsRecording() {
			links = append(links, trace.Link{SpanContext: c.span.SpanContext()})
		}
	}
	if len(links) == 0 {
		return ctx, func(BatchStats) {}
	}
	ctx = trace.ContextWithSpanContext(ctx, links[0].SpanContext)
	ctx, span := tracer.Start(ctx, "batch", trace.WithLinks(links[1:]...), trace.WithAttributes(
		attribute.Int("boxoffice.commands", len(calls)), attribute.String("boxoffice.delay", delay.String())))
	for _, c := range calls {
		c.span.AddLink(trace.Link{SpanContext: span.SpanContext()})
	}
	return ctx, func(s BatchStats) {
		span.SetAttributes(
			attribute.Int("boxoffice.records", s.Records), attribute.Int("boxoffice.attempts", s.Attempts))
		endSpan(span, s.Err)
	}
}

// endCommand ends the span of a command. A refusal is an answer like others; what this package
// itself says is a failure.
func endCommand(span trace.Span, err error) {
	for _, failure := range []error{ErrBusy, ErrClosed, ErrUnavailable, ErrOutcomeUnknown} {
		if errors.Is(err, failure) {
			endSpan(span, err)
			return
		}
	}
	if errors.As(err, new(*CommandError)) {
		endSpan(span, err)
		return
	}
	if err != nil {
		span.SetAttributes(attribute.String("boxoffice.refusal", err.Error()))
	}
	span.End()
}

func endSpan(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
	}
	span.End()
}
