package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/danielgtaylor/huma/v2"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/projections"
)

// Problem is the body of every error: RFC 9457, with a code for programs.
type Problem struct { //nolint:errname // the word of RFC 9457
	Type      string         `json:"type" example:"urn:boxoffice:problem:sold_out" doc:"Identifies the kind of problem"`
	Title     string         `json:"title" example:"Conflict" doc:"The phrase of the status"`
	Status    int            `json:"status" example:"409" doc:"The status of the response"`
	Detail    string         `json:"detail" example:"No tickets available" doc:"One sentence for people"`
	Code      string         `json:"code" example:"sold_out" doc:"Stable, for programs"`
	RequestID string         `json:"requestId,omitempty" doc:"Names the request in the server's logs"`
	Errors    []FieldProblem `json:"errors,omitempty" doc:"What is wrong with the fields of the request"`

	retryAfter int    // seconds; 0: no header
	usage      *usage // of a limit that was exceeded
}

// FieldProblem is what is wrong with one field.
type FieldProblem struct {
	Pointer string `json:"pointer" example:"/email" doc:"JSON pointer into the body, or the name of the parameter"`
	Detail  string `json:"detail" example:"must be an e-mail address"`
}

// Error makes a problem an error.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is asked for by huma.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is asked for by huma.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders is asked for by huma.
func (p *Problem) GetHeaders() http.Header {
	headers := http.Header{}
	if p.retryAfter > 0 {
		headers.Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	if p.usage != nil {
		headers.Set(rateLimitPolicy, p.usage.counter.policy)
		headers.Set(rateLimit, p.usage.status())
	}
	if p.Status == http.StatusUnauthorized {
		headers.Set("WWW-Authenticate", "Bearer")
	}
	return headers
}

func newProblem(status int, code, detail string) *Problem {
	return &Problem{Type: "urn:boxoffice:problem:" + code, Title: http.StatusText(status), Status: status, Code: code, Detail: detail}
}

// retryable tells the client when to come back.
func retryable(p *Problem, seconds int) *Problem {
	p.retryAfter = seconds
	return p
}

var kindStatus = map[domain.Kind]int{
	domain.KindConflict:  http.StatusConflict,
	domain.KindNotFound:  http.StatusNotFound,
	domain.KindForbidden: http.StatusForbidden,
}

// known is the table of errors that are not refusals of the domain. The first that matches counts.
var known = []struct {
	err        error
	status     int
	code       string
	detail     string
	retryAfter int
}{
	{account.ErrInvalidCredentials, http.StatusUnauthorized, "invalid_credentials", "Invalid credentials", 0},
	{account.ErrTokenExpired, http.StatusUnauthorized, "token_expired", "The token has expired", 0},
	{account.ErrInvalidToken, http.StatusUnauthorized, "invalid_token", "The token is missing or not valid", 0},
	{account.ErrEmailTaken, http.StatusConflict, "email_taken", "This e-mail is already registered", 0},
	{account.ErrNotFound, http.StatusNotFound, "user_not_found", "User not found", 0},
	{account.ErrBusy, http.StatusServiceUnavailable, "busy", "Too many people are signing in right now; please try again in a moment", 2},
	{account.ErrKeyReused, http.StatusUnprocessableEntity, "idempotency_key_reused", "This Idempotency-Key was used for another request", 0},
	{eventstore.ErrKeyReused, http.StatusUnprocessableEntity, "idempotency_key_reused", "This Idempotency-Key was used for another request", 0},
	{eventstore.ErrKeyInFlight, http.StatusConflict, "idempotency_in_progress", "A request with this Idempotency-Key is still being carried out", 1},
	{eventstore.ErrBusy, http.StatusServiceUnavailable, "busy", "Too many requests are waiting; please try again in a moment", 1},
	{eventstore.ErrClosed, http.StatusServiceUnavailable, "shutting_down", "The server is restarting; please try again in a moment", 2},
	{eventstore.ErrOutcomeUnknown, http.StatusServiceUnavailable, "outcome_unknown", "Whether this request took effect is not known yet; please look before you try again", 2},
	{eventstore.ErrUnavailable, http.StatusServiceUnavailable, "unavailable", "The service can't reach its database right now; please try again in a moment", 2},
}

var (
	errForbidden    = newProblem(http.StatusForbidden, "forbidden", "Your role does not allow this")
	errCrossOrigin  = newProblem(http.StatusForbidden, "cross_origin", "Pages of other sites can neither sign in nor out here")
	errNotReady     = retryable(newProblem(http.StatusServiceUnavailable, "not_ready", "The service can't serve requests yet"), 1)
	errNoRoute      = newProblem(http.StatusNotFound, "not_found", "There is nothing at this address")
	errMethod       = newProblem(http.StatusMethodNotAllowed, "method_not_allowed", "This address does not support the method")
	errEventMissing = newProblem(http.StatusNotFound, domain.ErrEventNotFound.Code, domain.ErrEventNotFound.Message)
)

// errClientGone has nginx's number. Nobody reads it but the log.
var errClientGone = newProblem(499, "client_gone", "The client closed the request")

// problemOf turns any error into what the client is told. What is not known is logged here, once, and told as a 500 without
// anything internal.
func problemOf(ctx context.Context, logger *slog.Logger, err error) *Problem {
	p := classify(ctx, err)
	if p == nil {
		logger.ErrorContext(ctx, "request failed", "error", err, "requestId", requestID(ctx))
		p = newProblem(http.StatusInternalServerError, "internal", "Something went wrong on our side")
	} else if p.Status >= http.StatusInternalServerError {
		level := slog.LevelWarn
		for _, common := range []error{eventstore.ErrBusy, eventstore.ErrUnavailable, account.ErrBusy} {
			if errors.Is(err, common) { // thousands have the same cause, which is logged where it is
				level = slog.LevelDebug
			}
		}
		logger.Log(ctx, level, "request was not served", "code", p.Code, "error", err, "requestId", requestID(ctx))
	}
	noteCode(ctx, p.Code)
	told := *p
	told.RequestID = requestID(ctx)
	return &told
}

func classify(ctx context.Context, err error) *Problem {
	var (
		refusal        *domain.Refusal
		invalidCommand *domain.InvalidError
		invalidAccount *account.InvalidError
		conflict       *eventstore.ConflictError
		problem        *Problem
	)
	switch {
	case errors.As(err, &problem):
		return problem
	case errors.As(err, &refusal):
		return newProblem(kindStatus[refusal.Kind], refusal.Code, refusal.Message)
	case errors.As(err, &conflict):
		return newProblem(http.StatusPreconditionFailed, "version_mismatch", fmt.Sprintf("The event has changed: it is at version %d", conflict.Actual))
	case errors.As(err, &invalidCommand):
		var fields []FieldProblem
		for _, f := range invalidCommand.Fields {
			fields = append(fields, FieldProblem{"/" + f.Field, f.Message})
		}
		return invalid(fields)
	case errors.As(err, &invalidAccount):
		var fields []FieldProblem
		for _, f := range invalidAccount.Fields {
			fields = append(fields, FieldProblem{"/" + f.Field, f.Message})
		}
		return invalid(fields)
	}
	for _, k := range known {
		if errors.Is(err, k.err) {
			p := newProblem(k.status, k.code, k.detail)
			p.retryAfter = k.retryAfter
			return p
		}
	}
	isCancelled := errors.Is(err, context.Canceled)
	switch {
	case isCancelled && ctx.Err() != nil:
		return errClientGone
	case isCancelled, eventstore.IsUnavailable(err): // cancelled by us, and the client waits for an answer
		return classify(ctx, eventstore.ErrUnavailable)
	}
	return nil
}

func invalid(fields []FieldProblem) *Problem {
	detail := "The request is not valid"
	if len(fields) > 0 {
		detail = strings.TrimPrefix(fields[0].Pointer, "/") + ": " + fields[0].Detail
	}
	p := newProblem(http.StatusBadRequest, "validation_failed", detail)
	p.Errors = fields
	return p
}

// notFound says which of the read models' rows was missing.
func notFound(err error, p *Problem) error {
	if errors.Is(err, projections.ErrNotFound) {
		return p
	}
	return err
}

// useProblems makes huma's own errors (a body that is not JSON, a field of the wrong type) problems too. huma keeps this choice in
// a variable of its package.
var useProblems = sync.OnceFunc(func() {
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
		p := fromHuma(status, message, errs)
		if ctx != nil {
			p.RequestID = requestID(ctx.Context())
			noteCode(ctx.Context(), p.Code)
		}
		return p
	}
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return fromHuma(status, message, errs)
	}
})

var humaCodes = map[int]string{
	http.StatusBadRequest:            "validation_failed",
	http.StatusNotFound:              "not_found",
	http.StatusNotAcceptable:         "not_acceptable",
	http.StatusRequestTimeout:        "body_timeout",
	http.StatusRequestEntityTooLarge: "body_too_large",
	http.StatusUnsupportedMediaType:  "unsupported_media_type",
}

// unread is what huma says when it can't get the body of a request. It calls that a 500, but the request is broken, or its client gone.
const unread = "cannot read request body"

func fromHuma(status int, message string, errs []error) *Problem {
	if message == unread {
		if err := errors.Join(errs...); errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, net.ErrClosed) {
			gone := *errClientGone
			return &gone
		}
		return newProblem(http.StatusBadRequest, humaCodes[http.StatusBadRequest], "The request body can't be read")
	}
	if status == http.StatusUnprocessableEntity {
		status = http.StatusBadRequest // 422 is kept for an idempotency key that comes again with another request
	}
	code, isKnown := humaCodes[status]
	if !isKnown {
		code, message = "internal", "Something went wrong on our side"
	}
	p := newProblem(status, code, strings.ToUpper(message[:1])+message[1:])
	for _, err := range errs {
		var detail *huma.ErrorDetail
		switch {
		case !errors.As(err, &detail):
		case detail.Location == "" || detail.Location == "body": // about the request as a whole
			p.Detail += ": " + detail.Message
		default:
			p.Errors = append(p.Errors, FieldProblem{pointer(detail.Location), detail.Message})
		}
	}
	if len(p.Errors) > 0 {
		p.Detail = strings.TrimPrefix(p.Errors[0].Pointer, "/") + ": " + p.Errors[0].Detail
	}
	return p
}

// pointer turns huma's "body.price" into the JSON pointer "/price", and leaves "path.id" and "query.limit" as the parameter's name.
func pointer(location string) string {
	where, rest, _ := strings.Cut(location, ".")
	if where != "body" {
		return rest
	}
	return "/" + strings.NewReplacer(".", "/", "[", "/", "]", "").Replace(rest)
}

func (p *Problem) String() string { return fmt.Sprintf("%d %s: %s", p.Status, p.Code, p.Detail) }
