// Package middleware is what is done for every request of the API, or for any route that wants it:
// plain handlers of net/http that know nothing of events and bookings. Start reading at request.go:
// [Identify] comes first.
package middleware
