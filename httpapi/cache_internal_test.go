package httpapi

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheCacheIsReadThroughWhenTheReadModelMayHaveChanged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var position int64 = 7
		reads := 0
		var broken error
		r := newReadCache[string, int]()
		get := func(key string, noCache bool, want int, when string) {
			t.Helper()
			got, err := r.get(key, position, noCache, func() (int, error) { reads++; return reads, broken })
			if got != want || !errors.Is(err, broken) {
				t.Errorf("%s: got what was read at the %dth time and %v, want the %dth", when, got, err, want)
			}
		}
		get("a", false, 1, "at first")
		get("a", false, 1, "while nothing has changed")
		get("b", false, 2, "something else")
		get("a", true, 3, "with no-cache")
		get("a", false, 3, "after that")
		position = 8
		get("a", false, 4, "when the log has moved")
		position = 7
		get("a", false, 5, "when the read model was restored to where it has been")
		time.Sleep(cacheTTL - time.Nanosecond)
		get("a", false, 5, "just in time")
		time.Sleep(time.Nanosecond)
		broken = errors.New("broken")
		get("a", false, 6, "when it was long ago")
		get("a", false, 7, "after an error")
	})
}

func TestAClientCanBypassTheCache(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]bool{"": false, "no-cache": true, "max-age=0, No-Cache": true, "max-age=0": false,
		"no-cached": false} {
		if got := (Cacheable{CacheControl: header}).noCache(); got != want {
			t.Errorf("Cache-Control: %s: %t, want %t", header, got, want)
		}
	}
}
