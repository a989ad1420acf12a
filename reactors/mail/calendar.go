package mail

import (
	"cmp"
	"strings"
	"time"
	"unicode"

	ics "github.com/arran4/golang-ical"
)

// usualDuration is that of an event that does not say its end.
const usualDuration = 2 * time.Hour

// calendarOf is the booking as an entry of a calendar. It has the same id as the one that the web
// page gives, and a newer one replaces an older one.
func calendarOf(l Letter, now time.Time) string {
	c := ics.NewCalendarFor("Boxoffice")
	c.SetMethod(ics.MethodPublish)
	e := c.AddEvent(l.Booking.String() + "@boxoffice")
	e.SetDtStampTime(now)
	e.SetSequence(l.Event.Version)
	e.SetStartAt(l.Event.StartsAt)
	end := l.Event.EndsAt
	if end.IsZero() {
		end = l.Event.StartsAt.Add(usualDuration)
	}
	e.SetEndAt(end)
	e.SetSummary(printable(l.Event.Title))
	e.SetLocation(printable(l.Event.Venue))
	e.SetStatus(ics.ObjectStatusConfirmed)
	switch l.Kind {
	case EventCancelled, BookingCancelled, BookingCancelledByOrganizer:
		e.SetStatus(ics.ObjectStatusCancelled)
	default:
	}
	return c.Serialize()
}

// calendarName is a name for the file that every system takes.
func calendarName(title string) string {
	name := strings.Join(strings.FieldsFunc(title, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r)
	}), "-")
	return cmp.Or(name, "event") + ".ics"
}

// printable leaves control characters out, which a calendar and a subject can't hold.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, text)
}
