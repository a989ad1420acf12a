package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
)

// fake is a small system that keeps the contract of the API, with the real rules and the real
// hashes, in memory. Its fields make it break the contract in one way or another.
type fake struct {
	mutex   sync.Mutex
	users   []*fakeUser
	streams map[uuid.UUID]*fakeStream
	order   []uuid.UUID
	asked   map[string]int // requests by path, or its first part

	noAccounts bool // the seeded accounts are missing
	bareLists  bool // GET /bookings answers with a list
	loginIs201 bool
	busy       int  // so many requests to sign in, and so many to book, are asked to come back first
	busyAlways bool // all of them are
	busyStatus int  // with this status

	oversell    bool                                 // one ticket more than there is
	undersell   bool                                 // one ticket less
	book        func(*fake, *fakeUser, *reply) bool  // changes an answer to POST /book; true: only this once
	audit       func(records []map[string]any) []any // changes what auditors read, once the sale has begun
	event       func(e map[string]any)               // changes GET /events/{id}, once the sale has begun
	bookings    func(list []any) []any               // changes GET /bookings, once the sale has begun
	saleHasRun  bool
	bookIsSpent bool
}

type fakeUser struct {
	id                    uuid.UUID
	email, password, role string
}

type fakeStream struct {
	records []eventstore.Record
	state   domain.State
}

// reply is an answer that is about to be sent.
type reply struct {
	status int
	body   map[string]any
	undo   func() // takes back what the request did
}

func newFake(t *testing.T, change func(*fake)) (*fake, string) {
	t.Helper()
	f := &fake{streams: map[uuid.UUID]*fakeStream{}, asked: map[string]int{}, busyStatus: http.StatusServiceUnavailable}
	if change != nil {
		change(f)
	}
	if !f.noAccounts {
		f.addUser("organizer@example.com", "password123", "organizer")
		f.addUser("auditor@example.com", "password123", "auditor")
	}
	f.schedule(details("Early Show", 24*time.Hour), 2, 0)
	f.schedule(details("Sold Out Show", 48*time.Hour), 2, 2)
	f.schedule(details("Limited Concert", 72*time.Hour), 2, 0)
	f.schedule(details("Large Show", 96*time.Hour), 500, 9)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /auth/register", f.postRegister)
	mux.HandleFunc("POST /auth/login", f.postLogin)
	mux.HandleFunc("GET /events", f.signedIn("", f.listEvents))
	mux.HandleFunc("POST /events", f.signedIn("organizer", f.postEvent))
	mux.HandleFunc("GET /events/{id}", f.signedIn("", f.getEvent))
	mux.HandleFunc("POST /book", f.signedIn("", f.postBook))
	mux.HandleFunc("GET /bookings", f.signedIn("", f.listBookings))
	mux.HandleFunc("GET /audit/streams/{id}", f.signedIn("auditor", f.getStream))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return f, server.URL
}

func details(title string, in time.Duration) domain.Details {
	d, err := domain.NewDetails(domain.Details{
		Title: title, Description: "A show <live> & loud", Venue: "Small Hall",
		StartsAt: time.Now().Add(in), TimeZone: "Europe/Lisbon",
		Currency: "EUR", TicketTypes: domain.GeneralAdmission(25_00),
	})
	if err != nil {
		panic(err)
	}
	return d
}

func (f *fake) addUser(email, password, role string) *fakeUser {
	u := &fakeUser{uuid.New(), email, password, role}
	f.users = append(f.users, u)
	return u
}

func (f *fake) schedule(d domain.Details, capacity, sold int) uuid.UUID {
	id := uuid.New()
	f.streams[id], f.order = &fakeStream{}, append(f.order, id)
	f.append(id, domain.EventScheduled{Details: d, Capacity: capacity})
	for range sold {
		f.append(id, domain.TicketBooked{BookingID: uuid.New(), CustomerID: uuid.New()})
	}
	return id
}

func (f *fake) append(id uuid.UUID, records ...domain.Record) {
	s := f.streams[id]
	for _, value := range records {
		name, schemaVersion, data, err := domain.Codec{}.Encode(value)
		if err != nil {
			panic(err)
		}
		var previous eventstore.Hash
		if len(s.records) > 0 {
			previous = s.records[len(s.records)-1].Hash
		}
		r := eventstore.Record{
			Position: int64(len(s.records)) + 1, StreamID: id, Version: len(s.records) + 1,
			Type: name, SchemaVersion: schemaVersion,
			Data: data, Metadata: fmt.Appendf(nil, `{"actor":"%s"}`, uuid.Nil),
			RecordedAt: time.Now().UTC().Truncate(time.Microsecond),
		}
		r.Hash = r.Sum(previous)
		s.records, s.state = append(s.records, r), s.state.Evolve(value)
	}
}

func (f *fake) postRegister(w http.ResponseWriter, r *http.Request) {
	in := read(r)
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.isBusy(w, "register") {
		return
	}
	if slices.ContainsFunc(f.users, func(u *fakeUser) bool { return u.email == in["email"] }) {
		problem(w, http.StatusConflict, "email_taken")
		return
	}
	send(w, http.StatusCreated, sessionOf(f.addUser(in["email"].(string), in["password"].(string), "customer")))
}

func (f *fake) postLogin(w http.ResponseWriter, r *http.Request) {
	in := read(r)
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.isBusy(w, "login") {
		return
	}
	for _, u := range f.users {
		if u.email == in["email"] && u.password == in["password"] {
			send(w, map[bool]int{false: 200, true: 201}[f.loginIs201], sessionOf(u))
			return
		}
	}
	problem(w, http.StatusUnauthorized, "invalid_credentials")
}

func sessionOf(u *fakeUser) map[string]any {
	return map[string]any{
		"user":        map[string]any{"id": u.id, "email": u.email, "name": "A Name", "role": u.role},
		"accessToken": "token-of-" + u.id.String(), "refreshToken": "unused",
	}
}

// isBusy sends the first requests of each sort away.
func (f *fake) isBusy(w http.ResponseWriter, sort string) bool {
	f.asked[sort]++
	if f.asked[sort] > f.busy && !f.busyAlways {
		return false
	}
	w.Header().Set("Retry-After", "0")
	problem(w, f.busyStatus, "busy")
	return true
}

func (f *fake) signedIn(role string, next func(http.ResponseWriter, *http.Request, *fakeUser)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f.mutex.Lock()
		defer f.mutex.Unlock()
		for _, u := range f.users {
			if r.Header.Get("Authorization") != "Bearer token-of-"+u.id.String() {
				continue
			}
			if role != "" && role != u.role {
				problem(w, http.StatusForbidden, "forbidden")
				return
			}
			next(w, r, u)
			return
		}
		problem(w, http.StatusUnauthorized, "invalid_token")
	}
}

func (f *fake) eventOf(id uuid.UUID) map[string]any {
	s := f.streams[id].state
	d := s.Details()
	e := map[string]any{
		"id": id, "title": d.Title, "description": d.Description, "date": d.StartsAt,
		"venue": d.Venue, "totalTickets": s.Capacity(),
		"remainingTickets": s.Remaining(), "price": 25.0, "currency": "EUR", "timeZone": d.TimeZone, "status": "SCHEDULED",
	}
	if f.event != nil && f.saleHasRun {
		f.event(e)
	}
	return e
}

func (f *fake) listEvents(w http.ResponseWriter, r *http.Request, _ *fakeUser) {
	page, _ := strconv.Atoi(r.FormValue("page"))
	var found []any
	for _, id := range f.order {
		title := f.streams[id].state.Details().Title
		if strings.Contains(strings.ToLower(title), strings.ToLower(r.FormValue("search"))) {
			found = append(found, f.eventOf(id))
		}
	}
	const limit = 1 // though more were asked for: pages must be followed
	from := min(len(found), (page-1)*limit)
	send(w, 200, map[string]any{
		"data": found[from:min(len(found), from+limit)],
		"meta": map[string]any{
			"total": len(found), "page": page, "limit": limit, "totalPages": (len(found) + limit - 1) / limit,
		},
	})
}

func (f *fake) getEvent(w http.ResponseWriter, r *http.Request, _ *fakeUser) {
	id, err := uuid.Parse(r.PathValue("id"))
	if err != nil || f.streams[id] == nil {
		problem(w, http.StatusNotFound, "event_not_found")
		return
	}
	send(w, 200, f.eventOf(id))
}

func (f *fake) postEvent(w http.ResponseWriter, r *http.Request, _ *fakeUser) {
	in := read(r)
	starts, err := time.Parse(time.RFC3339, in["date"].(string))
	d := details(in["title"].(string), time.Until(starts))
	d.StartsAt, d.Venue = starts.UTC(), in["venue"].(string)
	d.Description, d.TimeZone = in["description"].(string), in["timeZone"].(string)
	if err != nil || in["currency"] == "" {
		problem(w, http.StatusBadRequest, "validation_failed")
		return
	}
	send(w, http.StatusCreated, f.eventOf(f.schedule(d, int(in["totalTickets"].(float64)), 0)))
}

func (f *fake) postBook(w http.ResponseWriter, r *http.Request, u *fakeUser) {
	if f.isBusy(w, "book") {
		return
	}
	f.saleHasRun = true
	eventID := uuid.MustParse(read(r)["eventId"].(string))
	answer := f.decide(eventID, u)
	if f.book != nil && !f.bookIsSpent {
		f.bookIsSpent = f.book(f, u, &answer)
	}
	send(w, answer.status, answer.body)
}

func (f *fake) decide(eventID uuid.UUID, u *fakeUser) reply {
	s := f.streams[eventID]
	command := domain.BookTicket{BookingID: uuid.New(), CustomerID: u.id, Now: time.Now()}
	records, err := domain.Decide(command, s.state)
	switch {
	case f.oversell && errors.Is(err, domain.ErrSoldOut) && s.state.Remaining() == 0:
		records, err = []domain.Record{domain.TicketBooked{BookingID: command.BookingID, CustomerID: u.id}}, nil
	case f.undersell && err == nil && s.state.Remaining() == 1:
		err = domain.ErrSoldOut
	}
	var refused domain.Refusal
	if errors.As(err, &refused) {
		return reply{status: http.StatusConflict, body: problemOf(http.StatusConflict, refused.Code()), undo: func() {}}
	}
	old := *s
	f.append(eventID, records...)
	return reply{http.StatusCreated, map[string]any{
		"booking": map[string]any{
			"id": command.BookingID, "eventId": eventID, "userId": u.id, "status": "CONFIRMED", "createdAt": time.Now(),
		},
		"event": map[string]any{"id": eventID, "title": s.state.Details().Title, "remainingTickets": s.state.Remaining()},
	}, func() { *s = old }}
}

func (f *fake) listBookings(w http.ResponseWriter, _ *http.Request, u *fakeUser) {
	list := []any{}
	for _, id := range f.order {
		for _, r := range f.streams[id].records {
			value, err := domain.Codec{}.Decode(r.Type, r.SchemaVersion, r.Data)
			if b, is := value.(domain.TicketBooked); err == nil && is && b.CustomerID == u.id {
				list = append(list, map[string]any{
					"id": b.BookingID, "eventId": id, "userId": u.id, "status": "CONFIRMED",
					"createdAt": r.RecordedAt, "event": f.eventOf(id),
				})
			}
		}
	}
	if f.bookings != nil && f.saleHasRun {
		list = f.bookings(list)
	}
	if f.bareLists {
		send(w, 200, list)
		return
	}
	send(w, 200, map[string]any{"data": list})
}

func (f *fake) getStream(w http.ResponseWriter, r *http.Request, _ *fakeUser) {
	id := uuid.MustParse(r.PathValue("id"))
	after, _ := strconv.Atoi(r.FormValue("after"))
	var all []map[string]any
	for _, r := range f.streams[id].records {
		all = append(all, map[string]any{
			"position": r.Position, "version": r.Version, "type": r.Type,
			"schemaVersion": r.SchemaVersion, "data": json.RawMessage(r.Data),
			"metadata": json.RawMessage(r.Metadata), "recordedAt": r.RecordedAt, "hash": r.Hash.String(),
		})
	}
	if f.audit != nil && f.saleHasRun {
		changed := all[:0:0]
		for _, r := range f.audit(all) {
			changed = append(changed, r.(map[string]any))
		}
		all = changed
	}
	page := []any{}
	for _, r := range all {
		if r["version"].(int) > after && len(page) < 2 { // fewer than were asked for: pages must be followed
			page = append(page, r)
		}
	}
	send(w, 200, map[string]any{"streamId": id, "version": len(f.streams[id].records), "records": page})
}

func read(r *http.Request) (in map[string]any) {
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		panic(err)
	}
	return in
}

func send(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that is gone is the test's business
}

func problem(w http.ResponseWriter, status int, code string) {
	send(w, status, problemOf(status, code))
}

func problemOf(status int, code string) map[string]any {
	return map[string]any{
		"type": "about:blank", "title": http.StatusText(status), "status": status, "code": code, "detail": "For a test.",
	}
}
