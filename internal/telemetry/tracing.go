package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Tracing records what happens to single requests, from HTTP through the batch to the read models.
// A nil one records nothing.
type Tracing struct{ provider *sdktrace.TracerProvider }

// NewTracing exports traces by OTLP over HTTP ("otlp"), to the standard output ("console") or not
// at all ("none": the result is nil). Everything else is configured by the OTEL_ variables of the
// environment, as the specification of OpenTelemetry says: the address
// (OTEL_EXPORTER_OTLP_ENDPOINT), which traces are sampled (OTEL_TRACES_SAMPLER), and so on.
func NewTracing(ctx context.Context, exporter, version string, logger *slog.Logger) (*Tracing, error) {
	var to sdktrace.SpanExporter
	var err error
	switch exporter {
	case "none":
		return nil, nil //nolint:nilnil // nil is what records nothing
	case "otlp":
		to, err = otlptracehttp.New(ctx)
	case "console":
		to, err = stdouttrace.New()
	default:
		err = errors.New("there is no such exporter")
	}
	if err != nil {
		return nil, fmt.Errorf("export traces by %q: %w", exporter, err)
	}
	about, err := resource.New(ctx,
		resource.WithAttributes(
			attribute.String("service.name", "boxoffice"), attribute.String("service.version", version)),
		// the last one wins
		resource.WithHost(), resource.WithProcessPID(), resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("describe this process to traces: %w", err)
	}
	// A variable of the library's package: what goes wrong with exports is told nowhere else.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { logger.Warn("traces were not exported", "error", err) }))
	return &Tracing{sdktrace.NewTracerProvider(sdktrace.WithBatcher(to), sdktrace.WithResource(about))}, nil
}

// Tracer records spans; nil when nothing is recorded.
func (t *Tracing) Tracer() trace.Tracer {
	if t == nil {
		return nil
	}
	return t.provider.Tracer("github.com/boxoffice/boxoffice")
}

// Close exports what is recorded.
func (t *Tracing) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}
