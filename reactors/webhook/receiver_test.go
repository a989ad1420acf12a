package webhook_test

import (
	"io"
	"net/http"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// receive is a receiver. handle gets each message at least once: those with an id that it has had
// already are the same.
func receive(secret string, handle func(id string, body []byte) error) (http.Handler, error) {
	webhook, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil || webhook.Verify(body, r.Header) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if err := handle(r.Header.Get("webhook-id"), body); err != nil {
			w.WriteHeader(http.StatusInternalServerError) // it comes again
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}), nil
}
