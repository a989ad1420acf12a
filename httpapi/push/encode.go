package push

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/projections"
)

func encodeEvent(e projections.EventChange, position int64) []byte {
	text, _ := json.Marshal(struct { // of such values it does not fail
		Type      string    `json:"type"`
		EventID   uuid.UUID `json:"eventId"`
		Remaining int       `json:"remainingTickets"`
		Total     int       `json:"totalTickets"`
		Status    string    `json:"status"`
		Version   int       `json:"version"`
		Position  int64     `json:"position"`
	}{"event", e.ID, e.Remaining, e.Capacity, e.Status, e.Version, position})
	return text
}

func encodeBooking(b projections.BookingChange, position int64) []byte {
	text, _ := json.Marshal(struct {
		Type        string    `json:"type"`
		BookingID   uuid.UUID `json:"bookingId"`
		EventID     uuid.UUID `json:"eventId"`
		Status      string    `json:"status"`
		Version     int       `json:"version"`
		LogPosition int64     `json:"logPosition"`
		Position    int64     `json:"position"`
	}{"booking", b.ID, b.EventID, b.Status, b.Version, b.Position, position})
	return text
}

func encodeHold(h projections.HoldChange, position int64) []byte {
	text, _ := json.Marshal(struct {
		Type        string    `json:"type"`
		HoldID      uuid.UUID `json:"holdId"`
		EventID     uuid.UUID `json:"eventId"`
		Status      string    `json:"status"`
		Offered     bool      `json:"offered"`
		ExpiresAt   time.Time `json:"expiresAt,omitzero"`
		Version     int       `json:"version"`
		LogPosition int64     `json:"logPosition"`
		Position    int64     `json:"position"`
	}{"hold", h.ID, h.EventID, h.Status, h.Offered, h.ExpiresAt, h.Version, h.Position, position})
	return text
}

// entryFrame is about an entry on a waiting list, or its place: one of LogPosition and Place is 0.
type entryFrame struct {
	Type        string    `json:"type"`
	EntryID     uuid.UUID `json:"entryId"`
	EventID     uuid.UUID `json:"eventId"`
	Status      string    `json:"status"`
	Place       int       `json:"place,omitempty"`
	Version     int       `json:"version"`
	LogPosition int64     `json:"logPosition,omitempty"`
	Position    int64     `json:"position"`
}

func encodeEntry(e projections.EntryChange, position int64) []byte {
	text, _ := json.Marshal(entryFrame{"waitlist", e.ID, e.EventID, e.Status, 0, e.Version, e.Position, position})
	return text
}

func encodePlace(e projections.Place, position int64) []byte {
	text, _ := json.Marshal(
		entryFrame{"waitlist", e.EntryID, e.EventID, projections.EntryWaiting, e.Place, e.Version, 0, position})
	return text
}
