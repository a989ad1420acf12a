package domain

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of what an event can be. They keep one record small and every number exact in the JSON of any language.
const (
	MaxTitle       = 200       // characters
	MaxDescription = 5_000     // characters
	MaxVenue       = 200       // characters
	MaxCapacity    = 1_000_000 // tickets
	MaxPrice       = 100_000_000_00
)

// Details are what people read about an event. [NewDetails] is the one door in for new ones. Values can be compared with ==.
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
		messages[i] = f.Field + " " + f.Message
	}
	return strings.Join(messages, "; ")
}

// NewDetails checks and normalizes the details of an event: surrounding space is cut, the time is UTC. An empty time zone means
// UTC. The error is an [*InvalidError] with every problem.
func NewDetails(d Details) (Details, error) {
	d.Title, d.Description, d.Venue = strings.TrimSpace(d.Title), strings.TrimSpace(d.Description), strings.TrimSpace(d.Venue)
	d.StartsAt = startsAt(d.StartsAt)
	if d.TimeZone == "" {
		d.TimeZone = "UTC"
	}
	var wrong InvalidError
	check := func(ok bool, field, message string) {
		if !ok {
			wrong.Fields = append(wrong.Fields, FieldError{field, message})
		}
	}
	check(d.Title != "", "title", "is required")
	check(isText(d.Title, MaxTitle), "title", fmt.Sprintf("must be plain text of at most %d characters", MaxTitle))
	check(isText(d.Description, MaxDescription), "description", fmt.Sprintf("must be plain text of at most %d characters", MaxDescription))
	check(d.Venue != "", "venue", "is required")
	check(isText(d.Venue, MaxVenue), "venue", fmt.Sprintf("must be plain text of at most %d characters", MaxVenue))
	check(d.StartsAt.Year() >= 1970 && d.StartsAt.Year() < 10_000, "date", "must be a time after 1970")
	// "Local" would mean another zone on each machine.
	_, err := time.LoadLocation(d.TimeZone)
	check(err == nil && d.TimeZone != "Local", "timeZone", "must be an IANA time zone such as Europe/Lisbon")
	check(d.Price.Minor >= 0 && d.Price.Minor <= MaxPrice, "price", "must be between 0 and 100 million")
	check(isCurrency(d.Price.Currency), "currency", "must be a three-letter ISO 4217 code such as USD")
	if len(wrong.Fields) > 0 {
		return Details{}, &wrong
	}
	return d, nil
}

// CheckCapacity tells whether an event can have that many tickets. The error is an [*InvalidError].
func CheckCapacity(capacity int) error {
	if capacity < 1 || capacity > MaxCapacity {
		return &InvalidError{[]FieldError{{"totalTickets", fmt.Sprintf("must be between 1 and %d", MaxCapacity)}}}
	}
	return nil
}

// JoinInvalid puts the problems of several checks together; nil when none failed. Another kind of error is returned as it is.
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

// UnmarshalJSON reads details as they are stored and brings the time to the one form in which values compare.
func (d *Details) UnmarshalJSON(data []byte) error {
	type plain Details
	if err := json.Unmarshal(data, (*plain)(d)); err != nil {
		return err
	}
	d.StartsAt = startsAt(d.StartsAt)
	// An offset can carry a time of the years 0 to 9999 out of them, and then it could not be written again.
	if year := d.StartsAt.Year(); year < 0 || year > 9999 {
		return fmt.Errorf("startsAt is in the year %d", year)
	}
	return nil
}

func isText(s string, most int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && !strings.ContainsRune(s, 0)
}

func isCurrency(s string) bool {
	if len(s) != 3 {
		return false
	}
	return s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z' && s[2] >= 'A' && s[2] <= 'Z'
}
