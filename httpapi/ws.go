package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
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
	sendBuffer  = 32 << 10 // of the kernel; what waits there is out of date, and the more of it the later a slow client is noticed
	keptEvents  = 8        // that a connection keeps room for: no garbage where one event changes again and again
	smallBuffer = 512      // instead of 4 kB for each direction: frames are short, and most connections idle
)

// socket is one connection. One goroutine reads from it and one writes to it; what the first and the push want written is left in the
// fields below mu, where there is one frame for each event at most, however slow the client.
type socket struct {
	push      *Push
	ws        *websocket.Conn
	requestID string
	wake      chan struct{}
	work      sync.WaitGroup // but for the goroutine that writes

	// Below the push's mu.
	user      uuid.UUID
	following bool
	ids       []uuid.UUID // nil: all
	since     int64

	mu       sync.Mutex
	raw      net.Conn
	isCut    bool
	first    [][]byte // frames that go before those of events
	events   map[uuid.UUID]*eventFrame
	bye      *goodbye
	expires  time.Time // of the token; before the hello, of the patience
	greeted  bool      // the token is known
	ready    bool      // and the client is told what it follows
	messages int       // since the last heartbeat
}

// goodbye is how a connection ends. Without a code nobody is there to be told.
type goodbye struct {
	code         websocket.StatusCode
	name, detail string
}

// Close codes of ours. 4400 and so on resemble the statuses of HTTP.
const (
	closeBadMessage = 4400
	closeToken      = 4401
	closeNoHello    = 4408
	closeTooMuch    = 4429
)

var (
	byeGone        = &goodbye{}
	byeRestart     = &goodbye{websocket.StatusGoingAway, "shutting_down", "The server is restarting; please connect again in a moment"}
	byeNoHello     = &goodbye{closeNoHello, "hello_timeout", "The first message did not come in time"}
	byeExpired     = &goodbye{closeToken, "token_expired", "The token has expired"}
	byeTooSlow     = &goodbye{closeTooMuch, "too_slow", "The client is too slow to be told of all changes"}
	byeTooMany     = &goodbye{closeTooMuch, "too_many_connections", "There are too many connections of this user"}
	byeTooManyMsgs = &goodbye{closeTooMuch, "too_many_messages", "The client sends too many messages"}
	byeTooBig      = &goodbye{websocket.StatusMessageTooBig, "message_too_big", fmt.Sprintf("A message may have %d bytes at most", maxMessage)}
)

func byeBad(detail string) *goodbye { return &goodbye{closeBadMessage, "bad_message", detail} }

var (
	errTooManySockets = retryable(newProblem(http.StatusServiceUnavailable, "too_many_connections", "Too many clients are connected; please try again in a moment"), 5)
	errPushClosing    = retryable(newProblem(http.StatusServiceUnavailable, "shutting_down", "The server is restarting; please try again in a moment"), 2)
)

// guarded keeps a mistake of ours from taking the process down.
func (s *socket) guarded(do func()) {
	defer func() {
		if p := recover(); p != nil {
			s.push.Logger.Error("connection panicked", "panic", p, "stack", string(debug.Stack()), "requestId", s.requestID)
			s.cut()
			s.end(byeGone)
		}
	}()
	do()
}

// end makes the connection end; the first reason counts.
func (s *socket) end(bye *goodbye) {
	s.mu.Lock()
	if s.bye == nil {
		s.bye = bye
	}
	s.mu.Unlock()
	s.rouse()
}

// cut ends the connection without a word.
func (s *socket) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.isCut = true
	if s.raw != nil {
		_ = s.raw.Close() // it is closed already, if anything
	}
}

func (s *socket) rouse() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// offer leaves the newest state of an event to be written.
func (s *socket) offer(id uuid.UUID, f *eventFrame) {
	s.mu.Lock()
	if s.events == nil {
		s.events = make(map[uuid.UUID]*eventFrame)
	}
	s.events[id] = f
	s.mu.Unlock()
	s.rouse()
}

// welcome answers a message that says what to follow.
func (s *socket) welcome(isFirst, isLost bool, position int64, missed map[uuid.UUID]*eventFrame) {
	s.mu.Lock()
	s.ready = true
	if isFirst {
		s.first = append(s.first, fmt.Appendf(nil, `{"type":"ready","position":%d,"heartbeatSeconds":%g}`, position, s.push.HeartbeatEvery.Seconds()))
	}
	if isLost {
		s.first = append(s.first, fmt.Appendf(nil, `{"type":"reset","position":%d}`, position))
	}
	if s.events == nil {
		s.events = missed
	} else {
		for id, f := range missed {
			s.events[id] = f
		}
	}
	s.mu.Unlock()
	s.rouse()
}

// read takes messages until the connection ends or should.
func (s *socket) read() {
	for {
		text, bye := s.receive()
		if bye == nil {
			bye = s.obey(text)
		}
		if bye != nil {
			s.end(bye)
			return
		}
	}
}

func (s *socket) receive() ([]byte, *goodbye) {
	kind, r, err := s.ws.Reader(context.Background())
	if err != nil {
		return nil, byeGone
	}
	if kind != websocket.MessageText {
		return nil, byeBad("Messages are text")
	}
	text, err := io.ReadAll(io.LimitReader(r, maxMessage+1))
	switch {
	case err != nil:
		return nil, byeGone
	case len(text) > maxMessage:
		return nil, byeTooBig
	}
	return text, nil
}

// clientMessage is all that a client can say. Which fields count depends on the type.
type clientMessage struct {
	Type   string       `json:"type"`
	Token  string       `json:"token"`
	After  *int64       `json:"after"`
	Events *[]uuid.UUID `json:"events"` // nil: all
}

func parseMessage(text []byte) (m clientMessage, bye *goodbye) {
	read := json.NewDecoder(bytes.NewReader(text))
	read.DisallowUnknownFields()
	switch err := read.Decode(&m); {
	case err != nil:
		return m, byeBad("The message is not JSON of the form that is described")
	case !errors.Is(read.Decode(&struct{}{}), io.EOF):
		return m, byeBad("There is something after the message")
	case m.After != nil && *m.After < 0:
		return m, byeBad("after must not be negative")
	case m.Events != nil && len(*m.Events) > maxFollowed:
		return m, byeBad(fmt.Sprintf("events may name %d at most", maxFollowed))
	}
	return m, nil
}

// obey does what a message asks for.
func (s *socket) obey(text []byte) *goodbye {
	s.mu.Lock()
	s.messages++
	isFlood, greeted := s.messages > maxMessages, s.greeted
	s.mu.Unlock()
	if isFlood {
		return byeTooManyMsgs
	}
	m, bye := parseMessage(text)
	switch {
	case bye != nil:
		return bye
	case m.Type == "hello" && greeted:
		return byeBad("There was a hello already")
	case m.Type == "hello":
		return s.hello(m)
	case !greeted:
		return byeBad("The first message must be a hello")
	case m.Type == "subscribe":
		s.push.follow(s, m.followed(), m.After)
		return nil
	case m.Type == "renew":
		return s.renew(m.Token)
	}
	return byeBad("There is no message of this type")
}

// followed are the ids that are named, each once; nil means all.
func (m clientMessage) followed() []uuid.UUID {
	if m.Events == nil {
		return nil
	}
	ids := append([]uuid.UUID{}, *m.Events...)
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(ids)
}

func (s *socket) hello(m clientMessage) *goodbye {
	claims, err := s.push.Accounts.ParseAccess(m.Token)
	if err != nil {
		return byeToken(err)
	}
	if !s.push.join(s, claims.UserID) {
		return byeTooMany
	}
	s.mu.Lock()
	s.greeted, s.expires = true, claims.ExpiresAt
	s.mu.Unlock()
	s.push.follow(s, m.followed(), m.After)
	return nil
}

// renew keeps the connection beyond the expiry of its token.
func (s *socket) renew(token string) *goodbye {
	claims, err := s.push.Accounts.ParseAccess(token)
	if err == nil && claims.UserID != s.user {
		err = account.ErrInvalidToken
	}
	if err != nil {
		return byeToken(err)
	}
	s.mu.Lock()
	s.expires = claims.ExpiresAt
	s.mu.Unlock()
	s.rouse()
	return nil
}

func byeToken(err error) *goodbye {
	if errors.Is(err, account.ErrTokenExpired) {
		return byeExpired
	}
	return &goodbye{closeToken, "invalid_token", "The token is missing or not valid"}
}

// write sends what is there to be sent until the connection ends.
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
		case <-s.wake:
		case <-timer.C:
		}
		nextBeat := began.Add(time.Duration(beats+1) * s.push.HeartbeatEvery)
		isBeat := !time.Now().Before(nextBeat)
		position := s.push.sent.Load() // before taking, so that all of it is among what is taken
		frames, expires, bye := s.take(isBeat, position)
		if isBeat {
			if beats++; beats%2 == 0 {
				s.work.Go(func() { s.guarded(s.ping) })
			}
			nextBeat = nextBeat.Add(s.push.HeartbeatEvery)
		}
		if bye == nil {
			bye = s.send(frames)
		}
		if bye != nil {
			s.part(bye, time.Since(began))
			return
		}
		timer.Reset(min(time.Until(nextBeat), expires))
	}
}

// take gives what is to be written, in the order in which it happened, and how long the connection may go on as it is.
func (s *socket) take(isBeat bool, position int64) (frames [][]byte, expires time.Duration, bye *goodbye) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.bye != nil:
		return nil, 0, s.bye
	case s.greeted:
		expires = s.expires.Sub(s.push.Now())
		bye = byeExpired
	default:
		expires = time.Until(s.expires)
		bye = byeNoHello
	}
	if expires <= 0 {
		return nil, 0, bye
	}
	frames, s.first = s.first, nil
	events := make([]*eventFrame, 0, len(s.events))
	for _, f := range s.events {
		events = append(events, f)
	}
	if len(s.events) <= keptEvents {
		clear(s.events)
	} else {
		s.events = nil // a map does not shrink
	}
	slices.SortFunc(events, func(a, b *eventFrame) int { return int(a.sequence - b.sequence) })
	for _, f := range events {
		frames = append(frames, f.text)
	}
	if isBeat && s.ready {
		s.messages = 0
		frames = append(frames, fmt.Appendf(nil, `{"type":"heartbeat","position":%d}`, position))
	}
	return frames, expires, nil
}

// send writes frames. A client that takes them late is told so, and one that does not take them at all can't be.
func (s *socket) send(frames [][]byte) *goodbye {
	if len(frames) == 0 {
		return nil
	}
	began := time.Now()
	// A deadline of the connection costs a fraction of a context with one, and there is one for each frame and client.
	_ = s.raw.SetWriteDeadline(began.Add(2 * s.push.SlowAfter)) // it fails only with the connection, as the write then does
	defer func() { _ = s.raw.SetWriteDeadline(time.Time{}) }()
	for _, text := range frames {
		if err := s.ws.Write(context.Background(), websocket.MessageText, text); err != nil {
			return byeGone
		}
		if time.Since(began) > s.push.SlowAfter {
			return byeTooSlow
		}
	}
	return nil
}

// part says goodbye.
func (s *socket) part(bye *goodbye, open time.Duration) {
	s.push.Logger.Debug("connection closed", "code", int(bye.code), "reason", bye.name, "open", open, "requestId", s.requestID)
	if bye.code == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.push.SlowAfter)
	defer cancel()
	text, _ := json.Marshal(map[string]string{"type": "error", "code": bye.name, "detail": bye.detail}) // of strings it does not fail
	if s.ws.Write(ctx, websocket.MessageText, text) == nil {
		_ = s.ws.Close(bye.code, bye.name) // the client is gone, if anything
	}
}

// ping cuts the connection to a client that is gone without a word, which would keep its place for a quarter of an hour.
func (s *socket) ping() {
	ctx, cancel := context.WithTimeout(context.Background(), s.push.HeartbeatEvery)
	defer cancel()
	if err := s.ws.Ping(ctx); err != nil && ctx.Err() != nil {
		s.cut()
	}
}
