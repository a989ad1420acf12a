package httpapi

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/audit"
)

// BookingReceipt is what a customer can keep of a booking.
type BookingReceipt struct {
	Booking Booking `json:"booking"`
	Receipt Receipt `json:"receipt" doc:"Proves the record of the booking or, once it was cancelled, of the cancellation"`
}

// HoldReceipt is what a customer can keep of a hold or an offer.
type HoldReceipt struct {
	Hold    Hold    `json:"hold"`
	Receipt Receipt `json:"receipt" doc:"Proves the last record of the hold or offer"`
}

// EntryReceipt is what a customer can keep of a place on a waiting list.
type EntryReceipt struct {
	Entry   JoinedEntry `json:"entry"`
	Receipt Receipt     `json:"receipt" doc:"Proves the record of joining. Its version in the stream is what the order of the waiting list goes by"`
}

// JoinedEntry is an entry on a waiting list, with its place in the order.
type JoinedEntry struct {
	ID       uuid.UUID           `json:"id" format:"uuid"`
	EventID  uuid.UUID           `json:"eventId" format:"uuid"`
	Status   string              `json:"status" enum:"WAITING,OFFERED,CONFIRMED,DECLINED,LAPSED,LEFT"`
	Lines    []audit.TicketCount `json:"lines" nullable:"false"`
	Number   int                 `json:"number" doc:"The order of joining, from 1, over all who ever joined" example:"17"`
	JoinedAt time.Time           `json:"joinedAt"`
}

type receiptInput struct {
	ID uuid.UUID `path:"id" format:"uuid"`
}

type receiptOutput[B any] struct {
	Disposition string `header:"Content-Disposition"`
	Body        B
}

func receiptFile[B any](id uuid.UUID, body B) *receiptOutput[B] {
	return &receiptOutput[B]{fmt.Sprintf(`attachment; filename="boxoffice-receipt-%s.json"`, id), body}
}

func (a *api) bookingReceipt(ctx context.Context, in *receiptInput) (*receiptOutput[BookingReceipt], error) {
	booking, err := a.Service.FindBooking(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if booking.UserID != claimsOf(ctx).UserID {
		return nil, domain.ErrNotBookingOwner
	}
	receipt, err := a.proveVersion(ctx, booking.EventID, booking.Version)
	if err != nil {
		return nil, err
	}
	return receiptFile(booking.ID, BookingReceipt{bookingOf(booking), receipt}), nil
}

func (a *api) holdReceipt(ctx context.Context, in *receiptInput) (*receiptOutput[HoldReceipt], error) {
	hold, err := a.Service.FindHold(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if hold.UserID != claimsOf(ctx).UserID {
		return nil, domain.ErrHoldNotFound
	}
	receipt, err := a.proveVersion(ctx, hold.EventID, hold.Version)
	if err != nil {
		return nil, err
	}
	return receiptFile(hold.ID, HoldReceipt{holdOf(hold), receipt}), nil
}

func (a *api) entryReceipt(ctx context.Context, in *receiptInput) (*receiptOutput[EntryReceipt], error) {
	entry, err := a.Service.FindEntry(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if entry.UserID != claimsOf(ctx).UserID {
		return nil, domain.ErrEntryNotFound
	}
	number, err := a.Audit.History.Joined(ctx, entry.EventID, entry.JoinedVersion)
	if err != nil {
		return nil, err
	}
	receipt, err := a.proveVersion(ctx, entry.EventID, entry.JoinedVersion)
	if err != nil {
		return nil, err
	}
	return receiptFile(entry.ID, EntryReceipt{JoinedEntry{
		entry.ID, entry.EventID, entry.Status, audit.LinesOf(entry.Lines), number, entry.JoinedAt,
	}, receipt}), nil
}

// proveVersion proves a record that a read model knows. A replica may not have it yet.
func (a *api) proveVersion(ctx context.Context, stream uuid.UUID, version int) (Receipt, error) {
	records, err := eventstore.NewLog(a.Audit.Log).Stream(ctx, stream, version-1, 1)
	if err != nil {
		return Receipt{}, err
	}
	if len(records) == 0 || records[0].Version != version {
		return Receipt{}, fmt.Errorf("version %d of stream %s is not in the log: %w", version, stream, audit.ErrTampered)
	}
	return a.prove(ctx, records[0].Position)
}
