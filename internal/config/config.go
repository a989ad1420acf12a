// Package config is everything that can be configured: read from the environment, from a .env file
// in the working directory and from flags. Flags win over the environment, and the environment over
// the file. All mistakes are reported together. Values are plain; what a package makes of them is
// checked by a [Check], which the commands that use the package hand in.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/joho/godotenv"
)

// Config holds the values. The tag "doc" is what help texts say; "min" marks a lowest number.
type Config struct {
	DatabaseURL string `env:"DATABASE_URL" doc:"PostgreSQL to use; empty: the program runs its own"`
	ReadURL     string `env:"DATABASE_READ_URL" doc:"streaming replicas that lists, events, bookings and the audit are read from: one address with a host for each, separated by commas, such as postgres://user:password@replica1,replica2/booking_db; empty: none"`
	DataDir     string `env:"DATA_DIR" doc:"where the program's own PostgreSQL and secrets live; empty: a directory of the user's"`
	PostgresBin string `env:"POSTGRES_BIN" doc:"directory with initdb and postgres; empty: searched for"`

	Host    string `env:"HOST" envDefault:"127.0.0.1" doc:"address to listen on; 0.0.0.0 for all"`
	APIPort int    `env:"API_PORT" envDefault:"3001" doc:"port of the API; 0: any free one"`
	WebPort int    `env:"WEB_PORT" envDefault:"3000" doc:"port of the web UI; 0: any free one"`
	APIURL  string `env:"NEXT_PUBLIC_API_URL" envDefault:"http://localhost:3001" doc:"where the command web finds the API"`

	EventBusURL string `env:"EVENT_BUS_URL" doc:"NATS servers with JetStream, separated by commas, to which the log is published; empty: none"`

	MetricsPort    int    `env:"METRICS_PORT" envDefault:"0" doc:"port of Prometheus metrics and profiles; 0: none"`
	MetricsHost    string `env:"METRICS_HOST" envDefault:"127.0.0.1" doc:"address that METRICS_PORT listens on; keep it private"`
	TracesExporter string `env:"OTEL_TRACES_EXPORTER" envDefault:"none" doc:"otlp, console or none; the other OTEL_ variables of OpenTelemetry say where to and how"`

	AccessSecret          string `env:"JWT_ACCESS_SECRET" doc:"signs access tokens; made and kept in DATA_DIR when the program runs its own PostgreSQL" secret:"yes"`
	RefreshSecret         string `env:"JWT_REFRESH_SECRET" doc:"signs refresh tokens; made and kept likewise" secret:"yes"`
	PreviousAccessSecret  string `env:"JWT_ACCESS_SECRET_PREVIOUS" doc:"the former secret, still accepted while the secret is being changed" secret:"yes"`
	PreviousRefreshSecret string `env:"JWT_REFRESH_SECRET_PREVIOUS" doc:"likewise" secret:"yes"`

	FrontendOrigin []string      `env:"FRONTEND_ORIGIN" envDefault:"http://localhost:3000" doc:"origins that may call the API from a browser, separated by commas; links in mails lead to the first; when it is not set, its port is WEB_PORT"`
	BookingDelay   time.Duration `env:"BOOKING_DELAY" envDefault:"1s" doc:"time a booking spends inside its transaction"`
	HoldTime       time.Duration `env:"HOLD_TIME" envDefault:"10m" doc:"time for which tickets are held, and offered to those on a waiting list"`
	Payments       string        `env:"PAYMENTS_SIMULATED" envDefault:"ok" doc:"what simulated payments for holds do: ok, slow (5 s) or fail"`
	ShutdownDelay  time.Duration `env:"SHUTDOWN_DELAY" envDefault:"0s" doc:"after SIGTERM: time in which /readyz is 503 and requests are still served, so that a balancer can notice"`
	Transactions   int           `env:"BOOKING_TRANSACTIONS" envDefault:"32" min:"1" doc:"booking transactions that may be open at once"`
	Queue          int           `env:"BOOKING_QUEUE" envDefault:"50000" min:"1" doc:"commands that may wait for a transaction before more are refused as busy"`
	ReadConns      int           `env:"READ_CONNECTIONS" envDefault:"12" min:"2" doc:"database connections for reading; searches for events use half of them at most"`
	Sockets        int           `env:"WS_CONNECTIONS" envDefault:"10000" min:"1" doc:"WebSocket connections at once"`
	AddressSockets int           `env:"WS_ADDRESS_CONNECTIONS" envDefault:"1000" min:"1" doc:"WebSocket connections at once of one network address"`

	RateLimits     Switch   `env:"RATE_LIMITS" envDefault:"on" doc:"on or off"`
	BookingLimit   Rate     `env:"RATE_LIMIT_BOOKING" envDefault:"300/1m" doc:"bookings per user, as many cancellations, and as many uploads of pictures"`
	ReadingLimit   Rate     `env:"RATE_LIMIT_READING" envDefault:"6000/1m" doc:"lists, events and bookings that are read per user"`
	EventLimit     Rate     `env:"RATE_LIMIT_EVENT_ADDRESS" envDefault:"3000/1h" doc:"tickets of one event that are booked per network address, which a school or an office shares"`
	AddressLimit   Rate     `env:"RATE_LIMIT_ADDRESS" envDefault:"2400/1m" doc:"registrations per network address, as many logins, as many refreshes, challenges of proofs of work and API keys that do not exist"`
	LoginLimit     Rate     `env:"RATE_LIMIT_LOGIN" envDefault:"20/10m" doc:"failed logins per e-mail and network address"`
	TrustedProxies []string `env:"TRUSTED_PROXIES" doc:"networks such as 10.0.0.0/8, separated by commas, whose X-Forwarded-For and X-Forwarded-Proto are believed"`
	AllowPlainHTTP bool     `env:"ALLOW_PLAIN_HTTP" envDefault:"false" doc:"true: people may sign in over plain http from anywhere; otherwise APP_ENV=production refuses that, except on the machine itself"`

	SMTPURL  string `env:"SMTP_URL" doc:"mail server that mails are sent through, such as smtp://user:password@mail.example.com:587, encrypted by STARTTLS unless ?tls=opportunistic or ?tls=none follows, or smtps:// for TLS from the start; empty: no mails are sent" secret:"yes"`
	MailFrom string `env:"MAIL_FROM" doc:"who mails are from, such as Boxoffice <tickets@example.com>"`
	MailRate Rate   `env:"MAIL_RATE" envDefault:"20/1s" doc:"mails that are sent at most; mail servers have limits"`

	WebhookPrivate bool `env:"WEBHOOK_ALLOW_PRIVATE" envDefault:"false" doc:"true: webhooks may use http and private addresses, such as those of this machine or its network; organizers choose the addresses"`

	RequireVerifiedEmail *bool `env:"REQUIRE_VERIFIED_EMAIL" doc:"true: only people who have verified their e-mail address book, by the link in a mail or, where none are sent, by an operator with user verify; empty: true with APP_ENV=production and SMTP_URL, false otherwise"`

	RegisterWithProofOfWork bool `env:"REGISTER_WITH_PROOF_OF_WORK" envDefault:"false" doc:"true: registering needs a proof of work, about a second of computing in the browser, which makes thousands of accounts expensive; each event can ask for the same at bookings"`

	AuditKey        string        `env:"AUDIT_SIGNING_KEY" doc:"signs checkpoints of the log, and tickets; random, at least 32 bytes; made and kept in DATA_DIR when it is not set" secret:"yes"`
	AuditPublicKeys []string      `env:"AUDIT_PUBLIC_KEYS" doc:"further keys whose checkpoints and tickets are believed, separated by commas; after the signing key was changed, tickets are refused without the old one"`
	AuditWitnesses  []string      `env:"AUDIT_WITNESS" doc:"places outside of the database that get every signed checkpoint, separated by commas: absolute paths of files, which lines are appended to, and http or https addresses, which lines are posted to" secret:"yes"`
	AuditInterval   time.Duration `env:"AUDIT_INTERVAL" envDefault:"1m" doc:"time between checkpoints of the log"`

	LogLevel slog.Level `env:"LOG_LEVEL" envDefault:"info" doc:"debug, info, warn or error"`
	AppEnv   string     `env:"APP_ENV" envDefault:"development" doc:"development or production"`
}

// Production tells whether real people use this system.
func (c Config) Production() bool { return c.AppEnv == "production" }

// VerifiedEmailRequired tells whether people have to verify their e-mail address before they book.
func (c Config) VerifiedEmailRequired() bool {
	if c.RequireVerifiedEmail != nil {
		return *c.RequireVerifiedEmail
	}
	return c.Production() && c.SMTPURL != ""
}

// Rate is how many requests are served per window of time.
type Rate struct {
	Requests uint64
	Window   time.Duration
}

// UnmarshalText reads a rate such as 300/1m.
func (r *Rate) UnmarshalText(text []byte) error {
	requests, window, _ := strings.Cut(string(text), "/")
	var err1, err2 error
	r.Requests, err1 = strconv.ParseUint(requests, 10, 32)
	r.Window, err2 = time.ParseDuration(window)
	if err1 != nil || err2 != nil || r.Requests == 0 || r.Window < time.Second {
		return errors.New("not a rate")
	}
	return nil
}

// Switch is on or off.
type Switch bool

// UnmarshalText reads on or off.
func (s *Switch) UnmarshalText(text []byte) error {
	switch string(text) {
	case "on":
		*s = true
	case "off":
		*s = false
	default:
		return errors.New("neither on nor off")
	}
	return nil
}

// Variable is one thing that can be configured.
type Variable struct {
	Name    string // of the environment variable
	Flag    string // the same in the form of flags
	Default string
	Doc     string
	Secret  bool // not to be given as a flag, where other users of the machine could read it
}

// Variables lists all of them, in the order of Config.
func Variables() []Variable {
	t := reflect.TypeFor[Config]()
	variables := make([]Variable, 0, t.NumField())
	for i := range t.NumField() {
		tag := t.Field(i).Tag
		name := tag.Get("env")
		variables = append(variables, Variable{
			Name: name, Flag: strings.ToLower(strings.ReplaceAll(name, "_", "-")),
			Default: tag.Get("envDefault"), Doc: tag.Get("doc"), Secret: tag.Get("secret") != "",
		})
	}
	return variables
}

// Check looks at what a package of the program makes of some settings. The errors name the
// variables, and repeat no secret.
type Check func(Config) []error

// Load reads the configuration: flags maps names of variables to the values that were given as
// flags. The error lists all problems, with those that the checks find.
func Load(flags map[string]string, checks ...Check) (Config, error) {
	values, err := godotenv.Read(".env")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Config{}, fmt.Errorf("read .env: %w", err)
	}
	if values == nil {
		values = map[string]string{}
	}
	for name, value := range env.ToMap(os.Environ()) {
		values[name] = value
	}
	for name, value := range flags {
		values[name] = value
	}
	return Parse(values, checks...)
}

// Parse is [Load] for values that are at hand, by name of the variable.
func Parse(values map[string]string, checks ...Check) (Config, error) {
	problems := readSecrets(values)
	for _, v := range Variables() {
		if values[v.Name] == "" { // empty means not set, as in a compose file
			delete(values, v.Name)
		}
	}
	var c Config
	err := env.ParseWithOptions(&c, env.Options{Environment: values})
	var parsing env.AggregateError
	switch {
	case errors.As(err, &parsing):
		for _, e := range parsing.Errors {
			problems = append(problems, readable(e))
		}
	case err != nil:
		problems = append(problems, err)
	}
	if values["FRONTEND_ORIGIN"] == "" && c.WebPort != 0 {
		c.FrontendOrigin = []string{fmt.Sprintf("http://localhost:%d", c.WebPort)}
	}
	problems = append(problems, c.check()...)
	for _, check := range checks {
		problems = append(problems, check(c)...)
	}
	if c.DataDir == "" {
		dir, err := defaultDataDir()
		if err != nil {
			problems = append(problems, fmt.Errorf("DATA_DIR is not set, and there is no directory of the user's: %w", err))
		}
		c.DataDir = dir
	}
	if len(problems) > 0 {
		return Config{}, fmt.Errorf("the configuration has %d problem(s):\n%w", len(problems), errors.Join(problems...))
	}
	return c, nil
}

// readSecrets takes secrets from the files that variables such as JWT_ACCESS_SECRET_FILE name, as
// containers get them. A secret that is given itself wins.
func readSecrets(values map[string]string) (problems []error) {
	for _, v := range Variables() {
		path := values[v.Name+"_FILE"]
		if !v.Secret || values[v.Name] != "" || path == "" {
			continue
		}
		secret, err := os.ReadFile(path) //nolint:gosec // the operator names it
		values[v.Name] = strings.TrimRight(string(secret), "\r\n")
		switch {
		case err != nil:
			problems = append(problems, fmt.Errorf("%s_FILE: %w", v.Name, err))
		case values[v.Name] == "":
			problems = append(problems, fmt.Errorf("%s_FILE: %s is empty", v.Name, path))
		}
	}
	return problems
}

// readable names the variable instead of the Go field, and never the value, which may be a secret.
func readable(err error) error {
	var parse env.ParseError
	if !errors.As(err, &parse) {
		return err
	}
	field, _ := reflect.TypeFor[Config]().FieldByName(parse.Name)
	return fmt.Errorf("%s must be %s", field.Tag.Get("env"), formOf(field.Type))
}

func formOf(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[time.Duration]():
		return "a duration such as 500ms or 1s"
	case reflect.TypeFor[slog.Level]():
		return "one of debug, info, warn and error"
	case reflect.TypeFor[Rate]():
		return "a number of requests and a time, such as 300/1m"
	case reflect.TypeFor[Switch]():
		return "on or off"
	case reflect.TypeFor[bool](), reflect.TypeFor[*bool]():
		return "true or false"
	}
	return "a whole number"
}

func defaultDataDir() (string, error) {
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "boxoffice"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, ".local", "share", "boxoffice"), nil
}
