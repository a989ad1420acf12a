package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/scripts/chaos/history"
)

// recorder keeps every request.
type recorder struct {
	began time.Time
	mu    sync.Mutex
	all   []history.Request
}

func (r *recorder) now() time.Duration { return time.Since(r.began) }

func (r *recorder) add(q history.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, q)
}

func (r *recorder) requests() []history.Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.all)
}

// caller sends requests as one person. Each has a connection of its own: the balancer sends it to
// the next process, and no library repeats it by itself, as Go's does with requests that have an
// Idempotency-Key when a kept connection breaks.
type caller struct {
	base     string
	id       uuid.UUID
	token    string
	http     *http.Client
	recorder *recorder
}

// requestTimeout is how long a customer waits for an answer. Those who are not answered by
// then come again.
const requestTimeout = 4 * time.Second

func newCaller(base string, r *recorder, role account.Role) (*caller, error) {
	c := &caller{base: base, id: uuid.New(), recorder: r, http: &http.Client{
		Transport: &http.Transport{DisableKeepAlives: true}, Timeout: requestTimeout,
	}}
	var err error
	c.token, err = mint(c.id, role, 0)
	return c, err
}

func secrets() account.Secrets {
	return account.Secrets{
		Access: []string{"an access secret for chaos"}, Refresh: []string{"a refresh secret for chaos"},
	}
}

// mint makes a token on a machine whose clock is off by so much.
func mint(id uuid.UUID, role account.Role, off time.Duration) (string, error) {
	signer, err := account.NewSigner(secrets(), func() time.Time { return time.Now().Add(off) })
	if err != nil {
		return "", err
	}
	token, _, err := signer.IssueAccess(account.User{ID: id, Email: id.String() + "@example.com", Role: role})
	return token, err
}

// reply is what the API says.
type reply struct {
	status  int
	header  http.Header
	garbled bool // it came whole, and is not JSON
	Code    string
	ID      uuid.UUID
	Booking struct{ ID uuid.UUID }
	Event   struct{ Version, RemainingTickets int }
	Data    []struct {
		ID     uuid.UUID
		Status string
	}
}

func (c *caller) send(method, path, requestID, token string, body any, headers ...string) (*reply, error) {
	var in io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		in = bytes.NewReader(data)
	}
	request, err := http.NewRequest(method, c.base+path, in)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("X-Request-Id", requestID)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close() //nolint:errcheck // read to its end
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	r := &reply{status: response.StatusCode, header: response.Header}
	r.garbled = r.status != http.StatusNoContent && json.Unmarshal(data, r) != nil
	return r, nil
}

// newEvent schedules an event, before anything is broken. A process that has just started on a busy
// machine may not answer, or say that the database does not: then it asks again. If the first one
// was scheduled, nobody wants its tickets.
func (c *caller) newEvent(ctx context.Context, details map[string]any) (uuid.UUID, error) {
	for until := time.Now().Add(time.Minute); ; {
		r, err := c.send(http.MethodPost, "/events", uuid.NewString(), c.token, details)
		if err == nil && r.status == http.StatusCreated && !r.garbled {
			return r.ID, nil
		}
		if err == nil {
			err = fmt.Errorf("answered with %+v", r)
		}
		if time.Now().After(until) || !pause(ctx, 200*time.Millisecond) {
			return uuid.Nil, fmt.Errorf("schedule an event: %w", err)
		}
	}
}

// ask makes a request of the history.
func (c *caller) ask(q history.Request) history.Request {
	q.ID, q.Customer = uuid.NewString(), c.id
	method, path, body := http.MethodPost, "/book", any(map[string]uuid.UUID{"eventId": q.Event})
	var headers []string
	switch q.Kind {
	case history.Book:
		if q.Key != "" {
			headers = []string{"Idempotency-Key", q.Key}
		}
	case history.Hold, history.Confirm, history.Release, history.Join, history.Leave:
		method, path, body = claim(&q)
	case history.Cancel:
		method, path, body = http.MethodDelete, "/bookings/"+q.Booking.String(), nil
	case history.List:
		method, path, body = http.MethodGet, "/bookings", nil
		headers = []string{"Min-Log-Position", strconv.FormatInt(q.Least, 10)}
	}
	token := c.token
	if q.BadToken { // of a clock that is wrong, in one direction or the other
		off := []time.Duration{-time.Hour, time.Hour}[rand.IntN(2)]
		token, _ = mint(c.id, account.Customer, off) // the same worked before
	}
	q.Invoked = c.recorder.now()
	r, err := c.send(method, path, q.ID, token, body, headers...)
	q.Answered = c.recorder.now()
	if err == nil {
		read(&q, r)
	}
	c.recorder.add(q)
	return q
}

// read notes what an answer says.
func read(q *history.Request, r *reply) {
	q.Code = r.Code
	switch {
	case r.garbled:
		q.Outcome = history.Strange
		q.Code = strconv.Itoa(r.status) + " not JSON"
	case readClaim(q, r):
	case r.status == http.StatusCreated && q.Kind == history.Book,
		r.status == http.StatusOK && (q.Kind == history.Cancel || q.Kind == history.List):
		q.Outcome = history.Done
		q.Answer = history.Answer{Booking: r.Booking.ID, Version: r.Event.Version, Remaining: r.Event.RemainingTickets}
		q.Answer.Position, _ = strconv.ParseInt(r.header.Get("Log-Position"), 10, 64)
		q.Answer.Replayed = r.header.Get("Idempotency-Replayed") == "true"
		q.Answer.Lagging = r.header.Get("Read-Model-Lag") != ""
		for _, b := range r.Data {
			if b.Status == "CONFIRMED" {
				q.Answer.Listed = append(q.Answer.Listed, b.ID)
			}
		}
	case r.status == http.StatusUnauthorized && q.BadToken && r.Code == history.InvalidToken,
		r.status == http.StatusUnauthorized && q.BadToken && r.Code == history.TokenExpired,
		r.status == http.StatusConflict &&
			(r.Code == history.SoldOut || r.Code == history.AlreadyBooked || r.Code == history.TooManyBookings),
		r.status == http.StatusNotFound && r.Code == history.BookingNotFound:
		q.Outcome = history.Refused
	case r.status == http.StatusServiceUnavailable && r.Code == "outcome_unknown":
		q.Outcome = history.Unknown
	case r.status == http.StatusServiceUnavailable && r.header.Get("Retry-After") != "",
		r.status == http.StatusConflict && r.Code == "idempotency_in_progress":
		q.Outcome = history.NotDone
	default:
		q.Outcome = history.Strange
		q.Code = strconv.Itoa(r.status) + " " + r.Code
	}
}

// customer wants tickets, and sometimes no longer does.
type customer struct {
	*caller
	events []uuid.UUID
	random *rand.Rand
	held   map[uuid.UUID]uuid.UUID // event to booking, as far as the customer knows
	latest int64                   // position of the last change
}

// run goes on until ctx ends, and comes back with no request under way.
func (c *customer) run(ctx context.Context) {
	for pause(ctx, time.Duration(c.random.IntN(80))*time.Millisecond) {
		event := c.events[c.random.IntN(len(c.events))]
		dice := c.random.IntN(100)
		booking, holds := c.held[event]
		switch {
		case dice < 4:
			c.ask(history.Request{Kind: history.Book, Event: event, BadToken: true})
		case dice < 14:
			c.ask(history.Request{Kind: history.List, Least: c.latest})
		case holds && dice < 70:
			c.cancel(ctx, event, booking)
		default:
			c.book(ctx, event, false)
		}
	}
}

// book repeats a request until there is an answer, mostly with an Idempotency-Key. One in ten gives
// up, and one in ten sends it twice at once; with isCalm none does either.
func (c *customer) book(ctx context.Context, event uuid.UUID, isCalm bool) {
	q := history.Request{Kind: history.Book, Event: event}
	if c.random.IntN(10) < 8 {
		q.Key = uuid.NewString()
	}
	impatient := c.random.IntN(10) == 0 && !isCalm
	hasty := c.random.IntN(10) == 0 && !isCalm && q.Key != ""
	for {
		var twin sync.WaitGroup
		if hasty {
			twin.Go(func() { c.ask(q) })
		}
		a := c.ask(q)
		twin.Wait()
		switch a.Outcome {
		case history.Done:
			c.held[event], c.latest = a.Answer.Booking, max(c.latest, a.Answer.Position)
			return
		case history.Refused:
			return
		case history.Unknown, history.NotDone, history.Strange:
		}
		if impatient || !pause(ctx, time.Duration(50+c.random.IntN(200))*time.Millisecond) {
			return
		}
	}
}

func (c *customer) cancel(ctx context.Context, event, booking uuid.UUID) {
	for {
		a := c.ask(history.Request{Kind: history.Cancel, Event: event, Booking: booking})
		switch a.Outcome {
		case history.Done:
			c.latest = max(c.latest, a.Answer.Position)
			delete(c.held, event)
			return
		case history.Refused:
			delete(c.held, event)
			return
		case history.Unknown, history.NotDone, history.Strange:
		}
		if !pause(ctx, time.Duration(50+c.random.IntN(200))*time.Millisecond) {
			return
		}
	}
}

// bookAll books each event until there is an answer.
func (c *customer) bookAll(ctx context.Context) {
	for _, event := range c.events {
		c.book(ctx, event, true)
	}
}

// newCustomers schedules events and makes customers, who want tickets of all of them: of some there are
// enough, of others not.
func (h *harness) newCustomers(ctx context.Context) ([]*customer, error) {
	organizer, err := newCaller(h.balancer.url(), h.recorder, account.Organizer)
	if err != nil {
		return nil, err
	}
	n := h.options.customers
	var events []uuid.UUID
	for i, tickets := range []int{1, n / 4, n / 2, n - 1, n, 2 * n} {
		id, err := organizer.newEvent(ctx, map[string]any{
			"title": fmt.Sprintf("Event %d", i), "venue": "Hall", "date": "2100-01-01T20:00:00Z",
			"totalTickets": tickets, "price": 10,
		})
		if err != nil {
			return nil, err
		}
		events = append(events, id)
	}
	customers := make([]*customer, n)
	for i := range customers {
		c, err := newCaller(h.balancer.url(), h.recorder, account.Customer)
		if err != nil {
			return nil, err
		}
		customers[i] = &customer{
			caller: c, events: events, held: map[uuid.UUID]uuid.UUID{},
			random: rand.New(rand.NewPCG(h.options.seed, uint64(100+i))),
		}
	}
	return customers, nil
}
