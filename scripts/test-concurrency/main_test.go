package main

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
)

// outcome is what a run printed and how it ended.
type outcome struct {
	code        int
	out, errors string
}

func attempt(t *testing.T, url string, args ...string) outcome {
	t.Helper()
	var out, errors strings.Builder
	code := run(t.Context(), append([]string{"-url", url, "-lag", "20ms"}, args...), &out, &errors)
	return outcome{code, out.String(), errors.String()}
}

// mustEnd checks the last line, the exit code, and that a reason stands in the line before and this
// one in the output.
func (o outcome) mustEnd(t *testing.T, code int, reason string) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(o.out, "\n"), "\n")
	last := map[int]string{0: "PASS", 1: "FAIL"}[code]
	if o.code != code || len(lines) < 2 || lines[len(lines)-1] != last ||
		!strings.HasPrefix(lines[len(lines)-2], "Reason: ") || !strings.Contains(o.out, reason) {
		t.Errorf("got exit code %d, want %d with a last line %s after a reason, and somewhere %q:\n%s\n%s",
			o.code, code, last, reason, o.out, o.errors)
	}
	for _, secret := range []string{seededPassword, userPassword, "token-of-"} {
		if strings.Contains(o.out+o.errors, secret) {
			t.Errorf("the output contains %q", secret)
		}
	}
}

func TestASystemThatKeepsItsPromisesPasses(t *testing.T) {
	t.Parallel()
	_, url := newFake(t, nil)
	o := attempt(t, url)
	o.mustEnd(t, 0, "2 of 10 bookings succeeded for 2 tickets, and the stream is intact")
	if want := `=== Concurrency Test ===
Event: "Limited Concert" (2 tickets available)
Sending 10 simultaneous booking requests...

Results:
  Successful bookings: 2
  Rejected (no tickets): 8
  Remaining tickets after test: 0

TEST PASSED: No overselling detected

Stream integrity:
  ok      versions 1 to 3 follow each other without a gap
  ok      the hash chain is unbroken
`; !strings.HasPrefix(o.out, want) {
		t.Errorf("got\n%s\nwant\n%s…", o.out, want)
	}
}

func TestASecondRunUsesTheSameUsersAndAnotherEvent(t *testing.T) {
	t.Parallel()
	f, url := newFake(t, nil)
	for _, want := range []string{
		`Event: "Limited Concert" (2 `, `Event: "Early Show" (2 `, `Event: "Concurrency Test of `,
	} {
		o := attempt(t, url)
		o.mustEnd(t, 0, "2 of 10")
		if !strings.Contains(o.out, want) {
			t.Errorf("got\n%s\nwant %s", o.out, want)
		}
		if isNew := strings.Contains(want, "Test of"); isNew != strings.Contains(o.out, "scheduled a new one") {
			t.Errorf("a new event: %t, but the output is\n%s", isNew, o.out)
		}
	}
	if len(f.users) != 12 {
		t.Errorf("there are %d accounts, want 10 and the two seeded ones", len(f.users))
	}
}

func TestAnEventThatAUserHasBookedIsLeftAlone(t *testing.T) {
	t.Parallel()
	f, url := newFake(t, nil)
	attempt(t, url, "-users", "1", "-tickets", "2").mustEnd(t, 0, "1 of 1")
	for _, id := range f.order {
		if s := f.streams[id]; s.state.Details().Title == "Limited Concert" {
			f.append(id, domain.CapacityChanged{Capacity: 3})
		}
	}
	o := attempt(t, url)
	o.mustEnd(t, 0, "2 of 10")
	if !strings.Contains(o.out, `Event: "Early Show"`) {
		t.Errorf("got\n%s", o.out)
	}
}

func TestFewerUsersThanTicketsAllSucceed(t *testing.T) {
	t.Parallel()
	_, url := newFake(t, nil)
	o := attempt(t, url, "-users", "3", "-tickets", "7")
	o.mustEnd(t, 0, "3 of 3 bookings succeeded for 7 tickets")
	for _, want := range []string{
		"Successful bookings: 3\n", "(no tickets): 0\n", "after test: 4\n", "(7 tickets available)",
	} {
		if !strings.Contains(o.out, want) {
			t.Errorf("got\n%s\nwant %q", o.out, want)
		}
	}
}

func TestALargerStorm(t *testing.T) {
	t.Parallel()
	_, url := newFake(t, nil)
	attempt(t, url, "-users", "200", "-tickets", "50").mustEnd(t, 0, "50 of 200")
}

func TestOtherFormsOfTheContractAreAccepted(t *testing.T) {
	t.Parallel()
	_, url := newFake(t, func(f *fake) { f.bareLists, f.loginIs201 = true, true })
	for range 2 {
		attempt(t, url).mustEnd(t, 0, "2 of 10")
	}
}

func TestASystemThatIsBusyIsAskedAgain(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{
		"503 busy": http.StatusServiceUnavailable, "429": http.StatusTooManyRequests,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, url := newFake(t, func(f *fake) { f.busy, f.busyStatus = 3, status })
			o := attempt(t, url)
			o.mustEnd(t, 0, "2 of 10")
			if !strings.Contains(o.errors, "come back later 3 times") {
				t.Errorf("got %s", o.errors)
			}
		})
	}
}

func TestFaultsAreFound(t *testing.T) {
	t.Parallel()
	// On the first booking that succeeded, or the first refusal.
	on := func(status int, change func(*fake, *fakeUser, *reply)) func(*fake) {
		return func(f *fake) {
			f.book = func(f *fake, u *fakeUser, r *reply) bool {
				if r.status != status {
					return false
				}
				change(f, u, r)
				return true
			}
		}
	}
	on201 := func(change func(*fake, *fakeUser, *reply)) func(*fake) { return on(http.StatusCreated, change) }
	on409 := func(change func(*fake, *fakeUser, *reply)) func(*fake) { return on(http.StatusConflict, change) }
	become := func(status int, code string) func(*fake, *fakeUser, *reply) {
		return func(_ *fake, _ *fakeUser, r *reply) { r.status, r.body = status, problemOf(status, code) }
	}
	part := func(r *reply, name string) map[string]any { return r.body[name].(map[string]any) }
	limited := func(f *fake) uuid.UUID {
		return f.order[slices.IndexFunc(f.order, func(id uuid.UUID) bool {
			return f.streams[id].state.Details().Title == "Limited Concert"
		})]
	}
	all := func(records []map[string]any) (list []any) {
		for _, r := range records {
			list = append(list, r)
		}
		return list
	}
	newest := func(change func(map[string]any)) func(*fake) {
		return func(f *fake) {
			f.audit = func(records []map[string]any) []any {
				change(records[len(records)-1])
				return all(records)
			}
		}
	}
	tests := []struct {
		fault  string
		plant  func(*fake)
		reason string
	}{
		{"one ticket too many is sold", func(f *fake) {
			f.oversell = true
		}, "oversold: there were 2 tickets, and 3 bookings succeeded"},
		{"one ticket too many is in the stream", func(f *fake) {
			f.oversell = true
		}, "at version 4, 3 tickets were sold of 2"},
		{"one ticket too few is sold", func(f *fake) {
			f.undersell = true
		}, "undersold: 2 bookings should have succeeded, and 1 did"},
		{"a request breaks the server", on409(become(500, "internal")), "unexpected answers (1): POST /book: 500 internal"},
		{"a booking is made and answered with 500", on201(become(500, "internal")), "undersold"},
		{"a refusal has another code", on409(become(409, "conflict")), "POST /book: 409 conflict"},
		{"a refusal has another status", on409(become(400, "sold_out")), "POST /book: 400 sold_out"},
		{"a refusal says already booked", on409(become(409, "already_booked")), "409 already_booked"},
		{"success has another status", on201(func(_ *fake, _ *fakeUser, r *reply) {
			r.status = 200
		}), "POST /book: 200"},
		{"a 503 does not promise that nothing was done", on409(become(503, "outcome_unknown")), "503 outcome_unknown"},
		{"an answer is not JSON", func(f *fake) {
			f.book = func(_ *fake, _ *fakeUser, r *reply) bool {
				r.body = map[string]any{"booking": "yes"}
				return true
			}
		}, "read the answer"},
		{"the answer names another user", on201(func(_ *fake, _ *fakeUser, r *reply) {
			part(r, "booking")["userId"] = uuid.New()
		}), "another user"},
		{"the answer names another event", on201(func(_ *fake, _ *fakeUser, r *reply) {
			part(r, "event")["id"] = uuid.New()
		}), "another event"},
		{"the answer has no id", on201(func(_ *fake, _ *fakeUser, r *reply) {
			delete(part(r, "booking"), "id")
		}), "no id of the booking"},
		{"the answer has another status of the booking", on201(func(_ *fake, _ *fakeUser, r *reply) {
			part(r, "booking")["status"] = "PENDING"
		}), `status "PENDING"`},
		{"the answer has no time", on201(func(_ *fake, _ *fakeUser, r *reply) {
			delete(part(r, "booking"), "createdAt")
		}), "no time"},
		{"the answer lacks the remaining tickets", on201(func(_ *fake, _ *fakeUser, r *reply) {
			delete(part(r, "event"), "remainingTickets")
		}), "no number of remaining"},
		{"two answers have the same number of remaining tickets", on201(func(_ *fake, _ *fakeUser, r *reply) {
			part(r, "event")["remainingTickets"] = 0
		}), "says that 0 tickets remain, and not 1"},
		{"a booking is confirmed and lost", on201(func(_ *fake, _ *fakeUser, r *reply) {
			r.undo()
		}), "and is not in the stream"},
		{"a booking is confirmed under another id", on201(func(_ *fake, _ *fakeUser, r *reply) {
			part(r, "booking")["id"] = uuid.New()
		}), "no one was told so"},
		{"a booking is stored for another customer", on201(func(f *fake, _ *fakeUser, r *reply) {
			r.undo()
			f.append(limited(f), domain.TicketBooked{BookingID: part(r, "booking")["id"].(uuid.UUID), CustomerID: uuid.New()})
		}), "belongs to customer"},
		{"the event is changed by someone else", on409(func(f *fake, _ *fakeUser, _ *reply) {
			f.append(limited(f), domain.EventCancelled{})
		}), "version 4 is EventCancelled"},
		{"a refused customer's booking is stored", func(f *fake) {
			f.book = func(f *fake, u *fakeUser, r *reply) bool {
				if r.status == http.StatusConflict {
					f.append(limited(f), domain.TicketBooked{BookingID: uuid.New(), CustomerID: u.id})
				}
				return r.status == http.StatusConflict
			}
		}, "tickets remain, and should be 0"},

		{"the stream has a gap", func(f *fake) {
			f.audit = func(records []map[string]any) []any { return slices.Delete(all(records), 1, 2) }
		}, "version 3 follows version 1"},
		{"the stream lacks its end", func(f *fake) {
			f.audit = func(records []map[string]any) []any { return all(records)[:2] }
		}, "the stream ends with version 2, and should with 3"},
		{"positions run backwards", newest(func(r map[string]any) {
			r["position"] = int64(1)
		}), "version 3 has position 1"},
		{"time runs backwards", newest(func(r map[string]any) {
			r["recordedAt"] = time.Unix(0, 0).UTC()
		}), "recorded before the one before"},
		{"a hash is wrong", newest(func(r map[string]any) {
			r["hash"] = strings.Repeat("ab", 32)
		}), "hash of version 3"},
		{"a hash is too short", newest(func(r map[string]any) { r["hash"] = "abcd" }), "a hash of 4 characters"},
		{"metadata was tampered with", newest(func(r map[string]any) {
			r["metadata"] = map[string]any{"actor": uuid.New()}
		}), "hash of version 3"},
		{"a type is unknown", newest(func(r map[string]any) { r["type"] = "TicketSold" }), "not known"},
		{"the past is rewritten", func(f *fake) {
			f.audit = func(records []map[string]any) []any {
				records[0]["metadata"] = map[string]any{"actor": uuid.New()}
				return all(records)
			}
		}, "hash of version 1"},
		{"the past is rewritten, and its hashes with it", func(f *fake) {
			f.audit = func(records []map[string]any) []any {
				records[0]["metadata"] = json.RawMessage(`{"actor":"nobody"}`)
				rehash(limited(f), records)
				return all(records)
			}
		}, "version 1 has changed"},
		{"the read model has another number of tickets", func(f *fake) {
			f.event = func(e map[string]any) { e["remainingTickets"] = 1 }
		}, "1 tickets remain, and should be 0"},
		{"the read model has another title", func(f *fake) {
			f.event = func(e map[string]any) { e["title"] = "Another Concert" }
		}, "title is Another Concert, and Limited Concert in the stream"},
		{"the read model has another status", func(f *fake) {
			f.event = func(e map[string]any) { e["status"] = "CANCELLED" }
		}, "status is CANCELLED"},
		{"a winner's bookings are empty", func(f *fake) {
			f.bookings = func([]any) []any { return []any{} }
		}, "was given a ticket, and has no booking"},
		{"a loser has a booking", func(f *fake) {
			f.bookings = func(list []any) []any {
				if len(list) > 0 {
					return list
				}
				return []any{map[string]any{"id": uuid.New(), "eventId": limited(f), "status": "CONFIRMED"}}
			}
		}, "was not given a ticket, and has a booking"},
		{"a winner has two bookings", func(f *fake) {
			f.bookings = func(list []any) []any { return append(list, list...) }
		}, "has 2 bookings of the event"},
	}
	for _, test := range tests {
		t.Run(test.fault, func(t *testing.T) {
			t.Parallel()
			_, url := newFake(t, test.plant)
			attempt(t, url).mustEnd(t, 1, test.reason)
		})
	}
}

// rehash makes a chain of hashes that is right for the changed records.
func rehash(streamID uuid.UUID, records []map[string]any) {
	var previous eventstore.Hash
	for _, r := range records {
		changed := eventstore.Record{
			StreamID: streamID, Version: r["version"].(int), Type: r["type"].(string), SchemaVersion: r["schemaVersion"].(int16),
			Data: r["data"].(json.RawMessage), Metadata: r["metadata"].(json.RawMessage),
			RecordedAt: r["recordedAt"].(time.Time),
		}
		previous = changed.Sum(previous)
		r["hash"] = previous.String()
	}
}

func TestWhatPreventsATestIsExplained(t *testing.T) {
	t.Parallel()
	_, gone := newFake(t, nil)
	gone = gone[:strings.LastIndex(gone, ":")] + ":1"
	_, url := newFake(t, nil)
	_, empty := newFake(t, func(f *fake) { f.noAccounts = true })
	_, busy := newFake(t, func(f *fake) { f.busyAlways, f.busyStatus = true, http.StatusTooManyRequests })
	_, other := newFake(t, func(f *fake) { f.addUser("concurrency-07@example.com", "of-someone-else-1", "customer") })
	tests := []struct {
		name   string
		url    string
		args   []string
		reason string
	}{
		{"the server is not reachable", gone, nil, "nothing answers at"},
		{"the seeded accounts are missing", empty, nil, "can't sign in as auditor@example.com: seed the database"},
		{
			"the organizer is missing when one is needed", url,
			[]string{"-tickets", "9", "-organizer", "nobody@example.com"},
			"can't sign in as nobody@example.com",
		},
		{"the auditor is none", url, []string{"-auditor", "organizer@example.com"}, "403 forbidden"},
		{"the server limits rates for good", busy, nil, "RATE_LIMITS=off"},
		{
			"an account has another password", other, nil,
			"sign concurrency-07@example.com in: the account exists and has another password",
		},
		{"time is up", url, []string{"-timeout", "1ns"}, "not done after 1ns"},
		{"the address is none", "localhost:3001", nil, "-url must be an address"},
		{"nobody books", url, []string{"-users", "0"}, "at least 1"},
		{"there is nothing to book", url, []string{"-tickets", "0"}, "at least 1"},
		{"an argument is left over", url, []string{"now"}, `"now"`},
		{"a flag is unknown", url, []string{"-sells", "2"}, "not defined"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			attempt(t, test.url, test.args...).mustEnd(t, 1, test.reason)
		})
	}
}

func TestHelpIsNoFailure(t *testing.T) {
	t.Parallel()
	if o := attempt(t, "", "-h"); o.code != 0 || !strings.Contains(o.errors, "-tickets") {
		t.Errorf("got exit code %d and\n%s", o.code, o.errors)
	}
}

func TestParallelStopsAtTheFirstError(t *testing.T) {
	t.Parallel()
	calls := 0
	err := parallel(t.Context(), 100, 1, func(_ context.Context, i int) error {
		calls++
		if i == 3 {
			return context.DeadlineExceeded
		}
		return nil
	})
	if err != context.DeadlineExceeded || calls != 4 { //nolint:errorlint // it must be the very error
		t.Errorf("got %v after %d calls", err, calls)
	}
}
