package main

import (
	"math"
	"slices"
	"time"
)

// percentile is the smallest value that at least p percent of the values do not exceed (nearest rank); 0 of no values. It sorts them.
func percentile(values []time.Duration, p float64) time.Duration {
	if len(values) == 0 {
		return 0
	}
	if !slices.IsSorted(values) {
		slices.Sort(values)
	}
	rank := int(math.Ceil(p / 100 * float64(len(values))))
	return values[min(max(rank, 1), len(values))-1]
}

// median is the middle value, or the mean of the two in the middle; 0 of no values.
func median(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
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

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
