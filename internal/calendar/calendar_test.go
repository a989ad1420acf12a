package calendar_test

import (
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"
	"github.com/emersion/go-ical"
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/calendar"
)

var update = flag.Bool("update", false, "write testdata/feed.ics anew")

const feedPath = "testdata/feed.ics"

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

// entries are what calendars have been seen to get wrong. The tests of the web UI read them too.
func entries() []calendar.Entry {
	var all []calendar.Entry
	for i, e := range []calendar.Entry{
		{Title: "Summer", StartsAt: at("2030-07-04T20:30:00+01:00"), EndsAt: at("2030-07-05T02:00:00+01:00"),
			TimeZone: "Europe/Lisbon", Status: calendar.Confirmed,
			Details: "Ticket number 0123 4567 89AB\n2 × Balcony, front; left",
			URL:     "https://tickets.example.com/bookings"},
		{Title: "Winter, without an end", StartsAt: at("2030-12-24T18:00:00Z"), TimeZone: "Europe/Lisbon",
			Status: calendar.Cancelled},
		{Title: "Across the change of clocks", StartsAt: at("2030-10-26T23:00:00+02:00"),
			EndsAt:   at("2030-10-27T05:00:00+01:00"),
			TimeZone: "Europe/Berlin", Status: calendar.Confirmed},
		{Title: "The first 02:30 of the night", StartsAt: at("2030-10-27T02:30:00+02:00"),
			EndsAt:   at("2030-10-27T02:30:00+01:00"),
			TimeZone: "Europe/Berlin", Status: calendar.Confirmed},
		{Title: "Summer in the south", StartsAt: at("2031-01-15T19:00:00+11:00"), TimeZone: "Australia/Sydney",
			Status: calendar.Tentative},
		{Title: "Without summer time", StartsAt: at("2030-08-01T10:00:00+05:30"), TimeZone: "Asia/Kolkata",
			Status: calendar.Confirmed},
		{Title: "UTC", StartsAt: at("2030-08-01T10:00:00Z"), TimeZone: "UTC", Status: calendar.Confirmed},
		{Title: "A zone that is not known", StartsAt: at("2030-08-01T10:00:00Z"), TimeZone: "Mars/Olympus",
			Status: calendar.Confirmed},
		{Title: "Ünïcödé 音楽 🎺 " + strings.Repeat("ÄÖÜ", 40) + "\\;,\x1b",
			StartsAt: at("2030-08-01T10:00:00Z"), TimeZone: "UTC",
			Status: calendar.Confirmed, Venue: "Hall; 3, \\ left"},
	} {
		e.ID, e.Version, e.ModifiedAt = uuid.NewSHA1(uuid.NameSpaceURL, []byte(e.Title)), i+1, at("2030-01-02T03:04:05Z")
		all = append(all, e)
	}
	return all
}

func TestTheFeedIsTheSameForTheSameEntries(t *testing.T) {
	t.Parallel()
	got := calendar.Calendar{Name: "My bookings", Entries: entries()}.Text()
	if *update {
		if err := os.WriteFile(feedPath, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(feedPath)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("not what %s has; -update writes it anew:\n%s", feedPath, got)
	}
}

// The instants that other programs read are those that were written.
func TestTwoLibrariesReadTheFeed(t *testing.T) {
	t.Parallel()
	text := calendar.Calendar{Name: "My bookings", Entries: entries()}.Text()
	ours, err := ics.ParseCalendar(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := ical.NewDecoder(strings.NewReader(text)).Decode()
	if err != nil {
		t.Fatal(err)
	}
	if len(ours.Events()) != len(entries()) || len(theirs.Events()) != len(entries()) {
		t.Fatalf("read %d and %d events, want %d", len(ours.Events()), len(theirs.Events()), len(entries()))
	}
	for i, want := range entries() {
		e, other := ours.Events()[i], theirs.Events()[i]
		starts, err := e.GetStartAt()
		otherStarts, otherErr := other.DateTimeStart(nil)
		if err != nil || otherErr != nil || !starts.Equal(want.StartsAt) || !otherStarts.Equal(want.StartsAt) {
			t.Errorf("%s begins at %s, %v, and %s, %v; want %s", want.Title, starts, err, otherStarts, otherErr, want.StartsAt)
		}
		if want.EndsAt.IsZero() {
			want.EndsAt = want.StartsAt.Add(calendar.UsualDuration)
		}
		ends, err := other.DateTimeEnd(nil)
		if err != nil || !ends.Equal(want.EndsAt) {
			t.Errorf("%s ends at %s, %v; want %s", want.Title, ends, err, want.EndsAt)
		}
		title, err := other.Props.Text(ical.PropSummary)
		if err != nil || title != strings.ReplaceAll(want.Title, "\x1b", "") {
			t.Errorf("got the title %q, %v", title, err)
		}
		status, err := other.Status()
		if err != nil || string(status) != string(want.Status) || e.Id() != want.ID.String()+"@boxoffice" {
			t.Errorf("%s is %s, %v, with the id %s", want.Title, status, err, e.Id())
		}
	}
}

// RFC 5545, 3.1 and 3.6.5.
func TestTheFormatOfTheFeed(t *testing.T) {
	t.Parallel()
	text := calendar.Calendar{Name: "My bookings", Entries: entries()}.Text()
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\r\n"), "\r\n") {
		if len(line) > 75 || strings.ContainsAny(line, "\r\n") || line == "" {
			t.Errorf("a line of %d bytes: %q", len(line), line)
		}
	}
	for zone, wanted := range map[string]int{
		"Europe/Lisbon": 1, "Europe/Berlin": 1, "Australia/Sydney": 1, "Asia/Kolkata": 1, "UTC": 0, "Mars/Olympus": 0,
	} {
		if n := strings.Count(text, "\r\nTZID:"+zone+"\r\n"); n != wanted {
			t.Errorf("%s is defined %d times", zone, n)
		}
	}
	if n := strings.Count(text, "BEGIN:DAYLIGHT"); n != 5 { // Berlin's two, Lisbon's two, and Sydney's one
		t.Errorf("%d periods of summer time", n)
	}
	if !strings.Contains(text, "DTSTART:20301027T003000Z\r\n") {
		t.Error("an hour that clocks show twice is not written in UTC")
	}
}

// Every quarter of an hour around changes of clocks, also of half an hour (Lord Howe) and at the start
// of a day.
func TestTimesAroundChangesOfClocks(t *testing.T) {
	t.Parallel()
	for zone, around := range map[string]time.Time{
		"Europe/Berlin": at("2030-10-27T01:00:00Z"), "America/New_York": at("2030-03-10T07:00:00Z"),
		"Australia/Lord_Howe": at("2030-04-06T15:00:00Z"), "America/Santiago": at("2030-04-07T03:00:00Z"),
	} {
		var all []calendar.Entry
		for i := -12; i <= 12; i++ {
			all = append(all, calendar.Entry{
				ID: uuid.New(), StartsAt: around.Add(time.Duration(i) * 15 * time.Minute), TimeZone: zone,
			})
		}
		read, err := ics.ParseCalendar(strings.NewReader(calendar.Calendar{Entries: all}.Text()))
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range read.Events() {
			if got, err := e.GetStartAt(); err != nil || !got.Equal(all[i].StartsAt) {
				t.Errorf("%s: got %s, %v, want %s", zone, got, err, all[i].StartsAt)
			}
		}
	}
}

func TestNamesOfFiles(t *testing.T) {
	t.Parallel()
	for title, want := range map[string]string{
		"Rock & Roll <Night>": "Rock-Roll-Night.ics", "../../etc/passwd": "etc-passwd.ics",
		"🎺": "event.ics", "音楽会": "音楽会.ics", "Con": "event-Con.ics", "com1": "event-com1.ics", "Console": "Console.ics",
		strings.Repeat("音", 200):  strings.Repeat("音", 33) + ".ics",
		strings.Repeat("ab ", 66): strings.Repeat("ab-", 33) + "a.ics", // of 100 bytes before the dot
	} {
		if got := calendar.FileName(title); got != want {
			t.Errorf("%q: got %q, want %q", title, got, want)
		}
	}
}
