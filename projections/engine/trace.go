package engine

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/ThreeDotsLabs/watermill/message"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/boxoffice/boxoffice/eventstore"
)

// traced records a span for each page with a record of a command that was traced. The span belongs
// to the trace of the first such command, so that it is recorded too, and is linked with the
// others.
func traced(tracer trace.Tracer) message.HandlerMiddleware {
	return func(next message.HandlerFunc) message.HandlerFunc {
		return func(m *message.Message) ([]*message.Message, error) {
			p, err := pageOf(m)
			if err != nil {
				return nil, err
			}
			commands := tracedCommands(p.records)
			if len(commands) == 0 {
				return next(m)
			}
			ctx := trace.ContextWithRemoteSpanContext(m.Context(), commands[0].SpanContext)
			ctx, span := tracer.Start(ctx, "project "+p.Projection,
				trace.WithSpanKind(trace.SpanKindConsumer), trace.WithLinks(commands[1:]...),
				trace.WithAttributes(
					attribute.Int("boxoffice.records", len(p.records)), attribute.Int64("boxoffice.position", p.To)))
			defer span.End()
			m.SetContext(ctx)
			produced, err := next(m)
			if err != nil {
				span.SetStatus(codes.Error, err.Error())
			}
			return produced, err
		}
	}
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
