package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/google/uuid"
	"github.com/rs/cors"
	"go.opentelemetry.io/otel/trace"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/projections"
)

// Executor carries commands to the log.
type Executor interface {
	Execute(context.Context, eventstore.Command[domain.State, domain.Record]) (eventstore.Result[domain.State], error)
}

// Options are what the API works with. All fields are needed unless they say otherwise.
type Options struct {
	Executor Executor
	Log      *eventstore.Log
	Events   *projections.Events
	Bookings projections.Bookings
	Progress *projections.Progress
	Accounts *account.Accounts
	Audit    Audit
	// BodyTimeout bounds how long a request's body may take to arrive; 0 means 10 s.
	BodyTimeout time.Duration
	// Turns bounds how many bookings are worked on at the same time, so that other requests need not wait for all of them; nil: nothing does.
	Turns *Turns
	// Push serves /ws; nil means that there is none. It is run and closed by whoever made it.
	Push *Push
	// Alive, when set, has requests given up as soon as the database is known to be gone.
	Alive eventstore.Alive
	// Ready tells whether requests can be served; nil means yes.
	Ready func(context.Context) error
	// Origins may call from a browser.
	Origins []string
	// Limiter bounds what single clients may ask for; nil: nothing does.
	Limiter *Limiter
	// TrustedProxies are networks (CIDR) whose X-Forwarded-For and X-Forwarded-Proto are believed.
	TrustedProxies []string
	// PlainHTTP says who can sign in without TLS.
	PlainHTTP PlainHTTP
	// Observe, when set, is called at the end of each request.
	Observe func(Request)
	// Tracer records a span for each request, in the trace that its traceparent header names; nil: none are recorded.
	Tracer  trace.Tracer
	Now     func() time.Time
	Logger  *slog.Logger
	Version string
}

type api struct {
	Options
	origins *http.CrossOriginProtection
	foreign *originLog
	pages   *recent[projections.EventQuery, rowsOfPage]
	single  *recent[uuid.UUID, *projections.Event]
}

// maxBody is ample for every request: the longest description of an event takes 20 kB.
const maxBody = 64 << 10

func (a *api) bodyTimeout() time.Duration { return cmp.Or(a.BodyTimeout, 10*time.Second) }

// New returns the API as one handler.
func New(o Options) http.Handler {
	useProblems()
	a := &api{
		Options: o, origins: http.NewCrossOriginProtection(), foreign: newOriginLog(o.Logger),
		pages:  newRecent[projections.EventQuery, rowsOfPage](o.Progress.Reached),
		single: newRecent[uuid.UUID, *projections.Event](o.Progress.Reached),
	}
	for _, origin := range o.Origins {
		if err := a.origins.AddTrustedOrigin(origin); err != nil {
			panic(err) // the configuration has checked them
		}
	}
	router := chi.NewMux()
	router.Use(
		a.begin,
		identify,
		newClientResolver(o.TrustedProxies, o.Logger).middleware,
		a.observe,
		recoverPanics(o.Logger),
		secure,
		cors.New(cors.Options{
			AllowedOrigins: o.Origins, AllowCredentials: true, MaxAge: 600,
			AllowedMethods: []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete},
			AllowedHeaders: []string{"Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", minLogPosition, refreshTokenMode, "X-Request-Id"},
			ExposedHeaders: []string{"ETag", "Idempotency-Replayed", "Link", logPosition, rateLimit, rateLimitPolicy, readModelLag, "Retry-After", "X-Request-Id"},
		}).Handler,
		compress,
		revalidate,
		middleware.GetHead,
	)
	router.NotFound(func(w http.ResponseWriter, r *http.Request) { writeProblem(w, r, errNoRoute) })
	router.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", strings.Join(allowedMethods(router, r.URL.Path), ", "))
		writeProblem(w, r, errMethod)
	})

	config := huma.DefaultConfig("Boxoffice", o.Version)
	config.Info.Description = "Books tickets for events. It never sells a ticket twice, and never refuses one that is there.\n\n" +
		"`GET /ws` is a WebSocket that tells how many tickets remain, as it changes. The first message says who asks and for what: " +
		"`{\"type\":\"hello\",\"token\":\"<access token>\"}`, with `\"events\":[\"<id>\"]` for some events only and `\"after\":<position>` for what changed since. " +
		"Its protocol is described in docs/websocket.md."
	config.Tags = tags
	config.DocsPath, config.SchemasPath = "", ""
	config.CreateHooks = nil // no $schema links in bodies
	config.Formats = jsonFormats()
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", BearerFormat: "JWT"},
	}
	h := humachi.New(router, config)
	h.UseMiddleware(
		ownDeadlines, a.takeTurns, a.guard, a.limit, a.protectCookie, a.checkParameters, a.noteRead, a.fresh)

	everyone, organizers, auditors := roles{}, roles{account.Organizer}, roles{account.Auditor}

	route(h, a, nil, operation{http.MethodPost, "/auth/register", "register", "Create an account and sign in", 201, []int{400, 403, 409, 422, 503}}, a.register, limited(perAddress), signsIn)
	route(h, a, nil, operation{http.MethodPost, "/auth/login", "login", "Sign in", 200, []int{400, 401, 403, 503}}, a.login, limited(perAddress), signsIn)
	route(h, a, nil, operation{http.MethodPost, "/auth/refresh", "refresh", "Exchange a refresh token for the next pair", 200, []int{400, 401, 403, 503}}, a.refresh, limited(perAddress), usesCookie)
	route(h, a, nil, operation{http.MethodPost, "/auth/logout", "logout", "Sign out", 204, []int{400, 403, 503}}, a.logout, signsOut)
	route(h, a, everyone, operation{http.MethodGet, "/auth/me", "getMe", "Tell who one is", 200, []int{401, 503}}, a.me)
	route(h, a, everyone, operation{http.MethodDelete, "/auth/me", "eraseMe", "Delete one's own account with all personal data", 204, []int{400, 401, 403, 503}}, a.erase, limited(perAddress))

	route(h, a, everyone, operation{http.MethodGet, "/events", "listEvents", "List events", 200, []int{400, 401, 503}}, a.listEvents, readsModels, revalidated)
	route(h, a, everyone, operation{http.MethodGet, "/events/{id}", "getEvent", "Show one event", 200, []int{400, 401, 404, 503}}, a.getEvent, readsModels, revalidated)
	route(h, a, organizers, operation{http.MethodPost, "/events", "scheduleEvent", "Schedule an event", 201, []int{400, 401, 403, 409, 422, 503}}, a.scheduleEvent)
	route(h, a, organizers, operation{http.MethodPatch, "/events/{id}", "changeEvent", "Change an event", 200, []int{400, 401, 403, 404, 409, 412, 503}}, a.changeEvent)
	route(h, a, organizers, operation{http.MethodPost, "/events/{id}/cancel", "cancelEvent", "Cancel an event", 200, []int{400, 401, 403, 404, 409, 422, 503}}, a.cancelEvent)

	route(h, a, everyone, operation{http.MethodPost, bookPath, "bookTicket", "Book one ticket", 201, []int{400, 401, 404, 409, 422, 503}}, a.bookTicket, limited(perUser))
	route(h, a, everyone, operation{http.MethodGet, "/bookings", "listBookings", "List one's own bookings", 200, []int{401, 503}}, a.listBookings, readsModels)
	route(h, a, everyone, operation{http.MethodDelete, "/bookings/{id}", "cancelBooking", "Cancel one's own booking", 200, []int{400, 401, 403, 404, 409, 503}}, a.cancelBooking)

	route(h, a, everyone, operation{http.MethodGet, "/bookings/{id}/receipt", "bookingReceipt", "Prove that one's own booking is in the log", 200, []int{400, 401, 403, 404, 503}}, a.bookingReceipt)

	auditRoutes(h, a, auditors)

	route(h, a, nil, operation{http.MethodGet, "/healthz", "healthz", "Tell whether the process is alive", 200, nil}, a.healthz)
	route(h, a, nil, operation{http.MethodGet, "/readyz", "readyz", "Tell whether requests can be served", 200, []int{503}}, a.readyz)
	serveDocs(router)
	if o.Push != nil {
		router.Method(http.MethodGet, "/ws", o.Push)
	}
	return router
}

// tags are the groups that the description sorts operations into.
var tags = []*huma.Tag{
	{Name: "auth", Description: "Accounts and sessions"},
	{Name: "events", Description: "What people attend"},
	{Name: "bookings", Description: "Tickets of the one who asks"},
	{Name: "audit", Description: "The history, for auditors"},
	{Name: "health", Description: "For whoever watches the process"},
}

func tagOf(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch first {
	case "book":
		return "bookings"
	case "healthz", "readyz":
		return "health"
	}
	return first
}

type operation struct {
	method, path, id, summary string
	status                    int
	errors                    []int
}

// route registers a handler for those who have one of the roles: nil is everybody, an empty list everyone who is signed in.
func route[In, Out any](h huma.API, a *api, allowed roles, o operation, handle func(context.Context, *In) (*Out, error), more ...func(*huma.Operation)) {
	op := huma.Operation{
		Method: o.method, Path: o.path, OperationID: o.id, Summary: o.summary, DefaultStatus: o.status, Errors: o.errors,
		Tags: []string{tagOf(o.path)}, Metadata: map[string]any{}, MaxBodyBytes: maxBody,
	}
	if allowed != nil {
		op.Metadata[rolesKey] = allowed
		op.Security = []map[string][]string{{"bearer": {}}}
		if len(allowed) > 0 {
			op.Extensions = map[string]any{"x-roles": allowed}
		}
	}
	op.Responses = map[string]*huma.Response{}
	for _, change := range more {
		change(&op)
	}
	if (allowed != nil || len(o.errors) > 1) && op.Metadata[fromMemoryKey] == nil { // the health checks have nothing to stumble over
		op.Errors = append(op.Errors, http.StatusInternalServerError)
	}
	if in := reflect.TypeFor[In](); in.Kind() == reflect.Struct {
		if _, hasBody := in.FieldByName("Body"); hasBody {
			op.Errors = append(op.Errors, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
		}
	}
	documented := slices.Clone(op.Errors)
	defer func() { // huma adds some of its own
		for _, status := range []int{http.StatusUnprocessableEntity, http.StatusInternalServerError} {
			if !slices.Contains(documented, status) {
				delete(op.Responses, strconv.Itoa(status))
			}
		}
	}()
	handle = needsDatabase(a, o, handle)
	huma.Register(h, op, func(ctx context.Context, in *In) (*Out, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, problemOf(ctx, a.Logger, err)
		}
		return out, nil
	})
}

// allowedMethods are those that an address supports: RFC 9110 has a 405 list them.
func allowedMethods(router *chi.Mux, path string) (allowed []string) {
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		asked := method
		if method == http.MethodHead {
			asked = http.MethodGet
		}
		if router.Match(chi.NewRouteContext(), asked, path) {
			allowed = append(allowed, method)
		}
	}
	return allowed
}

func (a *api) writeError(ctx huma.Context, err error) {
	p := problemOf(ctx.Context(), a.Logger, err)
	for name, values := range p.GetHeaders() {
		ctx.SetHeader(name, values[0])
	}
	ctx.SetHeader("Content-Type", p.ContentType(""))
	ctx.SetStatus(p.Status)
	_ = json.NewEncoder(ctx.BodyWriter()).Encode(p) // the client is gone, if anything
}

func writeProblem(w http.ResponseWriter, r *http.Request, p *Problem) {
	noteCode(r.Context(), p.Code)
	told := *p
	told.RequestID = requestID(r.Context())
	w.Header().Set("Content-Type", told.ContentType(""))
	w.WriteHeader(told.Status)
	_ = json.NewEncoder(w).Encode(&told) // the client is gone, if anything
}
