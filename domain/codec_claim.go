package domain

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// nameOfClaim is the stored name of a record of holds, offers and the waiting list; empty for others.
func nameOfClaim(r Record) string {
	switch r.(type) {
	case EventPublished:
		return TypeEventPublished
	case TicketsHeld:
		return TypeTicketsHeld
	case HoldConfirmed:
		return TypeHoldConfirmed
	case HoldReleased:
		return TypeHoldReleased
	case HoldLapsed:
		return TypeHoldLapsed
	case WaitlistJoined:
		return TypeWaitlistJoined
	case WaitlistLeft:
		return TypeWaitlistLeft
	case TicketsOffered:
		return TypeTicketsOffered
	case OfferDeclined:
		return TypeOfferDeclined
	case OfferLapsed:
		return TypeOfferLapsed
	default:
		return ""
	}
}

// claimData has the fields of all records of holds, offers and the waiting list.
type claimData struct {
	HoldID     uuid.UUID `json:"holdId"`
	EntryID    uuid.UUID `json:"entryId"`
	CustomerID uuid.UUID `json:"customerId"`
	Currency   string    `json:"currency"`
	Lines      Lines     `json:"lines"`
	Before     Lines     `json:"before"`
	ExpiresAt  time.Time `json:"expiresAt"`
	Offered    bool      `json:"offered"`
}

func decodeClaim(name string, data []byte) (Record, error) {
	var c claimData
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, fmt.Errorf("decode %s: %w", name, err)
	}
	if name == TypeEventPublished {
		return EventPublished{}, nil
	}
	r, known := c.as(name)
	if !known {
		return nil, &UnknownRecordError{name, 1}
	}
	if year := c.ExpiresAt.UTC().Year(); year < 0 || year > 9999 {
		return nil, fmt.Errorf("decode %s: it expires in the year %d", name, year)
	}
	if err := (&bookingData{Currency: c.Currency, Lines: c.Lines}).check(); err != nil {
		return nil, err
	}
	if err := (&bookingData{Lines: c.Before}).check(); err != nil && len(c.Before) > 0 {
		return nil, err
	}
	return r, nil
}

func (c *claimData) as(name string) (r Record, known bool) {
	expires := c.ExpiresAt.UTC().Truncate(time.Microsecond)
	switch name {
	case TypeTicketsHeld:
		return TicketsHeld{c.HoldID, c.CustomerID, c.Currency, c.Lines, c.Before, expires}, true
	case TypeHoldConfirmed:
		return HoldConfirmed{c.HoldID, c.CustomerID, c.Currency, c.Lines, c.Offered}, true
	case TypeHoldReleased:
		return HoldReleased{c.HoldID, c.CustomerID, c.Lines}, true
	case TypeHoldLapsed:
		return HoldLapsed{c.HoldID, c.CustomerID, c.Lines}, true
	case TypeWaitlistJoined:
		return WaitlistJoined{c.EntryID, c.CustomerID, c.Lines}, true
	case TypeWaitlistLeft:
		return WaitlistLeft{c.EntryID, c.CustomerID, c.Lines}, true
	case TypeTicketsOffered:
		return TicketsOffered{c.EntryID, c.CustomerID, c.Currency, c.Lines, expires}, true
	case TypeOfferDeclined:
		return OfferDeclined{c.EntryID, c.CustomerID, c.Lines}, true
	case TypeOfferLapsed:
		return OfferLapsed{c.EntryID, c.CustomerID, c.Lines}, true
	}
	return nil, false
}
