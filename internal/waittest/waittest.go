// Package waittest lets tests wait for what nobody sends word of.
package waittest

import "time"

// Until asks again, every two milliseconds, until a condition holds; false when it did not within
// that time.
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
