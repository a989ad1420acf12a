package config

import (
	"errors"
	"flag"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

func TestNothingNeedsToBeConfigured(t *testing.T) {
	t.Parallel()
	c, err := Parse(map[string]string{})
	if err != nil {
		t.Fatal(err)
	}
	if c.APIPort != 3001 || c.WebPort != 3000 || c.BookingDelay != time.Second || c.LogLevel != slog.LevelInfo ||
		c.DataDir == "" || c.Host != "127.0.0.1" {
		t.Errorf("unexpected defaults: %+v", c)
	}
}

func TestAllProblemsAreListedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := Parse(map[string]string{
		"DATABASE_URL": "postgres://user:hunter2@host:no-port/db", "API_PORT": "x", "WEB_PORT": "70000", "BOOKING_DELAY": "2",
		"LOG_LEVEL": "loud", "FRONTEND_ORIGIN": "localhost", "APP_ENV": "test", "BOOKING_TRANSACTIONS": "0",
		"METRICS_PORT": "70000", "OTEL_TRACES_EXPORTER": "zipkin",
	}, func(Config) []error { return []error{errors.New("CHECKED is wrong")} })
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		"DATABASE_URL is not", "API_PORT must be a whole number", "WEB_PORT must be a port",
		"BOOKING_DELAY must be a duration",
		"LOG_LEVEL must be one of", "FRONTEND_ORIGIN", "APP_ENV must be", "BOOKING_TRANSACTIONS must be at least 1",
		"METRICS_PORT must be a port", "OTEL_TRACES_EXPORTER must be", "CHECKED is wrong",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not reported in:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a password is repeated: %v", err)
	}
}

func TestOriginsAreNoMoreThanThat(t *testing.T) {
	t.Parallel()
	for _, origin := range []string{"https://a.example?x", "https://a.example#x", "https://user@a.example",
		"https://a.example/", "ftp://a.example"} {
		if _, err := Parse(map[string]string{"FRONTEND_ORIGIN": origin}); err == nil ||
			!strings.Contains(err.Error(), "FRONTEND_ORIGIN") {
			t.Errorf("%s: got %v", origin, err)
		}
	}
}

func TestTheTwoSecretsDiffer(t *testing.T) {
	t.Parallel()
	if _, err := Parse(map[string]string{"JWT_ACCESS_SECRET": "the same secret for both",
		"JWT_REFRESH_SECRET": "the same secret for both"}); err == nil {
		t.Error("one secret for both kinds of tokens was accepted")
	}
}

func TestPublicSecretsAreRefusedInProduction(t *testing.T) {
	t.Parallel()
	values := map[string]string{
		"DATABASE_URL":       "postgres://localhost/booking_db",
		"JWT_ACCESS_SECRET":  "development-only-access-secret-that-everybody-knows",
		"JWT_REFRESH_SECRET": "development-only-refresh-secret-that-everybody-knows",
		"AUDIT_SIGNING_KEY":  "development-only-audit-signing-key-that-everybody-knows",
	}
	if _, err := Parse(maps.Clone(values)); err != nil {
		t.Fatal(err)
	}
	values["APP_ENV"] = "production"
	// tokens that they signed would be believed, too
	for _, name := range []string{"JWT_ACCESS_SECRET", "JWT_REFRESH_SECRET"} {
		values[name+"_PREVIOUS"] = values[name]
	}
	_, err := Parse(values)
	for _, name := range []string{"JWT_ACCESS_SECRET", "JWT_REFRESH_SECRET", "AUDIT_SIGNING_KEY",
		"JWT_ACCESS_SECRET_PREVIOUS", "JWT_REFRESH_SECRET_PREVIOUS"} {
		if err == nil || !strings.Contains(err.Error(), name+" is one that stood in docker-compose.yml") {
			t.Errorf("%s was accepted in production: %v", name, err)
		}
	}
}

func TestTheComposeFileConfiguresWhatThereIs(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("..", "..", "docker-compose.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var compose struct {
		Services map[string]struct{ Environment map[string]string }
	}
	if err := yaml.Unmarshal(data, &compose); err != nil {
		t.Fatal(err)
	}
	for _, service := range []string{"api", "web"} {
		unknown := maps.Clone(compose.Services[service].Environment)
		if len(unknown) == 0 {
			t.Fatalf("service %s has no environment", service)
		}
		for _, v := range Variables() {
			// What the program would make and keep in a file is lost with a container, and a
			// read-only one has no place for it.
			isMade := v.Secret && !strings.HasSuffix(v.Name, "_PREVIOUS") && v.Name != "AUDIT_WITNESS" && v.Name != "SMTP_URL"
			if _, given := unknown[v.Name+"_FILE"]; service == "api" && isMade && !given {
				t.Errorf("service api has no %s_FILE", v.Name)
			}
			rotates := strings.HasSuffix(v.Name, "_PREVIOUS") || v.Name == "AUDIT_PUBLIC_KEYS"
			if _, given := unknown[v.Name]; service == "api" && rotates && !given {
				t.Errorf("the secrets of service api can't be changed without %s", v.Name)
			}
			delete(unknown, v.Name)
			if v.Secret {
				delete(unknown, v.Name+"_FILE")
			}
		}
		delete(unknown, "PGPASSFILE") // the driver's: https://www.postgresql.org/docs/current/libpq-pgpass.html
		if len(unknown) > 0 {
			t.Errorf("service %s sets what does not exist: %v", service, unknown)
		}
	}
}

func TestTheComposeFileHasNoPublicSecretAndNoOpenPort(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("..", "..", "docker-compose.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var compose struct {
		Services map[string]struct {
			Environment map[string]string
			Ports       []string
			Networks    map[string]struct {
				Address string `yaml:"ipv4_address"`
			}
		}
	}
	if err := yaml.Unmarshal(data, &compose); err != nil {
		t.Fatal(err)
	}
	withDefault := regexp.MustCompile(`^\$\{[A-Z_]+:-[^}]+\}$`)
	for name, service := range compose.Services {
		for variable, value := range service.Environment {
			isSecret := regexp.MustCompile(`(SECRET|PASSWORD|_KEY)$`).MatchString(variable)
			if isSecret && withDefault.MatchString(value) {
				t.Errorf("service %s has a public default for %s", name, variable)
			}
		}
		for _, port := range service.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") && !strings.HasPrefix(port, "${PUBLISH_ADDRESS:-127.0.0.1}:") {
				t.Errorf("service %s publishes %s for everybody", name, port)
			}
		}
	}
	web := compose.Services["web"].Networks["default"].Address
	if trusted := compose.Services["api"].Environment["TRUSTED_PROXIES"]; web == "" || trusted != web+"/32" {
		t.Errorf("service api trusts %q, want the address of web alone, %q", trusted, web)
	}
}

func TestSecretsCanBeInFiles(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("kept in a file, not in the environment\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Parse(map[string]string{"JWT_ACCESS_SECRET_FILE": path, "JWT_ACCESS_SECRET": ""})
	if err != nil || c.AccessSecret != "kept in a file, not in the environment" {
		t.Errorf("got %q, %v", c.AccessSecret, err)
	}
	c, err = Parse(map[string]string{"JWT_ACCESS_SECRET_FILE": path, "JWT_ACCESS_SECRET": "given itself"})
	if err != nil || c.AccessSecret != "given itself" {
		t.Errorf("with both: got %q, %v", c.AccessSecret, err)
	}
	if err := os.WriteFile(path, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{path, path + ".missing"} {
		if _, err := Parse(map[string]string{"AUDIT_SIGNING_KEY_FILE": wrong}); err == nil ||
			!strings.Contains(err.Error(), "AUDIT_SIGNING_KEY_FILE") {
			t.Errorf("%s: got %v", wrong, err)
		}
	}
	if _, err := Parse(map[string]string{"HOST_FILE": path + ".missing"}); err != nil {
		t.Errorf("only secrets are read from files: %v", err)
	}
}

func TestFlagsWinOverTheEnvironmentAndThatOverTheFile(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile(".env", []byte("API_PORT=1001\nWEB_PORT=1002\nBOOKING_DELAY=3s\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("WEB_PORT", "2002")
	t.Setenv("BOOKING_DELAY", "4s")
	c, err := Load(map[string]string{"BOOKING_DELAY": "5s"})
	if err != nil {
		t.Fatal(err)
	}
	if c.APIPort != 1001 || c.WebPort != 2002 || c.BookingDelay != 5*time.Second {
		t.Errorf("got %d, %d, %s; want 1001, 2002, 5s", c.APIPort, c.WebPort, c.BookingDelay)
	}
	if origin := c.FrontendOrigin[0]; origin != "http://localhost:2002" { // that links in mails lead to
		t.Errorf("the web UI is at %s", origin)
	}
}

func TestTheExampleNamesEveryVariableAndNoOther(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("..", "..", ".env.example"))
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{"NEXT_PUBLIC_API_URL": true} // the web UI's
	for _, m := range regexp.MustCompile(`(?m)^(?:# )?([A-Z_]+)=`).FindAllStringSubmatch(string(data), -1) {
		named[m[1]] = true
	}
	for _, v := range Variables() {
		if !named[v.Name] {
			t.Errorf(".env.example does not name %s", v.Name)
		}
		delete(named, v.Name)
	}
	delete(named, "NEXT_PUBLIC_API_URL")
	if len(named) > 0 {
		t.Errorf(".env.example names what does not exist: %v", named)
	}
}

var update = flag.Bool("update", false, "write docs/operations/configuration.md anew")

func TestTheDocumentedSettingsAreThese(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "docs", "operations", "configuration.md")
	want := strings.Builder{}
	want.WriteString("# Configuration\n\n<!-- Written by `go test ./internal/config -update`. -->\n\n" +
		"Each setting is an environment variable, a line of a file `.env` in the working directory, and a flag of\n" +
		"every command (`API_PORT` is `--api-port`). Secrets have no flag, because other users of the machine could\n" +
		"read it; a file can hold one instead, which `JWT_ACCESS_SECRET_FILE` and so on name. A flag overrides the\n" +
		"environment, and the environment overrides `.env`. An empty value means that the setting is not set.\n" +
		"`boxoffice serve` reports all mistakes at once.\n\n" +
		"| variable | default | what |\n| --- | --- | --- |\n")
	for _, v := range Variables() {
		value := ""
		if v.Default != "" {
			value = "`" + v.Default + "`"
		}
		doc := v.Doc
		if v.Secret {
			doc += " (secret)"
		}
		want.WriteString("| `" + v.Name + "` | " + value + " | " + doc + " |\n")
	}
	if *update {
		if err := os.WriteFile(path, []byte(want.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want.String() {
		t.Errorf("%s is out of date; `go test ./internal/config -update` writes it anew", path)
	}
}
