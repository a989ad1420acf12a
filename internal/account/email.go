package account

import (
	"net/mail"
	"regexp"
)

// MaxEmailBytes is the length of the longest e-mail that somebody can have: what fits into an SMTP
// path, RFC 5321.
const MaxEmailBytes = 254

const maxLocalBytes = 64

// emailShape is what a browser's e-mail field accepts, with a dot asked of the domain. Only ASCII:
// browsers send international domains in their ASCII form, and comparing without regard to case
// stays unambiguous.
var emailShape = regexp.MustCompile("^([a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+)@" +
	`[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?` +
	`(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)+$`)

// checkEmail expects a trimmed e-mail and returns what to tell the person, nothing when it is fine.
func checkEmail(email string) (message string) {
	switch {
	case email == "":
		return "Enter your e-mail address."
	case len(email) > MaxEmailBytes:
		return "Enter an e-mail address of at most 254 characters."
	}
	shape := emailShape.FindStringSubmatch(email)
	address, err := mail.ParseAddress(email) // knows about dots in odd places, which the shape does not
	if shape == nil || len(shape[1]) > maxLocalBytes || err != nil || address.Address != email {
		return "Enter a valid e-mail address, such as name@example.com."
	}
	return ""
}
