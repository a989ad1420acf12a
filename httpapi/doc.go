// Package httpapi is the REST API: it turns requests into calls of package booking and into
// queries, and their results into responses. It has no rules of booking and no SQL. Start reading
// at api.go, whose routes are the table of contents.
//
// A handler decodes, calls and encodes. Each route names who may call it, which is enforced before the
// handler. problem.go has the one table that maps errors to codes and statuses.
package httpapi
