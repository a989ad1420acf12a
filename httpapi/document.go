package httpapi

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
)

// Document gives the description of the API that GET /openapi.json serves. It needs nothing behind the API.
func Document(version string) ([]byte, error) {
	handler := New(Options{Version: version, Logger: slog.New(slog.DiscardHandler)})
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "/openapi.json", http.NoBody)
	if err != nil {
		return nil, err
	}
	answer := &buffered{header: http.Header{}, status: http.StatusOK}
	handler.ServeHTTP(answer, r)
	if answer.status != http.StatusOK {
		return nil, fmt.Errorf("the description of the API: status %d", answer.status)
	}
	return answer.body.Bytes(), nil
}

// buffered keeps an answer in memory.
type buffered struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (b *buffered) Header() http.Header         { return b.header }
func (b *buffered) WriteHeader(status int)      { b.status = status }
func (b *buffered) Write(p []byte) (int, error) { return b.body.Write(p) }
