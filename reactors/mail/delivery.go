package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/reactors"
)

// ErrNoRecipient means that a letter has nobody to go to any more: an account was erased, or a link
// was used or has expired.
var ErrNoRecipient = errors.New("the letter has no recipient any more")

var errAddress = errors.New("it can't be part of a mail")

// Recipients look people up when a letter is sent to them. The methods return [ErrNoRecipient].
type Recipients interface {
	// Recipient is the name and the address of a user.
	Recipient(ctx context.Context, user uuid.UUID) (name, email string, err error)
	// Link is the address that a link is sent to, and the page that it leads to, with the secret.
	Link(ctx context.Context, kind Kind, link uuid.UUID) (email, page string, err error)
}

// Options configure [Delivery].
type Options struct {
	Server     Server
	From       *mail.Address
	Origin     string // of the user interface, such as https://tickets.example.com
	Recipients Recipients
	Tickets    Tickets // nil: mails have no codes of tickets
	// Rate bounds how many mails are sent in Per.
	Rate   int
	Per    time.Duration
	Logger *slog.Logger
	// Registerer takes the metrics; nil: none are kept.
	Registerer prometheus.Registerer
	Now        func() time.Time
}

// delivery sends letters.
type delivery struct {
	Options
	renderer  renderer
	transport *transport
	limiter   *rate.Limiter
	sent      *prometheus.CounterVec
}

// deliveryName is the name of the reactor that sends.
const deliveryName = "mail"

// The results of letters in metrics.
const (
	resultSent    = "sent"
	resultBounced = "bounced" // refused for good
	resultDropped = "dropped" // there was nobody to send it to
)

// Delivery is the reactor that sends the letters. Nothing is sent faster than the rate.
func Delivery(o Options) (reactors.Reactor, error) {
	r, err := newRenderer(o.Tickets)
	if err != nil {
		return reactors.Reactor{}, err
	}
	d := &delivery{
		Options: o, renderer: r, transport: &transport{server: o.Server},
		limiter: rate.NewLimiter(rate.Limit(float64(o.Rate)/o.Per.Seconds()), max(1, o.Rate/10)),
		sent: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "boxoffice", Name: "mails_total", Help: "Mails that this process has sent or given up.",
		}, []string{"kind", "result"}),
	}
	for _, result := range []string{resultSent, resultBounced, resultDropped} {
		d.sent.WithLabelValues(string(BookingConfirmed), result)
	}
	if o.Registerer != nil {
		if err := o.Registerer.Register(d.sent); err != nil {
			return reactors.Reactor{}, fmt.Errorf("register the metrics of mails: %w", err)
		}
	}
	return reactors.Reactor{Name: deliveryName, Queue: Topic, Handle: d.handle}, nil
}

func (d *delivery) handle(m *message.Message) error {
	var l Letter
	if err := json.Unmarshal(m.Payload, &l); err != nil {
		return reactors.Permanent(fmt.Errorf("read a letter: %w", err))
	}
	err := d.deliver(m.Context(), l, m.UUID)
	var bounce *bounceError
	result := resultSent
	switch {
	case errors.As(err, &bounce):
		result = resultBounced
		d.Logger.Warn("a mail was refused for good", "kind", l.Kind, "user", l.User, "error", err)
	case errors.Is(err, ErrNoRecipient):
		result = resultDropped
	case err != nil && l.To != "" && !reactors.IsOutage(err):
		result = resultDropped // a list of what never worked must not keep the address
		d.Logger.Warn("a mail was given up", "kind", l.Kind, "user", l.User, "error", err)
	case err != nil:
		return err
	}
	d.sent.WithLabelValues(string(l.Kind), result).Inc()
	return nil
}

func (d *delivery) deliver(ctx context.Context, l Letter, key string) error {
	to, at, err := d.recipientOf(ctx, l)
	if err != nil {
		if !errors.Is(err, ErrNoRecipient) && eventstore.IsUnavailable(err) {
			return reactors.Outage(err)
		}
		return err
	}
	now := d.Now()
	p, err := d.renderer.render(l, to, at, attached, now)
	if err != nil {
		return reactors.Permanent(err)
	}
	m, err := p.message(d.From.String(), to.email, to.name, messageID(key, d.From), now)
	if err != nil {
		return reactors.Permanent(errAddress) // without err, which may repeat the address
	}
	if err := d.limiter.Wait(ctx); err != nil {
		return reactors.Outage(err)
	}
	return d.transport.send(ctx, m)
}

func (d *delivery) recipientOf(ctx context.Context, l Letter) (to recipient, at links, err error) {
	at.origin = d.Origin
	to.name, to.email, err = d.Recipients.Recipient(ctx, l.User)
	if err == nil && l.Link != uuid.Nil {
		to.email, at.link, err = d.Recipients.Link(ctx, l.Kind, l.Link)
	}
	if l.To != "" {
		to.email = l.To
	}
	if err == nil && l.Sender != uuid.Nil {
		to.sender, _, err = d.Recipients.Recipient(ctx, l.Sender)
		if errors.Is(err, ErrNoRecipient) { // the account was erased; the message stands
			err = nil
		}
	}
	return to, at, err
}

// messageID is the same when a letter is sent again, so that programs can tell.
func messageID(key string, from *mail.Address) string {
	_, host, _ := strings.Cut(from.Address, "@")
	return key + "@" + host
}
