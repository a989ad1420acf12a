package httpapi

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
)

// Document gives the description of the API that GET /openapi.json serves. It needs nothing behind
// the API.
func Document(version string) ([]byte, error) {
	handler := New(Options{Version: version, Logger: slog.New(slog.DiscardHandler)})
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "/openapi.json", http.NoBody)
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
