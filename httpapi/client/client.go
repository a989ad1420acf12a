// Package client is a client of the API in Go. It repeats what is safe to repeat, waits as long as the
// server asks it to, and turns problems into errors with their codes.
//
// It needs nothing else of this module. Start reading at [Client.Book]; [Client.Do] is for
// requests that have no method of their own.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Attempts bounds how often a request is sent.
const Attempts = 20

// Client speaks to the API, as one caller. It is for one goroutine at a time; [Client.As] makes others.
type Client struct {
	// Waits counts how often the server has asked to come back later.
	Waits int

	base  string
	http  *http.Client
	token string
}

// New is a client of the API at an address such as http://localhost:3001, with connections of its
// own. It is not signed in.
func New(base string) *Client {
	return &Client{base: base, http: &http.Client{
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
			TLSHandshakeTimeout: 10 * time.Second,
			MaxIdleConnsPerHost: 16,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// As shares the connections, and speaks for the owner of an access token.
func (c *Client) As(token string) *Client { return &Client{base: c.base, http: c.http, token: token} }

// Base is the address of the API.
func (c *Client) Base() string { return c.base }

// Close closes connections that are not in use, also those of clients that share them.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Error is an answer with another status than the one that was wanted.
type Error struct {
	Request    string // such as POST /book
	Status     int
	Code       Code // empty: the answer was no problem of the API
	Detail     string
	RetryAfter time.Duration // a second where the answer does not say
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%s: %d", e.Request, e.Status)
	if e.Code != "" {
		text += " " + string(e.Code)
	}
	if e.Detail != "" {
		text += " (" + e.Detail + ")"
	}
	return text
}

// Code says what went wrong. It never changes its meaning.
type Code string

// Codes that callers often tell apart. The API has more.
const (
	SoldOut            Code = "sold_out"
	AlreadyBooked      Code = "already_booked"
	EventNotFound      Code = "event_not_found"
	InvalidCredentials Code = "invalid_credentials" //nolint:gosec // a code
	TokenExpired       Code = "token_expired"
	EmailTaken         Code = "email_taken"
	VersionMismatch    Code = "version_mismatch"
	KeyReused          Code = "idempotency_key_reused"
	KeyInProgress      Code = "idempotency_in_progress"
	OutcomeUnknown     Code = "outcome_unknown"
	Busy               Code = "busy"
)

// CodeOf is the code of an error of this package; empty: it has none.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// isBusy reports whether the answer says that nothing was done and asks to retry later.
func (e *Error) isBusy() bool {
	return e.Status == http.StatusTooManyRequests || e.Status == http.StatusServiceUnavailable && e.Code == Busy
}

// isUnknown reports whether the answer leaves open if the request was or will be executed.
func (e *Error) isUnknown() bool {
	switch e.Status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return e.Code == KeyInProgress
}

// Do sends in as JSON and reads the answer into out; nil: there is none. want is the status that it
// must have, 0 for any success; otherwise the error is an [*Error]. The request is repeated only if the
// server says that it was not executed.
func (c *Client) Do(ctx context.Context, method, path string, in, out any, want int) error {
	return c.DoWithKey(ctx, "", method, path, in, out, want)
}

// DoWithKey is Do with an Idempotency-Key, under which the server executes a request once. So the
// request is also repeated when its answer is lost, or when the server does not know its outcome.
func (c *Client) DoWithKey(ctx context.Context, key, method, path string, in, out any, want int) error {
	for attempt := 1; ; attempt++ {
		err := c.once(ctx, key, method, path, in, out, want)
		after, again := pause(err, key)
		if !again || attempt == Attempts {
			return err
		}
		c.Waits++
		// Jitter, so that clients that were refused together don't retry together.
		after += rand.N(100 * time.Millisecond) //nolint:gosec // nothing secret
		if deadline, has := ctx.Deadline(); has && time.Now().Add(after).After(deadline) {
			return fmt.Errorf("%w; it would have to wait for %s, which is longer than the time that is left", err, after)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(after):
		}
	}
}

// pause returns whether a request can be repeated after an error, and after which pause.
func pause(err error, key string) (after time.Duration, again bool) {
	var refused *Error
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return 0, false
	case errors.As(err, &refused):
		return refused.RetryAfter, refused.isBusy() || key != "" && refused.isUnknown()
	}
	return time.Second, key != "" && !errors.Is(err, errNotJSON)
}

var errNotJSON = errors.New("not the JSON that was expected")

func (c *Client) once(ctx context.Context, key, method, path string, in, out any, want int) error {
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("%w: %w", errNotJSON, err)
		}
		body = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return err
	}
	for name, value := range map[string]string{
		"Content-Type": contentType(in), "Authorization": bearer(c.token), "Idempotency-Key": key,
	} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // read to its end below, or given up
	data, err := io.ReadAll(io.LimitReader(response.Body, 64<<20))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if isSuccess := response.StatusCode/100 == 2; !isSuccess || want != 0 && response.StatusCode != want {
		return errorOf(method+" "+request.URL.Path, response, data)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("%s %s: read the answer: %w: %w", method, path, errNotJSON, err)
	}
	return nil
}

func contentType(in any) string {
	if in == nil {
		return ""
	}
	return "application/json"
}

func bearer(token string) string {
	if token == "" {
		return ""
	}
	return "Bearer " + token
}

func errorOf(request string, response *http.Response, data []byte) *Error {
	var problem struct {
		Code   Code
		Detail string
	}
	_ = json.Unmarshal(data, &problem) // it stays empty if a proxy in between has answered
	e := &Error{
		Request: request, Status: response.StatusCode, Code: problem.Code, Detail: problem.Detail, RetryAfter: time.Second,
	}
	header := response.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(header); err == nil && seconds >= 0 {
		e.RetryAfter = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		e.RetryAfter = max(0, time.Until(at))
	}
	return e
}
