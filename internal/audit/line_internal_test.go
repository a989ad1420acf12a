package audit

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
)

// aStream is an exported stream with one booking, made without a database.
func aStream(tb testing.TB, f Format) string {
	tb.Helper()
	at := time.Date(2030, 1, 1, 0, 0, 0, 123456000, time.UTC)
	details := domain.Details{Title: "T", Venue: "V", StartsAt: at.AddDate(1, 0, 0), TimeZone: "UTC",
		Currency: "EUR", TicketTypes: domain.GeneralAdmission(0)}
	stream := uuid.New()
	var out bytes.Buffer
	var previous eventstore.Hash
	for i, r := range []domain.Record{domain.EventScheduled{Details: details, Capacity: 2},
		domain.TicketBooked{BookingID: uuid.New(), CustomerID: uuid.New()}} {
		name, schema, data, err := domain.Codec{}.Encode(r)
		if err != nil {
			tb.Fatal(err)
		}
		l := Line{Record: eventstore.Record{
			Position: int64(i + 1), StreamID: stream, Version: i + 1, Type: name, SchemaVersion: schema, RecordedAt: at,
			Data: data, Metadata: []byte("{}"),
		}, PreviousHash: previous}
		l.Hash = l.Sum(previous)
		previous = l.Hash
		out.Write(append(l.appendIn(nil, f), '\n'))
	}
	return out.String()
}

func TestALineThatIsReadInTwoWaysIsRefused(t *testing.T) {
	for _, f := range []Format{JSONL, CloudEvents} {
		whole := aStream(t, f)
		if r, err := VerifyExport(strings.NewReader(whole), nil, ""); err != nil || !r.OK() || r.Records != 2 {
			t.Fatalf("%s: got %+v, %v", f, r, err)
		}
		versionOf := map[Format]string{JSONL: `"version":2`, CloudEvents: `"streamversion":2`}[f]
		for name, c := range map[string]struct{ old, by string }{
			"a member twice": {versionOf, `"recordedAt":"2031-01-01T00:00:00Z",` + versionOf},
			"a member in other letters": {versionOf,
				strings.ToUpper(versionOf[:2]) + versionOf[2:len(versionOf)-1] + `7,` + versionOf},
			"a member that is not ours":   {versionOf, `"note":"refunded",` + versionOf},
			"a version beyond the hash's": {versionOf, versionOf[:len(versionOf)-1] + "4294967298"},
			"a time beyond the hash's":    {"00.123456Z", "00.123456789Z"},
			"space":                       {versionOf, " " + versionOf},
		} {
			first, second, _ := strings.Cut(whole, "\n")
			changed := strings.Replace(second, c.old, c.by, 1)
			if changed == second {
				t.Fatalf("%s, %s: nothing was changed in %s", f, name, second)
			}
			if r, err := VerifyExport(strings.NewReader(first+"\n"+changed), nil, ""); err == nil ||
				!strings.Contains(err.Error(), "line 2") {
				t.Errorf("%s, %s: got %+v, %v", f, name, r, err)
			}
		}
	}
}

// Every input is accepted or refused without a panic, and repeated members are refused.
func FuzzVerifyExport(f *testing.F) {
	for _, format := range []Format{JSONL, CloudEvents} {
		whole := aStream(f, format)
		f.Add([]byte(whole))
		f.Add([]byte(strings.Replace(whole, `:1,`, `:9223372036854775807,`, 1)))
		f.Add([]byte(strings.Replace(whole, `"metadata"`, `"Metadata":"","metadata"`, 1)))
		f.Add([]byte(strings.Replace(whole, `"capacity":2`, `"capacity":-2`, 1)))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := VerifyExport(bytes.NewReader(file), nil, "")
		if err != nil || !r.OK() {
			return
		}
		if r.Missing < 0 || r.Streams > int(r.Records) {
			t.Errorf("got %+v", r)
		}
		for line := range bytes.Lines(file) {
			if name := twice(bytes.TrimSpace(line)); name != "" {
				t.Errorf("there are two members %s", name)
			}
		}
	})
}

// twice is the name of a member that an object has more than once, whatever its letters' case.
func twice(object []byte) string {
	members := json.NewDecoder(bytes.NewReader(object))
	_, _ = members.Token()
	names := map[string]bool{}
	for members.More() {
		name, _ := members.Token()
		text, _ := name.(string)
		if text = strings.ToLower(text); names[text] {
			return text
		}
		names[text] = true
		var value json.RawMessage
		if members.Decode(&value) != nil {
			break
		}
	}
	return ""
}
