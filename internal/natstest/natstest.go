// Package natstest gives tests a real NATS server with JetStream, inside of the test program. Only
// tests import it, so that the server is no part of the program.
package natstest

import (
	"net"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Password of the server's only user.
const Password = "a-password-for-tests"

// Server can be stopped and started again, with what it has stored.
type Server struct {
	tb      testing.TB
	options server.Options
	running *server.Server
}

// Start starts a server that is stopped when the test ends.
func Start(tb testing.TB) *Server {
	tb.Helper()
	s := &Server{tb: tb, options: server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: tb.TempDir(), NoLog: true, NoSigs: true,
		Username: "boxoffice", Password: Password,
	}}
	tb.Cleanup(s.Stop) // first: a server that does not get ready ends the test, and is stopped too
	s.Run()
	return s
}

// Run starts the server; after Stop, at the same address.
func (s *Server) Run() {
	s.tb.Helper()
	options := s.options // the server changes them
	running, err := server.NewServer(&options)
	if err != nil {
		s.tb.Fatalf("make a NATS server: %v", err)
	}
	s.running = running
	running.Start()
	if !running.ReadyForConnections(20 * time.Second) {
		s.tb.Fatal("the NATS server did not get ready")
	}
	s.options.Port = running.Addr().(*net.TCPAddr).Port
}

// Stop stops the server; connections break.
func (s *Server) Stop() {
	if s.running != nil {
		s.running.Shutdown()
		s.running.WaitForShutdown()
		s.running = nil
	}
}

// SetPassword changes the password that the server wants, from the next start on.
func (s *Server) SetPassword(password string) { s.options.Password = password }

// URL is the address, with the password.
func (s *Server) URL() string {
	return (&url.URL{
		Scheme: "nats", User: url.UserPassword("boxoffice", Password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.options.Port)),
	}).String()
}
