package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/coder/websocket"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/httpapi"
)

// webSocket is about push: how much memory idle connections take, and how long a change takes to
// everybody who follows an event. The latter counts from the time in the record, so it contains the
// commit. Bookings come one by one, each so long after the frames of the one before that the push
// need not hold its own back. There are so many that it takes more than two of them to decide the
// p99: one meets the garbage collector or a busy disk now and then. Where such a disk makes more
// than two commits wait, the note tells the p99 since the answer, which comes right after the
// commit.
func webSocket(s size) scenario {
	load := socketLoad{idle: s.count(5000), following: s.count(1000), bookings: s.count(200)}
	needs := []string{boxofficeName}
	return scenario{
		name: "websocket", counts: "frames/s", reference: boxofficeName,
		about: fmt.Sprintf("%s idle connections, %s of them follow one event; "+
			"p50 and p99 from the record, its commit included, to each frame",
			grouped(float64(load.idle)), grouped(float64(load.following))),
		entries: []entry{{boxofficeName, load.measure}},
		goals: []goal{
			{
				about: "MB resident with the idle connections", needs: needs, bound: 500, atMost: true,
				ratio: func(r round) float64 { return r[boxofficeName].extra["resident_mb"] },
			},
			{
				about: "p99 in ms, record to frame", needs: needs, bound: 50, atMost: true,
				ratio: func(r round) float64 { return r[boxofficeName].percentile(99) },
			},
		},
	}
}

type socketLoad struct{ idle, following, bookings int }

const socketsOfUser = 10 // fewer than the limit

func (l socketLoad) measure(ctx context.Context, db *database) (m measurement, err error) {
	events := eventIDs(2)
	if err := (shared{}).prepare(ctx, db, events, plenty); err != nil {
		return m, fmt.Errorf("prepare: %w", err)
	}
	p, err := boxoffice()(ctx, db)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	before, _, err := resident(p.pid)
	if err != nil {
		return m, err
	}
	sockets, err := l.connect(ctx, p.api, events)
	if err != nil {
		return m, err
	}
	defer sockets.close()
	idle, most, err := resident(p.pid)
	if err != nil {
		return m, err
	}
	clients, err := openClients(ctx, p.api, 1)
	if err != nil {
		return m, err
	}
	defer closeClients(clients)
	began := time.Now()
	sinceRecord, sinceAnswer, err := l.book(clients[0], events[0], sockets)
	if err != nil {
		return m, err
	}
	p99 := percentile(sinceAnswer, 99)
	return measurement{
		count: int(sinceRecord.TotalCount()), wall: time.Since(began), latencies: sinceRecord,
		extra: map[string]float64{
			"resident_mb": idle, "resident_at_most_mb": most, "resident_without_mb": before,
			"connections": float64(l.idle), "since_answer_p99_ms": p99,
		},
		note: fmt.Sprintf("%.0f MB resident, %.0f MB before the connections came; p99 since the answer %.0f ms",
			idle, before, p99),
	}, nil
}

// sockets are connections of which each tells when a version of the event has arrived.
type sockets struct {
	all    []*websocket.Conn
	seen   chan arrival // once for each connection that follows
	work   sync.WaitGroup
	cancel context.CancelFunc
}

type arrival struct {
	version int
	at      time.Time
}

func (s *sockets) close() {
	s.cancel()
	for _, c := range s.all {
		_ = c.CloseNow()
	}
	s.work.Wait()
}

func (l socketLoad) connect(ctx context.Context, address string, events []uuid.UUID) (*sockets, error) {
	tokens, err := newTokens(l.idle/socketsOfUser + 1)
	if err != nil {
		return nil, err
	}
	s := &sockets{all: make([]*websocket.Conn, l.idle), seen: make(chan arrival, 2*l.following)}
	reading, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(32)
	for i := range s.all {
		group.Go(func() error {
			event := events[1]
			if i < l.following {
				event = events[0]
			}
			//nolint:bodyclose // the library closes what there is of it
			c, _, err := websocket.Dial(groupCtx, "ws://"+address+"/ws", nil)
			if err != nil {
				return err
			}
			s.all[i] = c
			hello := fmt.Sprintf(`{"type":"hello","token":%q,"events":[%q]}`, tokens[i/socketsOfUser], event)
			if err := c.Write(groupCtx, websocket.MessageText, []byte(hello)); err != nil {
				return err
			}
			if _, text, err := c.Read(groupCtx); err != nil {
				return fmt.Errorf("wait for ready: %w: %s", err, text)
			}
			s.work.Go(func() { s.read(reading, c) })
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		cancel()
		return nil, fmt.Errorf("connect: %w", err)
	}
	return s, nil
}

// read does little, because what it spends is missing to what is measured.
func (s *sockets) read(ctx context.Context, c *websocket.Conn) {
	for {
		_, text, err := c.Read(context.Background()) // until the connection is closed
		if err != nil {
			return
		}
		at := time.Now()
		_, rest, isEvent := bytes.Cut(text, []byte(`"version":`))
		digits, _, _ := bytes.Cut(rest, []byte(","))
		version, err := strconv.Atoi(string(digits))
		if !isEvent || err != nil {
			continue
		}
		select {
		case s.seen <- arrival{version, at}:
		case <-ctx.Done():
			return
		}
	}
}

// book sells tickets one by one, and gives how long each took to each connection, since the record
// and since the answer.
func (l socketLoad) book(c *client, event uuid.UUID, s *sockets) (
	sinceRecord, sinceAnswer *hdrhistogram.Histogram, err error,
) {
	tokens, err := newTokens(l.bookings + 1)
	if err != nil {
		return nil, nil, err
	}
	const apart = 150 * time.Millisecond // longer than between two frames about one event
	pause := time.NewTicker(apart)
	defer pause.Stop()
	for i, token := range tokens {
		if i <= 1 { // the first booking is to warm up
			sinceRecord, sinceAnswer = newHistogram(), newHistogram()
		}
		<-pause.C
		body, err := c.expect(bookRequest(event, token), 201)
		if err != nil {
			return nil, nil, fmt.Errorf("POST /book: %w", err)
		}
		answered := time.Now()
		var booked httpapi.BookingChange
		if err := json.Unmarshal(body, &booked); err != nil {
			return nil, nil, fmt.Errorf("POST /book: %w", err)
		}
		for range l.following {
			at, err := s.wait(i + 2)
			if err != nil {
				return nil, nil, err
			}
			err = errors.Join(
				sinceRecord.RecordValue(int64(at.Sub(booked.Booking.CreatedAt))),
				sinceAnswer.RecordValue(max(0, int64(at.Sub(answered))))) // a frame may come before the answer
			if err != nil {
				return nil, nil, err
			}
		}
		pause.Reset(apart)
	}
	return sinceRecord, sinceAnswer, nil
}

// wait gives when the next connection was told of a version.
func (s *sockets) wait(version int) (at time.Time, err error) {
	for {
		select {
		case seen := <-s.seen:
			switch seen.version {
			case version:
				return seen.at, nil
			case 1: // the program had not projected the new event yet
				continue
			}
			return at, fmt.Errorf("version %d was pushed, want %d", seen.version, version)
		case <-time.After(10 * time.Second):
			return at, errors.New("a frame did not arrive")
		}
	}
}
