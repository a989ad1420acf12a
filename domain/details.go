package domain

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
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

	MaxOrganizerName = 100 // characters
	MaxDuration      = 31 * 24 * time.Hour
)

// Details describe an event. [NewDetails] is the only constructor. The times are in UTC, in whole
// microseconds; a zero time is not set. Compare with [Details.Equal].
type Details struct {
	Title         string    `json:"title"`
	Description   string    `json:"description"`
	Venue         string    `json:"venue"`
	StartsAt      time.Time `json:"startsAt"`
	EndsAt        time.Time `json:"endsAt,omitzero"`
	TimeZone      string    `json:"timeZone"`                // IANA name of the venue's zone, such as Europe/Lisbon
	Category      string    `json:"category,omitempty"`      // one of [Categories], or empty
	Image         string    `json:"image,omitempty"`         // id of a stored image: its SHA-256 in lower-case hex
	OrganizerName string    `json:"organizerName,omitempty"` // as customers see it

	Currency    string       `json:"currency"`    // of every price: ISO 4217 code, upper case
	TicketTypes []TicketType `json:"ticketTypes"` // the first one's price is the event's; never changed in place

	MaxPerCustomer int       `json:"maxPerCustomer"` // tickets; 0: 1
	SaleOpensAt    time.Time `json:"saleOpensAt,omitzero"`
	SaleClosesAt   time.Time `json:"saleClosesAt,omitzero"`

	// RequireProofOfWork asks clients for a computation before each booking.
	RequireProofOfWork bool `json:"requireProofOfWork,omitempty"`
}

// Categories lists the categories that an event can have, in the order in which they are shown.
func Categories() []string {
	return []string{
		"music", "theatre", "comedy", "film", "sport", "talk", "workshop", "festival", "family", "other",
	}
}

// Equal reports whether two details are the same in every field.
func (d Details) Equal(other Details) bool { return reflect.DeepEqual(d, other) }

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
// description end with \n, times are UTC. An empty time zone means UTC, no ticket types mean one that
// is free of charge. Ticket types without an id get one. The error is an [*InvalidError] with every
// problem.
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
	d.Description = normalizedText(d.Description)
	d.OrganizerName = strings.TrimSpace(d.OrganizerName)
	d = d.withUTC()
	if d.TimeZone == "" {
		d.TimeZone = "UTC"
	}
	d.MaxPerCustomer = max(1, d.MaxPerCustomer)
	d.TicketTypes = normalizedTypes(d.TicketTypes)
	return d
}

// withUTC keeps details comparable: times from JSON and from commands get the same location and
// precision.
func (d Details) withUTC() Details {
	for _, t := range []*time.Time{&d.StartsAt, &d.EndsAt, &d.SaleOpensAt, &d.SaleClosesAt} {
		if *t = t.UTC().Truncate(time.Microsecond); t.IsZero() {
			*t = time.Time{}
		}
	}
	return d
}

// problems are in the order of the fields of a form.
func (d Details) problems() []FieldError {
	var wrong checks
	wrong.line("title", d.Title, MaxTitle)
	if !isText(d.Description, MaxDescription) {
		wrong.add("description", fmt.Sprintf("Use plain text of at most %s characters.", Grouped(MaxDescription)))
	} else {
		wrong.unless(isParagraphs(d.Description), "description",
			"Remove control characters other than line breaks and tabs.")
	}
	wrong.line("venue", d.Venue, MaxVenue)
	wrong.unless(isYear(d.StartsAt), "date", "Enter a date after 1970.")
	wrong.unless(isTimeZone(d.TimeZone), "timeZone", "Enter an IANA time zone, such as Europe/Lisbon.")
	d.checkPresentation(&wrong)
	d.checkTickets(&wrong)
	return wrong
}

// isTimeZone reports whether a name is that of a zone everywhere. "Local" would mean another zone on each
// machine, and "Factory" none. Some machines have files beside the zones, such as posixrules and
// right/UTC, which other machines and browsers don't know: their names begin in lower case.
func isTimeZone(name string) bool {
	if name == "" || name == "Local" || name == "Factory" || name[0] < 'A' || name[0] > 'Z' {
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}

// imageForm is that of a SHA-256.
var imageForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

// IsImageID reports whether a text can be the id of a stored image.
func IsImageID(id string) bool { return imageForm.MatchString(id) }

// checkPresentation checks what is optional and shown only.
func (d Details) checkPresentation(wrong *checks) {
	if !d.EndsAt.IsZero() {
		wrong.unless(d.EndsAt.After(d.StartsAt), "endsAt", "Choose an end after the start.")
		wrong.unless(d.EndsAt.Sub(d.StartsAt) <= MaxDuration, "endsAt", "Choose an end within 31 days of the start.")
	}
	if d.Category != "" {
		wrong.unless(slices.Contains(Categories(), d.Category), "category",
			"Choose one of these: "+strings.Join(Categories(), ", ")+".")
	}
	if d.Image != "" {
		wrong.unless(IsImageID(d.Image), "image", "Upload the image first, and use its ID.")
	}
	if d.OrganizerName != "" {
		wrong.line("organizerName", d.OrganizerName, MaxOrganizerName)
	}
}

// checks collects what is wrong.
type checks []FieldError

func (c *checks) add(field, message string) { *c = append(*c, FieldError{field, message}) }

func (c *checks) unless(ok bool, field, message string) {
	if !ok {
		c.add(field, message)
	}
}

// line checks a text that is one line and is not empty.
func (c *checks) line(field, text string, most int) {
	switch {
	case text == "":
		c.add(field, "This field is required.")
	case !isText(text, most):
		c.add(field, fmt.Sprintf("Use plain text of at most %s characters.", Grouped(most)))
	case !isLine(text):
		c.add(field, "Use a single line without control characters.")
	case !IsVisible(text):
		c.add(field, "Use at least one visible character.")
	}
}

func isYear(t time.Time) bool { return t.Year() >= 1970 && t.Year() < 10_000 }

// sameField reports whether a change leaves alone the values that a field's check depends on. The
// field is named as in JSON.
func sameField(name string, before, now Details) bool {
	switch name, _, _ := strings.Cut(name, "/"); name {
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
	case "endsAt":
		return before.EndsAt.Equal(now.EndsAt) && before.StartsAt.Equal(now.StartsAt)
	case "category":
		return before.Category == now.Category
	case "image":
		return before.Image == now.Image
	case "organizerName":
		return before.OrganizerName == now.OrganizerName
	case "price", "ticketTypes":
		return slices.Equal(before.TicketTypes, now.TicketTypes)
	case "currency":
		return before.Currency == now.Currency
	case "maxPerCustomer":
		return before.MaxPerCustomer == now.MaxPerCustomer
	case "saleOpensAt":
		return before.SaleOpensAt.Equal(now.SaleOpensAt)
	case "saleClosesAt":
		return before.SaleClosesAt.Equal(now.SaleClosesAt) && before.SaleOpensAt.Equal(now.SaleOpensAt)
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
// failed. The first error of another kind is returned unchanged.
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

// UnmarshalJSON reads stored details and normalizes the times, so that values can be compared.
func (d *Details) UnmarshalJSON(data []byte) error {
	type plain Details
	if err := json.Unmarshal(data, (*plain)(d)); err != nil {
		return err
	}
	*d = d.withUTC()
	return d.checkYears()
}

// checkYears refuses what could be read and not written: a time zone offset can move a time out of
// the years 0 to 9999, which JSON can't represent.
func (d *Details) checkYears() error {
	for _, t := range []time.Time{d.StartsAt, d.EndsAt, d.SaleOpensAt, d.SaleClosesAt} {
		if year := t.Year(); year < 0 || year > 9999 {
			return fmt.Errorf("a time is in the year %d", year)
		}
	}
	return nil
}

func isCurrency(s string) bool {
	if len(s) != 3 {
		return false
	}
	return s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z' && s[2] >= 'A' && s[2] <= 'Z'
}
