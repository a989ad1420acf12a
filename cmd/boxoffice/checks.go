package main

import (
	"errors"
	"fmt"

	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/bus"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/replica"
	"github.com/boxoffice/boxoffice/reactors/mail"
)

// load reads the configuration, checked for the packages that a command uses. The error lists all
// problems.
func (a *app) load(checks ...config.Check) (config.Config, error) {
	return config.Load(a.flags, checks...)
}

// minProductionSecret is as long as the hash of HS256. Shorter secrets can be found by trying, and
// who has found one signs in as anybody.
const minProductionSecret = 32

// checkSecrets is for programs that sign tokens.
func checkSecrets(c config.Config) (problems []error) {
	least, advice := account.MinSecretBytes, ""
	if c.Production() {
		least, advice = minProductionSecret, " with APP_ENV=production; `openssl rand -base64 32` makes one"
	}
	for _, s := range []struct {
		name, value string
		needed      bool
	}{
		{"JWT_ACCESS_SECRET", c.AccessSecret, true},
		{"JWT_REFRESH_SECRET", c.RefreshSecret, true},
		{"JWT_ACCESS_SECRET_PREVIOUS", c.PreviousAccessSecret, false},
		{"JWT_REFRESH_SECRET_PREVIOUS", c.PreviousRefreshSecret, false},
	} {
		switch {
		case s.value == "" && s.needed && c.DatabaseURL != "":
			problems = append(problems, fmt.Errorf(
				"%s is needed with DATABASE_URL: all processes of one database sign with the same secret", s.name))
		case c.Production() && config.PublicSecret(s.value) != "": // config tells of it
		case s.value != "" && len(s.value) < least:
			problems = append(problems, fmt.Errorf("%s must have at least %d bytes%s", s.name, least, advice))
		}
	}
	return problems
}

func checkAudit(c config.Config) (problems []error) {
	if c.AuditKey != "" && len(c.AuditKey) < audit.MinKeyBytes {
		problems = append(problems, fmt.Errorf("AUDIT_SIGNING_KEY must have at least %d bytes", audit.MinKeyBytes))
	}
	if _, err := audit.NewKeys("", c.AuditPublicKeys...); err != nil {
		problems = append(problems, fmt.Errorf("AUDIT_PUBLIC_KEYS: %w", err))
	}
	for i, witness := range c.AuditWitnesses {
		if _, err := audit.ParseWitness(witness); err != nil {
			problems = append(problems, fmt.Errorf("AUDIT_WITNESS: number %d: %w", i+1, err))
		}
	}
	return problems
}

func checkBus(c config.Config) []error {
	if c.EventBusURL == "" {
		return nil
	}
	return inVariable("EVENT_BUS_URL", bus.CheckURL(c.EventBusURL))
}

func checkMail(c config.Config) (problems []error) {
	switch {
	case c.SMTPURL == "" && c.MailFrom == "":
		return nil
	case c.SMTPURL == "" || c.MailFrom == "":
		return []error{errors.New("SMTP_URL and MAIL_FROM belong together: set both, or neither")}
	}
	_, err := mail.ParseServer(c.SMTPURL)
	problems = inVariable("SMTP_URL", err)
	_, err = mail.ParseSender(c.MailFrom)
	return append(problems, inVariable("MAIL_FROM", err)...)
}

func checkReplicas(c config.Config) []error {
	switch {
	case c.ReadURL == "":
		return nil
	case c.DatabaseURL == "":
		return []error{errors.New("DATABASE_READ_URL needs DATABASE_URL, whose replicas it names")}
	}
	return inVariable("DATABASE_READ_URL", replica.CheckURL(c.ReadURL))
}

func inVariable(name string, err error) []error {
	if err == nil {
		return nil
	}
	return []error{fmt.Errorf("%s: %w", name, err)}
}
