package account

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/boxoffice/boxoffice/domain"
)

const (
	minName = 2
	maxName = 100
)

// checkName checks a trimmed name and returns the message for the user, empty when it is valid.
func checkName(name string) (message string) {
	length := utf8.RuneCountInString(name)
	switch {
	case name == "":
		return "Enter your name."
	case !domain.IsVisible(name):
		return "Enter a name with letters that can be seen."
	case length < minName:
		return "Enter a name of at least 2 characters."
	case length > maxName:
		return "Enter a name of at most 100 characters."
	case !utf8.ValidString(name) || strings.ContainsFunc(name, invisible):
		return "Enter a name without line breaks and control characters."
	}
	return ""
}

// invisible reports characters that break a line or change the direction of text, with which one
// name can be made to look like another. Joiners are allowed: Persian, Hindi and family emoji need
// them.
func invisible(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}
