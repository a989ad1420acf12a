// Package middleware has the middlewares of the API: plain handlers of net/http that know nothing of
// events and bookings. Start reading at request.go: [Identify] comes first.
package middleware
