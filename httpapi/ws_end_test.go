package httpapi_test

import (
	"context"
	"net"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/boxoffice/boxoffice/httpapi/push"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/dbtest"
)

func TestHeartbeatsSayHowFarTheClientIs(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.pushes(func(o *push.Options) { o.HeartbeatEvery = time.Second })
	c, ready := p.join("events", []string{})
	if ready.HeartbeatSeconds != 1 {
		t.Errorf("ready: %+v", ready)
	}
	event := s.schedule(2)
	at := s.book(event)
	var f frame
	for f.Position < at { // what happens to others is passed over
		last := f.Position
		if f = c.want("heartbeat"); f.Position < last {
			t.Fatalf("a heartbeat went from %d back to %d", last, f.Position)
		}
	}
}

// A client that is gone without a word does not answer pings.
func TestAClientThatIsGoneLosesItsPlace(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.pushes(func(o *push.Options) { o.HeartbeatEvery = 250 * time.Millisecond })
	p.join() // nobody reads from it, so no ping is answered
	alive, _ := p.join()
	ctx, cancel := context.WithCancel(context.Background())
	var reading sync.WaitGroup
	reading.Go(func() {
		for {
			if _, _, err := alive.Read(ctx); err != nil {
				return
			}
		}
	})
	eventually(t, "the place is free", func() bool { return p.push.Sockets() == 1 })
	must(t, alive.Ping(context.Background()))
	cancel()
	reading.Wait()
}

// slowClient is one whose kernel takes little that nobody reads.
func (p *pushing) slowClient() *client {
	p.Helper()
	dialer := &net.Dialer{}
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err == nil {
			err = conn.(*net.TCPConn).SetReadBuffer(32 << 10)
		}
		return conn, err
	}}
	options := &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}}
	conn, _, err := websocket.Dial(context.Background(), p.url+"/ws", options) //nolint:bodyclose // as above
	must(p, err)
	p.Cleanup(func() { _ = conn.CloseNow() })
	return &client{p.T, conn}
}

// What waits in the buffers of real connections does not hide it. Package push tests who is told what,
// and when.
func TestAClientThatTakesNothingIsCutOff(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	s := start(t)
	p := s.pushes(func(o *push.Options) { o.SlowAfter = time.Second })
	dead := p.slowClient()
	dead.say("type", "hello", "token", s.token(account.Customer))
	dead.want("ready")
	p.live.events <- 5_000 // 1 MB, more than the buffers on the way
	eventually(t, "it is cut off", func() bool { return p.push.Sockets() == 0 })
	fine, _ := p.join()
	event := s.schedule(4)
	fine.wantEvent(event, 4)
}

func TestAStopSaysGoodbye(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.pushes()
	var clients []*client
	for range 20 {
		c, _ := p.join()
		clients = append(clients, c)
	}
	silent := p.connect()
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- p.push.Close(ctx) }()
	for _, c := range append(clients, silent) {
		c.wantEnd(websocket.StatusGoingAway, "shutting_down")
	}
	must(t, <-done)
	_, refused := p.try(nil)
	s.want(refused, 503, "shutting_down")
}

func TestAStopIsBoundedByItsDeadline(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.pushes()
	p.join() // and never reads, so it does not answer the goodbye
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := p.push.Close(ctx); err == nil {
		t.Error("a client that does not answer was closed in good order")
	}
	if took := time.Since(began); took > 3*time.Second || p.push.Sockets() != 0 {
		t.Errorf("the stop took %s, and %d are left", took, p.push.Sockets())
	}
}

// This one is alone: it counts all goroutines.
func TestNoGoroutineIsLeftBehind(t *testing.T) {
	dbtest.Slow(t)
	s := start(t)
	p := s.pushes(func(o *push.Options) { o.HelloWithin, o.UserConnections = 500*time.Millisecond, 50 })
	event := s.schedule(100)
	c, _ := p.join()
	must(t, c.Close(websocket.StatusNormalClosure, ""))
	eventually(t, "nobody is connected", func() bool { return p.push.Sockets() == 0 })
	http.DefaultClient.CloseIdleConnections()
	var before int
	eventually(t, "it is quiet", func() bool {
		last := before
		before = runtime.NumGoroutine()
		return last == before
	})
	var silent []*client // who are all waited for at once
	for i := range 60 {
		c := p.connect()
		switch i % 6 {
		case 0:
			silent = append(silent, c)
		case 1:
			c.say("type", "hello", "token", "x")
			c.wantEnd(4401, "invalid_token")
		case 2:
			_ = c.CloseNow()
		default:
			c.say("type", "hello", "token", s.token(account.Customer), "events", []string{event})
			c.want("ready")
			if i%6 == 3 {
				s.book(event)
				c.want("event")
			}
			if i%6 == 4 {
				_ = c.CloseNow()
			} else {
				must(t, c.Close(websocket.StatusNormalClosure, ""))
			}
		}
	}
	for _, c := range silent {
		c.wantEnd(4408, "hello_timeout")
	}
	eventually(t, "nobody is connected", func() bool { return p.push.Sockets() == 0 })
	http.DefaultClient.CloseIdleConnections()
	eventually(t, "their goroutines are gone", func() bool { return runtime.NumGoroutine() <= before+2 })
}
