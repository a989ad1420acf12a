package push

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/httpapi/problem"
)

// admit makes room for a connection.
func (p *Push) admit(s *socket) *problem.Problem {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closing:
		return unavailable("shutting_down", "The server is restarting. Please try again in a moment", 2)
	case len(p.sockets) >= p.Connections:
		return unavailable("too_many_connections", "Too many clients are connected. Please try again in a moment", 5)
	case p.networks[s.network] >= p.AddressConnections: // also of those that do not say who they are
		return problem.New(http.StatusTooManyRequests, "rate_limited",
			"Too many clients are connected from your network. Please try again later").RetryAfter(30)
	}
	if len(p.sockets) == 0 {
		p.revoked.Reset(revokedEvery)
	}
	p.sockets[s] = struct{}{}
	p.networks[s.network]++
	p.open.Add(1)
	return nil
}

func unavailable(code, detail string, retryAfter int) *problem.Problem {
	return problem.New(http.StatusServiceUnavailable, code, detail).RetryAfter(retryAfter)
}

// leave forgets a connection.
func (p *Push) leave(s *socket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unfollow(s)
	delete(p.sockets, s)
	if len(p.sockets) == 0 {
		p.revoked.Stop()
	}
	if p.networks[s.network]--; p.networks[s.network] == 0 {
		delete(p.networks, s.network)
	}
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

// join lets a connection in that belongs to a user, and is told of that user's bookings or holds if it
// asks; false when that user has too many.
func (p *Push) join(s *socket, user uuid.UUID, bookings, holds bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.users[user] >= p.UserConnections {
		return false
	}
	p.users[user]++
	s.user, s.bookings, s.holds = user, bookings, holds
	p.watch()
	return true
}

// follow makes a connection get the changes of some events, or of all when ids is nil, after a
// position; without one, those after the position that the connection began with. What was sent to
// others already is sent again, as far as it is remembered. When that is not far enough, the client
// is told, as it is when the position is beyond the log's end.
func (p *Push) follow(s *socket, ids []uuid.UUID, after *int64) {
	isBeyond := after != nil && p.isBeyond(*after)
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
		add(p.watchers, id, s)
	}
	if s.bookings || s.holds {
		add(p.owners, s.user, s)
	}
	if isFirst {
		p.placeAnew(s)
	}
	isLost := isBeyond || s.since < p.floor
	if isLost {
		s.since = sent
	}
	missed := p.missed(s, isFirst || after != nil)
	position := sent
	if len(missed) > 0 {
		position = min(s.since, sent)
	}
	s.welcome(isFirst, isLost, position, missed)
}

// isBeyond tells whether the log ends before a position, as after a restore. A client may know more
// than this process does: another one, or a command, has told it.
func (p *Push) isBeyond(position int64) bool {
	if position <= p.sent.Load() || p.Live == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), p.HelloWithin)
	defer cancel()
	end, err := p.Live.End(ctx)
	if err != nil {
		p.Logger.Warn("a client's position could not be checked", "error", err)
	}
	return err == nil && position > end
}

// missed are the frames of a connection's events that were sent after it began, and those of what its
// user has unless it has got them. What is pending comes by itself.
func (p *Push) missed(s *socket, withOwned bool) map[subject]*frame {
	var missed map[subject]*frame
	miss := func(r *remembered) {
		if r == nil || r.last <= s.since || r.pending {
			return
		}
		if missed == nil {
			missed = make(map[subject]*frame)
		}
		missed[r.subject] = r.frame()
	}
	for _, id := range s.ids {
		miss(p.changed[subject{ofEvent, id}])
	}
	if s.ids == nil {
		for at := p.byAge.Back(); at != nil && at.Value.(*remembered).last > s.since; at = at.Prev() {
			if r := at.Value.(*remembered); r.kind == ofEvent {
				miss(r)
			}
		}
	}
	if withOwned {
		for _, r := range p.owned[s.user] {
			if s.isToldOf(r.kind) {
				miss(r)
			}
		}
	}
	return missed
}

func (p *Push) unfollow(s *socket) {
	delete(p.all, s)
	remove(p.owners, s.user, s)
	for _, id := range s.ids {
		remove(p.watchers, id, s)
	}
	s.ids = nil
}
