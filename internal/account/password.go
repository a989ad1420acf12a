package account

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	minPassword      = 8
	maxPasswordBytes = 72 // bcrypt ignores the rest
)

// checkPassword returns the message for the user, empty when the password is valid. Letters and
// digits of every script count.
func checkPassword(password string) (message string) {
	switch {
	case password == "":
		return "Enter a password."
	case len(password) > maxPasswordBytes:
		return "Use at most 72 characters; accented letters and symbols count for two or more."
	case strings.ContainsRune(password, 0):
		return "Use a password without NUL characters."
	case utf8.RuneCountInString(password) < minPassword,
		!strings.ContainsFunc(password, unicode.IsLetter),
		!strings.ContainsFunc(password, unicode.IsDigit):
		return "Use at least 8 characters, with at least one letter and one number."
	}
	return ""
}
