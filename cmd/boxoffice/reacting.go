package main

import (
	"context"
	"sync"

	wsql "github.com/ThreeDotsLabs/watermill-sql/v3/pkg/sql"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/endpoint"
	"github.com/boxoffice/boxoffice/reactors"
	"github.com/boxoffice/boxoffice/reactors/mail"
	"github.com/boxoffice/boxoffice/reactors/webhook"
)

// reactorsOf are the reactors that a process runs, by name and queue. Mails are queued and sent where
// a server for them is configured.
func reactorsOf(c config.Config) []reactors.Reactor {
	all := webhook.Reactors()
	if c.SMTPURL != "" {
		all = append(all, mail.Reactors()...)
	}
	return all
}

// reactingConns is how many connections they use, with those of reminders and of requests to webhooks.
func reactingConns(c config.Config) int {
	n := reactors.Connections(len(reactorsOf(c))) + webhook.SenderConnections
	if c.SMTPURL != "" {
		n++
	}
	return n
}

// reactorService has webhooks and mails follow from the log.
func (p *parts) reactorService() service {
	return service{
		name: "the reactors",
		open: func(ctx context.Context) error {
			p.openMails()
			p.webhooks = &endpoint.Store{
				Pool: p.reading, Addresses: endpoint.NewAddresses(p.config.WebhookPrivate), Now: p.now,
				Due: func() { p.notifier.Queued(webhook.Topic) },
			}
			return reactors.Begin(ctx, p.reading, reactorsOf(p.config)...)
		},
		run: p.runReactors,
	}
}

func (p *parts) runReactors(ctx context.Context) error {
	pool, err := p.database.pool(ctx, "reactors", reactingConns(p.config), map[string]string{
		"statement_timeout": "30s", "idle_in_transaction_session_timeout": "150s", // more than a handler may take
	})
	if err != nil {
		return err
	}
	defer pool.Close()
	p.metrics.WatchPool("reactors", pool)
	all := []reactors.Reactor{webhook.Messages(p.config.FrontendOrigin[0], p.now)}
	var beside sync.WaitGroup
	defer beside.Wait()
	if p.mails != nil {
		delivery, err := p.delivery()
		if err != nil {
			return err
		}
		all = append(all, mail.Notices(), delivery)
		beside.Go(func() {
			mail.Remind(ctx, mail.ReminderOptions{
				Pool: pool, Notifier: p.notifier, Logger: p.logger, Holder: processName(), Now: p.now,
			})
		})
	}
	beside.Go(func() { p.sendWebhooks(ctx, pool) })
	return reactors.Run(ctx, reactors.Options{
		Reactors: all, Pool: pool, Notifier: p.notifier, Logger: p.logger,
		Holder: processName(), Registerer: p.metrics.Registerer(), Tracer: p.tracing.Tracer(),
	})
}

func (p *parts) sendWebhooks(ctx context.Context, pool *pgxpool.Pool) {
	o := webhook.Options{
		Pool: pool, Notifier: p.notifier, Addresses: endpoint.NewAddresses(p.config.WebhookPrivate), Logger: p.logger,
		Holder: processName(), Now: p.now, Registerer: p.metrics.Registerer(),
	}
	if p.mails != nil {
		o.Stopped = func(tx wsql.ContextExecutor, owner uuid.UUID, address string) error {
			defer p.notifier.Queued(mail.Topic) // a moment early at worst
			return mail.Queue(tx, mail.Letter{Kind: mail.WebhookStopped, User: owner, Webhook: address})
		}
	}
	if err := webhook.Send(ctx, o); err != nil {
		p.logger.Error("webhooks are not sent", "error", err)
	}
}

// allReactors are those of any process, for tools that show their state.
func allReactors() []reactors.Reactor { return append(webhook.Reactors(), mail.Reactors()...) }
