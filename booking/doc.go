// Package booking is the application: [Service] has one method for each use case. The HTTP API, the
// seed, the reactors and the tools call it, and all get the same rules for ids, time, repeated
// requests and reading one's own writes.
//
// It contains neither HTTP nor SQL. Package domain has the rules, and package eventstore stores the
// records. Start reading at service.go: every command passes through execute.
package booking
