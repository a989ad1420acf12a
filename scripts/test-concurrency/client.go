package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/httpapi/client"
)

// What the API sends and takes, as far as it matters here.
type (
	session  = client.Session
	event    = client.Event
	newEvent = client.NewEvent
	booking  = client.Booking
	booked   = client.BookingChange
	hold     = client.Hold
)

// book has no Idempotency-Key: each user sends one request, and what became of it is what is judged.
func book(ctx context.Context, c *client.Client, eventID uuid.UUID) (b booked, err error) {
	err = c.Do(ctx, http.MethodPost, "/book", map[string]uuid.UUID{"eventId": eventID}, &b, http.StatusCreated)
	return b, err
}

// bookings are those of the caller that hold a ticket.
func bookings(ctx context.Context, c *client.Client) ([]booking, error) {
	var all bookingList
	err := c.Do(ctx, http.MethodGet, "/bookings", nil, &all, http.StatusOK)
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
