package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/yaml"
	"github.com/go-chi/chi/v5"

	"github.com/boxoffice/boxoffice/httpapi/middleware"
)

// serveOpenAPI30 serves the description of the API in OpenAPI 3.0, instead of huma's own.
func serveOpenAPI30(router chi.Router, of func() *huma.OpenAPI) {
	document := sync.OnceValues(func() ([]byte, error) { return openAPI30(of()) }) // when all routes are there
	serve := func(contentType string, convert func([]byte) ([]byte, error)) http.HandlerFunc {
		converted := sync.OnceValues(func() ([]byte, error) {
			text, err := document()
			if err != nil {
				return nil, err
			}
			return convert(text)
		})
		return func(w http.ResponseWriter, _ *http.Request) {
			text, err := converted()
			if err != nil {
				panic(err) // a mistake in the description; the document is read in tests
			}
			w.Header().Set("Content-Type", contentType)
			w.Header().Set("Cache-Control", middleware.RevalidatePublic)
			_, _ = w.Write(text) // fails only when the client is gone
		}
	}
	router.Get(DocumentPath("3.0"), serve("application/openapi+json", func(text []byte) ([]byte, error) {
		return text, nil
	}))
	router.Get("/openapi-3.0.yaml", serve("application/openapi+yaml", func(text []byte) ([]byte, error) {
		var out bytes.Buffer
		err := yaml.Convert(&out, bytes.NewReader(text))
		return out.Bytes(), err
	}))
}

// openAPI30 removes from huma's translation what only OpenAPI 3.1 allows.
func openAPI30(o *huma.OpenAPI) ([]byte, error) {
	translated, err := o.Downgrade()
	if err != nil {
		return nil, fmt.Errorf("translate the description of the API to OpenAPI 3.0: %w", err)
	}
	var document any
	if err := json.Unmarshal(translated, &document); err != nil {
		return nil, err
	}
	simplify(document)
	return json.Marshal(document)
}

func simplify(part any) {
	switch p := part.(type) {
	case []any:
		for _, each := range p {
			simplify(each)
		}
	case map[string]any:
		delete(p, "patternDescription")
		delete(p, "contentMediaType")
		if ref, ok := p["$ref"].(string); ok && len(p) > 1 { // OpenAPI 3.0 ignores what is beside a reference
			delete(p, "$ref")
			p["allOf"] = []any{map[string]any{"$ref": ref}}
		}
		for _, each := range p {
			simplify(each)
		}
	}
}
