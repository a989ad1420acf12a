package httpapi_test

import (
	"encoding/json"
	"testing"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/audit"
)

// Who holds tickets or waits can prove it, and since when, with the published key alone.
func TestHoldsAndPlacesOnTheWaitingListHaveReceipts(t *testing.T) {
	t.Parallel()
	s := start(t)
	event := s.schedule(1)
	public := s.want(s.call("GET", "/audit/checkpoints", s.token(account.Auditor), nil), 200, "").at("publicKey").(string)
	keys, err := audit.NewKeys("", public)
	must(t, err)
	proved := func(path, token, recordType string, version int) answer {
		t.Helper()
		a := s.want(s.call("GET", path+"/receipt", token, nil), 200, "")
		var carried struct{ Receipt audit.Receipt }
		must(t, json.Unmarshal(a.raw, &carried))
		if _, err := carried.Receipt.Verify(keys); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if r := carried.Receipt.Record; r.Type != recordType || r.Version != version || r.StreamID.String() != event {
			t.Errorf("%s proves %s at version %d", path, r.Type, r.Version)
		}
		carried.Receipt.Record.Version--
		if _, err := carried.Receipt.Verify(keys); err == nil {
			t.Errorf("%s proves another version, too", path)
		}
		return a
	}
	holder, stranger := s.token(account.Customer), s.token(account.Customer)
	held := s.want(s.call("POST", "/holds", holder, map[string]any{"eventId": event}), 201, "")
	hold := "/holds/" + held.at("id").(string)
	proved(hold, holder, domain.TypeTicketsHeld, 2)

	join := func() (token, path string) {
		t.Helper()
		token = s.token(account.Customer)
		a := s.want(s.call("POST", "/events/"+event+"/waitlist", token, map[string]any{}), 201, "")
		return token, "/waitlist/" + a.at("id").(string)
	}
	_, _ = join()
	leaving, _ := join()
	third, place := join()
	s.want(s.call("DELETE", "/events/"+event+"/waitlist", leaving, nil), 204, "")
	a := proved(place, third, domain.TypeWaitlistJoined, 5)
	if a.at("entry", "number") != 3.0 || a.at("entry", "status") != "WAITING" {
		t.Errorf("got %s", a.raw)
	}
	s.want(s.call("DELETE", hold, holder, nil), 204, "")
	proved(hold, holder, domain.TypeHoldReleased, 7)
	proved(place, third, domain.TypeWaitlistJoined, 5)

	s.want(s.call("GET", hold+"/receipt", stranger, nil), 404, "hold_not_found")
	s.want(s.call("GET", place+"/receipt", stranger, nil), 404, "entry_not_found")
	s.want(s.call("GET", "/waitlist/"+uuid.NewString()+"/receipt", third, nil), 404, "entry_not_found")
	report, err := s.options.Audit.History.Fairness(t.Context(), uuid.MustParse(event), func(audit.FairnessStep) error {
		return nil
	})
	if err != nil || len(report.Findings) > 0 || report.Offers != 1 || report.Joined != 3 {
		t.Errorf("got %+v, %v", report, err)
	}
}
