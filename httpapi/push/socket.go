package push

import (
	"context"

	"fmt"

	"net"

	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/account"
)

const (
	maxMessage  = 16 << 10 // bytes; 200 ids and a long token take 12 kB
	maxFollowed = 200      // events that a client can name
	maxMessages = 100      // that a client may send between two heartbeats
	sendBuffer  = 32 << 10 // of the kernel: what waits there is out of date, and hides a slow client
	keptChanges = 8        // that a connection keeps room for: no garbage where one event changes again and again
	smallBuffer = 512      // instead of 4 kB for each direction: frames are short, and most connections idle
)

// socket is one connection. One goroutine reads from it and one writes to it. The fields below mu hold
// what is to be written: at most one frame for each subject, however slow the client is.
type socket struct {
	push      *Push
	ws        *websocket.Conn
	requestID string
	network   string // that it comes from
	woken     chan struct{}
	work      sync.WaitGroup // of all goroutines but the one that writes

	// Guarded by the push's mu.
	user      uuid.UUID
	following bool
	bookings  bool              // it gets the user's
	holds     bool              // it gets the user's, and their entries on waiting lists
	places    map[uuid.UUID]int // that were sent, by entry
	ids       []uuid.UUID       // nil: all
	since     int64

	mu       sync.Mutex
	raw      net.Conn
	isCut    bool
	first    [][]byte // frames that go before those of changes
	changes  map[subject]*frame
	reason   *closeReason
	expires  time.Time       // of the token; before the hello, its deadline
	greeted  bool            // the token is known
	claims   *account.Claims // of the newest token; nil before the hello
	ready    bool            // and the client is told what it follows
	messages int             // since the last heartbeat
	isReset  bool            // a position from before the reset must not be sent after it
}

// guarded logs a panic and ends the connection, so that the process goes on.
func (s *socket) guarded(do func()) {
	defer func() {
		if p := recover(); p != nil {
			s.push.Logger.Error("connection panicked", "panic", p, "stack", string(debug.Stack()), "requestId", s.requestID)
			s.cut()
			s.end(clientGone())
		}
	}()
	do()
}

// end makes the connection end; the first reason counts.
func (s *socket) end(reason *closeReason) {
	s.mu.Lock()
	if s.reason == nil {
		s.reason = reason
	}
	s.mu.Unlock()
	s.wake()
}

// current are the claims of the newest token, nil before the hello.
func (s *socket) current() *account.Claims {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.claims
}

// cut closes the connection without a close frame.
func (s *socket) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.isCut = true
	if s.raw != nil {
		_ = s.raw.Close() // it is closed already, if anything
	}
}

func (s *socket) wake() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

// isToldOf reports whether the connection gets changes of a kind.
func (s *socket) isToldOf(k kind) bool {
	if k == ofBooking {
		return s.bookings
	}
	return s.holds
}

// offer leaves the newest state of a subject to be written.
func (s *socket) offer(about subject, f *frame) {
	s.mu.Lock()
	if s.changes == nil {
		s.changes = make(map[subject]*frame)
	}
	s.changes[about] = f
	s.mu.Unlock()
	s.wake()
}

// reset tells the client that earlier frames are void, and drops those that were not written yet.
func (s *socket) reset(position int64) {
	s.mu.Lock()
	s.changes, s.isReset = nil, true
	s.first = append(s.first, resetFrame(position))
	s.mu.Unlock()
	s.wake()
}

func resetFrame(position int64) []byte {
	return fmt.Appendf(nil, `{"type":"reset","position":%d}`, position)
}

// welcome answers a message that subscribes.
func (s *socket) welcome(isFirst, isLost bool, position int64, missed map[subject]*frame) {
	s.mu.Lock()
	s.ready = true
	if isFirst {
		s.first = append(s.first, fmt.Appendf(nil, `{"type":"ready","position":%d,"heartbeatSeconds":%g}`,
			position, s.push.HeartbeatEvery.Seconds()))
	}
	if isLost {
		s.first = append(s.first, resetFrame(position))
	}
	if s.changes == nil {
		s.changes = missed
	} else {
		for about, f := range missed {
			s.changes[about] = f
		}
	}
	s.mu.Unlock()
	s.wake()
}

// write sends pending frames until the connection ends.
func (s *socket) write() {
	defer s.push.leave(s)
	defer s.work.Wait()
	defer s.ws.CloseNow() //nolint:errcheck // it is closed already, if anything
	began := time.Now()
	beats := 0
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-s.woken:
		case <-timer.C:
		}
		nextBeat := began.Add(time.Duration(beats+1) * s.push.HeartbeatEvery)
		isBeat := !time.Now().Before(nextBeat)
		position := s.push.sent.Load() // before take, which then returns all changes up to it
		frames, expires, reason := s.take(isBeat, position)
		if isBeat {
			if beats++; beats%2 == 0 {
				s.work.Go(func() { s.guarded(s.ping) })
			}
			nextBeat = nextBeat.Add(s.push.HeartbeatEvery)
		}
		if reason == nil {
			reason = s.send(frames)
		}
		if reason != nil {
			s.sendClose(reason, time.Since(began))
			return
		}
		timer.Reset(min(time.Until(nextBeat), expires))
	}
}

// take returns the frames to write, in the order of the log, and how long the connection may stay open
// without a new token.
func (s *socket) take(isBeat bool, position int64) (frames [][]byte, expires time.Duration, reason *closeReason) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.reason != nil:
		return nil, 0, s.reason
	case s.greeted:
		expires = s.expires.Sub(s.push.Now())
		reason = tokenExpired()
	default:
		expires = time.Until(s.expires)
		reason = noHello()
	}
	if expires <= 0 {
		return nil, 0, reason
	}
	frames, s.first = s.first, nil
	changes := make([]*frame, 0, len(s.changes))
	for _, f := range s.changes {
		changes = append(changes, f)
	}
	if len(s.changes) <= keptChanges {
		clear(s.changes)
	} else {
		s.changes = nil // a map does not shrink
	}
	slices.SortFunc(changes, func(a, b *frame) int { return int(a.sequence - b.sequence) })
	for _, f := range changes {
		frames = append(frames, f.text)
	}
	if isBeat && s.ready {
		s.messages = 0
	}
	if isBeat && s.ready && !s.isReset {
		frames = append(frames, fmt.Appendf(nil, `{"type":"heartbeat","position":%d}`, position))
	}
	s.isReset = false
	return frames, expires, nil
}

// send writes frames. A client that accepts one late gets that as the reason; one that does not accept
// it at all gets none.
func (s *socket) send(frames [][]byte) *closeReason {
	if len(frames) == 0 {
		return nil
	}
	defer func() { _ = s.raw.SetWriteDeadline(time.Time{}) }()
	for _, text := range frames {
		began := time.Now()
		// A deadline of the connection costs a fraction of a context with one, for each frame and client.
		// If setting it fails, the write fails too.
		_ = s.raw.SetWriteDeadline(began.Add(2 * s.push.SlowAfter))
		if err := s.ws.Write(context.Background(), websocket.MessageText, text); err != nil {
			return clientGone()
		}
		if time.Since(began) > s.push.SlowAfter {
			return tooSlow()
		}
	}
	return nil
}

// ping cuts the connection to a client that is gone without a word, which would keep its place for
// a quarter of an hour.
func (s *socket) ping() {
	ctx, cancel := context.WithTimeout(context.Background(), s.push.HeartbeatEvery)
	defer cancel()
	if err := s.ws.Ping(ctx); err != nil && ctx.Err() != nil {
		s.cut()
	}
}
