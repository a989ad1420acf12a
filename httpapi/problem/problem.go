// Package problem is the body of every error that the API answers: RFC 9457, with a stable code for
// programs. It knows neither requests nor the errors of other packages; httpapi has the table from
// those to problems.
package problem

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Problem is the body of every error: RFC 9457, with a code for programs. It is an error, so that
// handlers can return it.
type Problem struct { //nolint:errname // the word of RFC 9457
	Type      string         `json:"type" example:"urn:boxoffice:problem:sold_out" doc:"Identifies the kind of problem"`
	Title     string         `json:"title" example:"Conflict" doc:"The phrase of the status"`
	Status    int            `json:"status" example:"409" doc:"The status of the response"`
	Detail    string         `json:"detail" example:"No tickets available" doc:"One sentence for people"`
	Code      string         `json:"code" example:"sold_out" doc:"Stable, for programs"`
	RequestID string         `json:"requestId,omitempty" doc:"Names the request in the server's logs"`
	Errors    []FieldProblem `json:"errors,omitempty" doc:"Errors of the fields of the request"`

	Waitlist    bool       `json:"waitlist,omitempty" doc:"Of sold_out: others wait for tickets"`
	SaleOpensAt *time.Time `json:"saleOpensAt,omitempty" doc:"Of sale_not_open: when the sale opens"`

	CheckedInAt *time.Time `json:"checkedInAt,omitempty" doc:"Of already_checked_in: when the ticket was checked in"`
	CheckedInBy string     `json:"checkedInBy,omitempty" doc:"Of already_checked_in: the name of who did that"`

	Scope string `json:"scope,omitempty" doc:"Of insufficient_scope: what the API key lacks"`

	headers http.Header
}

// FieldProblem is what is wrong with one field.
type FieldProblem struct {
	Pointer string `json:"pointer" example:"/email" doc:"JSON pointer into the body, or the name of the parameter"`
	Detail  string `json:"detail" example:"Enter a valid e-mail address, such as name@example.com."`
}

const typePrefix = "urn:boxoffice:problem:"

// New makes a problem of a status of HTTP.
func New(status int, code, detail string) *Problem {
	p := &Problem{
		Type: typePrefix + code, Title: http.StatusText(status), Status: status, Code: code, Detail: detail,
	}
	if status == http.StatusUnauthorized {
		return p.With("WWW-Authenticate", "Bearer")
	}
	return p
}

// Internal is a 500 without details.
func Internal() *Problem {
	return New(http.StatusInternalServerError, "internal", "Something went wrong on our side")
}

// ClientGone is for the log: no client reads the answer. The status is the one that nginx uses.
func ClientGone() *Problem { return New(499, "client_gone", "The client closed the request") }

// Invalid is a request with fields that are wrong.
func Invalid(fields ...FieldProblem) *Problem {
	p := New(http.StatusBadRequest, "validation_failed", "The request is not valid")
	p.Errors = fields
	p.DetailFirstField()
	return p
}

// Recoded gives the problem a more specific code. It changes the problem and returns it.
func (p *Problem) Recoded(code string) *Problem {
	p.Type, p.Code = typePrefix+code, code
	return p
}

// DetailFirstField makes the first field the sentence for people, if there is one.
func (p *Problem) DetailFirstField() {
	if len(p.Errors) > 0 {
		p.Detail = strings.TrimPrefix(p.Errors[0].Pointer, "/") + ": " + p.Errors[0].Detail
	}
}

// With adds a header to the answer. It changes the problem and returns it.
func (p *Problem) With(name, value string) *Problem {
	if p.headers == nil {
		p.headers = make(http.Header)
	}
	p.headers.Set(name, value)
	return p
}

// RetryAfter tells the client when to come back.
func (p *Problem) RetryAfter(seconds int) *Problem {
	return p.With("Retry-After", strconv.Itoa(seconds))
}

// Error makes a problem an error.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is asked for by huma.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is asked for by huma.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders is asked for by huma. The result is not to be changed.
func (p *Problem) GetHeaders() http.Header { return p.headers }

func (p *Problem) String() string { return fmt.Sprintf("%d %s: %s", p.Status, p.Code, p.Detail) }
