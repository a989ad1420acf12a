// Package calendar writes iCalendar files (RFC 5545), for mails and for feeds that calendars
// subscribe to. It knows nothing of bookings: an [Entry] is whatever takes place.
package calendar

import (
	"cmp"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	ics "github.com/arran4/golang-ical"
	"github.com/google/uuid"
)

// UsualDuration is that of an entry that does not say its end.
const UsualDuration = 2 * time.Hour

// Status says whether an entry takes place.
type Status string

// The statuses.
const (
	Confirmed Status = "CONFIRMED"
	Tentative Status = "TENTATIVE"
	Cancelled Status = "CANCELLED"
)

// Entry is an event of a calendar.
type Entry struct {
	ID uuid.UUID // a newer entry with the same one replaces an older one
	// Version grows with each change.
	Version    int
	ModifiedAt time.Time
	Title      string
	Venue      string
	Details    string
	URL        string // of a page about it; empty: none
	StartsAt   time.Time
	EndsAt     time.Time // zero: after the usual duration
	TimeZone   string    // IANA name; one that is not known means UTC
	Status     Status
}

// Calendar is a file. One with a name is a feed, which calendars read every hour.
type Calendar struct {
	Name    string
	Entries []Entry
}

// Text is the file. It is the same for the same entries, so that a hash of it can be an ETag.
func (c Calendar) Text() string {
	out := ics.NewCalendar()
	out.SetProductId("-//Boxoffice//EN")
	out.SetMethod(ics.MethodPublish)
	if c.Name != "" {
		out.SetXWRCalName(printable(c.Name))
		out.SetRefreshInterval("PT1H")
		out.SetXPublishedTTL("PT1H") // the same, for Outlook
	}
	zones := zones{}
	events := make([]*ics.VEvent, len(c.Entries))
	for i := range c.Entries {
		events[i] = c.Entries[i].event(zones)
	}
	for _, zone := range zones.components() { // before the events that name them
		out.AddVTimezone(zone)
	}
	for _, e := range events {
		out.AddVEvent(e)
	}
	return out.Serialize(ics.WithNewLineWindows) // CRLF, as the format has it
}

func (e *Entry) event(zones zones) *ics.VEvent {
	out := ics.NewEvent(e.ID.String() + "@boxoffice")
	out.SetDtStampTime(e.ModifiedAt)
	out.SetModifiedAt(e.ModifiedAt)
	out.SetSequence(e.Version)
	end := e.EndsAt
	if end.IsZero() {
		end = e.StartsAt.Add(UsualDuration)
	}
	zones.set(out, ics.ComponentPropertyDtStart, e.StartsAt, e.TimeZone)
	zones.set(out, ics.ComponentPropertyDtEnd, end, e.TimeZone)
	out.SetSummary(printable(e.Title))
	out.SetLocation(printable(e.Venue))
	if e.Details != "" {
		out.SetDescription(printable(e.Details))
	}
	if e.URL != "" {
		out.SetURL(e.URL)
	}
	out.SetStatus(ics.ObjectStatus(e.Status))
	return out
}

// maxFileName is the length of the longest name of a file, in bytes. File systems take 255; lines of a
// mail's header, in which each of them takes three characters, 998.
const maxFileName = 100

// FileName is a name for a file about something with a title, which every system takes.
func FileName(title string) string {
	name := strings.Join(strings.FieldsFunc(title, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r)
	}), "-")
	for len(name) > maxFileName {
		_, last := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-last]
	}
	if name = strings.TrimRight(name, "-"); deviceName.MatchString(name) {
		name = "event-" + name
	}
	return cmp.Or(name, "event") + ".ics"
}

// deviceName is one that Windows keeps for a device, whatever comes after a dot.
var deviceName = regexp.MustCompile(`^(?i:con|prn|aux|nul|(com|lpt)[0-9¹²³])$`)

// printable leaves control characters out, which a calendar can't hold.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' {
			return -1
		}
		return r
	}, text)
}
