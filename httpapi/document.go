package httpapi

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
)

// DocumentPath is where the API serves its description, as JSON, in a version of OpenAPI: 3.1 or 3.0,
// for programs that don't read the newer one. With .yaml for .json it is YAML.
func DocumentPath(openAPI string) string {
	if openAPI == "3.0" {
		return "/openapi-3.0.json"
	}
	return "/openapi.json"
}

// Document gives the description of the API as JSON, as [DocumentPath] serves it. It needs nothing
// behind the API.
func Document(version, openAPI string) ([]byte, error) {
	handler := New(Options{Version: version, Logger: slog.New(slog.DiscardHandler)})
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, DocumentPath(openAPI), http.NoBody)
	if err != nil {
		return nil, err
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, r)
	if answer.Code != http.StatusOK {
		return nil, fmt.Errorf("the description of the API: status %d", answer.Code)
	}
	return answer.Body.Bytes(), nil
}
