package account

import (
	"net/mail"
	"regexp"
)

// MaxEmailBytes is the length of the longest e-mail address: it has to fit into an SMTP path, RFC
// 5321.
const MaxEmailBytes = 254

const maxLocalBytes = 64

// emailShape is the pattern of the browsers' e-mail field, and requires a dot in the domain. ASCII
// only: browsers send the ASCII form of international domains, and comparing without case stays
// unambiguous.
var emailShape = regexp.MustCompile("^([a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+)@" +
	`[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?` +
	`(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)+$`)

// checkEmail checks a trimmed address and returns the message for the user, empty when it is valid.
func checkEmail(email string) (message string) {
	switch {
	case email == "":
		return "Enter your e-mail address."
	case len(email) > MaxEmailBytes:
		return "Enter an e-mail address of at most 254 characters."
	}
	shape := emailShape.FindStringSubmatch(email)
	address, err := mail.ParseAddress(email) // rejects misplaced dots, unlike the pattern
	if shape == nil || len(shape[1]) > maxLocalBytes || err != nil || address.Address != email {
		return "Enter a valid e-mail address, such as name@example.com."
	}
	return ""
}
