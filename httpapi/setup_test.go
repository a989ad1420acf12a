package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/crypto/bcrypt"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/endpoint"
	"github.com/boxoffice/boxoffice/internal/images"
	"github.com/boxoffice/boxoffice/internal/logtest"
	"github.com/boxoffice/boxoffice/internal/proofofwork"
	"github.com/boxoffice/boxoffice/internal/ticket"
	"github.com/boxoffice/boxoffice/projections"
	"github.com/boxoffice/boxoffice/projections/engine"
)

func TestMain(m *testing.M) { dbtest.Main(m, contract.complete) }

// system is a whole system behind a real listener, with a database of its own.
type system struct {
	*testing.T
	url     string
	db      string // address of the database
	options httpapi.Options
	pool    *pgxpool.Pool
	signer  *account.Signer
	logs    *logtest.Buffer
	letters chan account.Letter
}

type choice func(*httpapi.Options, *eventstore.Options)

func withDelay(d time.Duration) choice {
	return func(_ *httpapi.Options, o *eventstore.Options) { o.Delay = d }
}

func start(t *testing.T, choices ...choice) *system {
	t.Helper()
	s := &system{T: t, logs: &logtest.Buffer{}, letters: make(chan account.Letter, 10)}
	logger := slog.New(slog.NewJSONHandler(s.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	url := dbtest.URL(t)
	s.db = url

	var api httpapi.Options
	var options eventstore.Options
	options.Transactions = 8
	api.Admission = httpapi.NewAdmission(1) // a place that is kept too long holds everybody up
	for _, choose := range choices {
		choose(&api, &options)
	}
	s.pool = dbtest.Connect(t, url, dbtest.MaxConns(10))
	writing := dbtest.Connect(t, url, dbtest.MaxConns(options.Transactions+eventstore.ReservedConns),
		dbtest.Settings(eventstore.Session(options.Delay)), eventstore.ConfigureCommits)
	projecting := dbtest.Connect(t, url, dbtest.MaxConns(projections.Connections), dbtest.Settings(engine.RunSession()))

	s.signer = s.signerAt(time.Now)
	accounts, err := account.New(s.pool, s.signer, account.Options{
		Cost: bcrypt.MinCost, WeakCost: true,
		Deliver: func(_ context.Context, l account.Letter) error { s.letters <- l; return nil },
	})
	must(t, err)

	wire := engine.NewNotifier(url, s.pool, projections.Names(), logger)
	progress := engine.NewProgress(s.pool, wire, nil, logger)
	options.Committed = func(records []eventstore.Record) { wire.Appended(records...) }
	executor, err := eventstore.NewExecutor(writing, booking.Model(), options)
	must(t, err)

	ctx, stop := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() { wire.Run(ctx) })
	work.Go(func() { accounts.SendLetters(ctx, logger) })
	work.Go(func() { progress.Run(ctx) })
	work.Go(func() {
		o := engine.Options{
			Pool: projecting, Projections: projections.All(), Notifier: wire, Logger: logger, Tracer: api.Tracer,
		}
		if err := engine.Run(ctx, o); err != nil {
			t.Errorf("projections: %v", err)
		}
	})

	api.Log, api.Progress = eventstore.NewLog(s.pool), progress
	api.Events, api.Bookings = projections.NewEvents(s.pool), projections.Bookings{Pool: s.pool}
	api.Holds, api.Waitlist = projections.Holds{Pool: s.pool}, projections.Waitlist{Pool: s.pool}
	api.Accounts, api.Images = accounts, images.NewStore(s.pool)
	api.Webhooks = &endpoint.Store{Pool: s.pool, Addresses: endpoint.NewAddresses(false), Due: func() {},
		Now: func() time.Time { return api.Now() }}
	api.Origin = "http://localhost:3000"
	api.ProofOfWork = proofofwork.NewWithCost(s.pool, []string{"a secret for tests"}, time.Now, 1)
	api.Origins, api.Logger, api.Version = []string{"http://localhost:3000"}, logger, "test"
	keys, err := audit.NewKeys("a signing secret for tests, which is long enough")
	must(t, err)
	api.Tickets = ticket.Signer{Keys: keys}
	auditing := dbtest.Connect(t, url, dbtest.MaxConns(audit.VerifyConnections))
	runner := audit.NewRunner(audit.RunnerOptions{Pool: s.pool, Verify: audit.VerifyOptions{Pool: auditing, Keys: keys}})
	work.Go(func() { runner.Run(ctx) })
	api.Audit = httpapi.Audit{
		Checkpoints: audit.NewCheckpoints(s.pool, keys), History: audit.NewHistory(s.pool),
		Reads:  audit.NewReads(s.pool, time.Now),
		Runner: runner, Log: s.pool,
	}
	if api.Now == nil {
		api.Now = time.Now
	}
	api.Service = &booking.Service{
		Executor: executor, Log: api.Log, Bookings: api.Bookings, Holds: api.Holds, Progress: progress, Images: api.Images,
		Waitlist: api.Waitlist,
		Now:      api.Now,
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := executor.Close(ctx); err != nil {
			t.Errorf("close the executor: %v", err)
		}
		stop()
		work.Wait()
	})
	s.options, s.url = api, s.serve(api)
	return s
}

func (s *system) signerAt(now func() time.Time) *account.Signer {
	s.Helper()
	secrets := account.Secrets{
		Access: []string{"an access secret for tests"}, Refresh: []string{"a refresh secret for tests"},
	}
	signer, err := account.NewSigner(secrets, now)
	must(s, err)
	return signer
}

// through returns the options of s with another executor.
func (s *system) through(e booking.Executor) httpapi.Options {
	o, service := s.options, *s.options.Service
	service.Executor, o.Service = e, &service
	return o
}

// serve starts one more API and gives its address.
func (s *system) serve(o httpapi.Options) string {
	server := httptest.NewServer(httpapi.New(o))
	s.Cleanup(func() {
		server.Close()
		// Until the last test has ended, testing keeps what cleanups refer to: 300 APIs, which are half of
		// what the garbage collector has to look at.
		server.Config.Handler = nil
	})
	return server.URL
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// linkToken is that of the next letter with a link.
func (s *system) linkToken() string {
	s.Helper()
	for {
		if letter := within(s.T, "a letter with a link is sent", s.letters); letter.Token != "" {
			return letter.Token
		}
	}
}

// token is the access token of somebody who need not have an account. Organizers are the same one,
// who owns the events of schedule.
func (s *system) token(role account.Role) string {
	if role == account.Organizer {
		return s.tokenOf(organizer, role)
	}
	return s.tokenOf(uuid.New(), role)
}

var organizer = uuid.MustParse("0e0e0e0e-0000-4000-8000-000000000001")

func (s *system) tokenOf(id uuid.UUID, role account.Role) string {
	s.Helper()
	token, _, err := s.signer.IssueAccess(account.User{ID: id, Email: id.String() + "@example.com", Role: role})
	must(s, err)
	return token
}

type answer struct {
	status int
	header http.Header
	raw    []byte
	body   map[string]any
}

func (a answer) code() string {
	code, _ := a.body["code"].(string)
	return code
}

// at follows keys into the body.
func (a answer) at(keys ...string) any {
	var v any = a.body
	for _, k := range keys {
		m, _ := v.(map[string]any)
		v = m[k]
	}
	return v
}

// call sends a request; body is a string as it is, anything else as JSON, and nil for none.
func (s *system) call(method, path, token string, body any, headers ...string) answer {
	s.Helper()
	a, err := s.try(method, path, token, body, headers...)
	must(s, err)
	return a
}

func (s *system) try(method, path, token string, body any, headers ...string) (answer, error) {
	a, err := s.raw(method, path, token, body, headers...)
	if err == nil && len(a.raw) > 0 {
		err = json.Unmarshal(a.raw, &a.body)
	}
	if kind := a.header.Get("Content-Type"); strings.Contains(kind, "jsonl") || strings.Contains(kind, "csv") {
		err = nil // several lines are no JSON
	}
	return a, err
}

// raw is try without reading the answer as JSON.
func (s *system) raw(method, path, token string, body any, headers ...string) (answer, error) {
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		reader = bytes.NewReader([]byte(b))
	default:
		data, err := json.Marshal(b)
		if err != nil {
			return answer{}, err
		}
		reader = bytes.NewReader(data)
	}
	request, err := http.NewRequest(method, s.url+path, reader)
	if err != nil {
		return answer{}, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close() //nolint:errcheck // read to its end
	a := answer{status: response.StatusCode, header: response.Header}
	if a.raw, err = io.ReadAll(response.Body); err != nil {
		return a, err
	}
	if response.Header.Get("Content-Encoding") != "" {
		return a, nil
	}
	if err := contract.check(s.url, request, response, a.raw); err != nil {
		s.Errorf("the answer to %s %s is not as described: %v\n%s", method, path, err, a.raw)
	}
	return a, nil
}

// order asks for a ticket.
func (s *system) order(token string, event any, headers ...string) answer {
	s.Helper()
	return s.call("POST", "/book", token, map[string]any{"eventId": event}, headers...)
}

// together makes n requests at once.
func (s *system) together(n int, request func(i int) (answer, error)) []answer {
	s.Helper()
	answers := make([]answer, n)
	var all sync.WaitGroup
	gate := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-gate
			var err error
			if answers[i], err = request(i); err != nil {
				s.Errorf("request %d: %v", i, err)
			}
		})
	}
	close(gate)
	all.Wait()
	return answers
}

// want fails the test unless the answer has the status and, for a problem, the code.
func (s *system) want(a answer, status int, code string) answer {
	s.Helper()
	if a.status != status || a.code() != code {
		s.Fatalf("got %d %q, want %d %q: %s", a.status, a.code(), status, code, a.raw)
	}
	if code != "" && a.header.Get("Content-Type") != "application/problem+json" {
		s.Errorf("a problem came as %q", a.header.Get("Content-Type"))
	}
	return a
}

// schedule makes an event and gives its id. fields override the usual ones.
func (s *system) schedule(tickets int, fields ...any) string {
	s.Helper()
	event := map[string]any{
		"title": "Concert", "description": "Music", "venue": "Hall",
		"date":         time.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339),
		"totalTickets": tickets, "price": json.Number("49.99"),
	}
	for i := 0; i+1 < len(fields); i += 2 {
		event[fields[i].(string)] = fields[i+1]
	}
	a := s.want(s.call("POST", "/events", s.token(account.Organizer), event), 201, "")
	return a.at("id").(string)
}

// scheduleBegun makes an event that has begun, as imports do, and gives its id.
func (s *system) scheduleBegun() string {
	s.Helper()
	details, err := domain.NewDetails(domain.Details{
		Title: "Yesterday's Concert", Venue: "Hall", StartsAt: time.Now().AddDate(0, 0, -1),
		Currency: "EUR", TicketTypes: domain.GeneralAdmission(1),
	})
	must(s, err)
	return s.scheduleAnyway(details)
}

// scheduleAnyway makes an event whatever its details are, as older programs may have done.
func (s *system) scheduleAnyway(details domain.Details) string {
	s.Helper()
	id := uuid.New()
	_, err := s.options.Service.Executor.Execute(context.Background(), eventstore.Command[domain.State, domain.Record]{
		StreamID: id, Immediate: true, Metadata: eventstore.Metadata{Actor: organizer, CorrelationID: "import"},
		Decide: func(state domain.State) ([]domain.Record, error) {
			return domain.Decide(domain.ScheduleEvent{Details: details, Capacity: 3}, state)
		},
	})
	must(s, err)
	return id.String()
}
