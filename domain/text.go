package domain

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// isText reports whether s is valid UTF-8, has at most most characters, and no NUL, which
// PostgreSQL can't store.
func isText(s string, most int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && !strings.ContainsRune(s, 0)
}

// isLine reports whether s is a single line without control characters. Direction marks and joiners
// are allowed: Arabic, Hebrew, Persian and many emoji need them.
func isLine(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) })
}

// isParagraphs is isLine for text that may have several lines and tabs.
func isParagraphs(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Cc, r) && r != '\n' && r != '\t' })
}

// normalizedText trims a text of several lines and ends its lines with \n.
func normalizedText(s string) string { return strings.ReplaceAll(strings.TrimSpace(s), "\r\n", "\n") }

// IsVisible reports whether s has a visible character. Combining marks alone are not visible.
func IsVisible(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		const brailleBlank = '\u2800'
		return r != brailleBlank &&
			!unicode.In(r, unicode.C, unicode.Z, unicode.M, unicode.Other_Default_Ignorable_Code_Point)
	})
}

// Grouped writes a number for people: 1,000,000.
func Grouped(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
