// Package waittest lets tests wait for conditions that nothing signals.
package waittest

import "time"

// Until checks a condition every two milliseconds until it holds, and returns false if it does not
// within the given time.
func Until(within time.Duration, holds func() bool) bool {
	deadline := time.Now().Add(within)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		if time.Now().After(deadline) {
			return false
		}
		<-tick.C
	}
	return true
}
