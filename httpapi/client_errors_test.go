package httpapi_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// report sends an error as a page does, and gives the status and the body of the answer. The
// operation is not part of the API's description, which other calls are held against.
func (s *system) report(body string) (status int, answer string) {
	s.Helper()
	response, err := http.Post(s.url+"/client-errors", "application/json", strings.NewReader(body))
	must(s, err)
	defer response.Body.Close() //nolint:errcheck // read to its end
	text, err := io.ReadAll(response.Body)
	must(s, err)
	return response.StatusCode, string(text)
}

func TestErrorsOfPagesAreLogged(t *testing.T) {
	t.Parallel()
	s := start(t)
	status, answer := s.report(`{"message":"TypeError: x is undefined","stack":"at Card (page.js:1)","page":"/events"}`)
	if status != http.StatusNoContent {
		t.Fatalf("got %d: %s", status, answer)
	}
	for _, part := range []string{"a page has failed", "x is undefined", "at Card (page.js:1)", `"page":"/events"`} {
		if !strings.Contains(s.logs.String(), part) {
			t.Errorf("the log lacks %q", part)
		}
	}
}

func TestErrorsOfPagesAreLimitedInSizeAndRate(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, body := range []string{`{"message":"` + strings.Repeat("long ", 2_000) + `"}`, `"nonsense"`} {
		if status, answer := s.report(body); status != http.StatusBadRequest || !strings.Contains(answer, "invalid_report") {
			t.Errorf("got %d: %s", status, answer)
		}
	}
	const sent = 60 // faster than one a second
	refused := 0
	for range sent {
		if status, answer := s.report(`{"message":"again"}`); status == http.StatusTooManyRequests {
			refused++
			if !strings.Contains(answer, "rate_limited") {
				t.Errorf("refused with %s", answer)
			}
		}
	}
	if logged := strings.Count(s.logs.String(), "a page has failed"); refused == 0 || logged+refused != sent {
		t.Errorf("of %d reports %d were logged and %d refused", sent, logged, refused)
	}
}
