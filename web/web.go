// Package web serves the user interface.
package web

import (
	_ "embed"
	"html/template"
	"net/http"
)

//go:embed page.html
var page string

var pageTemplate = template.Must(template.New("page").Parse(page))

// Handler serves the page that stands in for the user interface until it is there. apiURL is where the API answers.
func Handler(apiURL string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		_ = pageTemplate.Execute(w, struct{ APIURL string }{apiURL}) // the client is gone, if anything
	})
	return mux
}
