package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// signIns is about people who sign in while others, within the limits of their addresses, send more
// passwords than can be hashed.
func signIns(s size) scenario {
	load := signInLoad{
		addresses: 5, perSecond: 40, people: 10, every: 3 * time.Second, measured: s.duration(30 * time.Second),
	}
	return scenario{
		name: "sign-ins", group: "http", counts: "sign-ins of people in time/s", reference: "quiet",
		about: fmt.Sprintf("%d people sign in every %s; in the flood %d addresses send %d unknown e-mails a second each",
			load.people, load.every, load.addresses, load.perSecond),
		entries: []entry{load.entry("quiet", false), load.entry("flood", true)},
		goals: []goal{{
			about: fmt.Sprintf("share of people signed in within %s during the flood", signInWithin),
			needs: []string{"flood"}, bound: 0.95, ratio: func(r round) float64 { return r["flood"].extra["in_time"] },
		}},
	}
}

const signInWithin = 2 * time.Second

type signInLoad struct {
	addresses, perSecond int // of the flood
	people               int
	every, measured      time.Duration
}

func (l signInLoad) entry(name string, isFlood bool) entry {
	return entry{name, func(ctx context.Context, db *database) (m measurement, err error) {
		p, err := boxoffice("RATE_LIMITS=on", "TRUSTED_PROXIES=127.0.0.0/8")(ctx, db)
		if err != nil {
			return m, err
		}
		defer func() { err = errors.Join(err, p.stop()) }()
		for i := range l.people {
			status, err := post(ctx, p, "/auth/register", i, "{"+credentials(i)+`,"name":"Somebody"}`)
			if err == nil && status != http.StatusCreated {
				err = fmt.Errorf("answered with %d", status)
			}
			if err != nil {
				return m, fmt.Errorf("register: %w", err)
			}
		}
		ctx, stop := context.WithCancel(ctx)
		var flood errgroup.Group
		var sent, refused atomic.Int64
		if isFlood {
			for address := range l.addresses {
				flood.Go(func() error { return l.flood(ctx, p, 100+address, &sent, &refused) })
			}
		}
		m, err = l.sign(ctx, p)
		stop()
		m.note = fmt.Sprintf("%.0f %% in time; the flood sent %d, and %d of them were refused",
			100*m.extra["in_time"], sent.Load(), refused.Load())
		return m, errors.Join(err, flood.Wait())
	}}
}

// sign has all people sign in again and again.
func (l signInLoad) sign(ctx context.Context, p *program) (m measurement, err error) {
	t, began := newTally(), time.Now()
	var tries, inTime atomic.Int64
	var people errgroup.Group
	for i := range l.people {
		people.Go(func() error {
			at := began.Add(l.every * time.Duration(i) / time.Duration(l.people))
			for ; at.Before(began.Add(l.measured)); at = at.Add(l.every) {
				<-time.After(time.Until(at))
				status, err := post(ctx, p, "/auth/login", i, "{"+credentials(i)+"}")
				if err != nil {
					return err
				}
				tries.Add(1)
				took, counted := time.Since(at), 0
				if status == http.StatusOK && took <= signInWithin {
					inTime.Add(1)
					counted = 1
				}
				if err := t.add(counted, took, true); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err = people.Wait()
	m = t.measurement(l.measured)
	m.extra = map[string]float64{"in_time": float64(inTime.Load()) / float64(tries.Load())}
	return m, err
}

// flood sends unknown e-mails until ctx ends.
func (l signInLoad) flood(ctx context.Context, p *program, address int, sent, refused *atomic.Int64) error {
	ticks := time.NewTicker(time.Second / time.Duration(l.perSecond))
	defer ticks.Stop()
	var requests errgroup.Group
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return requests.Wait()
		case <-ticks.C:
		}
		requests.Go(func() error {
			status, err := post(ctx, p, "/auth/login", address, "{"+credentials(1_000_000*address+n)+"}")
			if ctx.Err() != nil {
				return nil //nolint:nilerr // the measurement is over
			}
			sent.Add(1)
			if status != http.StatusUnauthorized {
				refused.Add(1)
			}
			return err
		})
	}
}

func credentials(i int) string {
	return fmt.Sprintf(`"email":"somebody-%d@example.com","password":"passw0rd 123"`, i)
}

// post sends a request from an address of its own, as a trusted proxy says.
func post(ctx context.Context, p *program, path string, address int, body string) (status int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+p.api+path, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Forwarded-For", fmt.Sprintf("198.51.100.%d", address))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, errors.Join(err, response.Body.Close())
}
