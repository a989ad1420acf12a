// Package booking is the application: one method of [Service] for each thing that people can do.
// The HTTP API, the seed and the tools call it, and all of them get the same rules
// for ids, time, repeated requests and reading one's own writes.
//
// It keeps HTTP and SQL out: it knows neither statuses nor tables. What may happen to an event is
// decided in package domain, and how records are stored in package eventstore. Start reading at
// service.go; execute is the way that every command takes.
package booking
