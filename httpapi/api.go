package httpapi

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/cors"
	"go.opentelemetry.io/otel/trace"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi/middleware"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/endpoint"
	"github.com/boxoffice/boxoffice/internal/images"
	"github.com/boxoffice/boxoffice/internal/proofofwork"
	"github.com/boxoffice/boxoffice/internal/replica"
	"github.com/boxoffice/boxoffice/internal/ticket"
	"github.com/boxoffice/boxoffice/projections"
	"github.com/boxoffice/boxoffice/projections/engine"
)

// Options are what the API works with. All fields are needed unless they say otherwise.
type Options struct {
	Service  *booking.Service
	Log      *eventstore.Log
	Events   *projections.Events
	Bookings projections.Bookings
	Holds    projections.Holds
	Waitlist projections.Waitlist
	Progress *engine.Progress
	// Replicas answer reads, if Log, the read models and Audit.History use a [replica.Reader]; nil:
	// there are none.
	Replicas *replica.Set
	Accounts *account.Accounts
	Images   *images.Store
	Audit    Audit
	Webhooks *endpoint.Store
	// Origin is that of the user interface, which names this system in webhooks.
	Origin string
	// Tickets makes and reads the codes of tickets.
	Tickets ticket.Signer
	// BodyTimeout bounds how long a request's body may take to arrive; 0 means 10 s.
	BodyTimeout time.Duration
	// Admission bounds how many bookings are worked on at the same time; nil: nothing does.
	Admission *Admission
	// Searches bounds how many searches for events use the database at the same time; nil: nothing
	// does. The others wait for SearchTimeout at most; 0 means 5 s.
	Searches      *Admission
	SearchTimeout time.Duration
	// Push serves /ws; nil means that there is none. Its owner runs and closes it.
	Push http.Handler
	// Health, when set, has requests given up as soon as the database is known to be gone.
	Health eventstore.Health
	// Ready tells whether requests can be served; nil means yes.
	Ready func(context.Context) error
	// Detail returns what is degraded while requests are served; nil: nothing ever is.
	Detail func() string
	// Origins may call from a browser.
	Origins []string
	// Limiter bounds what single clients may ask for; nil: nothing does.
	Limiter *middleware.Limiter
	// TrustedProxies are networks (CIDR) whose X-Forwarded-For and X-Forwarded-Proto are believed.
	TrustedProxies []string
	// PlainHTTP says who can sign in without TLS.
	PlainHTTP PlainHTTP
	// ProofOfWork issues challenges, whose solutions are asked for where an event says so.
	ProofOfWork *proofofwork.Challenges
	// RegisterWithProofOfWork asks for a solution at every registration.
	RegisterWithProofOfWork bool
	// RequireVerifiedEmail refuses bookings of users who have not verified their e-mail address.
	RequireVerifiedEmail bool
	// Registerer takes the metrics of requests; nil: there are none.
	Registerer prometheus.Registerer
	// Observe, when set, is called at the end of each request.
	Observe func(middleware.Request)
	// Tracer records a span for each request, in the trace that its traceparent header names; nil:
	// none are recorded.
	Tracer  trace.Tracer
	Now     func() time.Time
	Logger  *slog.Logger
	Version string
}

type api struct {
	Options
	router  *chi.Mux
	reads   huma.API // compresses answers, and answers HEAD too
	writes  huma.API
	origins *http.CrossOriginProtection
	foreign *middleware.OriginLog
	pages   *readCache[eventsPage, rowsOfPage]
	single  *readCache[uuid.UUID, *projections.Event]

	readiness readiness

	auditReads *prometheus.CounterVec // by operation
}

const bookPath = "/book"

// New returns the API as one handler.
func New(o Options) http.Handler { return newAPI(o).router }

func newAPI(o Options) *api {
	useProblems()
	a := &api{
		Options: o, router: chi.NewMux(),
		origins: http.NewCrossOriginProtection(), foreign: middleware.NewOriginLog(o.Logger),
		pages:  newReadCache[eventsPage, rowsOfPage](),
		single: newReadCache[uuid.UUID, *projections.Event](),
	}
	if a.Limiter == nil {
		a.Limiter = new(middleware.Limiter)
	}
	for _, origin := range o.Origins {
		if err := a.origins.AddTrustedOrigin(origin); err != nil {
			panic(err) // the configuration has checked them
		}
	}
	a.router.Use(
		middleware.Identify(middleware.NewClientResolver(o.TrustedProxies, o.Logger)),
		a.admit(takesTickets),
		a.observer().Middleware,
		middleware.Recover(o.Logger),
		middleware.SecureHeaders,
		a.crossOrigin(),
		middleware.BodyDeadline(cmp.Or(o.BodyTimeout, 10*time.Second)),
	)
	a.router.NotFound(a.noRoute)
	a.router.MethodNotAllowed(a.methodNotAllowed)
	a.auditReads = newAuditReads(a.Registerer)
	reading := withHead{a.router.With(middleware.Compress)}
	config := description(o.Version)
	a.reads = humachi.New(reading, config)
	config.OpenAPIPath = "" // the description is shared, and served once
	a.writes = humachi.New(a.router, config)
	a.routes()
	serveOpenAPI30(reading, a.writes.OpenAPI)
	serveDocs(reading)
	a.router.Post("/client-errors", a.clientErrors())
	if o.Push != nil {
		a.router.Method(http.MethodGet, "/ws", o.Push)
	}
	return a
}

func (a *api) observer() middleware.Observer {
	o := middleware.Observer{Logger: a.Logger, Tracer: a.Tracer, Secret: calendarPath}
	if a.Registerer != nil {
		o.Done = append(o.Done, middleware.Metrics(a.Registerer, bookPath))
	}
	if a.Observe != nil {
		o.Done = append(o.Done, a.Observe)
	}
	return o
}

func (a *api) crossOrigin() func(http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowedOrigins: a.Origins, AllowCredentials: true, MaxAge: 600,
		AllowedMethods: []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete},
		AllowedHeaders: []string{
			"Authorization", "Baggage", "Cache-Control", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match",
			minLogPosition, "Proof-Of-Work", refreshTokenMode, "Traceparent", "Tracestate", "X-Request-Id",
		},
		ExposedHeaders: []string{
			currentStatus, "ETag", "Idempotency-Replayed", "Link", logPosition, "RateLimit", "RateLimit-Policy", readModelLag,
			"Retry-After", totalRows, "X-Request-Id",
		},
	}).Handler
}

// routes is the API's table of contents.
func (a *api) routes() {
	route(a, op("POST /auth/register", "register", "Create an account and sign in", 201, 400, 403, 409, 422),
		a.register, a.limitedPerAddress(a.Limiter.Registering), a.signsIn, a.needsDatabase)
	route(a, op("POST /auth/login", "login", "Sign in", 200, 400, 401),
		a.login, a.limitedPerAddress(a.Limiter.Address), a.signsIn, a.needsDatabase)
	route(a, op("POST /auth/refresh", "refresh", "Exchange a refresh token for the next pair", 200, 400, 401),
		a.refresh, a.limitedPerAddress(a.Limiter.Refreshing), a.usesCookie, a.needsDatabase)
	route(a, op("POST /auth/logout", "logout", "Sign out", 204, 400),
		a.logout, a.signsOut, a.needsDatabase)
	route(a, op("GET /auth/me", "getMe", "Show one's own account", 200),
		a.me, a.signedIn(noKeys), a.needsDatabase)
	route(a, op("DELETE /auth/me", "eraseMe", "Delete one's own account with all personal data", 204, 400, 403),
		a.erase, a.signedIn(noKeys), a.limitedPerAddress(a.Limiter.Address), a.needsDatabase)

	route(a, op("POST /auth/me/delete", "deleteMe",
		"Delete one's own account with all personal data, for clients whose DELETE has no body", 204, 400, 403),
		a.erase, a.signedIn(noKeys), a.limitedPerAddress(a.Limiter.Address), a.needsDatabase)
	route(a, op("POST /auth/me/password", "changePassword", "Change one's own password and end all other sessions", 200,
		400),
		a.changePassword, a.signedIn(noKeys), a.limitedPerAddress(a.Limiter.Address), a.signsIn, a.needsDatabase)
	route(a, op("GET /auth/me/sessions", "listSessions", "List one's own sessions", 200),
		a.listSessions, a.signedIn(noKeys), a.needsDatabase)
	route(a, op("DELETE /auth/me/sessions", "endOtherSessions", "End all of one's own sessions but this one", 204),
		a.endOtherSessions, a.signedIn(noKeys), a.needsDatabase)
	route(a, op("DELETE /auth/me/sessions/{id}", "endSession", "End one of one's own sessions", 204, 400, 404),
		a.endSession, a.signedIn(noKeys), a.needsDatabase)
	route(a, op("POST /auth/password-reset", "forgotPassword", "Ask for a link to choose a new password", 202, 400),
		a.forgotPassword, a.limitedPerAddress(a.Limiter.Registering), a.needsDatabase)
	route(a, op("POST /auth/password-reset/confirm", "resetPassword", "Choose a new password with a link", 204, 400),
		a.resetPassword, a.limitedPerAddress(a.Limiter.Address), a.needsDatabase)

	route(a, op("POST /auth/me/email", "changeEmail",
		"Change one's own e-mail address with a link that is sent to it", 202,
		400, 403),
		a.changeEmail, a.signedIn(noKeys), a.limitedPerAddress(a.Limiter.Address), a.needsDatabase)
	route(a, op("POST /auth/me/email/verification", "sendVerification",
		"Ask for a link to verify one's own e-mail address",
		202),
		a.sendVerification, a.signedIn(noKeys), a.limitedPerAddress(a.Limiter.Address), a.needsDatabase)
	route(a, op("POST /auth/email/confirm", "confirmEmail", "Confirm an e-mail address with a link", 204, 400, 409),
		a.confirmEmail, a.limitedPerAddress(a.Limiter.Address), a.needsDatabase)

	keyRoutes(a)

	route(a, op("GET /proof-of-work/challenge", "getChallenge", "Ask for a challenge to solve", 200),
		a.challenge, a.limitedPerAddress(a.Limiter.Challenging))

	organizers := a.signedIn(account.ScopeManage, account.Organizer, account.Admin)
	reading := a.limitedPerUser(a.Limiter.Reading)
	route(a, op("GET /events", "listEvents", "List events", 200, 400),
		a.listEvents, a.signedIn(account.ScopeRead), reading, a.readsModels, a.needsDatabase, conditional)
	route(a, op("GET /events/{id}", "getEvent", "Show one event", 200, 400, 404),
		a.getEvent, a.signedIn(account.ScopeRead), reading, a.readsModels, a.needsDatabase, conditional)
	route(a, op("POST /events", "scheduleEvent", "Schedule an event", 201, 400, 409, 422),
		a.scheduleEvent, organizers, a.needsDatabase)
	route(a, op("PATCH /events/{id}", "changeEvent", "Change an event", 200, 400, 404, 409, 412),
		a.changeEvent, organizers, a.needsDatabase)
	route(a, op("POST /events/{id}/cancel", "cancelEvent", "Cancel an event", 200, 400, 404, 409, 412, 422),
		a.cancelEvent, organizers, a.needsDatabase)

	route(a, op("POST /events/{id}/publish", "publishEvent", "Show a draft to customers", 200, 400, 404, 409,
		412, 422),
		a.publishEvent, organizers, a.needsDatabase)

	route(a, op("POST /images", "uploadImage", "Upload a picture for an event", 201, 400),
		a.uploadImage, organizers, a.limitedPerUser(a.Limiter.Uploading), a.takesImages, a.needsDatabase)
	route(a, op("GET /images/{id}", "getImage", "Show a picture", 200, 400, 404),
		a.getImage, servesImages, a.needsDatabase)

	// A booking has no needsDatabase: the executor and the read models notice an outage at less cost.
	route(a, op("POST "+bookPath, "bookTicket", "Book tickets", 201, 400, 404, 409, 422),
		a.bookTicket, a.signedIn(account.ScopeBook), a.verified, a.limitedPerUser(a.Limiter.Booking), a.admitted)
	cancelling := a.limitedPerUser(a.Limiter.Cancelling)
	route(a, op("POST /holds", "holdTickets", "Set tickets aside, or renew what is", 201, 400, 404, 409, 422),
		a.holdTickets, a.signedIn(account.ScopeBook), a.verified, a.limitedPerUser(a.Limiter.Booking), a.admitted)
	route(a, op("POST /holds/{id}/confirm", "confirmHold", "Pay for tickets that are set aside, and book them", 201,
		400, 402, 404, 409, 422),
		a.confirmHold, a.signedIn(account.ScopeBook), a.verified, a.limitedPerUser(a.Limiter.Booking), a.admitted)
	route(a, op("DELETE /holds/{id}", "releaseHold", "Give tickets back that are set aside, or decline an offer", 204,
		400, 404, 409),
		a.releaseHold, a.signedIn(account.ScopeBook), cancelling, a.needsDatabase)
	route(a, op("POST /events/{id}/waitlist", "joinWaitlist", "Wait for tickets of an event", 201, 400, 404, 409, 422),
		a.joinWaitlist, a.signedIn(account.ScopeBook), a.verified, a.limitedPerUser(a.Limiter.Booking), a.admitted)
	route(a, op("DELETE /events/{id}/waitlist", "leaveWaitlist", "Leave the waiting list of an event", 204, 400, 404),
		a.leaveWaitlist, a.signedIn(account.ScopeBook), cancelling, a.needsDatabase)

	route(a, op("GET /bookings", "listBookings", "List one's own bookings", 200, 400),
		a.listBookings, a.signedIn(account.ScopeRead), reading, a.readsModels, a.needsDatabase)
	route(a, op("DELETE /bookings/{id}", "cancelBooking", "Cancel one's own booking", 200, 400, 403, 404, 409),
		a.cancelBooking, a.signedIn(account.ScopeBook), cancelling, a.needsDatabase)
	route(a, op("GET /bookings/{id}/receipt", "bookingReceipt",
		"Prove that one's own booking is in the log", 200, 400, 403, 404),
		a.bookingReceipt, a.signedIn(account.ScopeRead), reading, a.readsModels, a.needsDatabase)
	route(a, op("GET /holds/{id}/receipt", "holdReceipt",
		"Prove that one's own hold or offer is in the log", 200, 400, 404),
		a.holdReceipt, a.signedIn(account.ScopeRead), reading, a.readsModels, a.needsDatabase)
	route(a, op("GET /waitlist/{id}/receipt", "entryReceipt",
		"Prove when one has joined a waiting list", 200, 400, 404),
		a.entryReceipt, a.signedIn(account.ScopeRead), reading, a.readsModels, a.needsDatabase)

	route(a, op("GET /holds", "listHolds", "List one's own holds and offers", 200, 400),
		a.listHolds, a.signedIn(account.ScopeRead), reading, a.readsModels, a.needsDatabase)
	route(a, op("GET /waitlist", "listWaitlist", "List one's own entries on waiting lists, with one's place", 200, 400),
		a.listWaitlist, a.signedIn(account.ScopeRead), reading, a.readsModels, a.needsDatabase)

	calendarRoutes(a)
	deskRoutes(a)
	webhookRoutes(a)
	auditRoutes(a)

	route(a, op("GET /healthz", "healthz", "Check that the process is alive", 200), a.healthz)
	route(a, op("GET /readyz", "readyz", "Check that requests can be served", 200, 503), a.readyz)
}
