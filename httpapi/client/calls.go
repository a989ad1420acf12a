package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// Session is the answer to a sign-in.
type Session struct {
	User         struct{ ID uuid.UUID }
	AccessToken  string // for [Client.As]
	RefreshToken string
}

// Event is an event, as far as most callers need it.
type Event struct {
	ID               uuid.UUID `json:"id"`
	Title            string    `json:"title"`
	Description      string    `json:"description"`
	Venue            string    `json:"venue"`
	Date             time.Time `json:"date"`
	TimeZone         string    `json:"timeZone"`
	TotalTickets     int       `json:"totalTickets"`
	RemainingTickets int       `json:"remainingTickets"`
	Status           string    `json:"status"` // SCHEDULED, CANCELLED or DRAFT
}

// NewEvent is what an organizer schedules.
type NewEvent struct {
	Title        string    `json:"title"`
	Description  string    `json:"description"`
	Venue        string    `json:"venue"`
	Date         time.Time `json:"date"`
	TimeZone     string    `json:"timeZone"`
	TotalTickets int       `json:"totalTickets"`
	Price        float64   `json:"price"`
	Currency     string    `json:"currency"`
}

// Booking is a booking.
type Booking struct {
	ID        uuid.UUID `json:"id"`
	EventID   uuid.UUID `json:"eventId"`
	UserID    uuid.UUID `json:"userId"`
	Status    string    `json:"status"` // CONFIRMED or CANCELLED
	CreatedAt time.Time `json:"createdAt"`
}

// BookingChange is a booking that was made, confirmed or cancelled, and what it left.
type BookingChange struct {
	Booking Booking
	Event   struct {
		ID               uuid.UUID
		RemainingTickets *int // nil: the answer does not say
	}
}

// Hold is tickets that are set aside.
type Hold struct {
	ID        uuid.UUID `json:"id"`
	EventID   uuid.UUID `json:"eventId"`
	Status    string    `json:"status"` // such as HELD
	ExpiresAt time.Time `json:"expiresAt"`
}

// Line is a number of tickets of one type.
type Line struct {
	TicketTypeID int `json:"ticketTypeId"`
	Quantity     int `json:"quantity"`
}

// Login signs in.
func (c *Client) Login(ctx context.Context, email, password string) (Session, error) {
	return c.signIn(ctx, "/auth/login", map[string]string{"email": email, "password": password}, 0)
}

// Register makes an account and signs in. The error has [EmailTaken] when there is one.
func (c *Client) Register(ctx context.Context, email, password, name string) (Session, error) {
	in := map[string]string{"email": email, "password": password, "name": name}
	return c.signIn(ctx, "/auth/register", in, http.StatusCreated)
}

func (c *Client) signIn(ctx context.Context, path string, in any, want int) (s Session, err error) {
	err = c.Do(ctx, http.MethodPost, path, in, &s, want)
	if err == nil && (s.User.ID == uuid.Nil || s.AccessToken == "") {
		err = fmt.Errorf("POST %s: the answer lacks the user's id or the access token", path)
	}
	return s, err
}

// Events lists one page of 50 events whose titles or venues contain search, the next to begin first.
// Pages are numbered from 1.
func (c *Client) Events(ctx context.Context, search string, page int) (list []Event, pages int, err error) {
	var out struct {
		Data []Event
		Meta struct{ TotalPages int }
	}
	query := url.Values{"page": {strconv.Itoa(page)}, "limit": {"50"}, "sortBy": {"date"}, "sortOrder": {"asc"}}
	if search != "" {
		query.Set("search", search)
	}
	err = c.Do(ctx, http.MethodGet, "/events?"+query.Encode(), nil, &out, http.StatusOK)
	return out.Data, out.Meta.TotalPages, err
}

// Event returns one event. The error has [EventNotFound] when there is none.
func (c *Client) Event(ctx context.Context, id uuid.UUID) (e Event, err error) {
	err = c.Do(ctx, http.MethodGet, "/events/"+id.String(), nil, &e, http.StatusOK)
	return e, err
}

// Schedule makes an event, once.
func (c *Client) Schedule(ctx context.Context, n NewEvent) (e Event, err error) {
	err = c.DoWithKey(ctx, uuid.NewString(), http.MethodPost, "/events", n, &e, http.StatusCreated)
	return e, err
}

// Book books tickets; without lines, one of the event's first type. However often the answer is lost,
// they are booked once. The error has [SoldOut] or [AlreadyBooked], among others.
func (c *Client) Book(ctx context.Context, event uuid.UUID, lines ...Line) (b BookingChange, err error) {
	err = c.DoWithKey(ctx, uuid.NewString(), http.MethodPost, "/book", ticketsOf(event, lines), &b, http.StatusCreated)
	return b, err
}

func ticketsOf(event uuid.UUID, lines []Line) any {
	return struct {
		EventID uuid.UUID `json:"eventId"`
		Lines   []Line    `json:"lines,omitempty"`
	}{event, lines}
}

// Cancel gives the tickets of a booking back.
func (c *Client) Cancel(ctx context.Context, booking uuid.UUID) error {
	return c.Do(ctx, http.MethodDelete, "/bookings/"+booking.String(), nil, nil, http.StatusOK)
}

// Hold sets tickets aside, or renews what is; without lines, one of the event's first type.
func (c *Client) Hold(ctx context.Context, event uuid.UUID, lines ...Line) (h Hold, err error) {
	err = c.DoWithKey(ctx, uuid.NewString(), http.MethodPost, "/holds", ticketsOf(event, lines), &h, http.StatusCreated)
	return h, err
}

// Confirm books the tickets of a hold.
func (c *Client) Confirm(ctx context.Context, hold uuid.UUID) (b BookingChange, err error) {
	path := "/holds/" + hold.String() + "/confirm"
	err = c.DoWithKey(ctx, uuid.NewString(), http.MethodPost, path, struct{}{}, &b, http.StatusCreated)
	return b, err
}

// Join adds the caller to the waiting list of an event; without lines, for one ticket of the first type.
func (c *Client) Join(ctx context.Context, event uuid.UUID, lines ...Line) error {
	in := struct {
		Lines []Line `json:"lines,omitempty"`
	}{lines}
	path := "/events/" + event.String() + "/waitlist"
	return c.DoWithKey(ctx, uuid.NewString(), http.MethodPost, path, in, nil, http.StatusCreated)
}

// Release gives the tickets of a hold back, or declines an offer.
func (c *Client) Release(ctx context.Context, hold uuid.UUID) error {
	return c.Do(ctx, http.MethodDelete, "/holds/"+hold.String(), nil, nil, http.StatusNoContent)
}
