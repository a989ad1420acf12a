package main

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/rs/zerolog"
)

// link is the way of one process to PostgreSQL.
type link struct{ proxy *toxiproxy.Proxy }

func newLinks(n int, upstream string) ([]*link, error) {
	toxics.Register(cutToxicName, new(cutToxic))
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	links := make([]*link, n)
	for i := range links {
		links[i] = &link{toxiproxy.NewProxy(server, "database", "127.0.0.1:0", upstream)}
		if err := links[i].proxy.Start(); err != nil {
			return nil, err
		}
	}
	return links, nil
}

// cut breaks the connections and refuses new ones until heal.
func (l *link) cut() { l.proxy.Stop() }

// reset breaks the connections, and lets new ones through.
func (l *link) reset() error {
	l.cut()
	return l.heal()
}

// Blackholes swallow what is sent in one direction; a delay holds the answers up.
const (
	swallowAnswers  = `{"name":"swallow-answers","type":"timeout","stream":"downstream","attributes":{"timeout":0}}`
	swallowRequests = `{"name":"swallow-requests","type":"timeout","stream":"upstream","attributes":{"timeout":0}}`
	delayAnswers    = `{"name":"delay","type":"latency","stream":"downstream","attributes":{"latency":150,"jitter":100}}`
)

func (l *link) addToxic(toxic string) error {
	_, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(toxic))
	return err
}

// heal lets everything through again. Older connections may stay broken.
func (l *link) heal() error {
	l.proxy.Toxics.ResetToxics(context.Background())
	if err := l.proxy.Start(); !errors.Is(err, toxiproxy.ErrProxyAlreadyStarted) {
		return err
	}
	return nil
}

// balancer hands each connection to the next process in turn. It looks at nothing and retries
// nothing: what fails shows.
type balancer struct {
	listener net.Listener
	next     atomic.Uint64
	targets  func(n uint64) (address string)
	open     sync.WaitGroup
}

func newBalancer(targets func(uint64) string) (*balancer, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &balancer{listener: l, targets: targets}
	b.open.Go(b.accept)
	return b, nil
}

func (b *balancer) url() string { return "http://" + b.listener.Addr().String() }

func (b *balancer) accept() {
	for {
		client, err := b.listener.Accept()
		if err != nil {
			return
		}
		b.open.Go(func() { b.join(client, b.targets(b.next.Add(1))) })
	}
}

func (b *balancer) join(client net.Conn, address string) {
	defer client.Close() //nolint:errcheck // the other end sees it
	server, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer server.Close() //nolint:errcheck // likewise
	// The end that leaves first ends both: requests here have one connection each.
	copyBothWays(client, server, func(to, from net.Conn) { _, _ = io.Copy(to, from) })
}

// copyBothWays returns when one of the directions has ended.
func copyBothWays(client, server net.Conn, copyTo func(to, from net.Conn)) {
	done := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{server, client}, {client, server}} {
		go func() {
			copyTo(way[0], way[1])
			done <- struct{}{}
		}()
	}
	<-done
}

// close waits for those who are still connected.
func (b *balancer) close() {
	_ = b.listener.Close()
	b.open.Wait()
}
