package httpapi

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/projections"
)

// Hold is tickets that are set aside, as the API shows them.
type Hold struct {
	ID        uuid.UUID    `json:"id" format:"uuid"`
	EventID   uuid.UUID    `json:"eventId" format:"uuid"`
	Status    string       `json:"status" enum:"HELD,CONFIRMED,RELEASED,LAPSED"`
	Offered   bool         `json:"offered" doc:"Whether it is an offer to somebody who waited, with the id of the entry on the waiting list"`
	Lines     []TicketLine `json:"lines" nullable:"false"`
	Currency  string       `json:"currency" example:"USD" doc:"ISO 4217 code"`
	Total     Decimal      `json:"total"`
	ExpiresAt time.Time    `json:"expiresAt" doc:"Until when the tickets are set aside, unless the hold is confirmed"`
}

// TicketLine is a number of tickets of one type.
type TicketLine struct {
	TicketTypeID int      `json:"ticketTypeId"`
	Quantity     int      `json:"quantity" minimum:"1"`
	Price        *Decimal `json:"price,omitempty" doc:"Of each ticket; absent where it is not known"`
}

func holdOf(h *projections.Hold) Hold {
	total := domain.Money{Currency: h.Currency}
	for _, l := range h.Lines {
		total.Minor += int64(l.Quantity) * l.Price
	}
	return Hold{
		ID: h.ID, EventID: h.EventID, Status: h.Status, Offered: h.Offered, Lines: linesOf(h.Lines, h.Currency),
		Currency: h.Currency, Total: decimalOf(total), ExpiresAt: h.ExpiresAt,
	}
}

// linesOf leaves prices out where there is no currency.
func linesOf(lines domain.Lines, currency string) []TicketLine {
	shown := make([]TicketLine, 0, len(lines))
	for _, l := range lines {
		line := TicketLine{TicketTypeID: int(l.Type), Quantity: l.Quantity}
		if currency != "" {
			price := decimalOf(domain.Money{Minor: l.Price, Currency: currency})
			line.Price = &price
		}
		shown = append(shown, line)
	}
	return shown
}

// HoldList are the holds and offers of one user that have not lapsed, those that lapse first at the
// beginning.
type HoldList struct {
	Data []Hold `json:"data" nullable:"false"`
}

type listHoldsOutput struct{ Body HoldList }

func (a *api) listHolds(ctx context.Context, _ *struct{}) (*listHoldsOutput, error) {
	held, err := a.Holds.OfUser(ctx, claimsOf(ctx).UserID, a.Service.Now())
	if err != nil {
		return nil, err
	}
	out := &listHoldsOutput{HoldList{make([]Hold, 0, len(held))}}
	for i := range held {
		out.Body.Data = append(out.Body.Data, holdOf(&held[i]))
	}
	return out, nil
}

// WaitlistEntry is an entry on a waiting list, as the API shows it.
type WaitlistEntry struct {
	ID       uuid.UUID    `json:"id" format:"uuid"`
	EventID  uuid.UUID    `json:"eventId" format:"uuid"`
	Status   string       `json:"status" enum:"WAITING,OFFERED,CONFIRMED,DECLINED,LAPSED,LEFT"`
	Lines    []TicketLine `json:"lines" nullable:"false" doc:"Without prices: those of the offer count"`
	Place    int          `json:"place,omitempty" minimum:"1" doc:"1 is the first in the order of joining; only while it waits"`
	JoinedAt time.Time    `json:"joinedAt"`
}

func entryOf(e *projections.PlacedEntry) WaitlistEntry {
	return WaitlistEntry{
		ID: e.ID, EventID: e.EventID, Status: e.Status, Lines: linesOf(e.Lines, ""), Place: e.Place, JoinedAt: e.JoinedAt,
	}
}

// WaitlistEntries are the entries of one user that wait or have an offer, in the order of joining.
type WaitlistEntries struct {
	Data []WaitlistEntry `json:"data" nullable:"false"`
}

type listWaitlistOutput struct{ Body WaitlistEntries }

func (a *api) listWaitlist(ctx context.Context, _ *struct{}) (*listWaitlistOutput, error) {
	entries, err := a.Waitlist.OfUser(ctx, claimsOf(ctx).UserID, a.Service.Now())
	if err != nil {
		return nil, err
	}
	out := &listWaitlistOutput{WaitlistEntries{make([]WaitlistEntry, 0, len(entries))}}
	for i := range entries {
		out.Body.Data = append(out.Body.Data, entryOf(&entries[i]))
	}
	return out, nil
}
