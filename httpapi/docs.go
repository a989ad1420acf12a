package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5emb"

	"github.com/boxoffice/boxoffice/httpapi/middleware"
)

// serveDocs serves Swagger UI at /docs, with all that it needs from this program.
func serveDocs(router chi.Router) {
	page := v5emb.NewWithConfig(swgui.Config{
		// The default sends the document to a validator on the Internet.
		SettingsUI: map[string]string{"validatorUrl": "null"},
	})("Boxoffice API", "/openapi.json", "/docs")

	recorded := httptest.NewRecorder()
	page.ServeHTTP(recorded, httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/docs", nil))
	scripts := []string{"'self'"}
	inline := regexp.MustCompile(`(?s)<script>(.*?)</script>`)
	for _, script := range inline.FindAllStringSubmatch(recorded.Body.String(), -1) {
		sum := sha256.Sum256([]byte(script[1]))
		scripts = append(scripts, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	}
	policy := "default-src 'none'; connect-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; " +
		"script-src " +
		strings.Join(scripts, " ") + "; frame-ancestors 'none'; base-uri 'none'"
	serve := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Cache-Control", middleware.RevalidatePublic)
		page.ServeHTTP(w, r)
	}
	router.Get("/docs", serve)
	router.Get("/docs/*", serve)
}
