// Package mailtest runs an SMTP server for tests, which keeps the mails that it takes.
package mailtest

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// Mail is one that the server has taken, or would have.
type Mail struct {
	To     string // of the envelope
	Header mail.Header
	Text   string
	HTML   string
	Files  map[string]string // what is attached or embedded, by name
}

// Subject is decoded.
func (m Mail) Subject() string {
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return err.Error()
	}
	return subject
}

// Server takes mails.
type Server struct {
	address string

	mu     sync.Mutex
	server *smtp.Server
	mails  []Mail
	refuse func(to string) error
}

// Start runs a server on a free port of this machine until the test ends.
func Start(tb testing.TB) *Server {
	tb.Helper()
	s := &Server{}
	s.listen(tb, "127.0.0.1:0")
	tb.Cleanup(s.Stop)
	return s
}

func (s *Server) listen(tb testing.TB, address string) {
	tb.Helper()
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", address)
	if err != nil {
		tb.Fatal(err)
	}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{server: s}, nil }))
	server.ReadTimeout, server.WriteTimeout = 10*time.Second, 10*time.Second
	server.MaxLineLength = 1000 // with CRLF, as RFC 5321 has it: strict servers refuse longer ones
	s.mu.Lock()
	s.address, s.server = l.Addr().String(), server
	s.mu.Unlock()
	go server.Serve(l) //nolint:errcheck // it ends when the server is closed
}

// Stop closes the server and its connections.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.server.Close()
}

// Restart has a server that was stopped take mails again, on the same port.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	s.listen(tb, s.address)
}

// URL is what SMTP_URL has to be.
func (s *Server) URL() string { return "smtp://" + s.address + "?tls=none" }

// Refuse has recipients refused; nil: takes them all. See [Reply].
func (s *Server) Refuse(why func(to string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = why
}

// Reply is an answer of the server, such as 550.
func Reply(code int, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: text}
}

// Mails are those that were taken, in order.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.mails...)
}

type session struct {
	server *Server
	to     string
}

func (s *session) Reset()                             { s.to = "" }
func (*session) Logout() error                        { return nil }
func (*session) Mail(string, *smtp.MailOptions) error { return nil }
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.server.mu.Lock()
	refuse := s.server.refuse
	s.server.mu.Unlock()
	s.to = to
	if refuse != nil {
		return refuse(to)
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	m, err := parse(r)
	if err != nil {
		return fmt.Errorf("the mail can't be read: %w", err)
	}
	m.To = s.to
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.mails = append(s.server.mails, m)
	return nil
}

func parse(r io.Reader) (m Mail, err error) {
	raw, err := mail.ReadMessage(r)
	if err != nil {
		return m, err
	}
	m.Header, m.Files = raw.Header, map[string]string{}
	return m, m.add(raw.Header.Get("Content-Type"), raw.Header.Get("Content-Transfer-Encoding"),
		raw.Header.Get("Content-Disposition"), raw.Body)
}

// add reads a part, and those that are in it.
func (m *Mail) add(contentType, encoding, disposition string, body io.Reader) error {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return err
	}
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			err = m.add(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"),
				p.Header.Get("Content-Disposition"), p)
			if err != nil {
				return err
			}
		}
	}
	switch encoding {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	content, err := io.ReadAll(body)
	_, file, _ := mime.ParseMediaType(disposition)
	switch {
	case file["filename"] != "":
		m.Files[file["filename"]] = string(content)
	case kind == "text/html":
		m.HTML = string(content)
	default:
		m.Text = strings.ReplaceAll(string(content), "\r\n", "\n")
	}
	return err
}
