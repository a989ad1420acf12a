package httpapi_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/proofofwork"
)

const proofHeader = "Proof-Of-Work"

// proof is a solution, as a client finds it.
func (s *system) proof() string {
	s.Helper()
	a := s.want(s.call("GET", "/proof-of-work/challenge", "", nil), 200, "")
	if a.header.Get("Cache-Control") != "no-store" {
		s.Error("a challenge may be kept by caches, and each is for one client")
	}
	var challenge proofofwork.Challenge
	must(s, json.Unmarshal(a.raw, &challenge))
	solution, err := proofofwork.Solve(challenge)
	must(s, err)
	return solution
}

func TestARegistrationAsksForAProofOfWorkWhereThatIsSet(t *testing.T) {
	t.Parallel()
	s := start(t, func(o *httpapi.Options, _ *eventstore.Options) { o.RegisterWithProofOfWork = true })
	register := func(headers ...string) answer {
		person := map[string]string{"email": uuid.NewString() + "@example.com", "password": another, "name": "Ann"}
		return s.call("POST", "/auth/register", "", person, headers...)
	}
	s.want(register(), 403, "proof_of_work_required")
	s.want(register(proofHeader, "nonsense"), 403, "proof_of_work_invalid")
	solution := s.proof()
	s.want(register(proofHeader, solution), 201, "")
	s.want(register(proofHeader, solution), 403, "proof_of_work_invalid")
}

// A lost answer must not cost the person a second wait, nor give anybody a second account.
func TestARegistrationIsRepeatedWithTheSameProofOfWork(t *testing.T) {
	t.Parallel()
	s := start(t, func(o *httpapi.Options, _ *eventstore.Options) { o.RegisterWithProofOfWork = true })
	key, solution := uuid.NewString(), s.proof()
	register := func(email string) answer {
		person := map[string]string{"email": email, "password": another, "name": "Ann"}
		return s.call("POST", "/auth/register", "", person, "Idempotency-Key", key, proofHeader, solution)
	}
	s.want(register("ann@example.com"), 201, "")
	if a := s.want(register("ann@example.com"), 201, ""); a.header.Get("Idempotency-Replayed") != "true" {
		t.Error("the repetition made another account")
	}
	s.want(register("bob@example.com"), 422, "idempotency_key_reused")
}

// The control of the other tests here.
func TestNobodyWorksForARegistrationWhereNothingIsSet(t *testing.T) {
	t.Parallel()
	start(t).registerAnn()
}

func TestABookingNeedsAProofOfWorkWhereTheEventAsksForIt(t *testing.T) {
	t.Parallel()
	s := start(t)
	details, err := domain.NewDetails(domain.Details{
		Title: "Rush", Venue: "Hall", StartsAt: time.Now().AddDate(0, 0, 1), Currency: "EUR", RequireProofOfWork: true,
	})
	must(t, err)
	event := s.scheduleAnyway(details) // with three tickets
	alice, bob, eve := s.token(account.Customer), s.token(account.Customer), s.token(account.Customer)
	s.want(s.order(alice, event), 403, "proof_of_work_required")
	s.want(s.order(alice, event, proofHeader, "nonsense"), 403, "proof_of_work_invalid")
	solution, key := s.proof(), uuid.NewString()
	s.want(s.order(alice, event, proofHeader, solution, "Idempotency-Key", key), 201, "")
	again := s.want(s.order(alice, event, proofHeader, solution, "Idempotency-Key", key), 201, "")
	if again.header.Get("Idempotency-Replayed") != "true" {
		t.Error("the repetition was another booking")
	}
	s.want(s.order(bob, event, proofHeader, solution), 403, "proof_of_work_invalid")
	s.want(s.order(bob, event, proofHeader, solution, "Idempotency-Key", key), 403, "proof_of_work_invalid")
	s.want(s.order(bob, event, proofHeader, s.proof()), 201, "")
	s.want(s.order(s.token(account.Customer), event, proofHeader, s.proof()), 201, "")
	s.want(s.order(eve, event), 409, "sold_out") // nobody works for a ticket that is not there
}
