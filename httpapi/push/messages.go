package push

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/httpapi/auth"
	"github.com/boxoffice/boxoffice/internal/account"
)

// read handles messages until the connection ends or has to be closed.
func (s *socket) read() {
	for {
		text, reason := s.receive()
		if reason == nil {
			reason = s.handle(text)
		}
		if reason != nil {
			s.end(reason)
			return
		}
	}
}

func (s *socket) receive() ([]byte, *closeReason) {
	kind, r, err := s.ws.Reader(context.Background())
	if err != nil {
		return nil, clientGone()
	}
	if kind != websocket.MessageText {
		return nil, badMessage("Messages are text")
	}
	text, err := io.ReadAll(io.LimitReader(r, maxMessage+1))
	switch {
	case err != nil:
		return nil, clientGone()
	case len(text) > maxMessage:
		return nil, messageTooBig()
	}
	return text, nil
}

// clientMessage is a message of a client. Which fields it has depends on its type.
type clientMessage struct {
	Type     string       `json:"type"`
	Token    string       `json:"token"`
	After    *int64       `json:"after"`
	Events   *[]uuid.UUID `json:"events"`   // nil: all
	Bookings bool         `json:"bookings"` // of the hello: those of the user too
	Holds    bool         `json:"holds"`    // of the hello: likewise, and the user's entries on waiting lists
}

func parseMessage(text []byte) (m clientMessage, reason *closeReason) {
	read := json.NewDecoder(bytes.NewReader(text))
	read.DisallowUnknownFields()
	switch err := read.Decode(&m); {
	case err != nil:
		return m, badMessage("The message is not JSON of the form that is described")
	case !errors.Is(read.Decode(&struct{}{}), io.EOF):
		return m, badMessage("There is something after the message")
	case m.After != nil && *m.After < 0:
		return m, badMessage("after must not be negative")
	case m.Events != nil && len(*m.Events) > maxFollowed:
		return m, badMessage(fmt.Sprintf("events may name %d at most", maxFollowed))
	}
	return m, nil
}

// handle processes a message.
func (s *socket) handle(text []byte) *closeReason {
	s.mu.Lock()
	s.messages++
	isFlood, greeted := s.messages > maxMessages, s.greeted
	s.mu.Unlock()
	if isFlood {
		return tooManyMessages()
	}
	m, reason := parseMessage(text)
	switch {
	case reason != nil:
		return reason
	case m.Type == "hello" && greeted:
		return badMessage("There was a hello already")
	case m.Type == "hello":
		return s.hello(m)
	case !greeted:
		return badMessage("The first message must be a hello")
	case m.Type == "subscribe":
		s.push.follow(s, m.followed(), m.After)
		return nil
	case m.Type == "renew":
		return s.renew(m.Token)
	}
	return badMessage("There is no message of this type")
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

// identify returns the claims of a token. An API key needs the scope for reads.
func (s *socket) identify(token string) (account.Claims, error) {
	checker := auth.Checker{Accounts: s.push.Accounts, WrongKeys: s.push.WrongKeys}
	claims, err := checker.Check(context.Background(), s.network, token) // a look-up has a time limit of its own
	if err == nil && !claims.Allows(account.ScopeRead) {
		err = errScope
	}
	return claims, err
}

func (s *socket) hello(m clientMessage) *closeReason {
	claims, err := s.identify(m.Token)
	if err != nil {
		return tokenRefused(err)
	}
	if !s.push.join(s, claims.UserID, m.Bookings, m.Holds) {
		return tooManyConnections()
	}
	s.mu.Lock()
	s.greeted, s.claims, s.expires = true, &claims, claims.ExpiresAt
	s.mu.Unlock()
	s.push.follow(s, m.followed(), m.After)
	return nil
}

// renew keeps the connection beyond the expiry of its token.
func (s *socket) renew(token string) *closeReason {
	claims, err := s.identify(token)
	if err == nil && claims.UserID != s.user {
		err = account.ErrInvalidToken
	}
	if err != nil {
		return tokenRefused(err)
	}
	s.mu.Lock()
	s.claims, s.expires = &claims, claims.ExpiresAt
	s.mu.Unlock()
	s.wake()
	return nil
}
