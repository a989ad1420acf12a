package main

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/ticket"
	"github.com/boxoffice/boxoffice/projections/engine"
	"github.com/boxoffice/boxoffice/reactors"
	"github.com/boxoffice/boxoffice/reactors/mail"
)

// mails are what a process that sends mails has for it.
type mails struct {
	config   config.Config
	accounts *account.Accounts
	db       *sql.DB
	notifier *engine.Notifier
}

// queue has a letter about an account sent.
func (m *mails) queue(letter account.Letter) error {
	l := mail.Letter{Kind: mail.Kind(letter.Purpose), User: letter.User.ID, Link: letter.Link}
	switch letter.Purpose {
	case account.ResetPurpose:
		l.Kind = mail.ResetPassword
	case account.VerifyPurpose:
		l.Kind = mail.VerifyEmail
	case account.PasswordChanged:
		l.Kind = mail.PasswordChanged
	case account.EmailChanged:
		l.Kind, l.To = mail.EmailChanged, letter.To
	}
	if err := mail.Queue(m.db, l); err != nil {
		return err
	}
	m.notifier.Queued(mail.Topic)
	return nil
}

// Recipient implements [mail.Recipients].
func (m *mails) Recipient(ctx context.Context, id uuid.UUID) (name, email string, err error) {
	user, err := m.accounts.Get(ctx, id)
	if errors.Is(err, account.ErrNotFound) {
		err = mail.ErrNoRecipient
	}
	return user.Name, user.Email, err
}

// Link implements [mail.Recipients].
func (m *mails) Link(ctx context.Context, purpose mail.Kind, id uuid.UUID) (email, page string, err error) {
	token, email, err := m.accounts.Link(ctx, id)
	if errors.Is(err, account.ErrInvalidLink) {
		err = mail.ErrNoRecipient
	}
	of := account.ResetPurpose
	if purpose == mail.VerifyEmail {
		of = account.VerifyPurpose
	}
	return email, linkTo(m.config, of, token), err
}

// withPreviews adds /dev/mails to the API: how each mail looks, for those who work on them.
func withPreviews(api http.Handler, origin string, tickets mail.Tickets, logger *slog.Logger) http.Handler {
	previews, err := mail.Previews(origin, tickets, time.Now)
	if err != nil {
		logger.Error("mails can't be previewed", "error", err)
		return api
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.URL.Path == "/dev/mails" {
			previews.ServeHTTP(w, r)
			return
		}
		api.ServeHTTP(w, r)
	})
}

// ticketCodes signs the codes of tickets in mails; nil: the process has no key.
func (p *parts) ticketCodes() mail.Tickets {
	keys := p.audit.Checkpoints.Keys()
	if keys.Public() == "" {
		return nil
	}
	return ticket.Signer{Keys: keys}
}

// openMails lets this process send mails, where a server for them is configured.
func (p *parts) openMails() {
	if p.config.SMTPURL != "" {
		p.mails = &mails{config: p.config, accounts: p.accounts, db: stdlib.OpenDBFromPool(p.reading), notifier: p.notifier}
	}
}

// delivery is the reactor that sends mails.
func (p *parts) delivery() (none reactors.Reactor, err error) {
	server, err := mail.ParseServer(p.config.SMTPURL)
	if err != nil {
		return none, err
	}
	from, err := mail.ParseSender(p.config.MailFrom)
	if err != nil {
		return none, err
	}
	return mail.Delivery(mail.Options{
		Server: server, From: from, Origin: p.config.FrontendOrigin[0], Recipients: p.mails, Tickets: p.ticketCodes(),
		Rate: int(p.config.MailRate.Requests), Per: p.config.MailRate.Window, //nolint:gosec // 32 bits
		Logger: p.logger, Registerer: p.metrics.Registerer(), Now: time.Now,
	})
}
