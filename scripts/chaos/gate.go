package main

import (
	"net"
	"sync"
)

// gate is a way to a server that a partition can cut. As with TCP, what is sent while it is cut is
// delivered when it is healed; until then nothing gets through, not even a new connection or the
// end of one.
type gate struct {
	address  string // to connect to
	server   string
	listener net.Listener

	mu     sync.Mutex
	healed chan struct{} // nil: nothing is cut
}

func newGate(server string) (*gate, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	g := &gate{address: l.Addr().String(), server: server, listener: l}
	go g.accept()
	return g, nil
}

func (g *gate) cut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.healed == nil {
		g.healed = make(chan struct{})
	}
}

func (g *gate) heal() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.healed != nil {
		close(g.healed)
		g.healed = nil
	}
}

// pass waits while the gate is cut.
func (g *gate) pass() {
	g.mu.Lock()
	healed := g.healed
	g.mu.Unlock()
	if healed != nil {
		<-healed
	}
}

// close lets no new connection in. Those that are open end with one of their ends.
func (g *gate) close() {
	_ = g.listener.Close()
	g.heal()
}

func (g *gate) accept() {
	for {
		client, err := g.listener.Accept()
		if err != nil {
			return
		}
		go g.join(client)
	}
}

func (g *gate) join(client net.Conn) {
	defer client.Close() //nolint:errcheck // the other end sees it
	g.pass()
	server, err := net.Dial("tcp", g.server)
	if err != nil {
		return
	}
	defer server.Close() //nolint:errcheck // likewise
	copyBothWays(client, server, g.copy)
}

func (g *gate) copy(to, from net.Conn) {
	for buffer := make([]byte, 32<<10); ; {
		n, err := from.Read(buffer)
		g.pass()
		if _, writeErr := to.Write(buffer[:n]); err != nil || writeErr != nil {
			return
		}
	}
}
