package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// api speaks with the system under test, as one caller. It is for one goroutine at a time, except
// before anything is sent.
type api struct {
	base  string
	http  *http.Client
	token string
	waits int // how often it was told to come back later
}

// newAPI has connections of its own: what is sent through it never queues behind another caller.
func newAPI(base string) *api {
	return &api{base: base, http: &http.Client{
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
			TLSHandshakeTimeout: 10 * time.Second,
			MaxIdleConnsPerHost: 16,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// as shares the connections, and speaks for the owner of token.
func (a *api) as(token string) *api { return &api{base: a.base, http: a.http, token: token} }

func (a *api) close() { a.http.CloseIdleConnections() }

// refusal is an answer with another status than the one that was wanted.
type refusal struct {
	request      string
	status       int
	code, detail string
	retryAfter   time.Duration
}

func (r *refusal) Error() string {
	text := fmt.Sprintf("%s: %d", r.request, r.status)
	if r.code != "" {
		text += " " + r.code
	}
	if r.detail != "" {
		text += " (" + r.detail + ")"
	}
	return text
}

func codeOf(err error) string {
	var r *refusal
	if errors.As(err, &r) {
		return r.code
	}
	return ""
}

// isBusy is true of answers that promise that nothing was done and ask to come back.
func (r *refusal) isBusy() bool {
	return r.status == http.StatusTooManyRequests || r.status == http.StatusServiceUnavailable && r.code == "busy"
}

// attempts bounds how often a caller who is asked to come back later does so.
const attempts = 20

// call sends in and reads the answer into out. want is the status that it must have, 0 for any
// success; otherwise the error is a [*refusal].
func (a *api) call(ctx context.Context, method, path string, in, out any, want int) error {
	for attempt := 1; ; attempt++ {
		err := a.once(ctx, method, path, in, out, want)
		var r *refusal
		if !errors.As(err, &r) || !r.isBusy() || attempt == attempts {
			return err
		}
		a.waits++
		// Those who were sent away together should not come back together.
		pause := r.retryAfter + rand.N(100*time.Millisecond)
		if deadline, has := ctx.Deadline(); has && time.Now().Add(pause).After(deadline) {
			return fmt.Errorf("%w; it asks to wait for %s, which is longer than the time that is left", err, r.retryAfter)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

func (a *api) once(ctx context.Context, method, path string, in, out any, want int) error {
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, a.base+path, body)
	if err != nil {
		return err
	}
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if a.token != "" {
		request.Header.Set("Authorization", "Bearer "+a.token)
	}
	response, err := a.http.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // read to its end below, or given up
	data, err := io.ReadAll(io.LimitReader(response.Body, 64<<20))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if isSuccess := response.StatusCode/100 == 2; !isSuccess || want != 0 && response.StatusCode != want {
		return refusalOf(method+" "+request.URL.Path, response, data)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("%s %s: read the answer: %w", method, path, err)
	}
	return nil
}

func refusalOf(request string, response *http.Response, data []byte) *refusal {
	var problem struct{ Code, Detail string }
	_ = json.Unmarshal(data, &problem) // a proxy in between answers with something else
	r := &refusal{
		request: request, status: response.StatusCode, code: problem.Code, detail: problem.Detail, retryAfter: time.Second,
	}
	header := response.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(header); err == nil && seconds >= 0 {
		r.retryAfter = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		r.retryAfter = max(0, time.Until(at))
	}
	return r
}

// What the API sends and takes, as far as it matters here.
type (
	session struct {
		User        struct{ ID uuid.UUID }
		AccessToken string
	}
	event struct {
		ID               uuid.UUID `json:"id"`
		Title            string    `json:"title"`
		Description      string    `json:"description"`
		Venue            string    `json:"venue"`
		Date             time.Time `json:"date"`
		TimeZone         string    `json:"timeZone"`
		TotalTickets     int       `json:"totalTickets"`
		RemainingTickets int       `json:"remainingTickets"`
		Status           string    `json:"status"`
	}
	booking struct {
		ID        uuid.UUID `json:"id"`
		EventID   uuid.UUID `json:"eventId"`
		UserID    uuid.UUID `json:"userId"`
		Status    string    `json:"status"`
		CreatedAt time.Time `json:"createdAt"`
	}
	booked struct {
		Booking booking
		Event   struct {
			ID               uuid.UUID
			RemainingTickets *int
		}
	}
	newEvent struct {
		Title        string    `json:"title"`
		Description  string    `json:"description"`
		Venue        string    `json:"venue"`
		Date         time.Time `json:"date"`
		TimeZone     string    `json:"timeZone"`
		TotalTickets int       `json:"totalTickets"`
		Price        float64   `json:"price"`
		Currency     string    `json:"currency"`
	}
)

func (a *api) login(ctx context.Context, email, password string) (session, error) {
	return a.signIn(ctx, "/auth/login", map[string]string{"email": email, "password": password}, 0)
}

func (a *api) register(ctx context.Context, email, password, name string) (session, error) {
	in := map[string]string{"email": email, "password": password, "name": name}
	return a.signIn(ctx, "/auth/register", in, http.StatusCreated)
}

func (a *api) signIn(ctx context.Context, path string, in any, want int) (s session, err error) {
	err = a.call(ctx, http.MethodPost, path, in, &s, want)
	if err == nil && (s.User.ID == uuid.Nil || s.AccessToken == "") {
		err = fmt.Errorf("POST %s: the answer lacks the user's id or the access token", path)
	}
	return s, err
}

// events lists one page of those whose titles contain search, the next to begin first.
func (a *api) events(ctx context.Context, search string, page int) (list []event, pages int, err error) {
	var out struct {
		Data []event
		Meta struct{ TotalPages int }
	}
	query := url.Values{"page": {strconv.Itoa(page)}, "limit": {"50"}, "sortBy": {"date"}, "sortOrder": {"asc"}}
	if search != "" {
		query.Set("search", search)
	}
	err = a.call(ctx, http.MethodGet, "/events?"+query.Encode(), nil, &out, http.StatusOK)
	return out.Data, out.Meta.TotalPages, err
}

func (a *api) event(ctx context.Context, id uuid.UUID) (e event, err error) {
	err = a.call(ctx, http.MethodGet, "/events/"+id.String(), nil, &e, http.StatusOK)
	return e, err
}

func (a *api) schedule(ctx context.Context, n newEvent) (e event, err error) {
	err = a.call(ctx, http.MethodPost, "/events", n, &e, http.StatusCreated)
	return e, err
}

func (a *api) book(ctx context.Context, eventID uuid.UUID) (b booked, err error) {
	err = a.call(ctx, http.MethodPost, "/book", map[string]uuid.UUID{"eventId": eventID}, &b, http.StatusCreated)
	return b, err
}

// bookings are those of the caller that hold a ticket.
func (a *api) bookings(ctx context.Context) ([]booking, error) {
	var all bookingList
	err := a.call(ctx, http.MethodGet, "/bookings", nil, &all, http.StatusOK)
	var active []booking
	for _, b := range all {
		if b.Status == "CONFIRMED" {
			active = append(active, b)
		}
	}
	return active, err
}

// bookingList comes as {"data": […]}, or bare.
type bookingList []booking

func (l *bookingList) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte("[")) {
		return json.Unmarshal(data, (*[]booking)(l))
	}
	var wrapped struct{ Data []booking }
	err := json.Unmarshal(data, &wrapped)
	*l = wrapped.Data
	return err
}
