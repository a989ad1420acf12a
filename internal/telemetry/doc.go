// Package telemetry is how operators see inside: metrics for Prometheus, traces for OpenTelemetry,
// and profiles. The packages of the system say what happens, through their options; what is made of
// it is decided here. docs/operations explains what to watch. Start with [NewMetrics] and
// [NewTracing].
package telemetry
