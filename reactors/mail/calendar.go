package mail

import (
	"time"

	"github.com/boxoffice/boxoffice/internal/calendar"
	"github.com/boxoffice/boxoffice/internal/ticket"
)

// calendarOf is the booking as an entry of a calendar. It has the same id as in the feed and in the
// file that the web page gives, and a newer one replaces an older one.
func calendarOf(l Letter, now time.Time) string {
	e := calendar.Entry{
		ID: l.Booking, Version: l.Event.Version, ModifiedAt: now, Title: l.Event.Title, Venue: l.Event.Venue,
		Details:  "Ticket number " + ticket.NumberOf(l.Booking),
		StartsAt: l.Event.StartsAt, EndsAt: l.Event.EndsAt, TimeZone: l.Event.TimeZone, Status: calendar.Confirmed,
	}
	switch l.Kind {
	case EventCancelled, BookingCancelled, BookingCancelledByOrganizer:
		e.Status = calendar.Cancelled
	default:
	}
	return calendar.Calendar{Entries: []calendar.Entry{e}}.Text()
}
