package mail

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strconv"
	"sync"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/boxoffice/boxoffice/reactors"
)

// Server is an SMTP server that takes mails for the whole world, such as a relay.
type Server struct {
	host    string
	options []gomail.Option
}

var errServer = errors.New("it is not an address of a mail server, such as " +
	"smtp://user:password@mail.example.com:587, smtps://… for TLS from the start, " +
	"or smtp://localhost:1025?tls=none")

// ParseServer reads the address of a server. The error does not repeat it, because it may hold a
// password. With smtp:// the connection must be encrypted by STARTTLS (port 587), unless ?tls= says
// opportunistic or none; with smtps:// it is encrypted from the start (port 465).
func ParseServer(address string) (Server, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Path != "" && u.Path != "/" {
		return Server{}, errServer
	}
	s := Server{host: u.Hostname(), options: []gomail.Option{gomail.WithTimeout(15 * time.Second)}}
	port, tls := 587, u.Query().Get("tls")
	switch {
	case u.Scheme == "smtps" && tls == "":
		port = 465
		s.options = append(s.options, gomail.WithSSL())
	case u.Scheme == "smtp" && tls == "":
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case u.Scheme == "smtp" && tls == "opportunistic":
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	case u.Scheme == "smtp" && tls == "none":
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		return Server{}, errServer
	}
	if u.Port() != "" {
		if port, err = strconv.Atoi(u.Port()); err != nil || port < 1 || port > 65535 {
			return Server{}, errServer
		}
	}
	s.options = append(s.options, gomail.WithPort(port))
	if u.User != nil {
		password, _ := u.User.Password()
		s.options = append(s.options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
	}
	return s, nil
}

// ParseSender reads who mails are from, such as Boxoffice <tickets@example.com>.
func ParseSender(from string) (*mail.Address, error) {
	a, err := mail.ParseAddress(from)
	if err != nil {
		return nil, errors.New("it is not an address such as Boxoffice <tickets@example.com>")
	}
	return a, nil
}

// idleAfter is how long a connection is kept for the next mail.
const idleAfter = 20 * time.Second

// transport sends mails one after another over a connection that it keeps while there are some.
type transport struct {
	server Server

	mu     sync.Mutex
	client *gomail.Client // nil: not connected
	idle   *time.Timer
}

// bounceError is a refusal for good: trying again would be a nuisance.
type bounceError struct{ error }

func (t *transport) send(ctx context.Context, m *gomail.Msg) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.idle != nil {
		t.idle.Stop()
	}
	kept := t.client != nil
	err := t.sendOnce(ctx, m)
	if kept && isDisconnected(err) { // the server has closed the connection in the meantime
		t.close()
		err = t.sendOnce(ctx, m)
	}
	if m.IsDelivered() { // whatever came after that
		err = nil
	}
	if err != nil {
		t.close()
		return classify(err)
	}
	t.idle = time.AfterFunc(idleAfter, t.closeIdle)
	return nil
}

func (t *transport) sendOnce(ctx context.Context, m *gomail.Msg) error {
	if t.client == nil {
		client, err := gomail.NewClient(t.server.host, t.server.options...)
		if err != nil {
			return err
		}
		if err := client.DialWithContext(ctx); err != nil {
			return err
		}
		t.client = client
	}
	return t.client.Send(m)
}

func (t *transport) closeIdle() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.close()
}

func (t *transport) close() {
	if t.client != nil {
		_ = t.client.Close()
		t.client = nil
	}
}

func isDisconnected(err error) bool {
	var refused *gomail.SendError
	return errors.As(err, &refused) && refused.Reason == gomail.ErrConnCheck ||
		errors.Is(err, gomail.ErrNoActiveConnection)
}

// classify tells what to do about an error. What servers say may repeat the address, so only the
// codes are kept.
func classify(err error) error {
	var refused *gomail.SendError
	if !errors.As(err, &refused) { // not even connected, or not signed in
		return reactors.Outage(errors.New("the mail server can't be reached, or does not let this program in"))
	}
	code := refused.ErrorCode()
	said := fmt.Errorf("the mail server says %d %s (%s)", code, refused.EnhancedStatusCode(), refused.Reason)
	switch refused.Reason {
	case gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose:
		switch {
		case code >= 500:
			return &bounceError{said}
		case code >= 400 && code != 421:
			return said
		}
	case gomail.ErrGetRcpts, gomail.ErrWriteContent, gomail.ErrNoUnencoded:
		return said
	default: // it is about this program or the connection, and not about the recipient
	}
	return reactors.Outage(said)
}
