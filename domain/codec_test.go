package domain_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/boxoffice/boxoffice/domain"
)

// stored has one record for each file of testdata/records. A file is what a log may hold since that
// schema version was first written: it is added with a new version, and then never edited. That is
// why no flag rewrites them.
func stored() map[string]domain.Record {
	var (
		bookingID  = uuid.MustParse("0190b5a2-6c1f-7e33-9d44-5a6b7c8d9e0f")
		customerID = uuid.MustParse("7f3c1b2a-4d5e-4f60-8a7b-9c0d1e2f3a4b")
		details    = domain.Details{
			Title: `Strings & "Bows" <live>`, Description: "An evening\nin Évora \u2028 \U0001F3BB", Venue: "Small Hall",
			StartsAt: time.Date(2031, 5, 17, 18, 30, 0, 120_000, time.UTC), TimeZone: "Europe/Lisbon",
			Currency: "EUR", TicketTypes: domain.GeneralAdmission(49_99), MaxPerCustomer: 1,
		}
		full  = details
		lines = domain.Lines{{Type: 1, Quantity: 2, Price: 49_99}, {Type: 3, Quantity: 1}}
		freed = domain.Lines{{Type: 1, Quantity: 2}, {Type: 3, Quantity: 1}}
	)
	booked := domain.TicketBooked{BookingID: bookingID, CustomerID: customerID, Currency: "EUR", Lines: lines}
	full.EndsAt = details.StartsAt.Add(3 * time.Hour)
	full.Category, full.Image, full.OrganizerName = "music", strings.Repeat("0f", 32), "Évora Music"
	full.TicketTypes = []domain.TicketType{{ID: 1, Name: "Floor", Price: 49_99}, {ID: 3, Name: "Balcony", Capacity: 1}}
	full.MaxPerCustomer, full.RequireProofOfWork = 4, true
	full.SaleOpensAt, full.SaleClosesAt = details.StartsAt.AddDate(0, -1, 0), details.StartsAt.Add(-time.Hour)
	ticket := domain.TicketID{BookingID: bookingID, Type: 3, Number: 2}
	until := time.Date(2031, 5, 17, 18, 10, 0, 0, time.UTC)
	return map[string]domain.Record{
		"EventPublished.v1": domain.EventPublished{},
		"TicketsHeld.v1": domain.TicketsHeld{HoldID: bookingID, CustomerID: customerID, Currency: "EUR", Lines: lines,
			Before: freed, ExpiresAt: until},
		"HoldConfirmed.v1": domain.HoldConfirmed{HoldID: bookingID, CustomerID: customerID, Currency: "EUR", Lines: lines,
			Offered: true},
		"HoldReleased.v1":   domain.HoldReleased{HoldID: bookingID, CustomerID: customerID, Lines: freed},
		"HoldLapsed.v1":     domain.HoldLapsed{HoldID: bookingID, CustomerID: customerID, Lines: freed},
		"WaitlistJoined.v1": domain.WaitlistJoined{EntryID: bookingID, CustomerID: customerID, Lines: freed},
		"WaitlistLeft.v1":   domain.WaitlistLeft{EntryID: bookingID, CustomerID: customerID, Lines: freed},
		"TicketsOffered.v1": domain.TicketsOffered{EntryID: bookingID, CustomerID: customerID, Currency: "EUR", Lines: lines,
			ExpiresAt: until},
		"OfferDeclined.v1":    domain.OfferDeclined{EntryID: bookingID, CustomerID: customerID, Lines: freed},
		"OfferLapsed.v1":      domain.OfferLapsed{EntryID: bookingID, CustomerID: customerID, Lines: freed},
		"EventScheduled.v1":   domain.EventScheduled{Details: details, Capacity: 2},
		"EventScheduled.v2":   domain.EventScheduled{Details: full, Capacity: 2, OrganizerID: customerID},
		"OrganizerAdded.v1":   domain.OrganizerAdded{UserID: customerID, Role: domain.RoleCheckIn},
		"OrganizerRemoved.v1": domain.OrganizerRemoved{UserID: customerID},
		"TicketCheckedIn.v1":  domain.TicketCheckedIn{TicketID: ticket, At: until, By: customerID},
		"CheckInUndone.v1":    domain.CheckInUndone{TicketID: ticket, By: customerID, Reason: "the wrong person"},
		"MessageSent.v1": domain.MessageSent{
			By: customerID, At: until, Recipients: 2, Subject: "Doors open at <7>", Text: "One.\n\n\"Two\" & three.",
		},
		"DetailsChanged.v1":   domain.DetailsChanged{Details: details},
		"DetailsChanged.v2":   domain.DetailsChanged{Details: full},
		"CapacityChanged.v1":  domain.CapacityChanged{Capacity: 1_000_000},
		"EventCancelled.v1":   domain.EventCancelled{},
		"TicketBooked.v1":     domain.TicketBooked{BookingID: bookingID, CustomerID: customerID},
		"TicketBooked.v2":     booked,
		"BookingCancelled.v1": domain.BookingCancelled{BookingID: bookingID, CustomerID: customerID},
		"BookingCancelled.v2": domain.BookingCancelled{BookingID: bookingID, CustomerID: customerID, Lines: freed},
		"BookingCancelled.v3": domain.BookingCancelled{
			BookingID: bookingID, CustomerID: customerID, Lines: freed, By: customerID, Reason: "Paid twice",
		},
	}
}

func TestWhatIsStoredNeverChanges(t *testing.T) {
	t.Parallel()
	for name, record := range stored() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			typeName, schemaVersion := splitName(t, name)
			golden := readGolden(t, name)

			decoded, err := domain.Codec{}.Decode(typeName, schemaVersion, golden)
			if err != nil || !domain.Equal(decoded, record) {
				t.Errorf("decoded %+v, %v; want %+v", decoded, err, record)
			}
			gotName, gotVersion, gotData, err := domain.Codec{}.Encode(record)
			if err != nil || gotName != typeName {
				t.Fatalf("encoded as %s, %v; want %s", gotName, err, typeName)
			}
			if gotVersion == schemaVersion && !bytes.Equal(gotData, golden) {
				t.Errorf("encoded\n%s\nwant\n%s", gotData, golden)
			}
			if newest := fmt.Sprintf("%s.v%d", gotName, gotVersion); stored()[newest] == nil {
				t.Errorf("testdata/records has no %s.json, which is how this record is written", newest)
			}
		})
	}
}

func TestEveryRecordTypeHasAGoldenFile(t *testing.T) {
	t.Parallel()
	tested := map[string]bool{}
	for name, record := range stored() {
		typeName, _ := splitName(t, name)
		tested[reflect.TypeOf(record).Name()] = true
		if goType := reflect.TypeOf(record).Name(); goType != typeName {
			t.Logf("%s is stored as %s", goType, typeName)
		}
	}
	types := recordTypes(t)
	if len(types) < 6 {
		t.Fatalf("found only the record types %v", types)
	}
	for _, name := range types {
		if !tested[name] {
			t.Errorf("record type %s has no golden file: add testdata/records/%s.v1.json and an entry to stored()", name, name)
		}
	}
	files, err := filepath.Glob("testdata/records/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if name := strings.TrimSuffix(filepath.Base(file), ".json"); stored()[name] == nil {
			t.Errorf("no test reads %s", file)
		}
	}
}

// recordTypes finds in the source what the compiler can't list: the types that are records.
func recordTypes(t *testing.T) (names []string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declared := range tree.Decls {
			method, is := declared.(*ast.FuncDecl)
			if is && method.Recv != nil && method.Name.Name == "record" {
				names = append(names, method.Recv.List[0].Type.(*ast.Ident).Name)
			}
		}
	}
	return names
}

const someIDs = `{"bookingId":"0190b5a2-6c1f-7e33-9d44-5a6b7c8d9e0f",` +
	`"customerId":"7f3c1b2a-4d5e-4f60-8a7b-9c0d1e2f3a4b"}`

func TestDecodeDoesNotGuess(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		record  string
		version int16
		data    string
	}{
		{"an unknown name", "TicketSold", 1, someIDs},
		{"no name", "", 1, someIDs},
		{"a name in another case", "ticketBooked", 1, someIDs},
		{"a version from the future", "TicketBooked", 3, someIDs},
		{"no lines", "TicketBooked", 2, someIDs},
		{"an empty list of lines", "TicketBooked", 2, withLines("")},
		{"a line of no type", "TicketBooked", 2, withLines(`{"type":0,"quantity":1}`)},
		{"a line of a type beyond the last", "TicketBooked", 2, withLines(`{"type":256,"quantity":1}`)},
		{"a line without tickets", "BookingCancelled", 2, withLines(`{"type":1,"quantity":0}`)},
		{"a line with too many tickets", "BookingCancelled", 2, withLines(`{"type":1,"quantity":101}`)},
		{"a price below nothing", "TicketBooked", 2, withLines(`{"type":1,"quantity":1,"price":-1}`)},
		{"a number with a zero before it", "TicketBooked", 2, withLines(`{"type":1,"quantity":01}`)},
		{"a version that never was", "TicketBooked", 0, someIDs},
		{"no data", "TicketBooked", 1, ""},
		{"data that is cut off", "TicketBooked", 1, someIDs[:len(someIDs)-1]},
		{"data with something behind it", "TicketBooked", 1, someIDs + "}"},
		{"a letter that is not hexadecimal", "TicketBooked", 1, strings.Replace(someIDs, "0190", "019g", 1)},
		{"an id without its dashes in place", "BookingCancelled", 1,
			strings.Replace(someIDs, "0190b5a2-6", "0190b5a26-", 1)},
		{"a number as text", "CapacityChanged", 1, `{"capacity":"2"}`},
		{"a list", "EventCancelled", 1, `[]`},
		{"a time without a zone", "DetailsChanged", 1, `{"details":{"startsAt":"2031-05-17T18:30:00"}}`},
		{"a time whose UTC year has five digits", "DetailsChanged", 1,
			`{"details":{"startsAt":"9999-12-31T23:30:00-01:00"}}`},
		{"a time whose UTC year is negative", "EventScheduled", 1, `{"details":{"startsAt":"0000-01-01T00:30:00+01:00"}}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if record, err := (domain.Codec{}).Decode(test.record, test.version, []byte(test.data)); err == nil ||
				record != nil {
				t.Errorf("decoded %+v, %v", record, err)
			}
		})
	}
}

func withLines(lines string) string {
	return someIDs[:len(someIDs)-1] + `,"currency":"EUR","lines":[` + lines + `]}`
}

func TestRecordsOfANewerProgramAreTold(t *testing.T) {
	t.Parallel()
	for _, r := range []domain.UnknownRecordError{
		{"TicketSold", 1}, {"TicketBooked", 3}, {"EventScheduled", 3}, {"TicketSold", 7},
	} {
		_, err := domain.Codec{}.Decode(r.Type, r.SchemaVersion, []byte(`{}`))
		var unknown *domain.UnknownRecordError
		if !errors.As(err, &unknown) || *unknown != r {
			t.Errorf("got %v, want %v", err, r)
		}
	}
	if _, err := (domain.Codec{}).Decode("TicketBooked", 1, []byte(`{`)); errors.As(err, new(*domain.UnknownRecordError)) {
		t.Errorf("broken data is taken for a newer program's: %v", err)
	}
}

func TestEncodeDoesNotGuess(t *testing.T) {
	t.Parallel()
	for _, record := range []domain.Record{nil, &domain.EventCancelled{},
		&domain.TicketBooked{BookingID: first, CustomerID: ann}} {
		if name, _, data, err := (domain.Codec{}).Encode(record); err == nil {
			t.Errorf("%T was encoded as %q %s", record, name, data)
		}
	}
}

func TestUnknownFieldsOfARecordAreIgnored(t *testing.T) {
	t.Parallel()
	record, err := domain.Codec{}.Decode("CapacityChanged", 1, []byte(`{"capacity":2,"reason":"a larger hall"}`))
	if want := resized(2); err != nil || !domain.Equal(record, want) {
		t.Errorf("decoded %+v, %v; want %+v", record, err, want)
	}
}

// Bookings are written and read by hand. By reflection, they must come out the same.
func TestBookingsAreCodedAsByReflection(t *testing.T) {
	t.Parallel()
	anyID := rapid.Custom(func(t *rapid.T) uuid.UUID {
		return uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "bytes"))
	})
	anyLines := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) domain.Line {
		return domain.Line{
			Type:     domain.TypeID(rapid.Uint8Min(1).Draw(t, "type")),
			Quantity: rapid.IntRange(1, domain.MaxPerCustomer).Draw(t, "quantity"),
			Price:    rapid.Int64Range(0, domain.MaxPrice).Draw(t, "price"),
		}
	}), 1, 3)
	rapid.Check(t, func(t *rapid.T) {
		b, c := anyID.Draw(t, "booking"), anyID.Draw(t, "customer")
		lines, currency := anyLines.Draw(t, "lines"), rapid.SampledFrom([]string{"EUR", "JPY"}).Draw(t, "currency")
		for _, record := range []domain.Record{
			domain.TicketBooked{BookingID: b, CustomerID: c}, givenBack(b, c),
			domain.TicketBooked{BookingID: b, CustomerID: c, Currency: currency, Lines: lines},
			domain.BookingCancelled{BookingID: b, CustomerID: c, Lines: lines},
		} {
			name, version, data, err := domain.Codec{}.Encode(record)
			if err != nil {
				t.Fatal(err)
			}
			if want, err := json.Marshal(record); err != nil || !bytes.Equal(data, want) {
				t.Fatalf("encoded\n%s\nby reflection\n%s", data, want)
			}
			for layout, data := range layouts(data) {
				decoded, err := domain.Codec{}.Decode(name, version, []byte(data))
				if err != nil || !domain.Equal(decoded, record) {
					t.Fatalf("%s: %s\ndecoded %+v, %v; want %+v", layout, data, decoded, err, record)
				}
			}
		}
	})
}

// layouts writes the same booking in other ways, some of them as long as the layout that is read by
// hand.
func layouts(data []byte) map[string]string {
	text := string(data)
	parts := strings.SplitN(strings.Trim(text, "{}"), ",", 2)
	ids := func(change func(string) string) string {
		fields := strings.Split(text, `"`)
		fields[3], fields[7] = change(fields[3]), change(fields[7])
		return strings.Join(fields, `"`)
	}
	return map[string]string{
		"as written":      text,
		"reordered":       "{" + parts[1] + "," + parts[0] + "}",
		"with spaces":     " { " + strings.NewReplacer(":", " : ", ",", "\n,\t").Replace(strings.Trim(text, "{}")) + " } ",
		"upper-case ids":  ids(strings.ToUpper),
		"ids in braces":   ids(func(id string) string { return "{" + id + "}" }),
		"bare ids":        ids(func(id string) string { return strings.ReplaceAll(id, "-", "") }),
		"escaped":         ids(func(id string) string { return fmt.Sprintf(`\u%04x`, id[0]) + id[1:] }),
		"more fields":     text[:len(text)-1] + `,"seat":"12B"}`,
		"case of keys":    strings.Replace(text, "bookingId", "BOOKINGID", 1),
		"the last counts": `{"bookingId":"00000000-0000-0000-0000-000000000001",` + text[1:],
	}
}

// FuzzDecode looks for data that breaks Decode, or that it reads as something which it would not
// read again.
func FuzzDecode(f *testing.F) {
	for name := range stored() {
		typeName, schemaVersion := splitName(f, name)
		f.Add(typeName, schemaVersion, readGolden(f, name))
		for _, data := range []string{"", "null", "{}", "[]", `{"details":null}`,
			`{"details":{"startsAt":"9999-12-31T23:30:00-01:00"}}`} {
			f.Add(typeName, schemaVersion, []byte(data))
		}
	}
	f.Fuzz(func(t *testing.T, name string, schemaVersion int16, data []byte) {
		record, err := domain.Codec{}.Decode(name, schemaVersion, data)
		if err != nil {
			if record != nil {
				t.Errorf("decoded %+v beside the error %v", record, err)
			}
			return
		}
		gotName, newest, again, err := domain.Codec{}.Encode(record)
		if err != nil || gotName != name || newest < schemaVersion {
			t.Fatalf("%s v%d %s\ndecodes to %+v, which encodes as %s v%d, %v", name, schemaVersion, data, record, gotName,
				newest, err)
		}
		if reread, err := (domain.Codec{}).Decode(gotName, newest, again); err != nil || !domain.Equal(reread, record) {
			t.Errorf("%s\ndecodes to %+v, which encodes as\n%s\nwhich decodes to %+v, %v", data, record, again, reread, err)
		}
		domain.Fold(record).Evolve(record)
	})
}

func splitName(tb testing.TB, name string) (typeName string, schemaVersion int16) {
	tb.Helper()
	typeName, digits, _ := strings.Cut(name, ".v")
	version, err := strconv.ParseInt(digits, 10, 16)
	if err != nil {
		tb.Fatalf("%s is not named <Type>.v<version>", name)
	}
	return typeName, int16(version)
}

func readGolden(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "records", name+".json"))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

func BenchmarkDecodeBooking(b *testing.B) {
	for _, r := range []domain.Record{domain.TicketBooked{BookingID: first, CustomerID: ann}, booked(first, ann)} {
		_, version, written, err := domain.Codec{}.Encode(r)
		if err != nil {
			b.Fatal(err)
		}
		for name, data := range map[string][]byte{"by hand": written, "by reflection": append([]byte{' '}, written...)} {
			b.Run(fmt.Sprintf("version %d, %s", version, name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := (domain.Codec{}).Decode(domain.TypeTicketBooked, version, data); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
