// Package push serves the WebSocket at /ws: clients subscribe to events and receive changes of their
// tickets and details, and of their user's bookings, holds and places on waiting lists. It has no SQL:
// the changes come from [projections.Live]. Start with [Push] and [Options]; docs/websocket.md describes
// the protocol.
package push

import (
	"cmp"
	"container/list"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/httpapi/middleware"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/projections"
)

// Changes are those of events, bookings, holds and waiting lists.
type Changes interface {
	// Run calls tell with all changes until ctx ends.
	Run(ctx context.Context, tell func(projections.Changes))
	// Watch says whether there are subscribers.
	Watch(watched bool)
	// End is the position of the log's last record.
	End(ctx context.Context) (int64, error)
	// Places are those of users on the waiting lists of events, and on those of newcomers, as of a
	// position.
	Places(ctx context.Context, events, users, newcomers []uuid.UUID) ([]projections.Place, int64, error)
}

// Options configure a [Push]. Fields with a default can be zero.
type Options struct {
	Live     Changes
	Accounts *account.Accounts
	// WrongKeys counts API keys that don't exist, by network; nil: they are not limited.
	WrongKeys *middleware.Counter
	// Origins may connect from a browser, besides the origin that the API itself is reached at.
	Origins []string
	Logger  *slog.Logger
	Now     func() time.Time

	// Connections is how many there can be at once, AddressConnections how many of one network
	// address, and UserConnections how many of one user. Default 10,000, 1,000 and 20.
	Connections        int
	AddressConnections int
	UserConnections    int
	// HelloWithin is how long a client may take to say who it is. Default 5 s.
	HelloWithin time.Duration
	// HeartbeatEvery is the time between heartbeats. Default 15 s.
	HeartbeatEvery time.Duration
	// SlowAfter is how long a client may take to accept a frame before its connection is closed with a
	// reason; after twice that, it is closed without one. Default 5 s.
	SlowAfter time.Duration
	// Remember is for how many events, bookings, holds and entries the newest change is kept for clients
	// that reconnect. Default 100,000.
	Remember int
}

func (o Options) withDefaults() Options {
	o.Connections = cmp.Or(o.Connections, 10_000)
	o.AddressConnections = cmp.Or(o.AddressConnections, 1000)
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

// Push sends clients over WebSocket how many tickets remain whenever that changes, and changes of their
// user's bookings, holds and places on waiting lists. It serves the handshakes; [Push.Run] passes
// changes on, and [Push.Close] ends the connections.
//
// A client can reconnect with any position that it has got: all changes up to there were sent before.
// So a frame carries the position before the first change of any subject that was not sent yet.
type Push struct {
	Options
	origins []string // as patterns
	foreign *middleware.OriginLog

	open  sync.WaitGroup
	sent  atomic.Int64  // the position up to which all changes were handed to the connections
	begun chan struct{} // closed by the first changes
	begin func()

	revoked *time.Ticker // runs while there are connections

	mu       sync.Mutex
	closing  bool
	sockets  map[*socket]struct{}
	networks map[string]int // connections of each
	users    map[uuid.UUID]int
	all      map[*socket]struct{}               // that follow all events
	watchers map[uuid.UUID]map[*socket]struct{} // that follow an event
	owners   map[uuid.UUID]map[*socket]struct{} // that get changes of what their user has

	position int64 // up to which changes are known
	floor    int64 // after which changes are remembered
	changed  map[subject]*remembered
	owned    map[uuid.UUID][]*remembered // those of them that have an owner, by user
	byAge    *list.List                  // all of them by their newest change, the newest last
	pending  map[*remembered]struct{}
	sequence int64
	placing  placing
}

// New returns a push that is to be run and, in the end, closed.
func New(o Options) *Push {
	p := &Push{
		Options: o.withDefaults(), begun: make(chan struct{}), foreign: middleware.NewOriginLog(o.Logger),
		revoked: time.NewTicker(revokedEvery),
		sockets: make(map[*socket]struct{}), users: make(map[uuid.UUID]int), networks: make(map[string]int),
		all:      make(map[*socket]struct{}),
		watchers: make(map[uuid.UUID]map[*socket]struct{}),
		owners:   make(map[uuid.UUID]map[*socket]struct{}),
		changed:  make(map[subject]*remembered), owned: make(map[uuid.UUID][]*remembered),
		byAge: list.New(), pending: make(map[*remembered]struct{}),
		placing: newPlacing(),
	}
	p.revoked.Stop()
	p.begin = sync.OnceFunc(func() { close(p.begun) })
	literal := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`)
	for _, origin := range o.Origins {
		p.origins = append(p.origins, literal.Replace(origin))
	}
	return p
}

// Run passes changes to the connections until ctx ends.
func (p *Push) Run(ctx context.Context) {
	updates := make(chan projections.Changes)
	var following sync.WaitGroup
	defer following.Wait()
	following.Go(func() {
		p.Live.Run(ctx, func(n projections.Changes) {
			select {
			case updates <- n:
			case <-ctx.Done():
			}
		})
	})
	following.Go(func() { p.runPlaces(ctx) })
	p.deliver(ctx, updates)
}

// revokedEvery is how often connections are checked for revoked tokens.
const revokedEvery = 500 * time.Millisecond

// endRevoked ends the connections of users who have been signed out everywhere, or deleted.
func (p *Push) endRevoked() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for s := range p.sockets {
		if claims := s.current(); claims != nil && p.Accounts.IsRevoked(*claims) {
			s.end(tokenRefused(account.ErrInvalidToken))
		}
	}
}

// deliver sends changes at once or, if the event's last frame was less than pushEvery ago, after that
// time.
func (p *Push) deliver(ctx context.Context, updates <-chan projections.Changes) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	defer p.revoked.Stop()
	for {
		select {
		case n := <-updates:
			p.observe(n)
		case <-timer.C:
		case <-p.revoked.C:
			p.endRevoked()
			continue
		case <-ctx.Done():
			return
		}
		timer.Reset(p.flush())
	}
}

// Sockets is how many connections there are.
func (p *Push) Sockets() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.sockets)
}

// Close tells all clients that the server is going away, and refuses new connections. Connections that
// are left when ctx ends are cut off.
func (p *Push) Close(ctx context.Context) error {
	p.mu.Lock()
	p.closing = true
	for s := range p.sockets {
		s.end(restarting())
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
		return errors.New("some clients did not close their connections in time")
	}
	return nil
}
