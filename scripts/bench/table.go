package main

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// table shows one scenario to people.
func (r *report) table(s scenario) string {
	rows := [][]string{{"", "wall", cmp.Or(s.counts, "bookings/s"), "p50", "p99", "ratio", ""}}
	for _, line := range r.Results {
		if line.Scenario == s.name {
			rows = append(rows, []string{
				line.Strategy, seconds(line.WallS * 1000), number(line.PerS),
				seconds(line.P50ms), seconds(line.P99ms), times(line.Ratio), line.Note,
			})
		}
	}
	return fmt.Sprintf("%s: %s\n%s", s.name, s.about, align(rows))
}

// goals shows what was promised, and whether it was kept: the median of the rounds, the lowest and
// the highest, and the verdict, which is "barely" one when the rounds lie on both sides.
func (r *report) goals() string {
	if len(r.Goals) == 0 {
		return ""
	}
	var rows [][]string
	for _, g := range r.Goals {
		bound, verdict := "at least", "missed"
		if g.AtMost {
			bound = "at most"
		}
		if g.Met {
			verdict = "met"
		}
		if g.Lowest < g.Goal && g.Goal < g.Highest { // the rounds do not agree
			verdict = "barely " + verdict
		}
		rows = append(rows, []string{
			g.Scenario, fmt.Sprintf("%.3g", g.Ratio), fmt.Sprintf("(%.3g to %.3g)", g.Lowest, g.Highest),
			fmt.Sprintf("%s %g", bound, g.Goal), verdict, g.About,
		})
	}
	return "goals\n" + align(rows)
}

// align puts cells into columns: the first and the last to the left, the numbers between them to
// the right.
func align(rows [][]string) string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			fill := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 || i == len(row)-1 {
				line.WriteString("  " + cell + fill)
			} else {
				line.WriteString("  " + fill + cell)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

// seconds writes a duration of so many milliseconds with three digits.
func seconds(ms float64) string {
	switch {
	case ms >= 99_950:
		return number(ms/1000) + " s"
	case ms >= 999.5:
		return digits(ms/1000) + " s"
	}
	return digits(ms) + " ms"
}

// times writes a ratio; nothing when there was no reference to compare with.
func times(ratio float64) string {
	if ratio == 0 {
		return ""
	}
	return number(ratio) + " ×"
}

// digits are three of a number below 1,000.
func digits(x float64) string {
	switch {
	case x >= 99.95:
		return strconv.FormatFloat(x, 'f', 0, 64)
	case x >= 9.995:
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return strconv.FormatFloat(x, 'f', 2, 64)
}

// number groups the thousands, and keeps decimals only of small numbers.
func number(x float64) string {
	if x < 99.95 {
		return digits(x)
	}
	return grouped(x)
}

func grouped(x float64) string {
	s := strconv.FormatFloat(x, 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
