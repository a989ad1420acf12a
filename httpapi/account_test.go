package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/internal/account"
)

const another = "another passw0rd"

func (s *system) registerAnn() answer {
	s.Helper()
	return s.want(s.call("POST", "/auth/register", "", ann), 201, "")
}

func TestChangingThePasswordSignsInAgainAndEndsOtherSessions(t *testing.T) {
	t.Parallel()
	s := start(t)
	first := s.registerAnn()
	token := first.at("accessToken").(string)
	change := map[string]string{"password": "not it 123", "newPassword": another}
	s.want(s.call("POST", "/auth/me/password", token, change), 403, "wrong_password")
	change["password"] = ann["password"]
	bad := map[string]string{"password": ann["password"], "newPassword": "password123"}
	const refused = "[map[detail:Use another password: this one is among the first that attackers try. " +
		"pointer:/newPassword]]"
	a := s.want(s.call("POST", "/auth/me/password", token, bad), 400, "validation_failed")
	if fmt.Sprint(a.at("errors")) != refused {
		t.Errorf("got %s", a.raw)
	}
	s.want(s.call("POST", "/auth/me/password", token, change, "Sec-Fetch-Site", "cross-site"), 403, "cross_origin")
	changed := s.want(s.call("POST", "/auth/me/password", token, change, "Refresh-Token-Mode", "cookie"), 200, "")
	if changed.at("refreshToken") != nil || changed.header.Get("Set-Cookie") == "" {
		t.Errorf("the refresh token came in another way than was asked for: %s", changed.raw)
	}
	s.want(s.call("GET", "/bookings", changed.at("accessToken").(string), nil), 200, "")
	s.want(s.call("GET", "/bookings", token, nil), 401, "invalid_token")
	s.want(s.call("POST", "/auth/refresh", "", map[string]any{"refreshToken": first.at("refreshToken")}), 401,
		"invalid_token")
	s.want(s.call("POST", "/auth/login", "", annWith(another)), 200, "")
}

func annWith(password string) map[string]string {
	return map[string]string{"email": ann["email"], "password": password}
}

func TestAForgottenPasswordIsReplacedWithALinkWhoeverAsks(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.registerAnn()
	known := s.want(s.call("POST", "/auth/password-reset", "", map[string]string{"email": ann["email"]}), 202, "")
	letter := within(t, "a letter is sent", s.letters)
	for _, email := range []string{"nobody@example.com", "no address", ""} {
		unknown := s.want(s.call("POST", "/auth/password-reset", "", map[string]string{"email": email}), 202, "")
		if len(unknown.raw)+len(known.raw) > 0 {
			t.Errorf("the answers tell something: %q and %q", known.raw, unknown.raw)
		}
	}
	confirm := map[string]string{"token": letter.Token, "password": another}
	s.want(s.call("POST", "/auth/password-reset/confirm", "", confirm), 204, "")
	s.want(s.call("POST", "/auth/password-reset/confirm", "", confirm), 400, "invalid_link")
	s.want(s.call("POST", "/auth/login", "", annWith(another)), 200, "")
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	t.Parallel()
	s := start(t)
	here := s.registerAnn().at("accessToken").(string)
	const phone = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 " +
		"Mobile Safari/537.36"
	there := s.want(s.call("POST", "/auth/login", "", annWith(ann["password"]), "User-Agent", phone), 200, "")
	sessions := s.want(s.call("GET", "/auth/me/sessions", here, nil), 200, "").at("data").([]any)
	var other map[string]any
	current := 0
	for _, each := range sessions {
		if session := each.(map[string]any); session["current"] == true {
			current++
		} else {
			other = session
		}
	}
	if len(sessions) != 2 || current != 1 || other["device"] != "Chrome on Android" {
		t.Fatalf("got %v", sessions)
	}
	id := other["id"].(string)
	s.want(s.call("DELETE", "/auth/me/sessions/"+id, s.token(account.Customer), nil), 401, "invalid_token") // no account
	stranger := s.want(s.call("POST", "/auth/register", "", map[string]string{"email": "bob@example.com",
		"password": another, "name": "Bob"}), 201, "").at("accessToken").(string)
	s.want(s.call("DELETE", "/auth/me/sessions/"+id, stranger, nil), 404, "session_not_found")
	s.want(s.call("GET", "/bookings", there.at("accessToken").(string), nil), 200, "")
	s.want(s.call("DELETE", "/auth/me/sessions/"+id, here, nil), 204, "")
	s.want(s.call("GET", "/bookings", there.at("accessToken").(string), nil), 401, "invalid_token")
	s.want(s.call("POST", "/auth/refresh", "", map[string]any{"refreshToken": there.at("refreshToken")}), 401,
		"invalid_token")

	here2 := s.want(s.call("POST", "/auth/login", "", annWith(ann["password"])), 200, "")
	s.want(s.call("DELETE", "/auth/me/sessions", here2.at("accessToken").(string), nil), 204, "")
	here3 := s.want(s.call("POST", "/auth/refresh", "", map[string]any{"refreshToken": here2.at("refreshToken")}), 200, "")
	left := s.want(s.call("GET", "/auth/me/sessions", here3.at("accessToken").(string), nil), 200, "").at("data").([]any)
	if len(left) != 1 {
		t.Errorf("%d sessions are left, want this one", len(left))
	}
}

// A second process of the database learns of it, and so do WebSockets that say hello afterwards.
func TestADemotedOrganizerSchedulesNothingMore(t *testing.T) {
	t.Parallel()
	s := start(t)
	accounts := s.options.Accounts
	olga, err := accounts.Create(t.Context(), account.User{Email: "olga@example.com", Name: "Olga",
		Role: account.Organizer}, another)
	must(t, err)
	token := s.want(s.call("POST", "/auth/login", "", map[string]string{"email": olga.Email, "password": another}), 200,
		"").at("accessToken").(string)
	event := map[string]any{"title": "T", "venue": "V", "date": "2100-01-01T00:00:00Z", "totalTickets": 1, "price": 1}
	s.want(s.call("POST", "/events", token, event), 201, "")
	must(t, accounts.SetRole(t.Context(), olga.ID, account.Customer))
	s.want(s.call("POST", "/events", token, event), 401, "invalid_token")
}

// dying is an executor that fails after some commands.
type dying struct {
	executor interface {
		Execute(context.Context, eventstore.Command[domain.State, domain.Record]) (eventstore.Result[domain.State], error)
	}
	left *int
}

func (d dying) Execute(
	ctx context.Context, c eventstore.Command[domain.State, domain.Record],
) (eventstore.Result[domain.State], error) {
	if *d.left--; *d.left < 0 {
		return eventstore.Result[domain.State]{}, fmt.Errorf("%w: planted", eventstore.ErrUnavailable)
	}
	return d.executor.Execute(ctx, c)
}

func TestErasingAnAccountGivesTheTicketsOfUpcomingEventsBack(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, path := range [][2]string{{"DELETE", "/auth/me"}, {"POST", "/auth/me/delete"}} {
		person := map[string]string{"email": uuid.NewString() + "@example.com", "password": another, "name": "Ann"}
		registered := s.want(s.call("POST", "/auth/register", "", person), 201, "")
		token := registered.at("accessToken").(string)
		events := []string{s.schedule(1), s.schedule(1), s.schedule(1)}
		for _, event := range events {
			s.want(s.order(token, event), 201, "")
		}
		begun := s.bookedBegun(uuid.MustParse(registered.at("user", "id").(string)))
		password := map[string]string{"password": another}

		// It ends between: one ticket is given back, and the account is there.
		left := 1
		broken := *s
		broken.url = s.serve(s.through(dying{s.options.Service.Executor, &left}))
		s.want(broken.call(path[0], path[1], token, password), 503, "unavailable")
		s.want(s.call("GET", "/auth/me", token, nil), 200, "")
		if n := s.remaining(events...); n != 1 {
			t.Errorf("%d tickets are given back, want 1", n)
		}

		s.want(s.call(path[0], path[1], token, password), 204, "")
		s.want(s.call("GET", "/auth/me", token, nil), 401, "invalid_token")
		if n := s.remaining(events...); n != 3 {
			t.Errorf("%d tickets are given back, want 3", n)
		}
		if n := s.remaining(begun); n != 2 {
			t.Errorf("%d of 3 tickets of an event that has begun remain, want 2", n)
		}
	}
}

// remaining is how many tickets of the events are left altogether.
func (s *system) remaining(events ...string) (n int) {
	s.Helper()
	for _, event := range events {
		a := s.want(s.call("GET", "/events/"+event, s.token(account.Customer), nil, "Cache-Control", "no-cache"), 200, "")
		n += int(a.at("remainingTickets").(float64))
	}
	return n
}

// bookedBegun makes an event that has begun, with a booking of the customer, and gives its id.
func (s *system) bookedBegun(customer uuid.UUID) string {
	s.Helper()
	id := s.scheduleBegun()
	executor := s.options.Service.Executor
	result, err := executor.Execute(context.Background(), eventstore.Command[domain.State, domain.Record]{
		StreamID: uuid.MustParse(id), Immediate: true,
		Metadata: eventstore.Metadata{Actor: customer, CorrelationID: "import"},
		Decide: func(state domain.State) ([]domain.Record, error) {
			return domain.Decide(domain.BookTicket{BookingID: uuid.New(), CustomerID: customer,
				Now: time.Now().AddDate(0, 0, -2)}, state)
		},
	})
	must(s, err)
	if s.options.Service.WaitFor(context.Background(), result.Position) < result.Position {
		must(s, errors.New("the read models do not follow"))
	}
	return id
}

func TestOnlyVerifiedPeopleBookWhereThatIsRequired(t *testing.T) {
	t.Parallel()
	s := start(t, func(o *httpapi.Options, _ *eventstore.Options) { o.RequireVerifiedEmail = true })
	event := s.schedule(1)
	registered := s.registerAnn()
	token := registered.at("accessToken").(string)
	if registered.at("user", "emailVerified") != false {
		t.Errorf("got %s", registered.raw)
	}
	s.want(s.call("GET", "/events/"+event, token, nil), 200, "")
	s.want(s.order(token, event), 403, "email_not_verified")
	s.want(s.call("POST", "/holds/"+uuid.NewString()+"/confirm", token, nil), 403, "email_not_verified")
	letter := within(t, "a letter is sent at the registration", s.letters)
	s.want(s.call("POST", "/auth/me/email/verification", token, nil), 202, "") // within a minute of the other one
	confirm := map[string]string{"token": letter.Token}
	s.want(s.call("POST", "/auth/email/confirm", "", confirm), 204, "")
	s.want(s.call("POST", "/auth/email/confirm", "", confirm), 400, "invalid_link")
	shown := map[string]any{"refreshToken": registered.at("refreshToken")}
	next := s.want(s.call("POST", "/auth/refresh", "", shown), 200, "")
	token = next.at("accessToken").(string)
	s.want(s.order(token, event), 201, "")

	change := map[string]string{"email": "new@example.com", "password": "wrong 1234"}
	s.want(s.call("POST", "/auth/me/email", token, change), 403, "wrong_password")
	change["password"] = ann["password"]
	s.want(s.call("POST", "/auth/me/email", token, change), 202, "")
	letter = within(t, "a letter is sent to the new address", s.letters)
	s.want(s.call("POST", "/auth/email/confirm", "", map[string]string{"token": letter.Token}), 204, "")
	if me := s.want(s.call("GET", "/auth/me", token, nil), 200, ""); me.at("email") != "new@example.com" {
		t.Errorf("got %s", me.raw)
	}
}

func TestAnAddressThatWasTakenMeanwhileIsNotChangedTo(t *testing.T) {
	t.Parallel()
	s := start(t)
	registered := s.registerAnn()
	change := map[string]string{"email": "new@example.com", "password": ann["password"]}
	s.want(s.call("POST", "/auth/me/email", registered.at("accessToken").(string), change), 202, "")
	letter := within(t, "a letter is sent to the new address", s.letters)
	other := map[string]string{"email": "new@example.com", "password": "another passw0rd", "name": "Bea"}
	s.want(s.call("POST", "/auth/register", "", other), 201, "")
	s.want(s.call("POST", "/auth/email/confirm", "", map[string]string{"token": letter.Token}), 409, "email_taken")
}

// The control of TestOnlyVerifiedPeopleBookWhereThatIsRequired.
func TestUnverifiedPeopleBookWhereNothingIsRequired(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.want(s.order(s.registerAnn().at("accessToken").(string), s.schedule(1)), 201, "")
	if len(s.letters) > 0 {
		t.Error("a letter was sent")
	}
}
