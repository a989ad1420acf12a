package projections_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/enginetest"
	"github.com/boxoffice/boxoffice/projections"
)

func TestAReadModelIsTheFoldOfTheLog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	b.live(400)
	b.do(b.events[0], domain.CancelEvent{})
	p.Reaches(b.head)
	b.checkFold()
	enginetest.CheckVerified(b.Database, projections.All())
}

func TestALongLogIsCaughtUpWith(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	b := setup(t)
	for range 3 {
		event := b.schedule("E", 10_000)
		b.book(event, 4000) // together more than two pages
		for _, m := range b.bookings[len(b.bookings)-50:] {
			b.do(event, domain.CancelBooking{BookingID: m.booking, CustomerID: m.customer, Now: b.now})
		}
	}
	b.start().Reaches(b.head)
	b.checkFold()
	enginetest.CheckVerified(b.Database, projections.All())
}

// Decoding must not depend on who wrote: the data of the log is JSON that a later version may lay
// out differently.
func TestRecordsOfAnotherLayoutAreProjectedToo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	event, booking, customer := b.schedule("E", 2), uuid.New(), uuid.New()
	data, err := json.MarshalIndent(map[string]any{"customerId": customer, "bookingId": booking}, "", " ")
	dbtest.Must(t, err)
	b.append(event, appendtest.Record{Type: domain.TypeTicketBooked, SchemaVersion: 1, Data: data})
	p.Reaches(b.head)
	row, err := projections.Bookings{Pool: b.Pool}.Get(context.Background(), booking)
	dbtest.Must(t, err)
	if row.UserID != customer || row.EventID != event {
		t.Errorf("got %+v", row)
	}
}
