package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// sample is a report of two strategies and two rounds.
func sample() *report {
	s := scenario{
		name: "flash", about: "customers & tickets", reference: "slow",
		entries: []entry{{strategy: "quick"}, {strategy: "slow"}},
		goals:   []goal{faster("quick", "slow", 25), soldWithin("quick", time.Second, 1.15)},
	}
	quick := func(wall time.Duration) measurement {
		return measurement{count: 500, wall: wall, latencies: latencies(wall), extra: map[string]float64{"batches": 3}}
	}
	slow := measurement{
		count: 5, wall: 5 * time.Second, latencies: latencies(time.Second), factor: 100, note: "extrapolated",
	}
	r := &report{Rounds: 2, Machine: machine{CPU: "a <fast> one"}}
	r.add(s, []round{{"quick": quick(time.Second), "slow": slow}, {"quick": quick(2 * time.Second), "slow": slow}})
	return r
}

func latencies(all ...time.Duration) *hdrhistogram.Histogram {
	h := newHistogram()
	for _, d := range all {
		if err := h.RecordValue(int64(d)); err != nil {
			panic(err)
		}
	}
	return h
}

func TestReportTakesMediansOfRounds(t *testing.T) {
	r := sample()
	quick, slow := r.Results[0], r.Results[1]
	if quick.WallS != 1.5 || quick.PerS != 375 || math.Abs(quick.P99ms-1500) > 1.5 || quick.Ratio != 375 ||
		quick.Extra["batches"] != 3 {
		t.Errorf("got %+v", quick)
	}
	if slow.WallS != 500 || slow.PerS != 1 || math.Abs(slow.P50ms-100_000) > 100 || !slow.Extrapolated {
		t.Errorf("got %+v", slow)
	}
	if g := r.Goals[0]; g.Ratio != 375 || g.Lowest != 250 || g.Highest != 500 || !g.Met {
		t.Errorf("got %+v", g)
	}
	if g := r.Goals[1]; g.Ratio != 1.5 || g.Met {
		t.Errorf("got %+v", g)
	}
}

func TestJSONHasTheShapeThatProgramsRelyOn(t *testing.T) {
	data, err := sample().json()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Machine map[string]any
		Results []map[string]any
		Goals   []map[string]any
	}
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"scenario", "strategy", "wall_s", "per_s", "p50_ms", "p99_ms"} {
		if _, ok := got.Results[0][name]; !ok {
			t.Errorf("a result lacks %q: %v", name, got.Results[0])
		}
	}
	for _, name := range []string{"scenario", "ratio", "goal", "met"} {
		if _, ok := got.Goals[0][name]; !ok {
			t.Errorf("a goal lacks %q: %v", name, got.Goals[0])
		}
	}
	if got.Machine["cpu"] != "a <fast> one" {
		t.Errorf("got machine %v", got.Machine)
	}
}

func TestTableIsAligned(t *testing.T) {
	got := align([][]string{{"", "wall", ""}, {"shared", "1.05 s", "a note"}, {"row-lock", "500 s", ""}})
	want := "" +
		"              wall\n" +
		"  shared    1.05 s  a note\n" +
		"  row-lock   500 s\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTextNamesGoalsAndNotes(t *testing.T) {
	r := sample()
	got := r.table(r.scenarios[0]) + r.goals()
	for _, want := range []string{
		"flash: customers & tickets", "500 s", "375 ×", "extrapolated", "  met", "barely missed", "(1 to 2)",
		"at most 1.15",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the text lacks %q:\n%s", want, got)
		}
	}
}

func TestNumbersForPeople(t *testing.T) {
	for ms, want := range map[float64]string{
		0.4213: "0.42 ms", 12.34: "12.3 ms", 999.4: "999 ms", 1021: "1.02 s", 500_000: "500 s", 2_500_000: "2,500 s",
	} {
		if got := seconds(ms); got != want {
			t.Errorf("%v ms: got %q, want %q", ms, got, want)
		}
	}
	for x, want := range map[float64]string{
		0.999: "1.00", 9.999: "10.0", 99.99: "100", 1234567: "1,234,567", 12345: "12,345",
	} {
		if got := number(x); got != want {
			t.Errorf("%v: got %q, want %q", x, got, want)
		}
	}
}

func TestPictureIsXMLWithABarForEachResult(t *testing.T) {
	data, err := sample().svg()
	if err != nil {
		t.Fatal(err)
	}
	bars := 0
	for d := xml.NewDecoder(strings.NewReader(string(data))); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, data)
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "rect" {
			bars++
		}
	}
	if got, want := bars-1, 2; got != want { // one is the page
		t.Errorf("got %d bars, want %d", got, want)
	}
}

func TestPictureOfNothing(t *testing.T) {
	data, err := (&report{}).svg()
	if err != nil || !strings.HasSuffix(string(data), "</svg>\n") {
		t.Errorf("got %v and %q", err, data)
	}
}

func TestPictureTellsRivalsFromOurs(t *testing.T) {
	s := scenario{
		name: "http-sale", counts: "requests/s", reference: rowLockName,
		entries: []entry{{strategy: rowLockName}, {strategy: boxofficeName}},
	}
	one := measurement{count: 10, wall: time.Second, latencies: latencies(1)}
	r := &report{}
	r.add(s, []round{{rowLockName: one, boxofficeName: one}})
	data, err := r.svg()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`>row-lock</text><rect class="rival"`, `>boxoffice</text><rect class="ours"`, "requests/s",
	} {
		if !strings.Contains(string(data), want) {
			t.Errorf("the picture lacks %q:\n%s", want, data)
		}
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{[]float64{4}, 4}, {[]float64{3, 1, 2}, 2}, {[]float64{4, 1, 3, 2}, 2.5}} {
		if got := median(c.values); got != c.want {
			t.Errorf("median of %v: got %v, want %v", c.values, got, c.want)
		}
	}
}

func TestRounded(t *testing.T) {
	for x, want := range map[float64]float64{0: 0, 0.123456: 0.1235, 123456: 123500, 1.00004: 1, 98765.4: 98770} {
		if got := rounded(x); got != want {
			t.Errorf("rounded(%v): got %v, want %v", x, got, want)
		}
	}
}
