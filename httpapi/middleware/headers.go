package middleware

import (
	"maps"
	"net/http"
)

// The cache policies. Most answers depend on the user, so nothing is cached unless its route says so.
const (
	// NoStore is the default.
	NoStore = "no-store"
	// Revalidate is for answers with an ETag: the client may cache them, and revalidates each time.
	Revalidate = "private, no-cache"
	// RevalidatePublic is for what is the same for everybody.
	RevalidatePublic = "no-cache"
	// Immutable is for what is the same for everybody and for ever.
	Immutable = "public, max-age=31536000, immutable"
)

// SecureHeaders sets the headers that every answer has.
func SecureHeaders(next http.Handler) http.Handler {
	headers := http.Header{ // the slices are shared by all answers: Add and Set replace them
		"X-Content-Type-Options":  {"nosniff"},
		"Referrer-Policy":         {"no-referrer"},
		"X-Frame-Options":         {"DENY"},
		"Content-Security-Policy": {"default-src 'none'; frame-ancestors 'none'"},
		"Cache-Control":           {NoStore},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		maps.Copy(w.Header(), headers)
		next.ServeHTTP(w, r)
	})
}
