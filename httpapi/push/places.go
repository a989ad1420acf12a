package push

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/projections"
)

// placesEvery is the least time between two reads of the waiting lists. Places change with each offer,
// and a list can be long.
const placesEvery = time.Second

// placing is what has to be sent about places on waiting lists. It is guarded by the push's mu.
type placing struct {
	moved     map[uuid.UUID]int64    // events whose lists have changed, and the position of the last change
	newcomers map[uuid.UUID]struct{} // users whose places were not sent yet
	wanted    chan struct{}          // one token: there is something to send
}

func newPlacing() placing {
	return placing{
		moved: make(map[uuid.UUID]int64), newcomers: make(map[uuid.UUID]struct{}), wanted: make(chan struct{}, 1),
	}
}

func (p *placing) wake() {
	select {
	case p.wanted <- struct{}{}:
	default:
	}
}

// notePlaces notes the lists on which places have changed. The caller holds mu.
func (p *Push) notePlaces(entries []projections.EntryChange) {
	for _, e := range entries {
		for s := range p.owners[e.UserID] {
			delete(s.places, e.ID) // a place that was sent before the change is sent again after it
		}
		switch e.Status {
		case projections.EntryWaiting, projections.EntryLeft, projections.EntryOffered:
			p.placing.moved[e.EventID] = e.Position
		}
	}
	if len(p.placing.moved) > 0 {
		p.placing.wake()
	}
}

// placeAnew makes a connection get all places of its user. The caller holds mu.
func (p *Push) placeAnew(s *socket) {
	s.places = nil
	if s.holds {
		p.placing.newcomers[s.user] = struct{}{}
		p.placing.wake()
	}
}

// runPlaces sends places until ctx ends.
func (p *Push) runPlaces(ctx context.Context) {
	for {
		select {
		case <-p.placing.wanted:
		case <-ctx.Done():
			return
		}
		if err := p.tellPlaces(ctx); err != nil && ctx.Err() == nil {
			p.Logger.Warn("reading the places on waiting lists failed", "error", err)
		}
		select {
		case <-time.After(placesEvery):
		case <-ctx.Done():
			return
		}
	}
}

// tellPlaces sends connected users their places that have changed. Places are not remembered for
// clients that reconnect: they get all of them.
func (p *Push) tellPlaces(ctx context.Context) error {
	p.mu.Lock()
	moved, newcomers := p.placing.moved, slices.Collect(maps.Keys(p.placing.newcomers))
	var users []uuid.UUID
	for user, sockets := range p.owners {
		for s := range sockets {
			if s.holds {
				users = append(users, user)
				break
			}
		}
	}
	p.placing.moved, p.placing.newcomers = make(map[uuid.UUID]int64), make(map[uuid.UUID]struct{})
	p.mu.Unlock()
	if len(users) == 0 {
		return nil
	}
	places, upTo, err := p.Live.Places(ctx, slices.Collect(maps.Keys(moved)), users, newcomers)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, user := range newcomers {
		if err != nil {
			p.placing.newcomers[user] = struct{}{}
		}
	}
	for event, position := range moved {
		// The read model may not have it yet. After a reset it never will.
		if position <= p.position && (err != nil || position > upTo) {
			p.placing.moved[event] = max(p.placing.moved[event], position)
		}
	}
	if len(p.placing.moved)+len(p.placing.newcomers) > 0 {
		p.placing.wake()
	}
	for _, e := range places {
		p.offerPlace(e)
	}
	return err
}

// offerPlace passes a place to the connections of its user that have another one. It does nothing if
// the entry has changed since the place was read. The caller holds mu.
func (p *Push) offerPlace(e projections.Place) {
	if r := p.changed[subject{ofEntry, e.EntryID}]; r != nil && r.version > e.Version {
		return
	}
	var f *frame
	for s := range p.owners[e.UserID] {
		if !s.holds || s.places[e.EntryID] == e.Place {
			continue
		}
		if f == nil {
			p.sequence++
			f = &frame{encodePlace(e, p.sent.Load()), p.sequence}
		}
		if s.places == nil {
			s.places = make(map[uuid.UUID]int)
		}
		s.places[e.EntryID] = e.Place
		s.offer(subject{ofPlace, e.EntryID}, f)
	}
}
