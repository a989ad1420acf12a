package main

import (
	"bytes"
	"cmp"
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"
)

// The picture's measures, in pixels.
const (
	chartWidth = 860
	labelWidth = 170
	valueWidth = 150
	barHeight  = 18
	barGap     = 6
	titleGap   = 44
)

// isRival tells whether a strategy is one that this project's are compared with.
func isRival(strategy string) bool {
	switch strategy {
	case rowLockName, optimistic{}.name(), string(byInsert), string(byTx), string(byCopy), chiName:
		return true
	}
	return false
}

// scale maps a number per second to pixels, logarithmically: the fastest strategy is hundreds of times
// as fast as the slowest.
type scale struct{ low, high float64 } // powers of ten

func (r *report) scale() scale {
	low, high := math.Inf(1), 0.0
	for _, line := range r.Results {
		if line.PerS > 0 {
			low, high = min(low, line.PerS), max(high, line.PerS)
		}
	}
	low, high = math.Pow(10, math.Floor(math.Log10(low))), math.Pow(10, math.Ceil(math.Log10(high)))
	if low == high || high == 0 {
		return scale{1, 10}
	}
	return scale{low, high}
}

func (s scale) width(perS float64) float64 {
	const plot = chartWidth - labelWidth - valueWidth
	return plot * math.Log10(max(perS, s.low)/s.low) / math.Log10(s.high/s.low)
}

// svg draws what is done per second.
func (r *report) svg() ([]byte, error) {
	s := r.scale()
	bars, y := r.bars(s)
	bottom := y + 8
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" `+
		`role="img" aria-label="What each strategy does per second">`+"\n", chartWidth, bottom+54, chartWidth)
	b.WriteString(chartStyle)
	b.WriteString(`<rect class="page" width="100%" height="100%" rx="8"/>` + "\n")
	b.WriteString(`<text class="head" x="20" y="34">` +
		"Per second, logarithmic scale: each line is ten times the one before</text>\n")
	for v := s.low; v <= s.high*1.0001; v *= 10 {
		x := labelWidth + s.width(v)
		fmt.Fprintf(&b, `<line x1="%.1f" x2="%.1f" y1="56" y2="%d"/>`, x, x, bottom)
		fmt.Fprintf(&b, `<text class="axis" x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n",
			x, bottom+16, axisNumber(v))
	}
	b.Write(bars)
	version, _, _ := strings.Cut(r.Machine.Postgres, " ")
	fmt.Fprintf(&b, `<text class="axis" x="20" y="%d">%d × %s, PostgreSQL %s, %s, median of %d. `+
		"* extrapolated from a part</text>\n",
		bottom+40, r.Machine.CPUs, html.EscapeString(r.Machine.CPU), html.EscapeString(version), r.Date, r.Rounds)
	b.WriteString("</svg>\n")
	return b.Bytes(), nil
}

// bars draws the bars of all scenarios below their titles, and returns where they end.
func (r *report) bars(at scale) (svg []byte, y int) {
	var b bytes.Buffer
	y = 40
	for _, s := range r.scenarios {
		y += titleGap
		fmt.Fprintf(&b, `<text class="title" x="20" y="%d">%s <tspan class="about">%s; %s</tspan></text>`+"\n",
			y-14, html.EscapeString(s.name), cmp.Or(s.counts, "bookings/s"), html.EscapeString(s.about))
		for _, line := range r.Results {
			if line.Scenario != s.name {
				continue
			}
			kind, value := "ours", number(line.PerS)
			if isRival(line.Strategy) {
				kind = "rival"
			}
			if line.Extrapolated {
				value += " *"
			}
			middle, width := y+barHeight-5, at.width(line.PerS)
			fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text>`,
				labelWidth-8, middle, html.EscapeString(line.Strategy))
			fmt.Fprintf(&b, `<rect class="%s" x="%d" y="%d" width="%.1f" height="%d" rx="2"/>`,
				kind, labelWidth, y, max(2, width), barHeight)
			fmt.Fprintf(&b, `<text x="%.1f" y="%d">%s</text>`+"\n", labelWidth+width+8, middle, value)
			y += barHeight + barGap
		}
	}
	return b.Bytes(), y
}

// axisNumber writes a power of ten.
func axisNumber(v float64) string {
	if v < 1 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	return grouped(v)
}

// The picture follows the reader's preference for light or dark, and brings its background along,
// so that it reads on any page.
const chartStyle = `<style>
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.page { fill: #fff }
.head { font-weight: 600; font-size: 15px }
.title { font-weight: 600 }
.about, .axis { font-weight: 400; font-size: 12px; fill: #59636e }
line { stroke: #d1d9e0 }
.ours { fill: #1a7f5a }
.rival { fill: #8c959f }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .page { fill: #0d1117 }
  .about, .axis { fill: #9198a1 }
  line { stroke: #3d444d }
  .ours { fill: #3fb98a }
  .rival { fill: #6e7681 }
}
</style>
`
