package main

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

// status sends a request whose answer may have no body.
func (p *process) status(method, path, token, body string) int {
	p.Helper()
	r, err := http.NewRequest(method, p.api+path, strings.NewReader(body))
	must(p, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(r)
	must(p, err)
	defer response.Body.Close() //nolint:errcheck // read to its end
	_, err = io.Copy(io.Discard, response.Body)
	must(p, err)
	return response.StatusCode
}

// The first day in production, and the day on which somebody leaves.
func TestAccountsAreMadeAndChangedBesideARunningServer(t *testing.T) {
	t.Parallel()
	env := []string{
		"DATABASE_URL=" + newDatabase(t), dataDir(t), "APP_ENV=production", "FRONTEND_ORIGIN=https://tickets.example.com",
		"JWT_ACCESS_SECRET=an access secret of 32 bytes or more", "JWT_REFRESH_SECRET=a refresh secret of 32 bytes or more",
	}
	tool := func(stdin string, args ...string) string {
		t.Helper()
		cmd := command(env, append([]string{"user"}, args...)...)
		cmd.Stdin = strings.NewReader(stdin)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("user %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	p := serve(t, env)
	signIn := func(email, password string) string {
		t.Helper()
		token, _ := p.post("/auth/login", "", map[string]string{"email": email, "password": password})["accessToken"].(string)
		return token
	}

	out := tool("", "create", "olga@example.com", "--name", "Olga", "--role", "organizer", "--link")
	pattern := regexp.MustCompile(`https://tickets\.example\.com/reset-password#token=([A-Z2-7]{26,32})\n`)
	link := pattern.FindStringSubmatch(out)
	if link == nil {
		t.Fatalf("there is no link in %s", out)
	}
	confirm := `{"token":"` + link[1] + `","password":"a good passw0rd"}`
	for _, want := range []int{204, 400} {
		if got := p.status("POST", "/auth/password-reset/confirm", "", confirm); got != want {
			t.Errorf("the link got %d, want %d", got, want)
		}
	}
	olga := signIn("olga@example.com", "a good passw0rd")
	event, _ := p.post("/events", olga, map[string]any{"title": "T", "venue": "V", "date": "2100-01-01T00:00:00Z",
		"totalTickets": 1, "price": 1})["id"].(string)
	if event == "" {
		t.Fatal("the first organizer schedules nothing")
	}

	tool("the passw0rd of Carl\n", "create", "carl@example.com", "--name", "Carl", "--password-stdin")
	carl := signIn("carl@example.com", "the passw0rd of Carl")
	if p.post("/book", carl, map[string]string{"eventId": event})["booking"] == nil {
		t.Fatal("a customer books nothing")
	}

	// Within a second, in another process than the one that makes the change.
	refused := func(what, token string) {
		t.Helper()
		if !waittest.Until(5*time.Second, func() bool { return p.status("GET", "/bookings", token, "") == 401 }) {
			t.Errorf("%s: the older access token is accepted", what)
		}
	}
	dora := p.post("/auth/register", "", map[string]string{"email": "dora@example.com", "name": "Dora",
		"password": "the passw0rd of Dora"})["accessToken"].(string)
	verified := func() any { return p.do("GET", "/auth/me", dora, nil)["emailVerified"] }
	if verified() != false {
		t.Error("an address is verified before anybody has said so")
	}
	tool("", "verify", "dora@example.com")
	if verified() != true {
		t.Error("user verify does nothing")
	}
	tool("", "role", "olga@example.com", "auditor")
	refused("role", olga)
	tool("the new passw0rd of Carl\r\n", "reset-password", "carl@example.com", "--password-stdin")
	refused("reset-password", carl)
	carl = signIn("carl@example.com", "the new passw0rd of Carl")
	// As in a letter, the link works once; what it replaces ends with it and not before.
	link = pattern.FindStringSubmatch(tool("", "reset-password", "carl@example.com", "--link"))
	if link == nil || p.status("GET", "/bookings", carl, "") != 200 {
		t.Fatal("there is no link, or the session ended before it was used")
	}
	confirm = `{"token":"` + link[1] + `","password":"the next passw0rd of Carl"}`
	if got := p.status("POST", "/auth/password-reset/confirm", "", confirm); got != 204 {
		t.Errorf("the link got %d", got)
	}
	carl = signIn("carl@example.com", "the next passw0rd of Carl")
	key := func(name string) (id, key string) {
		t.Helper()
		made := p.post("/auth/keys", carl, map[string]any{"name": name, "scopes": []string{"read", "book"},
			"password": "the next passw0rd of Carl"})
		id, _ = made["id"].(string)
		key, _ = made["key"].(string)
		if got := p.status("GET", "/bookings", key, ""); got != 200 {
			t.Errorf("the new key got %d", got)
		}
		return id, key
	}
	printerID, printer := key("Printer")
	_, second := key("Second")
	list := tool("", "keys", "list", "carl@example.com")
	if strings.Contains(list, printer) || !strings.Contains(list, printer[:12]) || strings.Count(list, "\n") != 3 ||
		!strings.Contains(list, "read,book") || !strings.Contains(list, printerID) {
		t.Errorf("the list is\n%s", list)
	}
	tool("", "keys", "revoke", "carl@example.com", printerID)
	refused("keys revoke", printer)
	if list := tool("", "keys", "list", "carl@example.com"); strings.Count(list, "revoked 20") != 1 {
		t.Errorf("the list is\n%s", list)
	}
	for _, id := range []string{printerID, "nonsense"} {
		if out, err := command(env, "user", "keys", "revoke", "carl@example.com", id).CombinedOutput(); err == nil {
			t.Errorf("user keys revoke %s: %s", id, out)
		}
	}
	tool("", "revoke", "carl@example.com")
	refused("revoke", carl)
	refused("revoke", second)
	if logs := p.err.String(); strings.Contains(logs, printer) || strings.Contains(logs, second[12:]) {
		t.Error("the log holds a key")
	}
	carl = signIn("carl@example.com", "the next passw0rd of Carl")
	tool("", "delete", "carl@example.com")
	refused("delete", carl)
	olga = signIn("olga@example.com", "a good passw0rd")
	if left := p.do("GET", "/events/"+event, olga, nil)["remainingTickets"]; left != 1.0 {
		t.Errorf("%v tickets remain, want that of Carl", left)
	}
	out = tool("", "list")
	if !strings.Contains(out, "olga@example.com  auditor   Olga") || strings.Contains(out, "carl") {
		t.Errorf("user list: %s", out)
	}
	must(t, p.stop(os.Interrupt))
}

func TestTheUserCommandsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	url := newDatabase(t)
	for want, args := range map[string][]string{
		`there is no user "nobody@example.com"`: {"role", "nobody@example.com", "auditor"},
		`use --password-stdin or --link`:        {"create", "new@example.com", "--name", "New"},
		`Enter your name.`:                      {"create", "new@example.com", "--link"},
		`among the first that attackers try`:    {"create", "new@example.com", "--name", "New", "--password-stdin"},
		`there is no role "root"`:               {"list", "--role", "root"},
		`Choose customer, organizer, auditor or admin`: {
			"create", "new@example.com", "--name", "New", "--role", "root", "--link",
		},
		`if any flags in the group`: {"create", "new@example.com", "--link", "--password-stdin"},
	} {
		cmd := command(secretsFor(url), append([]string{"user"}, args...)...)
		cmd.Stdin = strings.NewReader("password123\n")
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), want) {
			t.Errorf("user %v: %v\n%s\nwant %s", args, err, out, want)
		}
	}
}

func TestNamesOfPeopleWriteNothingToTheTerminal(t *testing.T) {
	t.Parallel()
	url := newDatabase(t)
	_, err := dbtest.Connect(t, url).Exec(t.Context(), `
		insert into users (id, email, name, role, password_hash, created_at, updated_at)
		values (gen_random_uuid(), e'evil\x1b[2J@example.com', e'Eve\n\x1b]52;c;cm0gLXJm\a', 'customer', '', now(), now())`)
	must(t, err)
	out, err := command(secretsFor(url), "user", "list").Output()
	must(t, err)
	if bytes.ContainsAny(out, "\x1b\a") || bytes.Count(out, []byte("\n")) != 2 || !bytes.Contains(out, []byte(`Eve\n`)) {
		t.Errorf("got %q", out)
	}
}

func TestAPasswordIsAskedForTwice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ first, second, want, wrong string }{
		{"a password 1", "a password 1", "a password 1", ""},
		{"a password 1", "a password 2", "", "differ"},
		{"", "", "", "no password"},
	} {
		answers := []string{c.first, c.second}
		var prompt bytes.Buffer
		got, err := askTwice(&prompt, func() ([]byte, error) {
			answer := answers[0]
			answers = answers[1:]
			return []byte(answer), nil
		})
		if got != c.want || c.wrong == "" && err != nil || c.wrong != "" && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%+v: got %q, %v", c, got, err)
		}
		if prompt.String() != "Password: \nAgain: \n" {
			t.Errorf("the prompt is %q", prompt.String())
		}
	}
	if _, err := askTwice(io.Discard, func() ([]byte, error) { return nil, errors.New("planted") }); err == nil {
		t.Error("an error was lost")
	}
}

func TestAStartInProductionTellsHowToMakeTheFirstOrganizer(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	signer, err := unusedSigner()
	must(t, err)
	accounts, err := account.New(dbtest.Pool(t), signer, account.Options{})
	must(t, err)
	announced := func(environment string) string {
		var out bytes.Buffer
		p := &parts{config: config.Config{AppEnv: environment}, accounts: accounts, logger: slog.New(slog.DiscardHandler)}
		(&app{out: &out}).announceFirstOrganizer(t.Context(), p)
		return out.String()
	}
	if out := announced("development"); out != "" {
		t.Errorf("in development: %s", out)
	}
	if out := announced("production"); !strings.Contains(out, "boxoffice user create") ||
		!strings.Contains(out, "--role organizer") {
		t.Errorf("got %q", out)
	}
	_, err = accounts.Create(t.Context(), account.User{Email: "o@example.com", Name: "Olga", Role: account.Organizer}, "")
	must(t, err)
	if out := announced("production"); out != "" {
		t.Errorf("with an organizer: %s", out)
	}
}

func TestPlainHTTPIsRefusedInProductionOnly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		config config.Config
		want   httpapi.PlainHTTP
	}{
		{config.Config{AppEnv: "development"}, httpapi.PlainHTTPNearby},
		{config.Config{AppEnv: "production"}, httpapi.PlainHTTPRefused},
		{config.Config{AppEnv: "production", AllowPlainHTTP: true}, httpapi.PlainHTTPAllowed},
	} {
		if got := plainHTTP(c.config); got != c.want {
			t.Errorf("%+v: got %v, want %v", c.config, got, c.want)
		}
	}
}

// In production, who reads the log must not be able to sign in as others.
func TestALinkIsLoggedInDevelopmentOnly(t *testing.T) {
	t.Parallel()
	for environment, want := range map[string]bool{"development": true, "production": false} {
		var log bytes.Buffer
		p := &parts{
			config: config.Config{AppEnv: environment, FrontendOrigin: []string{"http://localhost:3000"}},
			logger: slog.New(slog.NewTextHandler(&log, nil)),
		}
		must(t, p.deliver(t.Context(), account.Letter{
			User: account.User{Email: "ann@example.com"}, To: "ann@example.com", Purpose: account.ResetPurpose, Token: "SECRET",
		}))
		if got := strings.Contains(log.String(), "SECRET"); got != want || strings.Contains(log.String(), "ann@") ||
			log.Len() == 0 {
			t.Errorf("%s: %s", environment, log.String())
		}
	}
}
