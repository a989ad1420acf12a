package engine

import (
	"bytes"
	"context"
	"encoding/json"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/boxoffice/boxoffice/eventstore"
)

// applyPage has a projection apply a page, in a span if a record is of a command that was traced. The
// span belongs to the trace of the first such command, so that it is recorded too, and is linked
// with the others.
func applyPage(ctx context.Context, to Projection, p *page, name string, tracer trace.Tracer) error {
	if tracer == nil {
		return to.apply(ctx, p, name)
	}
	commands := tracedCommands(p.records)
	if len(commands) == 0 {
		return to.apply(ctx, p, name)
	}
	ctx = trace.ContextWithRemoteSpanContext(ctx, commands[0].SpanContext)
	ctx, span := tracer.Start(ctx, "project "+p.Projection,
		trace.WithSpanKind(trace.SpanKindConsumer), trace.WithLinks(commands[1:]...),
		trace.WithAttributes(
			attribute.Int("boxoffice.records", len(p.records)), attribute.Int64("boxoffice.position", p.To)))
	defer span.End()
	err := to.apply(ctx, p, name)
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
	}
	return err
}

// tracedCommands are the spans that records name, each once.
func tracedCommands(records []eventstore.Record) (links []trace.Link) {
	seen := map[trace.SpanID]bool{}
	for i := range records {
		if !bytes.Contains(records[i].Metadata, []byte(`"traceParent"`)) {
			continue
		}
		var m eventstore.Metadata
		_ = json.Unmarshal(records[i].Metadata, &m) // people who look at traces can do without it
		ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": m.TraceParent})
		if span := trace.SpanContextFromContext(ctx); span.IsValid() && !seen[span.SpanID()] {
			seen[span.SpanID()] = true
			links = append(links, trace.Link{SpanContext: span})
		}
	}
	return links
}
