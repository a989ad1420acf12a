package httpapi_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/dbtest"
)

func TestAReadCanAskForAPosition(t *testing.T) {
	t.Parallel()
	s := start(t)
	token := s.token(account.Customer)
	event := s.schedule(5)
	for i := range 5 {
		booked := s.want(s.order(s.token(account.Customer), event), 201, "").header.Get("Log-Position")
		for _, path := range []string{"/events", "/events/" + event, "/bookings", "/events/" + uuid.NewString()} {
			a := s.call("GET", path, token, nil, "Min-Log-Position", booked)
			if a.header.Get("Log-Position") != booked || a.header.Get("Read-Model-Lag") != "" {
				t.Errorf("%s: after position %s the answer has %v", path, booked, a.header)
			}
		}
		a := s.call("GET", "/events/"+event, token, nil, "Min-Log-Position", booked)
		if got := a.at("remainingTickets"); got != float64(4-i) {
			t.Errorf("%v remain, want %d", got, 4-i)
		}
	}
}

// stopProjecting takes the leases of the projections away for longer than a test lasts.
const stopProjecting = `update projection_checkpoints set fence = fence + 1, lease_until = now() + interval '1 hour'`

func TestAReadWaitsForTheReadModelsAndSaysWhenTheyAreLate(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	s := start(t)
	token := s.token(account.Customer)
	event := s.schedule(5)
	s.want(s.call("GET", "/events/"+event, token, nil), 200, "")
	s.exec(stopProjecting)
	booked := s.want(s.order(token, event), 201, "").header.Get("Log-Position")
	if booked != "2" {
		t.Fatalf("Log-Position is %q", booked)
	}
	began := time.Now()
	a := s.want(s.call("GET", "/events/"+event, token, nil, "Min-Log-Position", booked), 200, "")
	if took := time.Since(began); took < 1900*time.Millisecond || took > 6*time.Second {
		t.Errorf("the read waited for %s, want 2 s", took)
	}
	if a.header.Get("Log-Position") != "1" || a.header.Get("Read-Model-Lag") != "1" || a.at("remainingTickets") != 5.0 {
		t.Errorf("got %v %s", a.header, a.raw)
	}

	// A request without Min-Log-Position does not wait.
	began = time.Now()
	a = s.want(s.call("GET", "/events/"+event, token, nil), 200, "")
	took := time.Since(began)
	if took > time.Second || a.header.Get("Log-Position") != "1" || a.header.Get("Read-Model-Lag") != "" {
		t.Errorf("a read that did not ask took %s and got %v", took, a.header)
	}

	// Who waits is answered as soon as the position is there.
	got := make(chan answer, 1)
	go func() {
		a, err := s.try("GET", "/events/"+event, token, nil, "Min-Log-Position", booked)
		if err != nil {
			t.Error(err)
		}
		got <- a
	}()
	s.exec(`update projection_checkpoints set lease_until = null`)
	a = <-got
	if a.header.Get("Log-Position") != "2" || a.header.Get("Read-Model-Lag") != "" || a.at("remainingTickets") != 4.0 {
		t.Errorf("got %v %s", a.header, a.raw)
	}
}

// The answer to a booking does not wait for the read models of the only process. Whoever reads does.
func TestReadsContainWhatWasAnsweredBefore(t *testing.T) {
	t.Parallel()
	s := start(t)
	event := s.schedule(1000)
	contains := func(method, path, token, text string) bool {
		a, err := s.try(method, path, token, nil)
		return err == nil && strings.Contains(string(a.raw), text)
	}
	sold := 0
	for what, isRead := range map[string]func(token, booking string) bool{
		"the bookings": func(token, booking string) bool { return contains("GET", "/bookings", token, booking) },
		"the event": func(token, _ string) bool {
			return contains("GET", "/events/"+event, token, fmt.Sprintf(`"remainingTickets":%d,`, 1000-sold))
		},
		"what is to be cancelled": func(token, booking string) bool {
			return contains("DELETE", "/bookings/"+booking, token, "CANCELLED")
		},
	} {
		token := s.token(account.Customer)
		for !s.options.Progress.AnswerEarly(0) { // it has yet to find that it is the only one
			s.want(s.order(s.token(account.Customer), event), 201, "")
			sold++
		}
		blocker, err := s.pool.Begin(context.Background())
		must(t, err)
		defer blocker.Rollback(context.Background()) //nolint:errcheck // it was ended long ago
		_, err = blocker.Exec(context.Background(), `lock table bookings in exclusive mode`)
		must(t, err)
		booking := s.want(s.order(token, event), 201, "").at("booking", "id").(string)
		sold++
		isThere := make(chan bool, 1)
		go func() { isThere <- isRead(token, booking) }()
		select {
		case got := <-isThere:
			t.Errorf("%s: read before the booking was in the read models", what)
			isThere <- got
		case <-time.After(200 * time.Millisecond):
		}
		must(t, blocker.Rollback(context.Background()))
		if !<-isThere {
			t.Errorf("%s: the booking was not found", what)
		}
		if what == "what is to be cancelled" {
			sold--
		}
	}
}

func TestABookingThatTheReadModelLacksIsNotCalledMissing(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	s := start(t)
	token := s.token(account.Customer)
	event := s.schedule(5)
	s.exec(stopProjecting)
	booking := s.want(s.order(token, event), 201, "").at("booking", "id").(string)
	a := s.want(s.call("DELETE", "/bookings/"+booking, token, nil), 503, "catching_up")
	if a.header.Get("Retry-After") != "1" {
		t.Errorf("got %v", a.header)
	}
	s.exec(`update projection_checkpoints set lease_until = null`)
	s.want(s.call("DELETE", "/bookings/"+booking, token, nil), 200, "")
	s.want(s.call("DELETE", "/bookings/"+uuid.NewString(), token, nil), 404, "booking_not_found")
}

func TestNoReplayIsSaidToStandWhileTheReadModelLags(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	s := start(t)
	token, event := s.token(account.Customer), s.schedule(5)
	id := s.want(s.order(token, event, idempotencyKey, "k"), 201, "").at("booking", "id").(string)
	s.want(s.call("GET", "/bookings", token, nil), 200, "")
	s.exec(stopProjecting)
	s.want(s.call("DELETE", "/bookings/"+id, token, nil), 200, "")
	a := s.want(s.order(token, event, idempotencyKey, "k"), 201, "")
	if got := a.header.Get("Current-Status"); got != "" || a.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("the cancelled booking is said to be %q: %v", got, a.header)
	}
	s.exec(`update projection_checkpoints set lease_until = null`)
	a = s.want(s.order(token, event, idempotencyKey, "k"), 201, "")
	if got := a.header.Get("Current-Status"); got != "CANCELLED" {
		t.Errorf("got %q", got)
	}
}

func TestAPositionMustBeANumber(t *testing.T) {
	t.Parallel()
	s := start(t)
	token := s.token(account.Customer)
	for _, position := range []string{"abc", "-1", "1.5", "0x10", "99999999999999999999", "1 2"} {
		s.want(s.call("GET", "/bookings", token, nil, "Min-Log-Position", position), 400, "validation_failed")
		a := s.want(s.call("GET", "/events", token, nil, "Min-Log-Position", position), 400, "validation_failed")
		if first := a.at("errors").([]any)[0].(map[string]any); first["pointer"] != "Min-Log-Position" {
			t.Errorf("%q: got %s", position, a.raw)
		}
	}
	for _, position := range []string{"", "0", "00"} {
		s.want(s.call("GET", "/events", token, nil, "Min-Log-Position", position), 200, "")
	}
	began := time.Now()
	s.want(s.call("GET", "/events", "", nil, "Min-Log-Position", "1000000"), 401, "invalid_token")
	if took := time.Since(began); took > time.Second {
		t.Errorf("who may not read waited for %s", took)
	}
	a := s.want(s.call("GET", "/events", token, nil, "Min-Log-Position", "9223372036854775807"), 200, "")
	if lag, err := strconv.ParseInt(a.header.Get("Read-Model-Lag"), 10, 64); err != nil || lag <= 0 {
		t.Errorf("a position that nobody has reached: got %v", a.header)
	}
}

func TestPositionsAreDescribed(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := s.want(s.call("GET", "/openapi.json", "", nil), 200, "")
	for _, path := range []string{"/events", "/events/{id}", "/bookings"} {
		described := false
		parameters, _ := a.at("paths", path, "get", "parameters").([]any)
		for _, p := range parameters {
			described = described || p.(map[string]any)["name"] == "Min-Log-Position"
		}
		if !described {
			t.Errorf("%s: Min-Log-Position is not described", path)
		}
		for _, header := range []string{"Log-Position", "Read-Model-Lag"} {
			if a.at("paths", path, "get", "responses", "200", "headers", header) == nil {
				t.Errorf("%s: %s is not described", path, header)
			}
		}
		responses := []string{"paths", path, "get", "responses"}
		if a.at(append(responses, "200", "content", "application/json", "schema")...) == nil ||
			a.at(append(responses, "400")...) == nil {
			t.Errorf("%s: the description has lost its answers", path)
		}
	}
}

func (s *system) exec(sql string) {
	s.Helper()
	_, err := s.pool.Exec(context.Background(), sql)
	must(s, err)
}

// The row is changed without a record: only who asks anew is sure to see it before something is
// appended.
func TestAnswersOfAMomentAgoAreNeitherThoseBeforeAChangeNorForced(t *testing.T) {
	t.Parallel()
	s := start(t)
	token := s.token(account.Customer)
	event := s.schedule(5)
	remaining := func(headers ...string) (got [2]any) {
		page := s.call("GET", "/events", token, nil, headers...).body["data"].([]any)
		single := s.call("GET", "/events/"+event, token, nil, headers...)
		return [2]any{page[0].(map[string]any)["remainingTickets"], single.at("remainingTickets")}
	}
	for sold := range 3 {
		if got, want := remaining(), float64(5-sold); got != [2]any{want, want} {
			t.Errorf("after %d bookings %v remain, want %v", sold, got, want)
		}
		s.want(s.order(s.token(account.Customer), event), 201, "")
	}
	remaining()
	s.exec(`update events set remaining = 1`)
	if got := remaining("Cache-Control", "no-cache"); got != [2]any{1.0, 1.0} {
		t.Errorf("asked anew, %v remain, want what the read model holds", got)
	}
}
