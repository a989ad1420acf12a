package eventstore_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/waittest"
)

// proxy stands between an executor and PostgreSQL and does what networks do. It knows just enough
// of the protocol to tell what a message asks for. Requests to cancel a query pass, as they do in a
// real network.
type proxy struct {
	url      string // of the database, through the proxy
	server   string
	listener net.Listener
	done     sync.WaitGroup
	ended    chan struct{}

	cancels atomic.Int32 // requests to cancel a query that came

	mu      sync.Mutex
	rule    rule
	refuses bool
	closed  bool
	links   map[*link]struct{}
}

// rule says what happens to a flight. It may wait: the link stands still until it returns.
type rule func(*flight) verdict

type verdict int

const (
	pass       verdict = iota
	lose               // the connection breaks before the flight reaches the server
	loseAnswer         // the connection breaks after the server has carried the flight out
	mute               // the server carries the flight out, and from then on nothing comes back; the connection stays
	stall              // only flight.first bytes reach the server, and nothing else ever again; its connection stays
)

// flight is what a client sends before it waits for an answer.
type flight struct {
	link       *link
	statements []string // that it executes
	raw        bytes.Buffer
	ends       []int // of its messages in raw
	appended   int   // where in ends the message is that executes the append
	first      int   // bytes that reach the server before it stalls
}

func (f *flight) has(part string) bool {
	return slices.ContainsFunc(f.statements, func(sql string) bool { return strings.Contains(sql, part) })
}

func (f *flight) begins() bool  { return f.has("begin") }
func (f *flight) appends() bool { return f.has("insert into event_log") }
func (f *flight) locks() bool   { return f.has("from log_head for update") }

// link is one connection through the proxy.
type link struct {
	proxy          *proxy
	client, server net.Conn
	prepared       map[string]string
	silent         atomic.Bool
	answered       chan struct{} // one token for answers that were withheld
	gone           chan struct{} // closed when both ends are closed
}

func newProxy(tb testing.TB, databaseURL string) *proxy {
	tb.Helper()
	address, err := url.Parse(databaseURL)
	if err != nil {
		tb.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p := &proxy{server: address.Host, listener: listener, links: map[*link]struct{}{}, ended: make(chan struct{})}
	address.Host = listener.Addr().String()
	p.url = address.String()
	p.done.Go(p.accept)
	tb.Cleanup(p.close)
	return p
}

// intercept sets what happens to the flights from now on; nil lets them pass.
func (p *proxy) intercept(r rule) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rule = r
}

// refuse closes new connections at once, or no longer.
func (p *proxy) refuse(refuses bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuses = refuses
}

// cutAll breaks all connections.
func (p *proxy) cutAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.cut()
	}
}

// close must find no rule waiting.
func (p *proxy) close() {
	p.mu.Lock()
	if !p.closed {
		close(p.ended)
	}
	p.closed = true
	p.mu.Unlock()
	_ = p.listener.Close()
	p.cutAll()
	p.done.Wait()
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		refuses := p.refuses || p.closed
		p.mu.Unlock()
		if refuses {
			_ = client.Close()
			continue
		}
		server, err := net.Dial("tcp", p.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		l := &link{
			proxy: p, client: client, server: server, prepared: map[string]string{},
			answered: make(chan struct{}, 1), gone: make(chan struct{}),
		}
		p.mu.Lock()
		p.links[l] = struct{}{}
		if p.closed {
			l.cut()
		}
		p.mu.Unlock()
		p.done.Go(l.run)
	}
}

func (l *link) cut() {
	l.cutClient()
	_ = l.server.Close()
}

// cutClient leaves the server in the belief that its client is still there.
func (l *link) cutClient() {
	l.silent.Store(true)
	_ = l.client.Close()
}

func (l *link) run() {
	answers := make(chan struct{})
	go func() {
		defer close(answers)
		l.copyAnswers()
	}()
	l.copyFlights()
	l.cut()
	<-answers
	close(l.gone)
	l.proxy.mu.Lock()
	defer l.proxy.mu.Unlock()
	delete(l.proxy.links, l)
}

func (l *link) copyAnswers() {
	defer close(l.answered)
	buffer := make([]byte, 16<<10)
	for {
		n, err := l.server.Read(buffer)
		if n > 0 {
			if l.silent.Load() {
				select {
				case l.answered <- struct{}{}:
				default:
				}
			} else if _, err := l.client.Write(buffer[:n]); err != nil {
				l.silent.Store(true)
			}
		}
		if err != nil {
			if !l.silent.Load() {
				_ = l.client.Close()
			}
			return
		}
	}
}

func (l *link) copyFlights() {
	const cancelRequest = 80877102
	startup, err := readBody(l.client)
	if err != nil || len(startup) < 4 {
		return
	}
	if err := writeMessage(l.server, nil, startup); err != nil {
		return
	}
	if binary.BigEndian.Uint32(startup) == cancelRequest {
		l.proxy.cancels.Add(1)
		_, _ = l.client.Read(make([]byte, 1)) // until both have closed
		return
	}
	f := &flight{link: l}
	for {
		var kind [1]byte
		if _, err := io.ReadFull(l.client, kind[:]); err != nil {
			return
		}
		body, err := readBody(l.client)
		if err != nil {
			return
		}
		_ = writeMessage(&f.raw, kind[:], body)
		f.ends = append(f.ends, f.raw.Len())
		f.note(kind[0], body)
		if !strings.ContainsRune("SQHXpcf", rune(kind[0])) {
			continue
		}
		if !l.send(f) {
			return
		}
		f = &flight{link: l}
	}
}

// send lets the rule decide over a flight, and tells whether the connection lives on.
func (l *link) send(f *flight) bool {
	l.proxy.mu.Lock()
	decide := l.proxy.rule
	l.proxy.mu.Unlock()
	v := pass
	if decide != nil && len(f.statements) > 0 {
		v = decide(f)
	}
	switch v {
	case lose:
		return false
	case loseAnswer, mute, stall:
		l.silent.Store(true)
	case pass:
	}
	if v == stall {
		_, _ = l.server.Write(f.raw.Bytes()[:f.first])
		<-l.proxy.ended
		return false
	}
	if _, err := l.server.Write(f.raw.Bytes()); err != nil {
		return false
	}
	if v == loseAnswer {
		<-l.answered
		return false
	}
	return true
}

// note remembers which statement has which name, and what the flight executes.
func (f *flight) note(kind byte, body []byte) {
	first, rest, _ := bytes.Cut(body, []byte{0})
	second, _, _ := bytes.Cut(rest, []byte{0})
	switch kind {
	case 'P': // Parse: the statement's name and text
		f.link.prepared[string(first)] = string(second)
	case 'B': // Bind: the portal and the statement's name
		f.statements = append(f.statements, f.link.prepared[string(second)])
	case 'Q':
		f.statements = append(f.statements, string(first))
	case 'E':
		if f.appends() && f.appended == 0 {
			f.appended = len(f.ends) - 1
		}
	}
}

func readBody(r io.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(length[:])
	if n < 4 || n > 64<<20 {
		return nil, errors.New("not a message of PostgreSQL")
	}
	body := make([]byte, n-4)
	_, err := io.ReadFull(r, body)
	return body, err
}

func writeMessage(w io.Writer, kind, body []byte) error {
	message := binary.BigEndian.AppendUint32(slices.Clone(kind), uint32(len(body))+4)
	_, err := w.Write(append(message, body...))
	return err
}

// once lets a rule decide over the first flight that matches, and the others pass.
func once(matches func(*flight) bool, r rule) rule {
	var used atomic.Bool
	return func(f *flight) verdict {
		if !matches(f) || used.Swap(true) {
			return pass
		}
		return r(f)
	}
}

// always is a rule that decides without looking.
func always(v verdict) rule { return func(*flight) verdict { return v } }

// holder is a rule that holds a flight back until the test lets it go.
type holder struct {
	held    chan *flight
	letGo   chan struct{}
	release func()
	then    verdict
	before  func(*flight)
}

// hold makes a holder. before, unless nil, happens to a flight first; then is what becomes of it in
// the end.
func hold(tb testing.TB, then verdict, before func(*flight)) *holder {
	tb.Helper()
	h := &holder{held: make(chan *flight, 1), letGo: make(chan struct{}), then: then, before: before}
	h.release = sync.OnceFunc(func() { close(h.letGo) })
	tb.Cleanup(h.release)
	return h
}

func (h *holder) rule(f *flight) verdict {
	if h.before != nil {
		h.before(f)
	}
	select {
	case h.held <- f:
	default: // the test knows of an earlier one
	}
	<-h.letGo
	return h.then
}

// flight waits for the one that is held.
func (h *holder) flight(tb testing.TB) *flight {
	tb.Helper()
	select {
	case f := <-h.held:
		return f
	case <-time.After(waittest.Timeout):
		tb.Fatal("still waiting for: a flight to hold")
		return nil
	}
}
