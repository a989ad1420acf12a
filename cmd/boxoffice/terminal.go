package main

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

func isTerminal(w io.Writer) bool {
	f, ok := w.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(f.Fd()))
}

// printable is text of other people as a terminal may show it: on one line, and with nothing that
// moves the cursor, sets the clipboard or turns the direction of what follows. Such characters
// become escapes like those of Go. A backslash stays as it is, because JSON has escapes already.
func printable(text string) string {
	if !strings.ContainsFunc(text, isUnprintable) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case !isUnprintable(r) || r == utf8.RuneError && size > 1:
			b.WriteString(text[i : i+size])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == utf8.RuneError:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case r < utf8.RuneSelf:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		i += size
	}
	return b.String()
}

// isUnprintable is true also for what stands for bytes that are not UTF-8. Spaces of all widths are
// graphic, and the separators of lines and paragraphs are not.
func isUnprintable(r rune) bool { return r == utf8.RuneError || !unicode.IsGraphic(r) }

// printableLines is for text of ours that has several lines and may repeat text of other people.
func printableLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = printable(lines[i])
	}
	return strings.Join(lines, "\n")
}

// cell is text of other people, printable and shortened to so many characters.
func cell(text string, most int) string {
	r := []rune(printable(text))
	if len(r) <= most {
		return string(r)
	}
	return string(r[:most-1]) + "…"
}
