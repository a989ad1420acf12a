package httpapi

import (
	"cmp"
	"container/list"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/projections"
)

// PushOptions are what a [Push] works with. What has a default need not be given.
type PushOptions struct {
	Live     *projections.Live
	Accounts *account.Accounts
	// Origins may connect from a browser, besides the origin that the API itself is reached at.
	Origins []string
	Logger  *slog.Logger
	Now     func() time.Time

	// Connections is how many there can be at once, UserConnections how many of one user. Default 10,000 and 20.
	Connections     int
	UserConnections int
	// HelloWithin is how long a client may take to say who it is. Default 5 s.
	HelloWithin time.Duration
	// HeartbeatEvery is the time between heartbeats. Default 15 s.
	HeartbeatEvery time.Duration
	// SlowAfter is how long a client may take to accept what it is sent. After twice that, nobody tells it any more. Default 5 s.
	SlowAfter time.Duration
	// Remember is of how many events the newest change is kept for clients that come back. Default 100,000.
	Remember int
}

func (o PushOptions) withDefaults() PushOptions {
	o.Connections = cmp.Or(o.Connections, 10_000)
	o.UserConnections = cmp.Or(o.UserConnections, 20)
	o.HelloWithin = cmp.Or(o.HelloWithin, 5*time.Second)
	o.HeartbeatEvery = cmp.Or(o.HeartbeatEvery, 15*time.Second)
	o.SlowAfter = cmp.Or(o.SlowAfter, 5*time.Second)
	o.Remember = cmp.Or(o.Remember, 100_000)
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// pushEvery is the time between two frames about one event: a little more than a tenth of a second, so that a second never sees more
// than 10, whatever the network does to the distance between them and even when a client has just caught up.
const pushEvery = 115 * time.Millisecond

// Push tells clients over WebSocket how many tickets remain, as it changes; docs/websocket.md describes the protocol. It serves
// the handshakes; [Push.Run] brings the news, and [Push.Close] says goodbye.
//
// Every position that a client gets is one to come back with: what changed up to there was sent before. So an event's frame
// carries the position before the first change that was not sent yet, of any event.
type Push struct {
	PushOptions
	origins []string // as patterns
	foreign *originLog

	open  sync.WaitGroup
	sent  atomic.Int64  // the position up to which all changes were handed to the connections
	begun chan struct{} // closed by the first news
	begin func()

	mu       sync.Mutex
	closing  bool
	sockets  map[*socket]struct{}
	users    map[uuid.UUID]int
	all      map[*socket]struct{}               // that follow all events
	watchers map[uuid.UUID]map[*socket]struct{} // that follow an event

	position int64 // up to which changes are known
	floor    int64 // after which changes are remembered
	events   map[uuid.UUID]*liveEvent
	recent   *list.List // the events by their newest change, the newest last
	pending  map[*liveEvent]struct{}
	sequence int64
}

// liveEvent is what is remembered of an event that has changed lately.
type liveEvent struct {
	projections.EventChange // its newest state; First is that of the first change that was not sent yet

	place   *list.Element
	frame   *eventFrame // what was sent last
	sentAt  time.Time
	pending bool
}

// eventFrame is one change as it goes to everybody who follows the event.
type eventFrame struct {
	text     []byte
	sequence int64
}

// NewPush returns a push that is to be run and, in the end, closed.
func NewPush(o PushOptions) *Push {
	p := &Push{
		PushOptions: o.withDefaults(), begun: make(chan struct{}), foreign: newOriginLog(o.Logger),
		sockets: make(map[*socket]struct{}), users: make(map[uuid.UUID]int), all: make(map[*socket]struct{}),
		watchers: make(map[uuid.UUID]map[*socket]struct{}),
		events:   make(map[uuid.UUID]*liveEvent), recent: list.New(), pending: make(map[*liveEvent]struct{}),
	}
	p.begin = sync.OnceFunc(func() { close(p.begun) })
	literal := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`)
	for _, origin := range o.Origins {
		p.origins = append(p.origins, literal.Replace(origin))
	}
	return p
}

// Run brings news to the connections until ctx ends.
func (p *Push) Run(ctx context.Context) {
	news := make(chan projections.News)
	var following sync.WaitGroup
	defer following.Wait()
	following.Go(func() {
		p.Live.Run(ctx, func(n projections.News) {
			select {
			case news <- n:
			case <-ctx.Done():
			}
		})
	})
	p.deliver(ctx, news)
}

// deliver sends changes at once or, when the event's last frame is too fresh, as soon as it is not any more.
func (p *Push) deliver(ctx context.Context, news <-chan projections.News) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case n := <-news:
			p.learn(n)
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		timer.Reset(p.flush())
	}
}

// learn takes in what has changed.
func (p *Push) learn(n projections.News) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.position != n.After {
		p.floor = n.After // these are the first news
	}
	for _, change := range n.Events {
		e := p.events[change.ID]
		switch {
		case e == nil:
			e = &liveEvent{EventChange: change}
			e.place = p.recent.PushBack(e)
			p.events[change.ID] = e
		case change.Version <= e.Version: // its row was ahead when it was read before, and was told as it is
			e.Last = change.Last
			p.recent.MoveToBack(e.place)
			continue
		default:
			first := change.First
			if e.pending {
				first = e.First
			}
			e.EventChange, e.First = change, first
			p.recent.MoveToBack(e.place)
		}
		e.pending = true
		p.pending[e] = struct{}{}
	}
	p.position = n.Upto
	p.begin()
	for oldest := p.recent.Front(); p.recent.Len() > p.Remember; oldest = p.recent.Front() {
		e := oldest.Value.(*liveEvent)
		if e.pending {
			break
		}
		p.floor = max(p.floor, e.Last)
		p.recent.Remove(oldest)
		delete(p.events, e.ID)
	}
}

// flush hands over what is due, and tells when the next is.
func (p *Push) flush() (next time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	next = time.Hour
	var due []*liveEvent
	held := p.position + 1 // the first change that has to wait
	for e := range p.pending {
		if wait := pushEvery - now.Sub(e.sentAt); wait > 0 {
			next, held = min(next, wait), min(held, e.First)
			continue
		}
		due = append(due, e)
	}
	slices.SortFunc(due, func(a, b *liveEvent) int { return cmp.Compare(a.First, b.First) })
	for i, e := range due {
		unsent := held
		if i+1 < len(due) {
			unsent = min(unsent, due[i+1].First)
		}
		e.pending, e.sentAt = false, now
		delete(p.pending, e)
		p.sequence++
		e.frame = &eventFrame{e.encode(unsent - 1), p.sequence}
		for s := range p.watchers[e.ID] {
			s.offer(e.ID, e.frame)
		}
		for s := range p.all {
			s.offer(e.ID, e.frame)
		}
	}
	p.sent.Store(held - 1)
	return next
}

func (e *liveEvent) encode(position int64) []byte {
	text, _ := json.Marshal(struct { // of such values it does not fail
		Type      string    `json:"type"`
		EventID   uuid.UUID `json:"eventId"`
		Remaining int       `json:"remainingTickets"`
		Total     int       `json:"totalTickets"`
		Status    string    `json:"status"`
		Version   int       `json:"version"`
		Position  int64     `json:"position"`
	}{"event", e.ID, e.Remaining, e.Capacity, e.Status, e.Version, position})
	return text
}

// admit makes room for a connection.
func (p *Push) admit(s *socket) *Problem {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closing:
		return errPushClosing
	case len(p.sockets) >= p.Connections:
		return errTooManySockets
	}
	p.sockets[s] = struct{}{}
	p.open.Add(1)
	return nil
}

// leave forgets a connection.
func (p *Push) leave(s *socket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unfollow(s)
	delete(p.sockets, s)
	if s.user != uuid.Nil {
		if p.users[s.user]--; p.users[s.user] == 0 {
			delete(p.users, s.user)
		}
	}
	p.watch()
	p.open.Done()
}

func (p *Push) watch() {
	if p.Live != nil {
		p.Live.Watch(len(p.users) > 0)
	}
}

// join lets a connection in that belongs to a user; false when that user has too many.
func (p *Push) join(s *socket, user uuid.UUID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.users[user] >= p.UserConnections {
		return false
	}
	p.users[user]++
	s.user = user
	p.watch()
	return true
}

// follow makes a connection get the changes of some events, or of all when ids is nil, after a position; without one, those after
// the position that the connection began with. What was sent to others already is sent again, as far as it is remembered. When that
// is not far enough, the client is told.
func (p *Push) follow(s *socket, ids []uuid.UUID, after *int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unfollow(s)
	sent := p.sent.Load()
	isFirst := !s.following
	if isFirst {
		s.following, s.since = true, sent
	}
	if after != nil {
		s.since = *after
	}
	s.ids = ids
	if ids == nil {
		p.all[s] = struct{}{}
	}
	for _, id := range ids {
		if p.watchers[id] == nil {
			p.watchers[id] = make(map[*socket]struct{})
		}
		p.watchers[id][s] = struct{}{}
	}
	isLost := s.since < p.floor
	if isLost {
		s.since = sent
	}
	missed := p.missed(s)
	position := sent
	if len(missed) > 0 {
		position = min(s.since, sent)
	}
	s.welcome(isFirst, isLost, position, missed)
}

// missed are the frames of a connection's events that were sent after it began. What is pending comes by itself.
func (p *Push) missed(s *socket) map[uuid.UUID]*eventFrame {
	var missed map[uuid.UUID]*eventFrame
	add := func(e *liveEvent) {
		if e == nil || e.Last <= s.since || e.pending {
			return
		}
		if missed == nil {
			missed = make(map[uuid.UUID]*eventFrame)
		}
		missed[e.ID] = e.frame
	}
	for _, id := range s.ids {
		add(p.events[id])
	}
	if s.ids == nil {
		for at := p.recent.Back(); at != nil && at.Value.(*liveEvent).Last > s.since; at = at.Prev() {
			add(at.Value.(*liveEvent))
		}
	}
	return missed
}

func (p *Push) unfollow(s *socket) {
	delete(p.all, s)
	for _, id := range s.ids {
		delete(p.watchers[id], s)
		if len(p.watchers[id]) == 0 {
			delete(p.watchers, id)
		}
	}
	s.ids = nil
}

// Sockets is how many connections there are.
func (p *Push) Sockets() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.sockets)
}

// Close tells all clients that the server is going away, and lets nobody in any more. What is left when ctx ends is cut off.
func (p *Push) Close(ctx context.Context) error {
	p.mu.Lock()
	p.closing = true
	for s := range p.sockets {
		s.end(byeRestart)
	}
	p.mu.Unlock()
	left := make(chan struct{})
	go func() { p.open.Wait(); close(left) }()
	select {
	case <-left:
		return nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	cut := len(p.sockets)
	for s := range p.sockets {
		s.cut()
	}
	p.mu.Unlock()
	<-left
	if cut > 0 {
		return errors.New("some clients did not say goodbye in time")
	}
	return nil
}
