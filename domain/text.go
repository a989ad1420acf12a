package domain

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// isText tells whether s is valid, short enough, and without NUL, which PostgreSQL can't hold.
func isText(s string, most int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && !strings.ContainsRune(s, 0)
}

// isLine tells whether s stays on one line and has nothing that a terminal or a log would obey.
// Marks of direction and joiners are allowed: Arabic, Hebrew, Persian and many emoji need them.
func isLine(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) })
}

// isParagraphs is isLine for text that may have several lines and tabs.
func isParagraphs(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Cc, r) && r != '\n' && r != '\t' })
}

// IsVisible tells whether anything of s can be seen. Marks alone can't: they need a letter to stand
// on.
func IsVisible(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		const brailleBlank = '\u2800'
		return r != brailleBlank && !unicode.In(r, unicode.C, unicode.Z, unicode.M, unicode.Other_Default_Ignorable_Code_Point)
	})
}
