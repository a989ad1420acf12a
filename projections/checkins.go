package projections

import (
	"database/sql/driver"
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
)

// CheckIn is the admission of a ticket of a booking.
type CheckIn struct {
	Type   domain.TypeID `json:"type"`
	Number int           `json:"number"` // see [domain.TicketID]
	At     time.Time     `json:"at"`     // in UTC
	By     uuid.UUID     `json:"by"`
}

// checkInsColumn stores the check-ins of a booking as JSON, in the order in which they were recorded.
type checkInsColumn []CheckIn

func (b *Booking) checkIn(r domain.TicketCheckedIn) {
	b.CheckIns = append(slices.Clip(b.CheckIns), CheckIn{r.Type, r.Number, r.At, r.By})
}

func (b *Booking) undoCheckIn(r domain.CheckInUndone) {
	b.CheckIns = slices.DeleteFunc(slices.Clone(b.CheckIns), func(c CheckIn) bool {
		return c.Type == r.Type && c.Number == r.Number
	})
}

// Value implements [driver.Valuer].
func (c *checkInsColumn) Value() (driver.Value, error) {
	if len(*c) == 0 {
		return "[]", nil
	}
	text, err := json.Marshal([]CheckIn(*c))
	return string(text), err
}

// Scan implements [database/sql.Scanner].
func (c *checkInsColumn) Scan(stored any) error {
	err := scanJSON(stored, (*[]CheckIn)(c))
	if len(*c) == 0 {
		*c = nil // as in a new booking
	}
	return err
}

// are reports whether they equal the check-ins of a state.
func (c checkInsColumn) are(want []domain.CheckIn) bool {
	return slices.EqualFunc(c, want, func(c CheckIn, w domain.CheckIn) bool {
		return c.Type == w.Ticket.Type && c.Number == w.Ticket.Number && c.At.Equal(w.At) && c.By == w.By
	})
}
