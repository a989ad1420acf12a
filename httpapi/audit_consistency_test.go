package httpapi_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/dbtest"
)

func TestAuditorsGetConsistencyProofs(t *testing.T) {
	t.Parallel()
	s := start(t)
	keys, err := audit.NewKeys(auditSecret)
	must(t, err)
	s.sale()
	auditor := s.token(account.Auditor)
	note := func(position int) string {
		t.Helper()
		a := s.want(s.call("GET", fmt.Sprintf("/audit/records/%d/proof", position), auditor, nil), 200, "")
		return a.at("checkpoint").(string)
	}
	older := note(4)
	s.sale()
	newer := note(8)
	// Reads of the audit are records too, so checkpoints cover more than the sales.
	from, err := keys.Open(older)
	must(t, err)
	to, err := keys.Open(newer)
	must(t, err)
	path := fmt.Sprintf("/audit/checkpoints/%d/consistency", to.Size)
	proven := fmt.Sprintf("%s?from=%d", path, from.Size)
	a := s.want(s.call("GET", proven, auditor, nil), 200, "")
	var proof audit.Consistency
	must(t, json.Unmarshal(a.raw, &proof))
	if f, t2, err := proof.Verify(keys, older, newer); err != nil || f.Size != from.Size || t2.Size != to.Size {
		t.Errorf("%s: %v", a.raw, err)
	}
	for path, status := range map[string]int{
		fmt.Sprintf("/audit/checkpoints/%d/consistency?from=%d", to.Size-1, from.Size): 404,
		fmt.Sprintf("%s?from=%d", path, to.Size+1):                                     400,
		path: 400, "/audit/checkpoints/0/consistency?from=1": 400,
	} {
		if a := s.call("GET", path, auditor, nil); a.status != status {
			t.Errorf("%s: %d %s", path, a.status, a.raw)
		}
	}
	s.want(s.call("GET", proven, s.token(account.Customer), nil), 403, "forbidden")
}

// A booking of a moment ago has a receipt as soon as the read model has the booking, and until then
// nobody is told that it does not exist.
func TestAReceiptWaitsForItsBooking(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	s := start(t)
	token := s.token(account.Customer)
	event := s.schedule(5)
	s.exec(stopProjecting)
	a := s.want(s.order(token, event), 201, "")
	path := "/bookings/" + a.at("booking", "id").(string) + "/receipt"
	if a := s.call("GET", path, token, nil); a.status != 503 || a.header.Get("Retry-After") == "" {
		t.Errorf("got %d %s", a.status, a.raw)
	}
	got := make(chan answer, 1)
	go func() {
		a, err := s.try("GET", path, token, nil)
		if err != nil {
			t.Error(err)
		}
		got <- a
	}()
	s.exec(`update projection_checkpoints set lease_until = null`)
	if a := <-got; a.status != 200 || a.at("receipt", "record", "position") != 2.0 {
		t.Errorf("got %d %s", a.status, a.raw)
	}
}
