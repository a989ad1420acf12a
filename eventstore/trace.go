package eventstore

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// traceCall begins the span of a command, which its records will name.
func (e *Executor[S, R]) traceCall(ctx context.Context, c *call[S, R]) {
	ctx, c.span = e.options.Tracer.Start(ctx, "command", trace.WithAttributes(attribute.String("boxoffice.stream", c.StreamID.String())))
	if !c.span.IsRecording() {
		return
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	c.Metadata.TraceParent = carrier.Get("traceparent")
}

// trace begins the span of a batch. It belongs to the trace of the first command that is recorded, so that it is recorded too, and is
// linked with all of them, both ways.
func (b *batch[S, R]) trace(ctx context.Context) (_ context.Context, end func(error)) {
	var links []trace.Link
	for _, c := range b.calls {
		if c.span.IsRecording() {
			links = append(links, trace.Link{SpanContext: c.span.SpanContext()})
		}
	}
	if len(links) == 0 {
		return ctx, func(error) {}
	}
	calls := b.calls
	ctx = trace.ContextWithSpanContext(ctx, links[0].SpanContext)
	ctx, span := b.executor.options.Tracer.Start(ctx, "batch", trace.WithLinks(links[1:]...), trace.WithAttributes(
		attribute.Int("boxoffice.commands", len(calls)), attribute.String("boxoffice.delay", b.lane.delay.String())))
	for _, c := range calls {
		c.span.AddLink(trace.Link{SpanContext: span.SpanContext()})
	}
	return ctx, func(err error) {
		span.SetAttributes(attribute.Int("boxoffice.records", b.stats.Records), attribute.Int("boxoffice.attempts", b.stats.Attempts))
		endSpan(span, err)
	}
}

// endCommand ends the span of a command. A refusal is an answer like others; what this package itself says is a failure.
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
