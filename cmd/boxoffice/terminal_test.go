package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/projections"
	"github.com/boxoffice/boxoffice/projections/engine"
)

func TestTextOfOthersIsPrintable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "",
		"Été à Zürich, 音楽の夜 — 🎷":          "Été à Zürich, 音楽の夜 — 🎷",
		"wide\u3000and\u00a0fixed spaces": "wide\u3000and\u00a0fixed spaces",
		`C:\new`:                          `C:\new`,
		"\x1b[2J\x1b[31m":                 `\x1b[2J\x1b[31m`,
		"\x1b]52;c;cm0gLXJm\a":            `\x1b]52;c;cm0gLXJm\x07`,
		"a\n  9  forged row\r\ttab":       `a\n  9  forged row\r\ttab`,
		"\u202eesrever\u202c":             `\u202eesrever\u202c`,
		"\u2066isolated\u2069\u200e":      `\u2066isolated\u2069\u200e`,
		"one\u2028two\u2029":              `one\u2028two\u2029`,
		"\u0085\u009b31m":                 `\u0085\u009b31m`,
		"\x00\x7f":                        `\x00\x7f`,
		"bad \xff\xc3":                    `bad \xff\xc3`,
		"\ufffd kept":                     "\ufffd kept",
		"tag \U000e0041":                  `tag \U000e0041`,
	} {
		if got := printable(text); got != want {
			t.Errorf("printable(%q) is %q, want %q", text, got, want)
		}
	}
	if got, want := printableLines("ours:\n  \x1b[2J"), "ours:\n  \\x1b[2J"; got != want {
		t.Errorf("printableLines: %q, want %q", got, want)
	}
	if got, want := cell("\n\n\n", 4), `\n\…`; got != want {
		t.Errorf("cell: %q, want %q", got, want)
	}
}

// Such titles are refused today, and older records may have them.
func TestNoTitleWritesToTheAuditorsTerminal(t *testing.T) {
	t.Parallel()
	url, dir := newDatabase(t), t.TempDir()
	ctx := context.Background()
	pool := dbtest.Connect(t, url)
	const evil = "Evil\x1b[2J\x1b]52;c;cm0gLXJm\a\n        9       9  2031-01-01 00:00:00  forged\u202e\u2028\u009b31m"
	details := domain.Details{
		Title: evil, Description: evil, Venue: evil, TimeZone: "UTC\x1b[2J",
		StartsAt: time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC),
		Currency: "EUR", TicketTypes: domain.GeneralAdmission(1),
	}
	other := details
	other.Title, other.Description, other.Venue = evil+"!", "!"+evil, "!"+evil
	other.TicketTypes = []domain.TicketType{{ID: 1, Name: evil, Price: 1}, {ID: 2, Name: evil, Price: 1}}
	event, twin := uuid.New(), uuid.New()
	for id, records := range map[uuid.UUID][]domain.Record{
		event: {domain.EventScheduled{Details: details, Capacity: 2}, domain.DetailsChanged{Details: other}},
		twin:  {domain.EventScheduled{Details: details, Capacity: 2}},
	} {
		for version, r := range records {
			name, schema, data, err := domain.Codec{}.Encode(r)
			must(t, err)
			_, err = appendtest.Append(ctx, pool, id, version, appendtest.Record{
				Type: name, SchemaVersion: schema, Data: data, Metadata: eventstore.Metadata{Actor: twin, CorrelationID: evil},
			})
			must(t, err)
		}
	}
	parked, bad := uuid.New(), uuid.New()
	_, err := appendtest.Append(ctx, pool, parked, 0, appendtest.Record{
		Type: "EventScheduled", SchemaVersion: 1, Data: []byte(`"not an object"`),
		Metadata: eventstore.Metadata{Actor: twin, CorrelationID: evil},
	})
	must(t, err)

	tool := func(code int, pattern string, args ...string) {
		t.Helper()
		cmd := command([]string{"DATABASE_URL=" + url, "DATA_DIR=" + dir}, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) || cmd.ProcessState.ExitCode() != code {
			t.Errorf("%s: %v, want exit code %d", args, err, code)
		}
		if !regexp.MustCompile(pattern).Match(out) {
			t.Errorf("%s: want %q in\n%s", args, pattern, printableLines(string(out)))
		}
		for line := range strings.Lines(string(out)) {
			line = strings.TrimSuffix(line, "\n")
			if strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsGraphic(r) }) ||
				strings.HasPrefix(line, "        9 ") {
				t.Errorf("%s wrote the line %q", args, line)
			}
		}
	}
	projecting := dbtest.Connect(t, url, dbtest.MaxConns(engine.RebuildConnections), dbtest.Settings(engine.Session()))
	for _, p := range projections.All() {
		_, err := engine.Rebuild(ctx, p, engine.RebuildOptions{Pool: projecting, Holder: evil})
		must(t, err)
	}
	const escaped = `Evil\\x1b\[2J\\x1b\]52;`
	tool(0, `(?m)^ .* request `+escaped, "projections", "status")
	_, err = pool.Exec(ctx, `update events set remaining = 7`)
	must(t, err)
	tool(1, `(?m)^    in use: .*`+escaped, "projections", "rebuild", "events")
	_, err = pool.Exec(ctx, `update events set remaining = 2`)
	must(t, err)

	_, err = appendtest.Append(ctx, pool, bad, 0, appendtest.Record{
		Type: evil, SchemaVersion: 1, Data: []byte(`{"a":"` + "\u202e\u009b" + `"}`),
		Metadata: eventstore.Metadata{Actor: twin, CorrelationID: evil},
	})
	must(t, err)
	tool(1, escaped, "projections", "rebuild", "bookings")
	tool(0, escaped, "audit", "streams")
	tool(0, escaped, "audit", "show", event.String())
	tool(0, escaped, "audit", "show", event.String(), "--at", "1")
	tool(0, `type 1 +`+escaped, "audit", "show", event.String(), "--at", "2")
	tool(0, escaped, "audit", "diff", event.String(), "1", "2")
	tool(1, escaped, "audit", "fairness", bad.String())
	tool(0, `Evil\\x1b`, "audit", "tail")
	tool(0, escaped, "audit", "show", bad.String())
	tool(1, escaped, "audit", "verify")
	tool(2, escaped, "audit", "show", "Evil")
	tool(0, "nothing is wrong", "audit", "verify", event.String())
	file := filepath.Join(dir, "log.jsonl")
	tool(0, "written", "audit", "export", "-o", file)
	tool(1, escaped, "audit", "verify-export", file)
}

func TestWhatNeedsNoDatabaseStartsNone(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, []byte("{}\n"), 0o600))
	for name, args := range map[string]struct {
		code int
		says string
		args []string
	}{
		"a public key of none": {2, "no signing key", []string{"audit", "checkpoints", "--public-key"}},
		"a public key": {0, `^boxoffice/audit\+`, []string{"audit", "checkpoints", "--public-key",
			"with a key"}},
		"an export":                    {2, "", []string{"audit", "verify-export", file}},
		"a receipt":                    {1, "", []string{"audit", "verify-proof", file}},
		"a checkpoint that is nowhere": {2, "no such file", []string{"audit", "verify", "--checkpoint", file + ".none"}},
		"a key that is none":           {2, "is not the public key", []string{"audit", "verify", "--public-key", "none"}},
		"nothing to look at":           {2, "there is no database in", []string{"audit", "streams"}},
		"nothing to project":           {1, "there is no database in", []string{"projections", "status"}},
		"the address of none":          {1, "not running|no server", []string{"database", "url"}},
		"the version":                  {0, "^boxoffice ", []string{"version"}},
		"the description of the API":   {0, "openapi", []string{"openapi"}},
		"health":                       {1, "", []string{"healthcheck", "http://127.0.0.1:1/"}},
		"help":                         {0, "Usage", []string{"help", "serve"}},
		"help of a group":              {0, "Usage", []string{"audit"}},
		"completion":                   {0, "bash", []string{"completion", "bash"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "data")
			env := []string{"DATA_DIR=" + dir}
			if last := len(args.args) - 1; args.args[last] == "with a key" {
				args.args = args.args[:last]
				env = append(env, "AUDIT_SIGNING_KEY=a secret that is long enough for signing")
			}
			cmd := command(env, args.args...)
			cmd.Dir = t.TempDir()
			out, err := cmd.CombinedOutput()
			if code := cmd.ProcessState.ExitCode(); code != args.code || !regexp.MustCompile(args.says).Match(out) {
				t.Errorf("exit code %d, %v, want %d and %q:\n%s", code, err, args.code, args.says, out)
			}
			if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the data directory was made: %v", err)
			}
		})
	}
}
