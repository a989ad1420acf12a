package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/boxoffice/boxoffice/internal/account"
)

// What is only read works on a server that follows another one, and nothing else does, whoever asks and whatever they send.
func TestAServerThatFollowsOnlyShows(t *testing.T) {
	t.Parallel()
	s := start(t)
	event := s.schedule(2)
	home := s.url
	o := s.options
	o.Follows = true
	s.url = s.serve(o)
	shown := map[string]bool{}
	for _, path := range []string{"/events", "/events/" + event, "/bookings", "/healthz", "/readyz"} {
		s.want(s.call("GET", path, s.token(account.Customer), nil), 200, "")
		shown["GET "+strings.Replace(path, event, "{id}", 1)] = true
	}
	s.want(s.call("GET", "/audit/streams", s.token(account.Auditor), nil), 200, "")
	s.want(s.call("GET", "/events", "", nil), 401, "invalid_token")

	var document struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	must(t, json.Unmarshal(s.call("GET", "/openapi.json", "", nil).raw, &document))
	refused := 0
	for path, operations := range document.Paths {
		for method := range operations {
			method = strings.ToUpper(method)
			if shown[method+" "+path] || strings.HasPrefix(path, "/audit/") || strings.HasSuffix(path, "/receipt") {
				continue
			}
			for _, token := range []string{"", s.token(account.Organizer)} {
				a := s.want(s.call(method, strings.Replace(path, "{id}", event, 1), token, "not even JSON"), 503, "read_only")
				if a.header.Get("Retry-After") != "" {
					t.Errorf("%s %s: to come back is in vain", method, path)
				}
			}
			refused++
		}
	}
	if refused != 11 {
		t.Errorf("%d operations were refused", refused)
	}
	s.url = home
	if got := s.call(http.MethodGet, "/events/"+event, s.token(account.Customer), nil).at("remainingTickets"); got != 2.0 {
		t.Errorf("%v tickets remain", got)
	}
}
