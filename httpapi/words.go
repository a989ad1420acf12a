package httpapi

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/boxoffice/boxoffice/domain"
)

const (
	wordsRequired = "This field is required."
	wordsInvalid  = "Use a valid value."
)

// phrases translate the beginnings of huma's messages into plain English. The rest of the message is
// the argument: %n as a number, %s as a text. Without either it is left out, because it is about Go.
var phrases = []struct{ message, words string }{
	{"unexpected property", "This field isn't known here."},
	{"required ", "This parameter is required."},
	{"expected at most one value", "Use this parameter only once."},
	{"expected number >= ", "Enter a number of at least %n."},
	{"expected number > ", "Enter a number above %n."},
	{"expected number <= ", "Enter a number of at most %n."},
	{"expected number < ", "Enter a number below %n."},
	{"expected length >= ", "Use at least %n characters."},
	{"expected length <= ", "Use at most %n characters."},
	{"expected array length >= ", "Use a list of at least %n."},
	{"expected array length <= ", "Use a list of at most %n."},
	{"expected array items to be unique", "List each value only once."},
	{"expected value to be one of ", "Use one of: %s."},
	{"expected string to be RFC 4122 uuid", "Use a valid ID."},
	{"invalid value: invalid UUID", "Use a valid ID."},
	{"invalid UUID", "Use a valid ID."},
	{"expected string to be RFC 3339 date-time", "Use a date and time such as 2030-03-15T10:00:00Z."},
	{"invalid date/time", "Use a date and time such as 2030-03-15T10:00:00Z."},
	{"expected string to be RFC 5322 email", "Enter a valid e-mail address, such as name@example.com."},
	{"expected string to ", wordsInvalid},
	{"expected number to ", wordsInvalid},
	{"expected boolean", "Use true or false."},
	{"invalid boolean", "Use true or false."},
	{"expected integer", "Enter a whole number."},
	{"invalid integer", "Enter a whole number."},
	{"expected number", "Enter a number."},
	{"invalid float", "Enter a number."},
	{"expected string", "Enter text."},
	{"expected array", "Use a list."},
	{"expected object", "Use an object."},
	{string(errBodyTooDeep), "The JSON is nested too deeply."},
	{"unknown content type", "Send application/json."},
}

// misplaced is Go's message for a value of the wrong type.
var misplaced = regexp.MustCompile(`^json: cannot unmarshal .* into Go .*\.(\w+) of type `)

// inPlainWords words huma's errors like those of the rest of the API. The error about a missing field
// is located at the field, not at the object that lacks it.
func inPlainWords(location, message string) (at, words string) {
	if name, ok := strings.CutPrefix(message, "expected required property "); ok {
		return location + "." + strings.TrimSuffix(name, " to be present"), wordsRequired
	}
	if field := misplaced.FindStringSubmatch(message); field != nil {
		return location + "." + field[1], wordsInvalid
	}
	for _, p := range phrases {
		rest, ok := strings.CutPrefix(message, p.message)
		if !ok {
			continue
		}
		return location, strings.NewReplacer("%n", number(rest), "%s", strings.Trim(rest, `"`)).Replace(p.words)
	}
	switch {
	case location == "body":
		return location, "The request body isn't valid JSON."
	case strings.HasSuffix(message, "."): // a sentence of ours
		return location, message
	}
	return location, wordsInvalid
}

// number writes 1e+06 as 1,000,000.
func number(text string) string {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n != math.Trunc(n) || math.Abs(n) >= 1<<53 {
		return text
	}
	return domain.Grouped(int(n))
}
