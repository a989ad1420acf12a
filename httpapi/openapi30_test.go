package httpapi_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/boxoffice/boxoffice/httpapi"
)

func TestTheDescriptionInOpenAPI30SaysTheSame(t *testing.T) {
	t.Parallel()
	type described struct {
		OpenAPI string                    `json:"openapi" yaml:"openapi"`
		Paths   map[string]map[string]any `json:"paths" yaml:"paths"`
	}
	var newer, older, asYAML described
	for openAPI, into := range map[string]*described{"3.1": &newer, "3.0": &older} {
		text, err := httpapi.Document("test", openAPI)
		must(t, err)
		must(t, json.Unmarshal(text, into))
	}
	api := httpapi.New(httpapi.Options{Version: "test", Logger: slog.New(slog.DiscardHandler)})
	w := httptest.NewRecorder()
	api.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/openapi-3.0.yaml", nil))
	must(t, yaml.Unmarshal(w.Body.Bytes(), &asYAML))
	if newer.OpenAPI != "3.1.0" || older.OpenAPI != "3.0.3" || asYAML.OpenAPI != "3.0.3" {
		t.Errorf("versions %q, %q and %q", newer.OpenAPI, older.OpenAPI, asYAML.OpenAPI)
	}
	operations := func(d described) (all []string) {
		for path, methods := range d.Paths {
			for method := range methods {
				all = append(all, method+" "+path)
			}
		}
		slices.Sort(all)
		return all
	}
	if want := operations(newer); len(want) < 50 || !slices.Equal(operations(older), want) ||
		!slices.Equal(operations(asYAML), want) {
		t.Errorf("%d, %d and %d operations", len(want), len(operations(older)), len(operations(asYAML)))
	}
}

// What generators of 3.0 stumble over.
func TestTheDescriptionInOpenAPI30HasNothingOf31(t *testing.T) {
	t.Parallel()
	text, err := httpapi.Document("test", "3.0")
	must(t, err)
	var document any
	must(t, json.Unmarshal(text, &document))
	var check func(at string, part any)
	check = func(at string, part any) {
		switch p := part.(type) {
		case []any:
			for _, each := range p {
				check(at, each)
			}
		case map[string]any:
			if _, ok := p["$ref"]; ok && len(p) > 1 {
				t.Errorf("%s: something stands beside $ref", at)
			}
			if _, ok := p["type"].([]any); ok {
				t.Errorf("%s: several types", at)
			}
			for name, each := range p {
				if slices.Contains([]string{"contentMediaType", "contentEncoding", "patternDescription", "const"}, name) {
					t.Errorf("%s has %s", at, name)
				}
				check(strings.TrimPrefix(at+"."+name, "."), each)
			}
		}
	}
	check("", document)
}
