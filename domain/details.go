package domain

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Limits of an event. They keep records small, and numbers exact in the JSON of every language.
const (
	MaxTitle       = 200       // characters
	MaxDescription = 5_000     // characters
	MaxVenue       = 200       // characters
	MaxCapacity    = 1_000_000 // tickets
	MaxPrice       = 100_000_000_00
)

// Details describe an event. [NewDetails] is the only constructor. Values
// can be compared with ==.
type Details struct {
	Title       string    `json:"title"`
	Description string    `json:"description"`
	Venue       string    `json:"venue"`
	StartsAt    time.Time `json:"startsAt"` // UTC, whole microseconds
	TimeZone    string    `json:"timeZone"` // IANA name of the venue's zone, such as Europe/Lisbon
	Price       Money     `json:"price"`
}

// Money is an amount in the minor unit of a currency (cents for EUR), so that sums are exact.
type Money struct {
	Minor    int64  `json:"minor"`
	Currency string `json:"currency"` // ISO 4217 code, upper case
}

// InvalidError lists everything that is wrong with the values of a command.
type InvalidError struct{ Fields []FieldError }

// FieldError says what is wrong with one field, named as in JSON.
type FieldError struct{ Field, Message string }

func (e *InvalidError) Error() string {
	messages := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		messages[i] = f.Field + ": " + f.Message
	}
	return strings.Join(messages, " ")
}

// NewDetails checks and normalizes the details of an event: surrounding space is cut, lines of the
// description end with \n, the time is UTC. An empty time zone means UTC. The error is an
// [*InvalidError] with every problem.
func NewDetails(d Details) (Details, error) {
	d = d.normalized()
	if wrong := d.problems(); len(wrong) > 0 {
		return Details{}, &InvalidError{wrong}
	}
	return d, nil
}

// ReviseDetails is [NewDetails] for an event that has details already. Unchanged fields are not
// checked: they may be older than today's limits.
func ReviseDetails(before, d Details) (Details, error) {
	before, d = before.normalized(), d.normalized()
	var wrong []FieldError
	for _, problem := range d.problems() {
		if !sameField(problem.Field, before, d) {
			wrong = append(wrong, problem)
		}
	}
	if len(wrong) > 0 {
		return Details{}, &InvalidError{wrong}
	}
	return d, nil
}

func (d Details) normalized() Details {
	d.Title, d.Venue = strings.TrimSpace(d.Title), strings.TrimSpace(d.Venue)
	d.Description = strings.ReplaceAll(strings.TrimSpace(d.Description), "\r\n", "\n")
	d.StartsAt = startsAt(d.StartsAt)
	if d.TimeZone == "" {
		d.TimeZone = "UTC"
	}
	return d
}

func (d Details) problems() (wrong []FieldError) {
	check := func(ok bool, field, message string) {
		if !ok {
			wrong = append(wrong, FieldError{field, message})
		}
	}
	line := func(field, text string, most int) {
		switch {
		case text == "":
			check(false, field, "This field is required.")
		case !isText(text, most):
			check(false, field, fmt.Sprintf("Use plain text of at most %s characters.", Grouped(most)))
		case !isLine(text):
			check(false, field, "Use a single line without control characters.")
		default:
			check(IsVisible(text), field, "Use at least one visible character.")
		}
	}
	line("title", d.Title, MaxTitle)
	if !isText(d.Description, MaxDescription) {
		check(false, "description", fmt.Sprintf("Use plain text of at most %s characters.", Grouped(MaxDescription)))
	} else {
		check(isParagraphs(d.Description), "description", "Remove control characters other than line breaks and tabs.")
	}
	line("venue", d.Venue, MaxVenue)
	check(d.StartsAt.Year() >= 1970 && d.StartsAt.Year() < 10_000, "date", "Enter a date after 1970.")
	// "Local" would mean another zone on each machine.
	_, err := time.LoadLocation(d.TimeZone)
	check(err == nil && d.TimeZone != "Local", "timeZone", "Enter an IANA time zone, such as Europe/Lisbon.")
	check(d.Price.Minor >= 0 && d.Price.Minor <= MaxPrice, "price", "Enter a price from 0 to 100 million.")
	check(isCurrency(d.Price.Currency), "currency", "Enter a three-letter currency code, such as USD.")
	return wrong
}

// sameField compares one field, named as in JSON, before and after a change.
func sameField(name string, before, now Details) bool {
	switch name {
	case "title":
		return before.Title == now.Title
	case "description":
		return before.Description == now.Description
	case "venue":
		return before.Venue == now.Venue
	case "date":
		return before.StartsAt.Equal(now.StartsAt)
	case "timeZone":
		return before.TimeZone == now.TimeZone
	case "price":
		return before.Price.Minor == now.Price.Minor
	case "currency":
		return before.Price.Currency == now.Price.Currency
	}
	return false
}

// CheckDate checks that an event can be scheduled for, or moved to, a time. A zero now accepts
// every time. The error is an [*InvalidError].
func CheckDate(startsAt, now time.Time) error {
	if now.IsZero() || startsAt.After(now) {
		return nil
	}
	return &InvalidError{[]FieldError{pastDate()}}
}

func pastDate() FieldError { return FieldError{"date", "Enter a date in the future."} }

// IsPast reports whether a date in the past is all that is wrong.
func (e *InvalidError) IsPast() bool { return len(e.Fields) == 1 && e.Fields[0] == pastDate() }

// CheckCapacity checks the number of tickets of an event. The error is an [*InvalidError].
func CheckCapacity(capacity int) error {
	if capacity < 1 || capacity > MaxCapacity {
		return &InvalidError{[]FieldError{{"totalTickets", "Enter a number from 1 to " + Grouped(MaxCapacity) + "."}}}
	}
	return nil
}

// JoinInvalid joins the [*InvalidError]s of several checks into one, or returns nil when none
// failed. An error of another kind is returned unchanged.
func JoinInvalid(errs ...error) error {
	var all InvalidError
	for _, err := range errs {
		var invalid *InvalidError
		switch {
		case err == nil:
		case errors.As(err, &invalid):
			all.Fields = append(all.Fields, invalid.Fields...)
		default:
			return err
		}
	}
	if len(all.Fields) == 0 {
		return nil
	}
	return &all
}

// UnmarshalJSON reads stored details and normalizes the time, so that values can be compared.
func (d *Details) UnmarshalJSON(data []byte) error {
	type plain Details
	if err := json.Unmarshal(data, (*plain)(d)); err != nil {
		return err
	}
	d.StartsAt = startsAt(d.StartsAt)
	// A time zone offset can move a time out of the years 0 to 9999, which JSON can't represent.
	if year := d.StartsAt.Year(); year < 0 || year > 9999 {
		return fmt.Errorf("startsAt is in the year %d", year)
	}
	return nil
}

func isCurrency(s string) bool {
	if len(s) != 3 {
		return false
	}
	return s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z' && s[2] >= 'A' && s[2] <= 'Z'
}
