package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/boxoffice/boxoffice/internal/account"
)

func TestAnAnswerThatTheClientHasIsNotSentAgain(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, token := s.schedule(10), s.token(account.Customer)
	for _, path := range []string{"/events", "/events/" + id} {
		first := s.want(s.call("GET", path, token, nil), 200, "")
		tag := first.header.Get("ETag")
		if first.header.Get("Cache-Control") != "private, no-cache" ||
			!strings.Contains(strings.Join(first.header.Values("Vary"), ","), "Authorization") {
			t.Errorf("%s may be kept by %q and varies with %q", path, first.header.Get("Cache-Control"),
				first.header.Values("Vary"))
		}
		for _, seen := range []string{tag, "W/" + tag, `"other", ` + tag, "*", strings.TrimSuffix(tag, `"`) + `-gzip"`} {
			if a := s.call("GET", path, token, nil, "If-None-Match", seen); a.status != 304 || len(a.raw) > 0 ||
				a.header.Get("ETag") != tag {
				t.Errorf("%s with %s: %d %s", path, seen, a.status, a.raw)
			}
		}
		s.want(s.call("GET", path, token, nil, "If-None-Match", `"other"`), 200, "")
		s.want(s.call("GET", path, "", nil, "If-None-Match", tag), 401, "invalid_token")
		booked := s.want(s.call("POST", "/book", s.token(account.Customer), map[string]any{"eventId": id}), 201, "")
		s.want(s.call("GET", path, token, nil, "If-None-Match", tag, "Min-Log-Position", booked.header.Get("Log-Position")),
			200, "")
	}
	if a := s.call("GET", "/bookings", token, nil); a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("bookings may be kept: %q", a.header.Get("Cache-Control"))
	}
}

// Nobody cancels or publishes an event that is not any more what they have seen.
func TestAnEventIsCancelledAndPublishedAsItWasSeen(t *testing.T) {
	t.Parallel()
	s := start(t)
	organizer := s.token(account.Organizer)
	for name, draft := range map[string]bool{"cancel": false, "publish": true} {
		event := s.schedule(3, "draft", draft)
		path := "/events/" + event
		seen := s.want(s.call("GET", path, organizer, nil), 200, "").header.Get("ETag")
		s.want(s.call("PATCH", path, organizer, map[string]any{"title": "Changed"}), 200, "")
		s.want(s.call("POST", path+"/"+name, organizer, nil, "If-Match", seen), 412, "version_mismatch")
		s.want(s.call("POST", path+"/"+name, organizer, nil, "If-Match", `"nonsense"`), 400, "validation_failed")
		now := s.want(s.call("GET", path, organizer, nil, "Cache-Control", "no-cache"), 200, "").header.Get("ETag")
		s.want(s.call("POST", path+"/"+name, organizer, nil, "If-Match", seen+", W/"+now, "Idempotency-Key", name), 200, "")
		s.want(s.call("POST", path+"/"+name, organizer, nil, "If-Match", now, "Idempotency-Key", name), 200, "")
		s.want(s.call("POST", path+"/"+name, organizer, nil, "If-Match", now), 412, "version_mismatch")
		s.want(s.call("POST", path+"/"+name, organizer, nil), 200, "")
	}
}

func TestPagesNameTheirNeighbours(t *testing.T) {
	t.Parallel()
	s := start(t)
	token := s.token(account.Customer)
	for i := range 5 {
		s.schedule(1, "title", fmt.Sprintf("Rock & roll %d", i))
	}
	a := s.want(s.call("GET", "/events?search=k+%26+r&limit=2&page=2&sortOrder=desc", token, nil), 200, "")
	for rel, page := range map[string]int{"first": 1, "prev": 1, "next": 3, "last": 3} {
		link := fmt.Sprintf(`<?limit=2&page=%d&search=k+%%26+r&sortBy=date&sortOrder=desc>; rel="%s"`, page, rel)
		if !strings.Contains(a.header.Get("Link"), link) {
			t.Errorf("%s is not in %s", link, a.header.Get("Link"))
		}
	}
	if a := s.call("GET", "/events?search=nothing", token, nil); strings.Contains(a.header.Get("Link"), "next") ||
		strings.Contains(a.header.Get("Link"), "prev") {
		t.Errorf("an empty list has neighbours: %s", a.header.Get("Link"))
	}
}

func TestLongAnswersAreCompressedButNotThoseWithTokens(t *testing.T) {
	t.Parallel()
	s := start(t)
	id := s.schedule(1, "description", strings.Repeat("What it is about. ", 200))
	compressed, err := s.raw("GET", "/events/"+id, s.token(account.Customer), nil, "Accept-Encoding", "gzip")
	must(t, err)
	if compressed.header.Get("Content-Encoding") != "gzip" || !strings.HasSuffix(compressed.header.Get("ETag"), `-gzip"`) {
		t.Fatalf("got %v", compressed.header)
	}
	reader, err := gzip.NewReader(bytes.NewReader(compressed.raw))
	must(t, err)
	data, err := io.ReadAll(reader)
	must(t, err)
	var event map[string]any
	must(t, json.Unmarshal(data, &event))
	if event["id"] != id {
		t.Errorf("got %s", data)
	}
	long := map[string]string{"email": strings.Repeat("a", 60) + "@" + strings.Repeat("b", 60) + ".example",
		"password": "passw0rd 123", "name": strings.Repeat("A", 80)}
	if plain := s.want(s.call("POST", "/auth/register", "", long, "Accept-Encoding", "gzip"), 201,
		""); plain.header.Get("Content-Encoding") != "" || len(plain.raw) < 1024 {
		t.Errorf("got %d bytes, %v", len(plain.raw), plain.header)
	}
}

func TestHeadIsGetWithoutTheBody(t *testing.T) {
	t.Parallel()
	s := start(t)
	id := s.schedule(1)
	a := s.call("HEAD", "/events/"+id, s.token(account.Customer), nil)
	if a.status != 200 || !strings.HasPrefix(a.header.Get("ETag"), `"1.`) || len(a.raw) > 0 {
		t.Errorf("got %d, %v, %q", a.status, a.header, a.raw)
	}
	if a := s.want(s.call("PUT", "/events/"+id, "", nil), 405,
		"method_not_allowed"); a.header.Get("Allow") != "GET, HEAD, PATCH" {
		t.Errorf("Allow: %q", a.header.Get("Allow"))
	}
}
