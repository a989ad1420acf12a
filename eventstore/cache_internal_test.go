package eventstore

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

func at(version int) stream[string] {
	return stream[string]{Tail: Tail{Version: version}, state: "state"}
}

func TestTheCacheKnowsWhatWasPut(t *testing.T) {
	t.Parallel()
	c := newCache[string](1000)
	id := uuid.New()
	if got := c.get(id); got != (stream[string]{}) {
		t.Errorf("got %+v of an unknown stream, want nothing", got)
	}
	c.put(id, at(3), 10, true)
	if got := c.get(id); got != at(3) {
		t.Errorf("got %+v, want %+v", got, at(3))
	}
}

func TestTheCacheNeverReplacesANewerStateByAnOlderOne(t *testing.T) {
	t.Parallel()
	c := newCache[string](1000)
	id := uuid.New()
	for _, put := range []struct{ version, want int }{{3, 3}, {2, 3}, {5, 5}, {4, 5}, {1, 5}, {6, 6}} {
		c.put(id, at(put.version), 10, true)
		if got := c.get(id).Version; got != put.want {
			t.Errorf("after version %d: got version %d, want %d", put.version, got, put.want)
		}
	}
}

func TestTheCacheForgetsWhatWasNotUsedForLongest(t *testing.T) {
	t.Parallel()
	const size = 50
	c := newCache[string](3 * (size + overhead))
	ids := []uuid.UUID{uuid.New(), uuid.New(), uuid.New(), uuid.New()}
	for _, id := range ids[:3] {
		c.put(id, at(1), size, true)
	}
	c.get(ids[0])
	c.put(ids[3], at(1), size, true)
	for i, want := range []int{1, 0, 1, 1} {
		if got := c.get(ids[i]).Version; got != want {
			t.Errorf("stream %d: got version %d, want %d", i, got, want)
		}
	}
}

func TestAStateThatIsTooLargeForTheCacheDrivesNothingOut(t *testing.T) {
	t.Parallel()
	c := newCache[string](1000)
	small, large := uuid.New(), uuid.New()
	c.put(small, at(1), 10, true)
	c.put(large, at(1), 10, true)
	c.put(large, at(2), 5000, true)
	if got := c.get(small).Version; got != 1 {
		t.Errorf("got version %d, want 1", got)
	}
	if got := c.get(large).Version; got != 1 {
		t.Errorf("got version %d of the large one, want 1, from which its unread records can be read", got)
	}
}

func TestWhatWasReadInPartIsNotCurrent(t *testing.T) {
	t.Parallel()
	c := newCache[string](1000)
	id, now := uuid.New(), time.Now()
	check := func(want bool, what string) {
		t.Helper()
		if got := c.isCurrent(id, now); got != want {
			t.Errorf("%s: current is %v", what, got)
		}
	}
	check(false, "an unknown stream")
	c.put(id, at(3), 10, false)
	check(false, "a part")
	c.put(id, at(3), 10, true)
	check(true, "the same, as it turns out to be all")
	c.put(id, at(3), 10, false)
	check(true, "the same again")
	c.put(id, at(9), 10, false)
	check(false, "a part of more")
	c.put(id, at(9), 10, true)
	now = now.Add(currentFor + time.Second)
	check(false, "some time later")
	c.put(id, at(0), 10, true)
	if got := c.get(id).Version; got != 9 {
		t.Errorf("got version %d", got)
	}
}

// The cache against the plainest thing that does the same: a list of entries, oldest use first.
func TestTheCacheStaysWithinItsBound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		limit := rapid.IntRange(0, 5*overhead).Draw(rt, "limit")
		c := newCache[string](limit)
		type entry struct {
			id     uuid.UUID
			stream stream[string]
			size   int
		}
		var model []entry
		find := func(id uuid.UUID) int {
			for i := range model {
				if model[i].id == id {
					return i
				}
			}
			return -1
		}
		use := func(e entry) {
			if i := find(e.id); i >= 0 {
				model = append(model[:i], model[i+1:]...)
			}
			model = append(model, e)
		}
		total := func() (size int) {
			for _, e := range model {
				size += e.size
			}
			return size
		}
		id := rapid.Custom(func(rt *rapid.T) uuid.UUID { return uuid.UUID{byte(rapid.IntRange(0, 7).Draw(rt, "id"))} })
		rt.Repeat(map[string]func(*rapid.T){
			"get": func(rt *rapid.T) {
				id, want := id.Draw(rt, "stream"), stream[string]{}
				if i := find(id); i >= 0 {
					want = model[i].stream
					use(model[i])
				}
				if got := c.get(id); got != want {
					rt.Fatalf("got %+v, want %+v", got, want)
				}
			},
			"put": func(rt *rapid.T) {
				id, s, size := id.Draw(rt, "stream"), at(rapid.IntRange(1, 9).Draw(rt, "version")),
					rapid.IntRange(0, 4*overhead).Draw(rt, "size")
				c.put(id, s, size, true)
				if size += overhead; size > limit {
					return
				}
				if i := find(id); i >= 0 && model[i].stream.Version > s.Version {
					return
				}
				use(entry{id, s, size})
				for total() > limit {
					model = model[1:]
				}
			},
			"": func(rt *rapid.T) {
				if c.size != total() || c.size > limit || c.entries.Len() != len(model) {
					rt.Fatalf("got %d bytes in %d entries, want %d of %d in %d", c.size, c.entries.Len(), total(), limit, len(model))
				}
			},
		})
	})
}
