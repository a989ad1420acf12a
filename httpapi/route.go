package httpapi

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi/middleware"
)

// maxBody is enough for every request: the longest description of an event takes 20 kB.
const maxBody = 64 << 10

// description is the content of GET /openapi.json besides the operations.
func description(version string) huma.Config {
	config := huma.DefaultConfig("Boxoffice", version)
	config.Info.Description = "Books tickets for events. It never sells a ticket twice, and never refuses one that is " +
		"there.\n\n`GET /ws` is a WebSocket that tells how many tickets remain, as it changes. The first message says who " +
		"asks and for what: " +
		"`{\"type\":\"hello\",\"token\":\"<access token or API key>\"}`, with `\"events\":[\"<id>\"]` for some events " +
		"only and `\"after\":<position>` for what changed since. Its protocol is described in docs/websocket.md." +
		"\n\nPrograms send an API key in place of an access token. An operation with `x-scope` takes keys that have that " +
		"scope; those without it take none."
	config.Tags = []*huma.Tag{
		{Name: "auth", Description: "Accounts and sessions"},
		{Name: "events", Description: "Events that can be booked"},
		{Name: "bookings", Description: "Tickets of the signed-in user"},
		{Name: "desk", Description: "For organizers of an event: who else organizes it, and who is let in"},
		{Name: "webhooks", Description: "For organizers: addresses that are told what happens at their events. What is " +
			"sent there, and how to check it, is described in docs/webhooks.md"},
		{Name: "audit", Description: "The history, for auditors"},
		{Name: "health", Description: "For load balancers and monitoring"},
	}
	config.DocsPath, config.SchemasPath = "", ""
	config.CreateHooks = nil // no $schema links in bodies
	config.Formats = jsonFormats()
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", BearerFormat: "JWT"},
	}
	return config
}

func tagOf(path string) string {
	if strings.HasSuffix(path, "/waitlist") {
		return "bookings"
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch first {
	case "proof-of-work":
		return "auth"
	case "book", "calendar", "holds", "waitlist":
		return "bookings"
	case "images":
		return "events"
	case "healthz", "readyz":
		return "health"
	}
	return first
}

// op describes an operation: its method and path, and the errors besides those that its middlewares add.
func op(pattern, id, summary string, status int, errors ...int) *huma.Operation {
	method, path, _ := strings.Cut(pattern, " ")
	return &huma.Operation{
		Method: method, Path: path, OperationID: id, Summary: summary, DefaultStatus: status, Errors: errors,
		Tags: []string{tagOf(path)}, MaxBodyBytes: maxBody, Responses: map[string]*huma.Response{},
		BodyReadTimeout: -1, // middleware.BodyDeadline does that
	}
}

// route registers a handler. The needs run before it, in the given order.
func route[In, Out any](
	a *api, op *huma.Operation, handle func(context.Context, *In) (*Out, error), needs ...func(*huma.Operation),
) {
	for _, need := range needs {
		need(op)
	}
	if in := reflect.TypeFor[In](); in.Kind() == reflect.Struct {
		_, hasBody := in.FieldByName("Body")
		if _, isRaw := in.FieldByName("RawBody"); hasBody || isRaw {
			op.Errors = append(op.Errors,
				http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
		}
	}
	documented := slices.Clone(op.Errors)
	defer func() { // huma adds statuses of its own
		for _, status := range []int{http.StatusUnprocessableEntity, http.StatusInternalServerError} {
			if !slices.Contains(documented, status) {
				delete(op.Responses, strconv.Itoa(status))
			}
		}
	}()
	on := a.writes
	if op.Method == http.MethodGet {
		on = a.reads
	}
	huma.Register(on, *op, func(ctx context.Context, in *In) (*Out, error) {
		out, err := onReplica(a, ctx, in, handle)
		// A migration has changed a table: nothing was done, and the pool opens new connections.
		for range mostStalePlans {
			if !eventstore.IsStalePlan(err) {
				break
			}
			out, err = onReplica(a, ctx, in, handle)
		}
		if err != nil {
			return nil, problemOf(ctx, a.Logger, err)
		}
		return out, nil
	})
}

const mostStalePlans = 3

// withHead answers HEAD wherever it answers GET.
type withHead struct{ chi.Router }

// MethodFunc is what huma registers operations with.
func (w withHead) MethodFunc(method, path string, handle http.HandlerFunc) {
	w.Router.MethodFunc(method, path, handle)
	if method == http.MethodGet {
		w.Router.MethodFunc(http.MethodHead, path, handle)
	}
}

// Get is MethodFunc for GET.
func (w withHead) Get(path string, handle http.HandlerFunc) {
	w.MethodFunc(http.MethodGet, path, handle)
}

func (a *api) noRoute(w http.ResponseWriter, r *http.Request) { a.refuse(w, r, errNoRoute) }

// methodNotAllowed lists the methods that the address supports, as RFC 9110 has it.
func (a *api) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
		if a.router.Match(chi.NewRouteContext(), method, r.URL.Path) {
			allowed = append(allowed, method)
		}
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	a.refuse(w, r, errMethod)
}

func (a *api) refuse(w http.ResponseWriter, r *http.Request, err failure) {
	middleware.WriteProblem(w, r, lookUp(err))
}
