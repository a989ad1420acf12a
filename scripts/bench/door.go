package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/ticket"
)

// door is the hour before a show: tickets of one event are scanned at a steady rate, at all doors
// together, over HTTP.
func door(s size) scenario {
	load := doorLoad{newOrdinaryLoad(s, 200)}
	return scenario{
		name: "door", counts: "scans", reference: boxofficeName,
		about:   fmt.Sprintf("%s scans/s of tickets of one event over HTTP, open loop", grouped(load.rate)),
		entries: []entry{{boxofficeName, load.measure}},
		goals: []goal{{
			about: "p99 in ms", needs: []string{boxofficeName}, bound: 100, atMost: true,
			ratio: func(r round) float64 { return r[boxofficeName].percentile(99) },
		}},
	}
}

type doorLoad struct{ ordinaryLoad }

// signingKey is what the program signs tickets with here.
const signingKey = "a signing secret for benchmarks, which is long enough"

func (l doorLoad) measure(ctx context.Context, db *database) (m measurement, err error) {
	requests, err := l.prepare(ctx, db)
	if err != nil {
		return m, fmt.Errorf("prepare: %w", err)
	}
	p, err := boxoffice("AUDIT_SIGNING_KEY="+signingKey)(ctx, db)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	if err := db.quiesce(ctx); err != nil {
		return m, err
	}
	clients, err := openClients(ctx, p.api, int(l.rate))
	if err != nil {
		return m, err
	}
	defer closeClients(clients)
	a := &arrivals{window: windowAfter(l.warmUp, l.measured), tally: newTally(), began: time.Now(), rate: l.rate}
	group, groupCtx := errgroup.WithContext(ctx)
	for _, c := range clients {
		group.Go(func() error {
			return a.serve(groupCtx, c, func(n int64) []byte { return requests[int(n)%len(requests)] })
		})
	}
	if err := group.Wait(); err != nil {
		return m, err
	}
	if err := a.checkAllServed(); err != nil {
		return m, err
	}
	return a.measurement(l.measured),
		db.checkCount(ctx, a.sold, `select count(*) from event_log where type = 'TicketCheckedIn'`)
}

// prepare sells as many tickets as will be scanned, and writes the requests that scan them.
func (l doorLoad) prepare(ctx context.Context, db *database) (requests [][]byte, err error) {
	event, tickets := eventIDs(1)[0], int(l.rate*(l.warmUp+l.measured).Seconds()*1.1)
	if err := (shared{}).prepare(ctx, db, []uuid.UUID{event}, tickets); err != nil {
		return nil, err
	}
	s, err := openShared(ctx, db.url, 0, eventstore.ReservedConns)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	keys, err := audit.NewKeys(signingKey)
	if err != nil {
		return nil, err
	}
	signer, err := account.NewSigner(secrets(), nil)
	if err != nil {
		return nil, err
	}
	token, _, err := signer.IssueAccess(account.User{ID: uuid.New(), Email: "door@example.com", Role: account.Admin})
	if err != nil {
		return nil, err
	}
	requests = make([][]byte, tickets)
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(waiting)
	for i, c := range newCustomers(0, tickets) {
		group.Go(func() error {
			o := c.order(event)
			switch sold, err := s.book(groupCtx, o); {
			case err != nil:
				return err
			case sold != 1:
				return errors.New("the event is sold out")
			}
			code, err := ticket.Signer{Keys: keys}.Code(ticket.Ticket{
				EventID: event, BookingID: o.booking, Type: 1, Number: 1,
			})
			requests[i] = newRequest("POST", "/events/"+event.String()+"/check-ins", token, `{"code":"`+code+`"}`)
			return err
		})
	}
	return requests, group.Wait()
}
