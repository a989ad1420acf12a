package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// publicSecrets are the beginnings of secrets that everybody knows: the defaults of an earlier
// docker-compose.yml, and placeholders like those of .env.example.
var publicSecrets = []struct{ prefix, where string }{
	{"development-only-", "one that stood in docker-compose.yml"},
	{"your-", "a placeholder as in .env.example"},
	{"your_", "a placeholder as in .env.example"},
	{"change-me", "a placeholder"},
	{"changeme", "a placeholder"},
}

// PublicSecret says where a secret is public; empty: it is not known to be.
func PublicSecret(secret string) (where string) {
	for _, public := range publicSecrets {
		if strings.HasPrefix(strings.ToLower(secret), public.prefix) {
			return public.where
		}
	}
	return ""
}

func (c Config) check() []error {
	var p problems
	p.checkNumbers(c)
	p.checkPorts(c)
	p.unless(isOneOf(c.AppEnv, "development", "production"), "APP_ENV must be development or production")
	p.unless(isOneOf(c.TracesExporter, "otlp", "console", "none"), "OTEL_TRACES_EXPORTER must be otlp, console or none")
	p.unless(isOneOf(c.Payments, "ok", "slow", "fail"), "PAYMENTS_SIMULATED must be ok, slow or fail")
	p.unless(isBetween(c.BookingDelay, 0, time.Minute), "BOOKING_DELAY must be between 0s and 1m")
	p.unless(isBetween(c.HoldTime, time.Second, 24*time.Hour), "HOLD_TIME must be between 1s and 24h")
	p.unless(isBetween(c.ShutdownDelay, 0, time.Minute), "SHUTDOWN_DELAY must be between 0s and 1m")
	p.unless(c.AuditInterval >= time.Second, "AUDIT_INTERVAL must be at least 1s")
	p.checkAddresses(c)
	p.checkSecrets(c)
	return p
}

// problems collects what is wrong.
type problems []error

func (p *problems) unless(ok bool, format string, args ...any) {
	if !ok {
		*p = append(*p, fmt.Errorf(format, args...))
	}
}

func isOneOf(value string, allowed ...string) bool { return slices.Contains(allowed, value) }

func isBetween(d, least, most time.Duration) bool { return d >= least && d <= most }

// checkNumbers checks the numbers whose field has a tag min.
func (p *problems) checkNumbers(c Config) {
	value := reflect.ValueOf(c)
	for i := range value.NumField() {
		var least int
		tag := value.Type().Field(i).Tag
		if _, err := fmt.Sscan(tag.Get("min"), &least); err == nil {
			p.unless(int(value.Field(i).Int()) >= least, "%s must be at least %d", tag.Get("env"), least)
		}
	}
}

func (p *problems) checkPorts(c Config) {
	for name, port := range map[string]int{"API_PORT": c.APIPort, "WEB_PORT": c.WebPort, "METRICS_PORT": c.MetricsPort} {
		p.unless(port >= 0 && port <= 65535, "%s must be a port, from 0 to 65535", name)
	}
	p.unless(c.APIPort == 0 || c.APIPort != c.WebPort, "API_PORT and WEB_PORT must differ")
	p.unless(c.MetricsPort == 0 || c.MetricsPort != c.APIPort && c.MetricsPort != c.WebPort,
		"METRICS_PORT must differ from API_PORT and WEB_PORT")
}

func (p *problems) checkAddresses(c Config) {
	if c.DatabaseURL != "" {
		_, err := pgx.ParseConfig(c.DatabaseURL)
		// Without err, which repeats the address.
		p.unless(err == nil, "DATABASE_URL is not an address of a PostgreSQL database, such as "+
			"postgres://user:password@localhost:5432/booking_db")
	}
	for _, origin := range c.FrontendOrigin {
		u, err := url.Parse(origin)
		isOrigin := err == nil && u.Host != "" && isOneOf(u.Scheme, "http", "https") && origin == u.Scheme+"://"+u.Host
		p.unless(isOrigin, "FRONTEND_ORIGIN: %q is not an origin such as https://tickets.example.com", origin)
	}
	for _, network := range c.TrustedProxies {
		_, err := netip.ParsePrefix(network)
		p.unless(err == nil, "TRUSTED_PROXIES: %q is not a network such as 10.0.0.0/8", network)
	}
}

func (p *problems) checkSecrets(c Config) {
	for name, secret := range map[string]string{
		"JWT_ACCESS_SECRET": c.AccessSecret, "JWT_REFRESH_SECRET": c.RefreshSecret, "AUDIT_SIGNING_KEY": c.AuditKey,
		"JWT_ACCESS_SECRET_PREVIOUS": c.PreviousAccessSecret, "JWT_REFRESH_SECRET_PREVIOUS": c.PreviousRefreshSecret,
	} {
		where := PublicSecret(secret)
		p.unless(!c.Production() || where == "",
			"%s is %s, which everybody knows; `openssl rand -base64 32` makes one", name, where)
	}
	p.unless(c.AccessSecret == "" || c.AccessSecret != c.RefreshSecret,
		"JWT_ACCESS_SECRET and JWT_REFRESH_SECRET must differ")
}
