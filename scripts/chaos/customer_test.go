package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/scripts/chaos/history"
)

func TestWhatAnAnswerMeans(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		badToken bool
		status   int
		body     string
		want     history.Outcome
	}{
		"a booking":                        {false, 201, `{"booking":{"id":"` + uuid.NewString() + `"}}`, history.Done},
		"a booking that is not JSON":       {false, 201, `booked`, history.Strange},
		"an answer without a body":         {false, 201, ``, history.Strange},
		"half of an answer":                {false, 201, `{"booking":`, history.Strange},
		"sold out":                         {false, 409, `{"code":"sold_out"}`, history.Refused},
		"a refusal for a reason of no use": {false, 409, `{"code":"whatever"}`, history.Strange},
		"busy":                             {false, 503, `{"code":"busy"}`, history.NotDone},
		"busy in plain text":               {false, 503, `busy`, history.Strange},
		"outcome unknown":                  {false, 503, `{"code":"outcome_unknown"}`, history.Unknown},
		"a token that has expired":         {true, 401, `{"code":"token_expired"}`, history.Refused},
		"a token that is not valid yet":    {true, 401, `{"code":"invalid_token"}`, history.Refused},
		"another reason to believe nobody": {true, 401, `{"code":"invalid_credentials"}`, history.Strange},
		"a good token that is refused":     {false, 401, `{"code":"invalid_token"}`, history.Strange},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			}))
			defer server.Close()
			caller, err := newCaller(server.URL, &recorder{began: time.Now()}, account.Customer)
			if err != nil {
				t.Fatal(err)
			}
			if q := caller.ask(history.Request{Kind: history.Book, BadToken: c.badToken}); q.Outcome != c.want {
				t.Errorf("got %s, want %s", &q, c.want)
			}
		})
	}
}
