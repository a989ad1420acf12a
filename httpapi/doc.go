// Package httpapi is the REST API: it turns requests into commands and queries, and their answers
// into responses. It has no rules of booking and no SQL. Start reading at api.go, whose routes are
// the table of contents.
//
// A handler decodes, builds a command, executes and responds. Who may call is said beside each
// route and enforced before the handler. Every error leaves through problem.go, which holds the one
// table of kinds, codes and statuses.
package httpapi
