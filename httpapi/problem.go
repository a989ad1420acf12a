package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"

	"github.com/danielgtaylor/huma/v2"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi/middleware"
	"github.com/boxoffice/boxoffice/httpapi/problem"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/endpoint"
	"github.com/boxoffice/boxoffice/internal/images"
	"github.com/boxoffice/boxoffice/internal/proofofwork"
)

// failure is an error of the API itself.
type failure string

func (f failure) Error() string { return string(f) }

const (
	errForbidden        failure = "the role does not allow this"
	errCrossOrigin      failure = "a page of another site"
	errPlainHTTP        failure = "a sign-in over plain HTTP"
	errWrongPassword    failure = "the password of the account is wrong"
	errEmailNotVerified failure = "the e-mail address is not verified"
	errSessionRequired  failure = "an API key for the account itself"
	errNotReady         failure = "not ready"
	errNoRoute          failure = "no such address"
	errMethod           failure = "no such method"
	errBodyTooDeep      failure = "the JSON is nested too deeply"
)

// known is the table of errors that are not refusals of the domain. The first that matches counts.
var known = []struct {
	err        error
	status     int
	code       string
	detail     string
	retryAfter int // seconds; 0: no header
}{
	{account.ErrInvalidCredentials, 401, "invalid_credentials", "Invalid credentials", 0},
	{account.ErrTokenExpired, 401, "token_expired", "The token has expired", 0},
	{account.ErrInvalidToken, 401, "invalid_token", "The token is missing or not valid", 0},
	{account.ErrEmailTaken, 409, "email_taken", "This e-mail is already registered", 0},
	{account.ErrInvalidLink, 400, "invalid_link",
		"This link has expired or was already used. Please request a new one", 0},
	{account.ErrNoSession, 404, "session_not_found", "This session doesn't exist or has ended", 0},
	{account.ErrNoKey, 404, "key_not_found", "This API key doesn't exist or was revoked", 0},
	{account.ErrTooManyKeys, 409, "too_many_keys", "You have 20 API keys already. Please revoke one first", 0},
	{account.ErrNotFound, 404, "user_not_found", "User not found", 0},
	{endpoint.ErrNotFound, 404, "webhook_not_found", "This webhook doesn't exist", 0},
	{endpoint.ErrNoDelivery, 404, "delivery_not_found", "This delivery doesn't exist, or is older than 30 days", 0},
	{endpoint.ErrTooMany, 409, "too_many_webhooks", "You have as many webhooks as you can. Please delete one first", 0},
	{endpoint.ErrNotActive, 409, "webhook_not_active", "This webhook is switched off. Please resume it first", 0},
	{endpoint.ErrNoOwner, 404, "user_not_found", "User not found", 0},
	{account.ErrNoFeed, 404, "calendar_not_found", "There is no calendar at this address, or not any more", 0},
	{images.ErrNotFound, 404, "image_not_found", "This picture doesn't exist", 0},
	{images.ErrTooMany, 429, "too_many_images",
		"You have uploaded too many pictures today. Please try again tomorrow", 3600},
	{images.ErrBusy, 503, "busy", "Too many pictures are being uploaded right now. Please try again in a moment", 2},
	{account.ErrBusy, 503, "busy", "Too many people are signing in right now. Please try again in a moment", 2},
	{account.ErrKeyReused, 422, "idempotency_key_reused", "This Idempotency-Key was used for another request", 0},
	{eventstore.ErrKeyReused, 422, "idempotency_key_reused", "This Idempotency-Key was used for another request", 0},
	{eventstore.ErrKeyInFlight, 409, "idempotency_in_progress",
		"A request with this Idempotency-Key is still in progress", 1},
	{eventstore.ErrBusy, 503, "busy", "Too many requests are waiting. Please try again in a moment", 1},
	{eventstore.ErrClosed, 503, "shutting_down", "The server is restarting. Please try again in a moment", 2},
	{eventstore.ErrOutcomeUnknown, 503, "outcome_unknown",
		"We don't know yet whether this request took effect. Please check before trying again", 2},
	{eventstore.ErrUnavailable, 503, "unavailable",
		"The service can't reach its database right now. Please try again in a moment", 2},
	{errForbidden, 403, "forbidden", "You don't have permission to do this", 0},
	{errCrossOrigin, 403, "cross_origin", "Signing in or out from another site isn't allowed", 0},
	{errPlainHTTP, 403, "plain_http",
		"Signing in over plain HTTP is switched off here. Please use https. If you run this server: " +
			"name the proxy that ends TLS in TRUSTED_PROXIES and let it send X-Forwarded-Proto, " +
			"or set ALLOW_PLAIN_HTTP=true", 0},
	{errWrongPassword, 403, "wrong_password", "The password is wrong", 0},
	{errEmailNotVerified, 403, "email_not_verified",
		"Please confirm your e-mail address first, with the link that we sent you", 0},
	{errSessionRequired, 403, "session_required", "API keys can't be used for this. Please sign in", 0},
	{proofofwork.ErrInvalid, 403, "proof_of_work_invalid",
		"This solution is wrong, has expired or was used before. Please solve another challenge of " +
			"GET /proof-of-work/challenge", 0},
	{audit.ErrNoVerification, 404, "not_verified", "This verification doesn't exist", 0},
	{errNotReady, 503, "not_ready", "The service can't serve requests yet", 1},
	{booking.ErrPaymentFailed, 402, "payment_failed",
		"The payment was refused. Your tickets are still reserved: please try again", 0},
	{booking.ErrPaymentUnknown, 503, "payment_unknown",
		"We don't know yet whether the payment was made. Please try again: nothing is paid twice", 2},
	{booking.ErrCatchingUp, 503, "catching_up", "The service is catching up. Please try again in a moment", 1},
	{eventstore.ErrUnreadable, 503, "catching_up",
		"This server can't read the newest records of this event yet. Please try again in a moment", 1},
	{errNoRoute, 404, "not_found", "There is nothing at this address", 0},
	{errMethod, 405, "method_not_allowed", "This address doesn't support that method", 0},
	{audit.ErrNoStream, 404, "stream_not_found", "There is no stream with this id", 0},
	{audit.ErrNoRecord, 404, "record_not_found", "The log has no record at this position", 0},
	{audit.ErrNoCheckpoint, 404, "not_signed_yet",
		"This record hasn't been signed yet. Please try again in a minute", 60},
}

// problemOf turns any error into the problem for the client. An unknown error is logged here, once, and
// becomes a 500 without details.
func problemOf(ctx context.Context, logger *slog.Logger, err error) *problem.Problem {
	p := classify(ctx, err)
	if p == nil {
		logger.ErrorContext(ctx, "request failed", "error", err, "requestId", middleware.RequestID(ctx))
		p = problem.Internal()
	} else if p.Status >= http.StatusInternalServerError {
		level := slog.LevelWarn
		for _, common := range []error{eventstore.ErrBusy, eventstore.ErrUnavailable, account.ErrBusy, errNotReady} {
			if errors.Is(err, common) { // a cause of many errors, which is logged where it occurs
				level = slog.LevelDebug
			}
		}
		logger.Log(ctx, level, "request was not served",
			"code", p.Code, "error", err, "requestId", middleware.RequestID(ctx))
	}
	middleware.NoteCode(ctx, p.Code)
	told := *p
	told.RequestID = middleware.RequestID(ctx)
	return &told
}

// classify returns nil for an error that it does not know.
func classify(ctx context.Context, err error) *problem.Problem {
	var (
		ready          *problem.Problem
		refusal        domain.Refusal
		refused        *booking.RefusedError
		invalidCommand *domain.InvalidError
		invalidAccount *account.InvalidError
		invalidImage   *images.InvalidError
		conflict       *eventstore.ConflictError
	)
	switch {
	case errors.As(err, &ready):
		return ready
	case errors.As(err, &refused):
		p := problem.New(statusOf(refused.Kind()), refused.Code(), refused.Error())
		p.Waitlist = refused.Waitlist
		if !refused.SaleOpensAt.IsZero() {
			p.SaleOpensAt = &refused.SaleOpensAt
		}
		return p
	case errors.As(err, &refusal):
		return problem.New(statusOf(refusal.Kind()), refusal.Code(), refusal.Error())
	case errors.As(err, &conflict):
		return problem.New(http.StatusPreconditionFailed, "version_mismatch",
			fmt.Sprintf("The event has changed. It is now at version %d", conflict.Actual))
	case errors.As(err, &invalidCommand):
		var fields []problem.FieldProblem
		for _, f := range invalidCommand.Fields {
			fields = append(fields, problem.FieldProblem{Pointer: "/" + f.Field, Detail: f.Message})
		}
		p := problem.Invalid(fields...)
		if invalidCommand.IsPast() {
			return p.Recoded(domain.ErrEventPast.Code())
		}
		return p
	case errors.As(err, &invalidImage):
		return problem.New(http.StatusBadRequest, "invalid_image", invalidImage.Reason)
	case errors.As(err, &invalidAccount):
		var fields []problem.FieldProblem
		for _, f := range invalidAccount.Fields {
			fields = append(fields, problem.FieldProblem{Pointer: "/" + f.Field, Detail: f.Message})
		}
		return problem.Invalid(fields...)
	}
	if p := lookUp(err); p != nil {
		return p
	}
	isCancelled := errors.Is(err, context.Canceled)
	switch {
	case isCancelled && ctx.Err() != nil:
		if p := lookUp(context.Cause(ctx)); p != nil { // the database is down, and the client waits for an answer
			return p
		}
		return problem.ClientGone()
	case isCancelled, eventstore.IsUnavailable(err): // cancelled by us, and the client waits for an answer
		return lookUp(eventstore.ErrUnavailable)
	}
	return nil
}

func lookUp(err error) *problem.Problem {
	for _, k := range known {
		if errors.Is(err, k.err) {
			p := problem.New(k.status, k.code, k.detail)
			if k.retryAfter > 0 {
				return p.RetryAfter(k.retryAfter)
			}
			return p
		}
	}
	return nil
}

func statusOf(kind domain.Kind) int {
	switch kind {
	case domain.KindNotFound:
		return http.StatusNotFound
	case domain.KindForbidden:
		return http.StatusForbidden
	default:
		return http.StatusConflict
	}
}

func (a *api) writeError(ctx huma.Context, err error) {
	p := problemOf(ctx.Context(), a.Logger, err)
	for name, values := range p.GetHeaders() {
		ctx.SetHeader(name, values[0])
	}
	ctx.SetHeader("Content-Type", p.ContentType(""))
	ctx.SetStatus(p.Status)
	_ = json.NewEncoder(ctx.BodyWriter()).Encode(p) // fails only when the client is gone
}

// useProblems makes huma's own errors (a body that is not JSON, a field of the wrong type) problems too.
// The setting is a variable of package huma.
var useProblems = sync.OnceFunc(func() {
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
		p := fromHuma(status, message, errs)
		if ctx != nil {
			p.RequestID = middleware.RequestID(ctx.Context())
			middleware.NoteCode(ctx.Context(), p.Code)
		}
		return p
	}
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return fromHuma(status, message, errs)
	}
})

func fromHuma(status int, message string, errs []error) *problem.Problem {
	// huma answers 500 to a body that it can't read; the cause is the request or a client that is gone.
	if message == "cannot read request body" {
		err := errors.Join(errs...)
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, net.ErrClosed) {
			return problem.ClientGone()
		}
		status, message, errs = http.StatusBadRequest, "the request body couldn't be read", nil
	}
	if status == http.StatusUnprocessableEntity {
		status = http.StatusBadRequest // 422 is kept for an idempotency key that comes again with another request
	}
	code := humaCode(status)
	if code == "" {
		return problem.Internal()
	}
	p := problem.New(status, code, strings.ToUpper(message[:1])+message[1:])
	for _, err := range errs {
		var detail *huma.ErrorDetail
		if errors.As(err, &detail) {
			location, words := inPlainWords(detail.Location, detail.Message)
			if location == "" || location == "body" { // about the request as a whole
				p.Detail = words
				continue
			}
			p.Errors = append(p.Errors, problem.FieldProblem{Pointer: pointer(location), Detail: words})
		}
	}
	p.DetailFirstField()
	return p
}

// humaCode is the code of a status that huma answers by itself.
func humaCode(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "validation_failed"
	case http.StatusNotFound:
		return "not_found"
	case http.StatusNotAcceptable:
		return "not_acceptable"
	case http.StatusRequestTimeout:
		return "body_timeout"
	case http.StatusRequestEntityTooLarge:
		return "body_too_large"
	case http.StatusUnsupportedMediaType:
		return "unsupported_media_type"
	}
	return ""
}

// pointer turns huma's "body.price" into the JSON pointer "/price", and leaves "path.id" and
// "query.limit" as the parameter's name.
func pointer(location string) string {
	where, rest, _ := strings.Cut(location, ".")
	if where != "body" {
		return rest
	}
	return "/" + strings.NewReplacer(".", "/", "[", "/", "]", "").Replace(rest)
}
