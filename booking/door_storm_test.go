package booking_test

import (
	"errors"
	"flag"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/dbtest"
)

var doorRounds = flag.Int("door-rounds", 0, "rounds of the storm at the door; 0: as many as fit in two seconds")

// Fifty scanners of two processes see the same ticket at the same moment.
func TestOfFiftyScannersOneAdmits(t *testing.T) {
	t.Parallel()
	const scanners = 50
	b := setup(t)
	other := b.anotherProcess()
	event := b.schedule(5000)
	doors := []*booking.Service{b.unread(), other}
	began, round := time.Now(), 0
	for ; round < *doorRounds || *doorRounds == 0 && time.Since(began) < 2*time.Second; round++ {
		sold, err := b.unread().Book(t.Context(), by(uuid.New()), booking.Book{EventID: event})
		dbtest.Must(t, err)
		ticket := domain.TicketID{BookingID: sold.Booking.ID, Type: domain.FirstTypeID, Number: 1}
		var (
			all      sync.WaitGroup
			mu       sync.Mutex
			admitted int
			told     = map[time.Time]bool{} // what those who were refused were told
		)
		gate := make(chan struct{})
		for i := range scanners {
			all.Go(func() {
				<-gate
				result, err := doors[i%len(doors)].CheckIn(t.Context(), by(organizer),
					booking.CheckIn{EventID: event, OfEvent: event, Ticket: ticket})
				mu.Lock()
				defer mu.Unlock()
				var already *domain.AlreadyCheckedInError
				switch {
				case err == nil:
					admitted++
					told[result.Ticket.At] = true
				case errors.As(err, &already):
					told[already.At] = true
				default:
					t.Errorf("round %d: %v", round, err)
				}
			})
		}
		close(gate)
		all.Wait()
		if admitted != 1 || len(told) != 1 {
			t.Fatalf("round %d: %d were admitted, and %d times were told", round, admitted, len(told))
		}
	}
	var records int
	dbtest.Must(t, b.db.Pool.QueryRow(t.Context(), `select count(*) from event_log where type = $1`,
		domain.TypeTicketCheckedIn).Scan(&records))
	if records != round {
		t.Errorf("%d check-ins are on record after %d rounds", records, round)
	}
	t.Logf("%d rounds of %d scanners in %v", round, scanners, time.Since(began).Round(time.Millisecond))
}
