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

	"github.com/coder/websocket"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
)

// webSocket is about push: how much memory connections take that nothing happens on, and how long a change takes to everybody who
// follows a hot event. The latter counts from the time that the record bears, so it contains the commit. Bookings come one by one, each
// so long after the frames of the one before that the push need not hold its own back; and there are so many that it takes more than two
// of them to decide the p99, since one meets the garbage collector or a disk that is busy now and then. Where such a disk makes more than
// two commits wait, the note tells the p99 since the answer to the booking, which comes right after the commit.
func webSocket(s size) scenario {
	load := socketLoad{idle: s.count(5000), following: s.count(1000), bookings: s.count(200)}
	pushed := load.entry()
	return scenario{
		name: "websocket", counts: "frames/s",
		about:     fmt.Sprintf("%s connections that idle, %s of them follow one event; p50 and p99 from the record, its commit included, to each frame", grouped(float64(load.idle)), grouped(float64(load.following))),
		reference: pushed.strategy,
		entries:   []entry{pushed},
		goals: []goal{
			{
				about: "MB resident with the idle connections", needs: []string{pushed.strategy}, bound: 500, atMost: true,
				ratio: func(r round) float64 { return r[pushed.strategy].extra["resident_mb"] },
			},
			{
				about: "p99 in ms, record to frame", needs: []string{pushed.strategy}, bound: 50, atMost: true,
				ratio: func(r round) float64 { return r[pushed.strategy].percentile(99) },
			},
		},
	}
}

type socketLoad struct{ idle, following, bookings int }

const socketsOfUser = 10 // fewer than the limit

func (l socketLoad) entry() entry {
	return entry{boxofficeName, func(ctx context.Context, db *database) (m measurement, err error) {
		events := eventIDs(2)
		if err := (shared{}).prepare(ctx, db, events, plenty); err != nil {
			return m, fmt.Errorf("prepare: %w", err)
		}
		p, err := startBoxoffice(ctx, db)
		if err != nil {
			return m, err
		}
		defer func() { err = errors.Join(err, p.stop()) }()
		before, _, err := resident(p.cmd.Process.Pid)
		if err != nil {
			return m, err
		}
		sockets, err := l.connect(ctx, p.api, events)
		if err != nil {
			return m, err
		}
		defer sockets.close()
		idle, most, err := resident(p.cmd.Process.Pid)
		if err != nil {
			return m, err
		}
		clients, err := openClients(ctx, p.api, 1)
		if err != nil {
			return m, err
		}
		defer closeClients(clients)
		began := time.Now()
		latencies, sinceAnswer, err := l.book(clients[0], events[0], sockets)
		if err != nil {
			return m, err
		}
		const mb = 1 << 20
		m = measurement{count: len(latencies), wall: time.Since(began), latencies: latencies}
		m.extra = map[string]float64{"resident_mb": idle / mb, "resident_at_most_mb": most / mb, "resident_without_mb": before / mb, "connections": float64(l.idle)}
		m.extra["since_answer_p99_ms"] = milliseconds(percentile(sinceAnswer, 99))
		m.note = fmt.Sprintf("%.0f MB resident, %.0f MB before the connections came; p99 since the answer %.0f ms", idle/mb, before/mb, m.extra["since_answer_p99_ms"])
		return m, nil
	}}
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
			c, _, err := websocket.Dial(groupCtx, "ws://"+address+"/ws", nil) //nolint:bodyclose // the library keeps what there is of it
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

// book sells tickets one by one, and gives how long each took to each connection, since the record and since the answer.
func (l socketLoad) book(client *rawClient, event uuid.UUID, s *sockets) (sinceRecord, sinceAnswer []time.Duration, err error) {
	tokens, err := newTokens(l.bookings + 1)
	if err != nil {
		return nil, nil, err
	}
	const apart = 150 * time.Millisecond // longer than between two frames about one event
	pause := time.NewTicker(apart)
	defer pause.Stop()
	for i, token := range tokens {
		<-pause.C
		body, err := client.expect(rawRequest("POST", "/book", token, `{"eventId":"`+event.String()+`"}`), 201)
		if err != nil {
			return nil, nil, fmt.Errorf("POST /book: %w", err)
		}
		answered := time.Now()
		var booked bookedJSON
		if err := json.Unmarshal(body, &booked); err != nil {
			return nil, nil, fmt.Errorf("POST /book: %w", err)
		}
		for missing := l.following; missing > 0; {
			select {
			case seen := <-s.seen:
				if seen.version != i+2 {
					if i == 0 && seen.version == 1 { // the program has just projected the event itself
						continue
					}
					return nil, nil, fmt.Errorf("version %d was pushed, want %d", seen.version, i+2)
				}
				missing--
				if i > 0 { // the first is to warm up
					sinceRecord = append(sinceRecord, seen.at.Sub(booked.Booking.CreatedAt))
					sinceAnswer = append(sinceAnswer, seen.at.Sub(answered))
				}
			case <-time.After(10 * time.Second):
				return nil, nil, errors.New("a frame did not arrive")
			}
		}
		pause.Reset(apart)
	}
	return sinceRecord, sinceAnswer, nil
}
