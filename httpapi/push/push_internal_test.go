package push

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/projections"
)

// told is an event's frame, and when it was handed over.
type told struct {
	EventID          uuid.UUID
	RemainingTickets int
	Version          int
	Position         int64
	at               time.Duration
}

// listen joins a connection that takes what there is at every pause, and gives what it has got so
// far.
func listen(t *testing.T, p *Push, began time.Time, stop <-chan struct{}, pause func() time.Duration,
	after *int64) (heard func() []told) {
	t.Helper()
	s := &socket{push: p, woken: make(chan struct{}, 1), greeted: true, expires: began.Add(time.Hour)}
	if p.admit(s) != nil || !p.join(s, uuid.New(), false, false) {
		t.Fatal("no room")
	}
	p.follow(s, nil, after)
	var mu sync.Mutex
	var all []told
	go func() {
		for {
			select {
			case <-s.woken:
			case <-stop:
				return
			}
			time.Sleep(pause())
			frames, _, _ := s.take(false, 0)
			mu.Lock()
			for _, text := range frames {
				f := told{at: time.Since(began)}
				if err := json.Unmarshal(text, &f); err != nil {
					t.Error(err)
				}
				if f.EventID != uuid.Nil {
					all = append(all, f)
				}
			}
			mu.Unlock()
		}
	}()
	return func() []told {
		mu.Lock()
		defer mu.Unlock()
		return append([]told{}, all...)
	}
}

// log writes versions of events.
type log struct {
	position int64
	versions map[uuid.UUID]int
	last     map[uuid.UUID]int64
}

func (l *log) append(ids ...uuid.UUID) projections.Changes {
	n := projections.Changes{After: l.position}
	for _, id := range ids {
		l.position++
		l.versions[id]++
		l.last[id] = l.position
		n.Events = append(n.Events, projections.EventChange{
			ID: id, Remaining: 1000 - l.versions[id], Capacity: 1000, Version: l.versions[id], First: l.position,
			Last: l.position,
		})
	}
	n.Upto = l.position
	return n
}

func newLog() *log { return &log{versions: map[uuid.UUID]int{}, last: map[uuid.UUID]int64{}} }

func atOnce() time.Duration { return 0 }

func TestTheFirstChangeIsToldAtOnceAndTheRestTenTimesASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		updates := make(chan projections.Changes)
		p := New(Options{})
		go p.deliver(ctx, updates)
		l, hot, calm := newLog(), uuid.New(), uuid.New()
		heard := listen(t, p, began, ctx.Done(), atOnce, nil)

		for i := range 3000 { // 3 s of a storm, one change each millisecond
			ids := []uuid.UUID{hot}
			if i == 1500 {
				ids = append(ids, calm)
			}
			updates <- l.append(ids...)
			time.Sleep(time.Millisecond) // of the bubble: no time passes
		}
		var late func() []told
		time.Sleep(90 * time.Millisecond)
		updates <- l.append(hot)
		time.Sleep(5 * time.Millisecond)
		start := int64(0)
		late = listen(t, p, began, ctx.Done(), atOnce, &start) // which catches up between two frames
		for range 1000 {
			updates <- l.append(hot)
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		cancel()

		for name, frames := range map[string][]told{"who was there": heard(), "who came late": late()} {
			var times []time.Duration
			version := 0
			for _, f := range frames {
				if f.EventID == calm {
					if f.at > 1500*time.Millisecond && name == "who was there" {
						t.Errorf("the calm event was told at %s", f.at)
					}
					continue
				}
				if f.Version <= version {
					t.Errorf("%s: version went from %d to %d", name, version, f.Version)
				}
				version = f.Version
				times = append(times, f.at)
				if i := len(times) - 11; i >= 0 && times[len(times)-1]-times[i] <= time.Second {
					t.Errorf("%s: 11 frames within a second, at %s", name, f.at)
				}
			}
			if version != l.versions[hot] {
				t.Errorf("%s: the last version was %d of %d", name, version, l.versions[hot])
			}
		}
		if first := heard()[0]; first.at != 0 {
			t.Errorf("the first change was told at %s", first.at)
		}
		if n := len(heard()); n < 30 || n > 40 {
			t.Errorf("%d frames in 4 s", n)
		}
	})
}

// Each position that a connection is given is good to come back with: every event that it follows
// and that has changed up to there was told before, or will be because it has changed since.
func TestEveryPositionIsGoodToComeBackWith(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			ctx, cancel := context.WithCancel(t.Context())
			updates := make(chan projections.Changes)
			p := New(Options{})
			go p.deliver(ctx, updates)
			l := newLog()
			ids := make([]uuid.UUID, 6)
			for i := range ids {
				ids[i] = uuid.New()
			}
			history := map[int64]map[uuid.UUID]int{0: {}} // versions at each position
			write := func() {
				var some []uuid.UUID
				for range 1 + random.IntN(3) {
					some = append(some, ids[random.IntN(len(ids))])
				}
				for _, id := range some {
					n := l.append(id)
					now := map[uuid.UUID]int{}
					for id, v := range l.versions {
						now[id] = v
					}
					history[l.position] = now
					updates <- n
				}
			}
			quick := listen(t, p, time.Now(), ctx.Done(), atOnce, nil)
			pauses := rand.New(rand.NewPCG(seed, 2))
			pause := func() time.Duration { return time.Duration(pauses.IntN(300)) * time.Millisecond }
			slow := listen(t, p, time.Now(), ctx.Done(), pause, nil)
			for range 100 {
				write()
				time.Sleep(time.Duration(random.IntN(60)) * time.Millisecond)
			}
			time.Sleep(time.Second)
			synctest.Wait()
			for name, frames := range map[string][]told{"quick": quick(), "slow": slow()} {
				got := map[uuid.UUID]int{}
				for i, f := range frames {
					got[f.EventID] = f.Version
					for id, v := range history[f.Position] {
						if got[id] < v && l.last[id] <= f.Position {
							t.Fatalf("seed %d, %s: frame %d names position %d, where the event is at version %d, and %d was told", seed,
								name, i, f.Position, v, got[id])
						}
						if name == "quick" && got[id] < v {
							t.Fatalf("seed %d: frame %d names position %d before it is told", seed, i, f.Position)
						}
					}
				}
				for id, v := range l.versions {
					if got[id] != v {
						t.Errorf("seed %d, %s: the last version was %d of %d", seed, name, got[id], v)
					}
				}
			}
			if sent := p.sent.Load(); sent != l.position {
				t.Errorf("in the end all is sent up to %d of %d", sent, l.position)
			}
			cancel()
		})
	}
}

func TestASlowConnectionKeepsOneFrameForEachEvent(t *testing.T) {
	t.Parallel()
	p := New(Options{})
	s := &socket{push: p, woken: make(chan struct{}, 1), greeted: true, expires: time.Now().Add(time.Hour)}
	if p.admit(s) != nil || !p.join(s, uuid.New(), false, false) {
		t.Fatal("no room")
	}
	p.follow(s, nil, nil)
	s.take(false, 0)
	l, one, two := newLog(), uuid.New(), uuid.New()
	for range 100 {
		p.observe(l.append(one, two))
		p.mu.Lock()
		for _, e := range p.changed {
			e.sentAt = time.Time{} // the pause is over
		}
		p.mu.Unlock()
		p.flush()
	}
	if frames, _, _ := s.take(false, 0); len(frames) != 2 {
		t.Errorf("%d frames are kept", len(frames))
	}
}

func TestNothingIsLeftOfAConnectionThatEnds(t *testing.T) {
	t.Parallel()
	p := New(Options{})
	for _, ids := range [][]uuid.UUID{nil, {uuid.New(), uuid.New()}} {
		s := &socket{push: p, woken: make(chan struct{}, 1), greeted: true, expires: time.Now().Add(time.Hour)}
		if p.admit(s) != nil || !p.join(s, uuid.New(), true, false) {
			t.Fatal("no room")
		}
		p.follow(s, ids, nil)
		p.leave(s)
	}
	if n := len(p.sockets) + len(p.users) + len(p.watchers) + len(p.all) + len(p.owners); n != 0 {
		t.Errorf("%d entries are left", n)
	}
}

func TestTheMemoryOfBookingsIsBounded(t *testing.T) {
	t.Parallel()
	p := New(Options{Remember: 3})
	owner := uuid.New()
	for position := range int64(100) {
		p.observe(projections.Changes{After: position, Upto: position + 1, OwnedChanges: projections.OwnedChanges{
			Bookings: []projections.BookingChange{{ID: uuid.New(), UserID: owner, Version: 1, Position: position + 1}},
		}})
		p.flush()
	}
	if n, owned := len(p.changed), len(p.owned[owner]); n != 3 || owned != n || p.floor != 97 {
		t.Errorf("%d bookings are kept, %d of their owner, after %d", n, owned, p.floor)
	}
}

// Most people are not connected while something of theirs changes.
func TestAFrameIsMadeForWhoReceivesIt(t *testing.T) {
	t.Parallel()
	p := New(Options{})
	booking := projections.BookingChange{
		ID: uuid.New(), UserID: uuid.New(), Status: projections.BookingConfirmed, Version: 2, Position: 1,
	}
	p.observe(projections.Changes{
		Upto: 1, OwnedChanges: projections.OwnedChanges{Bookings: []projections.BookingChange{booking}},
	})
	p.flush()
	r := p.changed[subject{ofBooking, booking.ID}]
	if r.made != nil {
		t.Error("one was made for nobody")
	}
	s := &socket{push: p, woken: make(chan struct{}, 1), greeted: true, expires: time.Now().Add(time.Hour)}
	if p.admit(s) != nil || !p.join(s, booking.UserID, true, false) {
		t.Fatal("no room")
	}
	p.follow(s, []uuid.UUID{}, new(int64))
	frames, _, _ := s.take(false, 0)
	if want := string(encodeBooking(booking, 1)); len(frames) != 2 || string(frames[1]) != want {
		t.Errorf("who comes back gets %q, want ready and %s", frames, want)
	}
}

// A row can be ahead of the records that are known to have changed it.
func TestAClientThatMissedWhatWasToldEarlyIsToldAgain(t *testing.T) {
	t.Parallel()
	p := New(Options{})
	event := projections.EventChange{ID: uuid.New(), Version: 2, First: 1, Last: 1}
	p.observe(projections.Changes{Upto: 1, Events: []projections.EventChange{event}})
	p.flush()
	event.First, event.Last = 2, 2
	p.observe(projections.Changes{After: 1, Upto: 2, Events: []projections.EventChange{event}})
	if next := p.flush(); next < time.Minute {
		t.Error("what was told is to be told again to everybody")
	}
	s := &socket{push: p, woken: make(chan struct{}, 1), greeted: true, expires: time.Now().Add(time.Hour)}
	if p.admit(s) != nil || !p.join(s, uuid.New(), false, false) {
		t.Fatal("no room")
	}
	after := int64(1)
	p.follow(s, nil, &after)
	if frames, _, _ := s.take(false, 0); len(frames) != 2 {
		t.Errorf("got %q, want ready and the event", frames)
	}
}

func FuzzParseMessage(f *testing.F) {
	for _, text := range []string{
		`{"type":"hello","token":"x","after":3,"events":["6a1f3f0e-7d0c-4a53-9d0e-0d5c6b7a8f90"]}`,
		`{"type":"subscribe","events":null}`, `{}`, `[`, `{"after":-1}`, `nul`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, reason := parseMessage(text)
		if reason != nil {
			if reason.code != closeBadMessage || reason.detail == "" {
				t.Errorf("refused with %+v", reason)
			}
			return
		}
		if m.After != nil && *m.After < 0 || len(m.followed()) > maxFollowed || (m.Events == nil) != (m.followed() == nil) {
			t.Errorf("accepted %+v", m)
		}
	})
}

func TestChangesOfOneEventLeaveLittleGarbage(t *testing.T) {
	s := &socket{push: New(Options{}), woken: make(chan struct{}, 1), greeted: true, expires: time.Now().Add(time.Hour)}
	id, frame := uuid.New(), &frame{text: []byte("{}")}
	change := func() {
		s.offer(subject{ofEvent, id}, frame)
		if frames, _, _ := s.take(false, 0); len(frames) != 1 {
			t.Fatalf("%d frames, want 1", len(frames))
		}
	}
	const lists = 2 // of events and of frames
	if got := testing.AllocsPerRun(100, change); got > lists {
		t.Errorf("%.0f allocations for each change and connection, want %d: thousands of connections follow one event", got,
			lists)
	}

	for range keptChanges + 1 {
		s.offer(subject{ofEvent, uuid.New()}, frame)
	}
	if s.take(false, 0); s.changes != nil {
		t.Error("the room for many events is kept")
	}
}

// places are those of one who waits, as of a position.
type places struct {
	changes
	upTo  int64
	asked int
	place projections.Place
}

func (l *places) Places(_ context.Context, events, _, _ []uuid.UUID) ([]projections.Place, int64, error) {
	l.asked++
	if len(events) == 0 {
		return nil, l.upTo, nil
	}
	return []projections.Place{l.place}, l.upTo, nil
}

func TestPlacesAreToldWhenTheyChangeAndAreReadAgainWhenTheReadModelLags(t *testing.T) {
	t.Parallel()
	ann, event := uuid.New(), uuid.New()
	live := &places{place: projections.Place{EntryID: uuid.New(), EventID: event, UserID: ann, Version: 5, Place: 2}}
	p := New(Options{Live: live})
	s := &socket{push: p, woken: make(chan struct{}, 1), greeted: true, expires: time.Now().Add(time.Hour)}
	if p.admit(s) != nil || !p.join(s, ann, false, true) {
		t.Fatal("no room")
	}
	p.follow(s, []uuid.UUID{}, nil)
	s.take(false, 0)
	tell := func() (frames int) {
		if err := p.tellPlaces(t.Context()); err != nil {
			t.Fatal(err)
		}
		texts, _, _ := s.take(false, 0)
		return len(texts)
	}
	wanted := func() bool { return len(p.placing.moved) > 0 }
	left := func(at int64) {
		p.observe(projections.Changes{After: at - 1, Upto: at, OwnedChanges: projections.OwnedChanges{
			Entries: []projections.EntryChange{{ID: uuid.New(), EventID: event, UserID: uuid.New(),
				Status: projections.EntryLeft, Version: 9, Position: at}},
		}})
		p.flush()
	}
	tell()
	left(10)
	if n := tell(); n != 1 || !wanted() {
		t.Errorf("%d frames, want 1; and the read model lags", n)
	}
	live.upTo = 10
	if n := tell(); n != 0 || wanted() {
		t.Errorf("%d frames, want none: it is the same place", n)
	}
	live.place.Place = 1
	left(11)
	live.upTo = 11
	if n := tell(); n != 1 || wanted() {
		t.Errorf("%d frames, want 1", n)
	}

	// What was read before an offer is not told after it.
	live.place.Place = 7
	p.observe(projections.Changes{After: 11, Upto: 12, OwnedChanges: projections.OwnedChanges{
		Entries: []projections.EntryChange{{ID: live.place.EntryID, EventID: event, UserID: ann,
			Status: projections.EntryOffered, Version: 12, Position: 12}},
	}})
	p.flush()
	live.upTo = 12
	if n := tell(); n != 1 { // the offer
		t.Errorf("%d frames, want 1", n)
	}

	// The log has another history: the read model never gets to where the old one was.
	left(13)
	p.observe(projections.Changes{Reset: true, After: 3, Upto: 3})
	if wanted() {
		t.Error("places of another history are read for ever")
	}
}
