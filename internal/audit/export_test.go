package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/dbtest"
)

func (b *box) export(f audit.Format, s audit.Selection) string {
	b.Helper()
	var out bytes.Buffer
	lines, err := audit.Export(b.ctx, b.pool, s, f, &out)
	dbtest.Must(b, err)
	if n := strings.Count(out.String(), "\n"); int64(n) != lines {
		b.Errorf("%d lines were written, and %d reported", n, lines)
	}
	return out.String()
}

var before = regexp.MustCompile(`"previous[hH]ash":"[0-9a-f]{4}`)

func TestAnExportVerifiesWithoutTheDatabase(t *testing.T) {
	b := open(t)
	one, _ := b.sample()
	kept := b.sign().Note
	// What was stored with space and line feeds must come through byte by byte.
	b.tamper(`update event_log set data = ('{"capacity" : 30' || chr(10) || '}')::json where position = 27`)
	b.rehash(one, 1)
	for _, f := range []audit.Format{audit.JSONL, audit.CloudEvents} {
		whole := b.export(f, audit.Selection{})
		r, err := audit.VerifyExport(strings.NewReader(whole), b.keys, "")
		if err != nil || !r.OK() || r.Records != 28 || r.Streams != 2 || r.Format != f || r.First != 1 || r.Last != 28 ||
			r.Missing != 0 || r.Root != b.verify().Root {
			t.Errorf("%s: got %+v, %v", f, r, err)
		}
		r, err = audit.VerifyExport(strings.NewReader(whole), b.keys, kept) // the log has been changed since
		dbtest.Must(t, err)
		b.finds(&audit.Report{Findings: r.Findings}, audit.CheckCheckpoint, 1, "signed over other records")
	}
	b.tamper(`update event_log set data = '{"capacity":20}' where position = 27`)
	b.rehash(one, 1)
	for _, f := range []audit.Format{audit.JSONL, audit.CloudEvents} {
		whole := b.export(f, audit.Selection{})
		if r, err := audit.VerifyExport(strings.NewReader(whole), b.keys, kept); err != nil || !r.OK() || r.SignedUpTo != 28 {
			t.Errorf("%s: got %+v, %v", f, r, err)
		}
		lines := strings.SplitAfter(whole, "\n")
		for name, c := range map[string]struct {
			lines    []string
			check    string
			position int64
		}{
			"a byte is changed":      {edited(lines, 5, `63000000-0000`, `64000000-0000`), audit.CheckHash, 6},
			"a line is taken out":    {append(append([]string{}, lines[:5]...), lines[6:]...), audit.CheckVersion, 7},
			"two lines trade places": {swapped(lines, 5, 6), audit.CheckVersion, 7},
			"a line comes twice":     {append(append([]string{}, lines[:6]...), lines[5:]...), audit.CheckPosition, 6},
			"another hash before": {edited(lines, 5, before.FindString(lines[5]), before.FindString(lines[5])[:16]+"0000"),
				audit.CheckHash, 6},
		} {
			r, err := audit.VerifyExport(strings.NewReader(strings.Join(c.lines, "")), b.keys, "")
			dbtest.Must(t, err)
			if len(r.Findings) == 0 || r.Findings[0].Check != c.check || r.Findings[0].Position != c.position {
				t.Errorf("%s, %s: got %v, want %s at %d", f, name, r.Findings, c.check, c.position)
			}
		}
		for name, part := range map[string]struct {
			s        audit.Selection
			line     int
			position int64
		}{"the first record": {audit.Selection{}, 0, 1}, "a record after a gap": {audit.Selection{Stream: one}, 3, 0}} {
			lines := strings.SplitAfter(b.export(f, part.s), "\n")
			hash := before.FindString(lines[part.line])
			r, err := audit.VerifyExport(strings.NewReader(strings.Join(edited(lines, part.line, hash, hash[:16]+"1234"), "")),
				b.keys, "")
			dbtest.Must(t, err)
			if len(r.Findings) == 0 || r.Findings[0].Check != audit.CheckHash || part.position > 0 &&
				r.Findings[0].Position != part.position {
				t.Errorf("%s: %s names another hash before: got %v", f, name, r.Findings)
			}
		}
		// The end can be cut off without a trace in the file; a checkpoint shows it.
		cut := strings.Join(lines[:26], "")
		if r, err := audit.VerifyExport(strings.NewReader(cut), b.keys, ""); err != nil || !r.OK() {
			t.Errorf("got %+v, %v", r, err)
		}
		r, err := audit.VerifyExport(strings.NewReader(cut), b.keys, kept)
		dbtest.Must(t, err)
		b.finds(&audit.Report{Findings: r.Findings}, audit.CheckCheckpoint, 1, "does not have all positions from 1 to 28")
	}
	if _, err := audit.VerifyExport(strings.NewReader("{}\n"), b.keys, ""); err == nil ||
		!strings.Contains(err.Error(), "line 1") {
		t.Errorf("got %v", err)
	}
}

func edited(lines []string, n int, old, by string) []string {
	lines = append([]string{}, lines...)
	lines[n] = strings.Replace(lines[n], old, by, 1)
	return lines
}

func swapped(lines []string, a, b int) []string {
	lines = append([]string{}, lines...)
	lines[a], lines[b] = lines[b], lines[a]
	return lines
}

func TestPartsOfTheLogCanBeExported(t *testing.T) {
	b := open(t)
	one, _ := b.sample()
	middle := b.happen(one, domain.TicketBooked{BookingID: id('b', 99), CustomerID: id('c', 99)})[0].RecordedAt
	for name, c := range map[string]struct {
		s     audit.Selection
		lines int
	}{
		"a stream":               {audit.Selection{Stream: one}, 15},
		"a range of positions":   {audit.Selection{After: 3, UpTo: 10}, 7},
		"a part of a stream":     {audit.Selection{Stream: one, After: 10, UpTo: 28}, 4},
		"since a time":           {audit.Selection{Since: middle}, 1},
		"until a time":           {audit.Selection{Until: middle}, 28},
		"nothing of that future": {audit.Selection{Since: middle.Add(time.Hour)}, 0},
	} {
		for _, f := range []audit.Format{audit.JSONL, audit.CloudEvents} {
			text := b.export(f, c.s)
			if n := strings.Count(text, "\n"); n != c.lines {
				t.Errorf("%s: got %d lines, want %d", name, n, c.lines)
			}
			if r, err := audit.VerifyExport(strings.NewReader(text), b.keys, ""); err != nil || !r.OK() {
				t.Errorf("%s: got %+v, %v", name, r, err)
			}
		}
	}
	if _, err := audit.Export(b.ctx, b.pool, audit.Selection{}, "xml", &bytes.Buffer{}); err == nil {
		t.Error("a format that there is not")
	}
}

func TestCloudEventsHaveWhatTheSpecificationAsksFor(t *testing.T) {
	b := open(t)
	b.sample()
	name, isName := regexp.MustCompile(`^[a-z0-9]{1,20}$`), map[string]bool{"data_base64": true}
	ids := map[string]bool{}
	for line := range strings.Lines(b.export(audit.CloudEvents, audit.Selection{})) {
		var e map[string]any
		dbtest.Must(t, json.Unmarshal([]byte(line), &e))
		for attribute := range e {
			if !name.MatchString(attribute) && !isName[attribute] {
				t.Errorf("%q can't be the name of an attribute", attribute)
			}
		}
		if e["specversion"] != "1.0" || e["id"] == "" || e["source"] == "" ||
			!strings.HasPrefix(e["type"].(string), "boxoffice.") || ids[e["id"].(string)] {
			t.Errorf("got %s", line)
		}
		ids[e["id"].(string)] = true
		if _, err := time.Parse(time.RFC3339, e["time"].(string)); err != nil {
			t.Error(err)
		}
	}
}

func TestSlowReadersOfAnExportHoldNoConnection(t *testing.T) {
	b := open(t)
	b.sell(id('e', 1), 300) // more than is buffered
	pool := dbtest.Connect(t, b.pool.Config().ConnString(), dbtest.MaxConns(1))
	ctx, cancel := context.WithTimeout(b.ctx, 20*time.Second)
	defer cancel()
	var parts int
	n, err := audit.Export(ctx, pool, audit.Selection{}, audit.JSONL, writer(func(p []byte) (int, error) {
		parts++
		return len(p), pool.Ping(ctx)
	}))
	if err != nil || n != 401 || parts < 2 {
		t.Errorf("exported %d records in %d parts: %v", n, parts, err)
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }
