package main

import (
	"encoding/json"
	"math"
	"slices"
)

// report is what -json writes.
type report struct {
	Date    string       `json:"date"`
	Machine machine      `json:"machine"`
	Rounds  int          `json:"rounds"`
	Scale   float64      `json:"scale"`
	Results []result     `json:"results"`
	Goals   []goalResult `json:"goals"`

	scenarios []scenario
}

// result is one strategy in one scenario; every number is the median of its rounds.
type result struct {
	Scenario string  `json:"scenario"`
	Strategy string  `json:"strategy"`
	WallS    float64 `json:"wall_s"`
	PerS     float64 `json:"per_s"`
	P50ms    float64 `json:"p50_ms"`
	P99ms    float64 `json:"p99_ms"`
	Ratio    float64 `json:"ratio"` // of per_s, to the scenario's reference strategy
	// Extrapolated: only a part was run, and the times are stretched.
	Extrapolated bool               `json:"extrapolated,omitempty"`
	Note         string             `json:"note,omitempty"`
	Extra        map[string]float64 `json:"extra,omitempty"`
}

type goalResult struct {
	Scenario string  `json:"scenario"`
	About    string  `json:"about"`
	Ratio    float64 `json:"ratio"`   // the median of the rounds
	Lowest   float64 `json:"lowest"`  // of the rounds; when the goal lies between it and highest, a verdict says little
	Highest  float64 `json:"highest"` // of the rounds
	Goal     float64 `json:"goal"`
	AtMost   bool    `json:"at_most"` // the goal is an upper bound
	Met      bool    `json:"met"`
}

// add takes in the rounds of a scenario.
func (r *report) add(s scenario, outcome []round) {
	r.scenarios = append(r.scenarios, s)
	for _, e := range s.entries {
		of := func(value func(measurement) float64) float64 {
			return rounded(medianOf(outcome, func(r round) float64 { return value(r[e.strategy]) }))
		}
		line := result{
			Scenario: s.name, Strategy: e.strategy,
			Note: outcome[0][e.strategy].note, Extrapolated: outcome[0][e.strategy].stretch() > 1,
			WallS: of(measurement.seconds), PerS: of(measurement.perSecond),
			P50ms: of(func(m measurement) float64 { return m.percentile(50) }),
			P99ms: of(func(m measurement) float64 { return m.percentile(99) }),
			Ratio: rounded(medianOf(outcome, faster(e.strategy, s.reference, 0).ratio)),
			Extra: map[string]float64{},
		}
		for name := range outcome[0][e.strategy].extra {
			line.Extra[name] = of(func(m measurement) float64 { return m.extra[name] })
		}
		r.Results = append(r.Results, line)
	}
	for _, g := range s.goals {
		ratios := valuesOf(outcome, g.ratio)
		ratio := median(ratios)
		r.Goals = append(r.Goals, goalResult{
			Scenario: s.name, About: g.about,
			Ratio: rounded(ratio), Lowest: rounded(slices.Min(ratios)), Highest: rounded(slices.Max(ratios)),
			Goal: g.bound, AtMost: g.atMost, Met: g.met(ratio),
		})
	}
}

func (r *report) json() ([]byte, error) {
	data, err := json.MarshalIndent(r, "", "  ")
	return append(data, '\n'), err
}

// rounded keeps four significant digits: the fifth is noise.
func rounded(x float64) float64 {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	unit := math.Pow(10, math.Floor(math.Log10(math.Abs(x)))-3)
	return math.Round(math.Round(x/unit)*unit*1e9) / 1e9
}

// median is the middle value, or the mean of the two in the middle.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func medianOf(rounds []round, value func(round) float64) float64 {
	return median(valuesOf(rounds, value))
}

func valuesOf(rounds []round, value func(round) float64) []float64 {
	values := make([]float64, len(rounds))
	for i, r := range rounds {
		values[i] = value(r)
	}
	return values
}
