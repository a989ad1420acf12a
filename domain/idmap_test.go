package domain

import (
	"bytes"
	"maps"
	"slices"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// anyKey draws from few ids that differ in one or two nibbles at any depth, so that paths are
// shared as far as they can be.
func anyKey() *rapid.Generator[uuid.UUID] {
	half := rapid.IntRange(0, 2*len(uuid.UUID{})-1)
	return rapid.Custom(func(t *rapid.T) uuid.UUID {
		var key uuid.UUID
		for range rapid.IntRange(0, 2).Draw(t, "differences") {
			at, value := half.Draw(t, "at"), byte(rapid.IntRange(1, 2).Draw(t, "value"))
			key[at/2] |= value << (4 * (at % 2))
		}
		return key
	})
}

func TestIDMapIsAMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		type snapshot struct {
			tried idMap[int]
			model map[uuid.UUID]int
		}
		var (
			tried idMap[int]
			model = map[uuid.UUID]int{}
			old   []snapshot
		)
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				key, value := anyKey().Draw(t, "key"), rapid.Int().Draw(t, "value")
				tried, model[key] = tried.set(key, value, nil), value
			},
			"set one that it has": func(t *rapid.T) {
				if len(model) == 0 {
					t.Skip("empty")
				}
				key, value := rapid.SampledFrom(sorted(model)).Draw(t, "key"), rapid.Int().Draw(t, "value")
				tried, model[key] = tried.set(key, value, nil), value
			},
			"remove": func(t *rapid.T) {
				key := anyKey().Draw(t, "key")
				tried = tried.remove(key)
				delete(model, key)
			},
			"remove one that it has": func(t *rapid.T) {
				if len(model) == 0 {
					t.Skip("empty")
				}
				key := rapid.SampledFrom(sorted(model)).Draw(t, "key")
				tried = tried.remove(key)
				delete(model, key)
			},
			"get": func(t *rapid.T) {
				key := anyKey().Draw(t, "key")
				got, has := tried.get(key)
				if want, should := model[key]; got != want || has != should {
					t.Fatalf("get %s: %d, %t; want %d, %t", key, got, has, want, should)
				}
			},
			"fill": func(t *rapid.T) {
				by := new(builder)
				for range rapid.IntRange(1, 20).Draw(t, "entries") {
					key, value := anyKey().Draw(t, "key"), rapid.Int().Draw(t, "value")
					tried, model[key] = tried.set(key, value, by), value
				}
			},
			"keep": func(*rapid.T) {
				old = append(old, snapshot{tried, maps.Clone(model)})
			},
			"": func(t *rapid.T) { compare(t, tried, model) },
		})
		for _, s := range append(old, snapshot{tried, model}) {
			compare(t, s.tried, s.model)
			compareShape(t, s.tried, s.model)
		}
	})
}

func compare(t *rapid.T, tried idMap[int], model map[uuid.UUID]int) {
	if tried.len() != len(model) {
		t.Fatalf("len %d, want %d", tried.len(), len(model))
	}
	var keys []uuid.UUID
	tried.each(func(key uuid.UUID, value int) bool {
		if want, has := model[key]; !has || value != want {
			t.Fatalf("each gives %s: %d; want %d, %t", key, value, want, has)
		}
		keys = append(keys, key)
		return true
	})
	if want := sorted(model); !slices.Equal(keys, want) {
		t.Fatalf("each gives the keys %v, want %v", keys, want)
	}
	for key, want := range model {
		if got, has := tried.get(key); !has || got != want {
			t.Fatalf("get %s: %d, %t; want %d", key, got, has, want)
		}
	}
}

// compareShape checks that the same entries are the same trie, whatever the way to it: nothing is
// left over from those that are gone.
func compareShape(t *rapid.T, tried idMap[int], model map[uuid.UUID]int) {
	var fresh idMap[int]
	for key, value := range model {
		fresh = fresh.set(key, value, nil)
	}
	if !sameShape(tried.root, fresh.root) {
		t.Fatalf("the map has another shape than one with the same %d entries that was only ever added to", len(model))
	}
}

func sameShape(a, b *idNode[int]) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.present == b.present && slices.EqualFunc(a.children, b.children, func(a, b idChild[int]) bool {
		return (a.entry == nil) == (b.entry == nil) && (a.entry == nil || *a.entry == *b.entry) && sameShape(a.node, b.node)
	})
}

// sorted lists the keys in the order of their nibbles, last one first.
func sorted(model map[uuid.UUID]int) []uuid.UUID {
	return slices.SortedFunc(maps.Keys(model), func(a, b uuid.UUID) int {
		slices.Reverse(a[:])
		slices.Reverse(b[:])
		for i := range a {
			a[i], b[i] = a[i]<<4|a[i]>>4, b[i]<<4|b[i]>>4
		}
		return bytes.Compare(a[:], b[:])
	})
}

func TestIDMapStopsWhenToldTo(t *testing.T) {
	t.Parallel()
	var m idMap[int]
	for i := range 100 {
		m = m.set(uuid.UUID{15: byte(i)}, i, nil)
	}
	for stop := 1; stop <= 100; stop++ {
		calls := 0
		m.each(func(uuid.UUID, int) bool {
			calls++
			return calls < stop
		})
		if calls != stop {
			t.Errorf("each went on for %d entries after it was told to stop after %d", calls, stop)
		}
	}
}
