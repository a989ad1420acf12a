package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"github.com/boxoffice/boxoffice/httpapi/client"
)

// bookings are those of the caller that hold a ticket.
func bookings(ctx context.Context, c *client.Client) ([]client.Booking, error) {
	var all bookingList
	err := c.Do(ctx, http.MethodGet, "/bookings", nil, &all, http.StatusOK)
	var active []client.Booking
	for _, b := range all {
		if b.Status == "CONFIRMED" {
			active = append(active, b)
		}
	}
	return active, err
}

// bookingList comes as {"data": […]}, or bare.
type bookingList []client.Booking

func (l *bookingList) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte("[")) {
		return json.Unmarshal(data, (*[]client.Booking)(l))
	}
	var wrapped struct{ Data []client.Booking }
	err := json.Unmarshal(data, &wrapped)
	*l = wrapped.Data
	return err
}
