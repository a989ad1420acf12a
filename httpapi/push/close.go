package push

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/coder/websocket"

	"github.com/boxoffice/boxoffice/httpapi/problem"
	"github.com/boxoffice/boxoffice/internal/account"
)

// closeReason is why a connection ends. Without a code the client is gone.
type closeReason struct {
	code         websocket.StatusCode
	name, detail string
}

// Close codes of ours. 4400 and so on resemble the statuses of HTTP.
const (
	closeBadMessage = 4400
	closeToken      = 4401
	closeScope      = 4403
	closeNoHello    = 4408
	closeTooMuch    = 4429
)

func clientGone() *closeReason { return &closeReason{} }

func restarting() *closeReason {
	return &closeReason{
		websocket.StatusGoingAway, "shutting_down", "The server is restarting. Please connect again in a moment",
	}
}

func noHello() *closeReason {
	return &closeReason{closeNoHello, "hello_timeout", "The first message did not come in time"}
}

func tokenExpired() *closeReason {
	return &closeReason{closeToken, "token_expired", "The token has expired"}
}

// errScope means that an API key can't be used for this.
var errScope = errors.New("the API key lacks a scope")

// tokenRefused is the reason for an error of [socket.identify].
func tokenRefused(err error) *closeReason {
	var limited *problem.Problem
	switch {
	case errors.Is(err, account.ErrTokenExpired):
		return tokenExpired()
	case errors.Is(err, account.ErrInvalidToken):
		return &closeReason{closeToken, "invalid_token", "The token is missing or not valid"}
	case errors.Is(err, errScope):
		return &closeReason{closeScope, "insufficient_scope", "This API key doesn't have the scope read"}
	case errors.As(err, &limited):
		return &closeReason{closeTooMuch, limited.Code, limited.Detail}
	}
	return &closeReason{
		websocket.StatusTryAgainLater, "unavailable", "The service can't reach its database. Please try again in a moment",
	}
}

func tooSlow() *closeReason {
	return &closeReason{closeTooMuch, "too_slow", "The client is too slow to be told of all changes"}
}

func tooManyConnections() *closeReason {
	return &closeReason{closeTooMuch, "too_many_connections", "There are too many connections of this user"}
}

func tooManyMessages() *closeReason {
	return &closeReason{closeTooMuch, "too_many_messages", "The client sends too many messages"}
}

func messageTooBig() *closeReason {
	return &closeReason{
		websocket.StatusMessageTooBig, "message_too_big", fmt.Sprintf("A message may have %d bytes at most", maxMessage),
	}
}

func badMessage(detail string) *closeReason {
	return &closeReason{closeBadMessage, "bad_message", detail}
}

// sendClose tells the client why the connection ends, if there is a client.
func (s *socket) sendClose(reason *closeReason, open time.Duration) {
	s.push.Logger.Debug("connection closed",
		"code", int(reason.code), "reason", reason.name, "open", open, "requestId", s.requestID)
	if reason.code == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.push.SlowAfter)
	defer cancel()
	text, _ := json.Marshal(map[string]string{ // of strings it does not fail
		"type": "error", "code": reason.name, "detail": reason.detail,
	})
	if s.ws.Write(ctx, websocket.MessageText, text) == nil {
		_ = s.ws.Close(reason.code, reason.name) // the client is gone, if anything
	}
}
