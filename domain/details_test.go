package domain_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/domain"
)

func TestNewDetails(t *testing.T) {
	t.Parallel()
	with := func(change func(*domain.Details)) domain.Details {
		d := concert()
		change(&d)
		return d
	}
	tests := []struct {
		name  string
		given domain.Details
		wrong string // the fields, in order
	}{
		{"complete details are accepted", concert(), ""},
		{"a description is optional", with(func(d *domain.Details) { d.Description = "" }), ""},
		{"an event can be free", with(func(d *domain.Details) { d.TicketTypes = domain.GeneralAdmission(0) }), ""},
		{"the highest price is accepted", with(func(d *domain.Details) { d.TicketTypes[0].Price = domain.MaxPrice }), ""},
		{"length counts characters and not bytes",
			with(func(d *domain.Details) { d.Title = strings.Repeat("é", domain.MaxTitle) }), ""},
		{"the first moment of 1970 is accepted", with(func(d *domain.Details) { d.StartsAt = time.Unix(0, 0) }), ""},

		{"a title is required", with(func(d *domain.Details) { d.Title = "" }), "title"},
		{"a title of spaces is none", with(func(d *domain.Details) { d.Title = " \t\n\u00a0" }), "title"},
		{"a title can't be too long", with(func(d *domain.Details) { d.Title = strings.Repeat("é", domain.MaxTitle+1) }),
			"title"},
		{"a title is valid UTF-8", with(func(d *domain.Details) { d.Title = "concert\xff" }), "title"},
		{"a title has no NUL, which PostgreSQL can't hold", with(func(d *domain.Details) { d.Title = "con\x00cert" }),
			"title"},
		{"a title can have joiners, marks of direction, accents and flags", with(func(d *domain.Details) {
			d.Title = "نمایش می\u200cخواهم \u200eABC\u200f 👩\u200d👩\u200d👧 ❤\ufe0f e\u0301 क्\u200dष 🏴" +
				"\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
		}), ""},
		{"a title of one emoji is accepted", with(func(d *domain.Details) { d.Title = "❤\ufe0f" }), ""},
		{"a title of one sign is accepted", with(func(d *domain.Details) { d.Title = "?" }), ""},
		{"an override of direction is isolated where it is shown",
			with(func(d *domain.Details) { d.Title = "\u202etrecnoc" }), ""},
		{"a description can have lines and tabs", with(func(d *domain.Details) { d.Description = "One\n\n\tTwo" }), ""},
		{"a title has one line", with(func(d *domain.Details) { d.Title = "Concert\n  9  forged" }), "title"},
		{"a title has no tab", with(func(d *domain.Details) { d.Title = "Concert\tTonight" }), "title"},
		{"a title has no separator of lines", with(func(d *domain.Details) { d.Title = "Concert\u2028Tonight" }), "title"},
		{"a title has no escape", with(func(d *domain.Details) { d.Title = "Concert\x1b[2J" }), "title"},
		{"a title has no control character of eight bits", with(func(d *domain.Details) { d.Title = "Concert\u009b2J" }),
			"title"},
		{"a venue has no escape", with(func(d *domain.Details) { d.Venue = "Hall\x1b]52;c;AAAA\a" }), "venue"},
		{"a venue can be seen", with(func(d *domain.Details) { d.Venue = "\u200b\u200b" }), "venue"},
		{"a description has no escape", with(func(d *domain.Details) { d.Description = "An\x1b[31m evening" }),
			"description"},
		{"a description has no NUL", with(func(d *domain.Details) { d.Description = "An\x00evening" }), "description"},
		{"a description has no lone carriage return", with(func(d *domain.Details) { d.Description = "An\revening" }),
			"description"},
		{"a description can't be too long",
			with(func(d *domain.Details) { d.Description = strings.Repeat("x", domain.MaxDescription+1) }), "description"},
		{"a venue is required", with(func(d *domain.Details) { d.Venue = " " }), "venue"},
		{"a venue can't be too long", with(func(d *domain.Details) { d.Venue = strings.Repeat("x", domain.MaxVenue+1) }),
			"venue"},
		{"a date is required", with(func(d *domain.Details) { d.StartsAt = time.Time{} }), "date"},
		{"a date before 1970 is a mistake", with(func(d *domain.Details) { d.StartsAt = time.Unix(-1, 0) }), "date"},
		{"a date beyond the year 9999 can't be written", with(func(d *domain.Details) {
			d.StartsAt = time.Date(9999, 12, 31, 23, 0, 0, 0, time.FixedZone("", -3600))
		}), "date"},
		{"a time zone must exist", with(func(d *domain.Details) { d.TimeZone = "Europe/Atlantis" }), "timeZone"},
		{"a time zone is no path", with(func(d *domain.Details) { d.TimeZone = "../../etc/passwd" }), "timeZone"},
		{"a time zone is the same on every machine", with(func(d *domain.Details) { d.TimeZone = "Local" }), "timeZone"},
		{"a time zone is known to browsers", with(func(d *domain.Details) { d.TimeZone = "right/UTC" }), "timeZone"},
		{"a time zone is not a file beside them", with(func(d *domain.Details) { d.TimeZone = "posixrules" }), "timeZone"},
		{"a time zone is chosen", with(func(d *domain.Details) { d.TimeZone = "Factory" }), "timeZone"},
		{"a price is not negative", with(func(d *domain.Details) { d.TicketTypes = domain.GeneralAdmission(-1) }), "price"},
		{"a price has a limit", with(func(d *domain.Details) { d.TicketTypes[0].Price = domain.MaxPrice + 1 }), "price"},
		{"a currency is required", with(func(d *domain.Details) { d.Currency = "" }), "currency"},
		{"a currency is in upper case", with(func(d *domain.Details) { d.Currency = "eur" }), "currency"},
		{"a currency has three letters", with(func(d *domain.Details) { d.Currency = "EURO" }), "currency"},
		{"a currency is made of letters", with(func(d *domain.Details) { d.Currency = "E1R" }), "currency"},

		{"an event can end", with(func(d *domain.Details) { d.EndsAt = begins.Add(domain.MaxDuration) }), ""},
		{"an event ends after it begins", with(func(d *domain.Details) { d.EndsAt = begins }), "endsAt"},
		{"an event ends within a month", with(func(d *domain.Details) {
			d.EndsAt = begins.Add(domain.MaxDuration + time.Second)
		}), "endsAt"},
		{"a category is one of the list", with(func(d *domain.Details) { d.Category = "Music" }), "category"},
		{"an image is named by its hash", with(func(d *domain.Details) { d.Image = strings.Repeat("0a", 32) }), ""},
		{"an image is no address", with(func(d *domain.Details) { d.Image = "https://example.com/" }), "image"},
		{"a hash is in lower case", with(func(d *domain.Details) { d.Image = strings.Repeat("0A", 32) }), "image"},
		{"an organizer has a name of one line", with(func(d *domain.Details) { d.OrganizerName = "A\nB" }),
			"organizerName"},
		{"the name of an organizer can't be too long", with(func(d *domain.Details) {
			d.OrganizerName = strings.Repeat("x", domain.MaxOrganizerName+1)
		}), "organizerName"},
		{"a ticket type has a name", with(func(d *domain.Details) { d.TicketTypes[0].Name = " " }), "ticketTypes/0/name"},
		{"ticket types have different names", with(func(d *domain.Details) {
			d.TicketTypes = append(d.TicketTypes, domain.TicketType{Name: " General admission"})
		}), "ticketTypes/1/name"},
		{"ticket types have different ids", with(func(d *domain.Details) {
			d.TicketTypes = append(d.TicketTypes, domain.TicketType{ID: 1, Name: "Balcony"})
		}), "ticketTypes/1/id"},
		{"the price of each ticket type has a limit", with(func(d *domain.Details) {
			d.TicketTypes = append(d.TicketTypes, domain.TicketType{Name: "Balcony", Price: -1})
		}), "ticketTypes/1/price"},
		{"the capacity of a ticket type is not negative", with(func(d *domain.Details) { d.TicketTypes[0].Capacity = -1 }),
			"ticketTypes/0/capacity"},
		{"there are at most twenty ticket types", with(func(d *domain.Details) {
			d.TicketTypes = nil
			for i := range domain.MaxTicketTypes + 1 {
				d.TicketTypes = append(d.TicketTypes, domain.TicketType{Name: strings.Repeat("x", i+1)})
			}
		}), "ticketTypes"},
		{"a customer can't buy all", with(func(d *domain.Details) { d.MaxPerCustomer = domain.MaxPerCustomer + 1 }),
			"maxPerCustomer"},
		{"a sale closes after it opens", with(func(d *domain.Details) {
			d.SaleOpensAt, d.SaleClosesAt = inTime, inTime
		}), "saleClosesAt"},
		{"a sale opens at a time of this era", with(func(d *domain.Details) { d.SaleOpensAt = time.Unix(-1, 0) }),
			"saleOpensAt"},

		{"every problem is listed at once", domain.Details{TimeZone: "x", TicketTypes: domain.GeneralAdmission(-1)},
			"title venue date timeZone price currency"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			details, err := domain.NewDetails(test.given)
			if got := wrongFields(t, err); got != test.wrong {
				t.Errorf("the fields %q are wrong, want %q (%v)", got, test.wrong, err)
			}
			if err != nil && !details.Equal(domain.Details{}) {
				t.Errorf("got %+v beside the error", details)
			}
		})
	}
}

func TestATitleCanBeSeen(t *testing.T) {
	t.Parallel()
	for _, blank := range []string{
		"\u200b\u200b\u200b", "\u200c", "\u200d", "\u200e\u200f", "\u2060", "\u2063", "\ufeff", "\u00ad", "\u034f", "\u061c",
		"\u115f", "\u1160", "\u17b4",
		"\u180e", "\u2800", "\u202e\u202c", "\u2066\u2069", "\u3164", "\uffa0", "\ufe0f", "\u0301", "\u0301 \u0301",
		"\U000e0041", "\U000e0100", "\u3000\u200b", "\u200b \u200b",
	} {
		d := concert()
		d.Title = blank
		if _, err := domain.NewDetails(d); wrongFields(t, err) != "title" {
			t.Errorf("the title %+q was accepted: %v", blank, err)
		}
	}
}

// An older record may have values that are refused today. A change of other fields must not fail
// because of them.
func TestRevisingChecksOnlyWhatChanges(t *testing.T) {
	t.Parallel()
	old := domain.Details{
		Title: "\u200b", Description: "\x1b[2J", Venue: "a\nb", TimeZone: "Mars/Base", StartsAt: time.Unix(-1, 0).UTC(),
		TicketTypes: domain.GeneralAdmission(-1), MaxPerCustomer: 1,
	}
	if got, err := domain.ReviseDetails(old, old); err != nil || !got.Equal(old) {
		t.Errorf("got %+v, %v, and nothing changes", got, err)
	}
	for field, change := range map[string]func(*domain.Details){
		"title":       func(d *domain.Details) { d.Title = "\u200b\u200b" },
		"description": func(d *domain.Details) { d.Description = "\x1b" },
		"venue":       func(d *domain.Details) { d.Venue = "" },
		"timeZone":    func(d *domain.Details) { d.TimeZone = "Moon/Base" },
		"date":        func(d *domain.Details) { d.StartsAt = time.Unix(-2, 0) },
		"price":       func(d *domain.Details) { d.TicketTypes = domain.GeneralAdmission(-2) },
		"currency":    func(d *domain.Details) { d.Currency = "!" },
	} {
		changed := old
		change(&changed)
		if _, err := domain.ReviseDetails(old, changed); wrongFields(t, err) != field {
			t.Errorf("a wrong %s: %v", field, err)
		}
	}
	untrimmed := old
	untrimmed.Venue += "\n"
	if got, err := domain.ReviseDetails(untrimmed, untrimmed); err != nil || !got.Equal(old) {
		t.Errorf("got %+v, %v for a venue with space after it", got, err)
	}
	better := old
	better.Title = "Concert"
	if got, err := domain.ReviseDetails(old, better); err != nil || !got.Equal(better) {
		t.Errorf("got %+v, %v for a better title", got, err)
	}
}

func TestAnEventEndsAfterItBeginsWhicheverOfTheTwoChanges(t *testing.T) {
	t.Parallel()
	before := concert()
	before.EndsAt = begins.Add(time.Hour)
	later := before
	later.StartsAt = dayLater
	if _, err := domain.ReviseDetails(before, later); wrongFields(t, err) != "endsAt" {
		t.Errorf("an event that begins after its end: %v", err)
	}
}

func TestEachTicketTypeHasAnIDOfItsOwn(t *testing.T) {
	t.Parallel()
	d := concert()
	d.TicketTypes = []domain.TicketType{{Name: "Floor"}, {ID: 7, Name: "Balcony"}, {Name: "Box"}}
	got, err := domain.NewDetails(d)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []domain.TypeID{8, 7, 9} {
		if got.TicketTypes[i].ID != want {
			t.Errorf("type %d has the id %d, want %d", i, got.TicketTypes[i].ID, want)
		}
	}
	if d.TicketTypes[0].ID != 0 {
		t.Error("the types were changed in place")
	}
}

func TestNewDetailsBringsValuesToOneForm(t *testing.T) {
	t.Parallel()
	got, err := domain.NewDetails(domain.Details{
		Title: " Limited Concert\n", Description: "\tAn evening with strings ", Venue: " Small Hall ",
		StartsAt: begins.Add(999*time.Nanosecond + 3*time.Microsecond).In(time.FixedZone("", 5*3600)),
		Currency: "EUR", TicketTypes: domain.GeneralAdmission(0),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := domain.Details{
		Title: "Limited Concert", Description: "An evening with strings", Venue: "Small Hall",
		StartsAt: begins.Add(3 * time.Microsecond), TimeZone: "UTC", Currency: "EUR", TicketTypes: domain.GeneralAdmission(0),
		MaxPerCustomer: 1,
	}
	if !got.Equal(want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if again, err := domain.NewDetails(got); err != nil || !again.Equal(got) {
		t.Errorf("once more gives %+v, %v", again, err)
	}
}

func TestDetailsFromTheClockCompareWithThoseFromTheLog(t *testing.T) {
	t.Parallel()
	made := concert()
	made.StartsAt = time.Now().Add(time.Hour) // with a monotonic reading, a location and nanoseconds
	made, err := domain.NewDetails(made)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := json.Marshal(made)
	if err != nil {
		t.Fatal(err)
	}
	var read domain.Details
	if err := json.Unmarshal(stored, &read); err != nil || !read.Equal(made) {
		t.Errorf("read %+v, %v; want %+v", read, err, made)
	}
}

func TestCheckCapacity(t *testing.T) {
	t.Parallel()
	for capacity, want := range map[int]string{
		-1: "totalTickets", 0: "totalTickets", 1: "", 2: "", domain.MaxCapacity: "", domain.MaxCapacity + 1: "totalTickets",
	} {
		if got := wrongFields(t, domain.CheckCapacity(capacity)); got != want {
			t.Errorf("capacity %d: the fields %q are wrong, want %q", capacity, got, want)
		}
	}
}

func TestJoinInvalid(t *testing.T) {
	t.Parallel()
	var (
		title    = &domain.InvalidError{Fields: []domain.FieldError{{Field: "title", Message: "This field is required."}}}
		venue    = &domain.InvalidError{Fields: []domain.FieldError{{Field: "venue", Message: "This field is required."}}}
		unlisted = errors.New("the disk is full")
	)
	tests := []struct {
		name string
		errs []error
		want string
	}{
		{"nothing joins to no error", nil, ""},
		{"checks that passed join to no error", []error{nil, nil}, ""},
		{"one problem stays one", []error{nil, title}, "title: This field is required."},
		{"several problems are listed in order", []error{venue, nil, title},
			"venue: This field is required. title: This field is required."},
		{"a wrapped problem is listed too", []error{fmt.Errorf("schedule: %w", title), venue},
			"title: This field is required. venue: This field is required."},
		{"another kind of error is not hidden among them", []error{title, unlisted, venue}, "the disk is full"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := domain.JoinInvalid(test.errs...)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	if err := domain.JoinInvalid(title, unlisted); !errors.Is(err, unlisted) {
		t.Errorf("the other error came back as %v", err)
	}
	if _ = domain.JoinInvalid(title, venue); len(title.Fields) != 1 {
		t.Errorf("joining changed what was joined: %v", title)
	}
}

func wrongFields(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var invalid *domain.InvalidError
	if !errors.As(err, &invalid) {
		t.Fatalf("%T is not an InvalidError", err)
	}
	var fields []string
	for _, f := range invalid.Fields {
		fields = append(fields, f.Field)
	}
	return strings.Join(fields, " ")
}
