// Package natstest runs a real NATS server with JetStream inside the test program. Only tests
// import it, so that the server is not part of the program.
package natstest

import (
	"net"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Password is the password of the server's only user.
const Password = "a-password-for-tests"

// Server is a NATS server that can be stopped and restarted with its stored data.
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
	tb.Cleanup(s.Stop) // before Run, which may fail the test
	s.Run()
	return s
}

// Run starts the server, after Stop at the same address.
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
		s.tb.Fatal("the NATS server did not become ready")
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

// SetPassword changes the password from the next start on.
func (s *Server) SetPassword(password string) { s.options.Password = password }

// URL returns the address, with the password.
func (s *Server) URL() string {
	return (&url.URL{
		Scheme: "nats", User: url.UserPassword("boxoffice", Password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.options.Port)),
	}).String()
}
