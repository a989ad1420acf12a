// Package web serves the user interface: the exported pages of the Next.js application in this
// directory, which are embedded in the program, and below /api the API, so that browsers meet one
// origin. Start with [Handler]. A program that was built without the pages serves one that says how
// to build them.
package web

import (
	"embed"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
)

// The export is not in the repository: `npm run build` puts it there.
//
//go:embed all:dist
var dist embed.FS

// Handler serves the user interface, and hands requests below /api to the API without that prefix.
func Handler(api http.Handler, logger *slog.Logger) (http.Handler, error) {
	built, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil, err
	}
	return handler(built, api, logger)
}

func handler(built fs.FS, api http.Handler, logger *slog.Logger) (http.Handler, error) {
	pages, err := newPages(built)
	if err != nil {
		return nil, err
	}
	if pages.empty() {
		logger.Info("this program was built without the user interface; `make build` with Node builds it")
	}
	below := http.StripPrefix("/api", moveCookies(api))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/") {
			below.ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	}), nil
}
