package mail

import (
	"html/template"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// samples are a letter of each kind.
func samples(now time.Time) []Letter {
	starts := now.Add(24 * time.Hour).Truncate(time.Hour)
	event := &Event{
		ID: uuid.NameSpaceURL, Version: 7, Title: "Limited Concert", Venue: "City Hall, Lisbon", StartsAt: starts,
		EndsAt: starts.Add(3 * time.Hour), TimeZone: "Europe/Lisbon",
	}
	before := *event
	before.Venue, before.StartsAt = "Open-air stage", starts.Add(-2*time.Hour)
	lines := []Line{{"Balcony", 1, 2, 45_00}, {"Standing", 2, 1, 25_50}}
	var all []Letter
	for _, kind := range []Kind{
		VerifyEmail, ResetPassword, PasswordChanged, EmailChanged, BookingConfirmed, BookingCancelled, HoldLapsed,
		TicketsOffered, OfferLapsed, EventChanged, EventCancelled, Reminder, WebhookStopped,
		BookingCancelledByOrganizer, OrganizerMessage,
	} {
		l := Letter{Kind: kind, User: uuid.NameSpaceDNS, Position: 1, Event: event, Booking: uuid.NameSpaceOID}
		switch kind {
		case BookingConfirmed, TicketsOffered:
			l.Lines, l.Currency, l.Until = lines, "EUR", now.Add(10*time.Minute)
		case BookingCancelled, HoldLapsed, OfferLapsed:
			l.Lines = lines
		case BookingCancelledByOrganizer:
			l.Lines, l.Reason = lines, "It was paid for twice."
		case OrganizerMessage:
			l.Subject, l.Sender = "Doors open at seven", uuid.NameSpaceDNS
			l.Text = "The doors open an hour earlier than usual.\n\nThe bar takes cards only."
		case EventChanged:
			l.Before = &before
		case WebhookStopped:
			l.Webhook = "https://example.com/webhooks"
		default:
		}
		all = append(all, l)
	}
	return all
}

const index = `<!doctype html><meta charset="utf-8"><title>Mails</title><style>
body { font: 16px/1.5 system-ui; margin: 2rem } iframe { width: 100%; max-width: 42rem; height: 46rem }
pre { white-space: pre-wrap; max-width: 42rem; border: 1px solid #999; padding: 1rem }</style>
<h1>Mails</h1><ul>{{range .}}<li><a href="?kind={{.Kind}}">{{.Kind}}</a>{{end}}</ul>`

const page = `<!doctype html><meta charset="utf-8"><title>{{.Subject}}</title><style>
body { font: 16px/1.5 system-ui; margin: 2rem } iframe { width: 100%; max-width: 42rem; height: 46rem }
pre { white-space: pre-wrap; max-width: 42rem; border: 1px solid #999; padding: 1rem }</style>
<p><a href="mails">All mails</a></p><h1>{{.Subject}}</h1>
<iframe sandbox title="HTML" srcdoc="{{.HTML}}"></iframe><h2>Text</h2><pre>{{.Text}}</pre>`

// Previews is a page that shows a mail of each kind, for those who work on them.
func Previews(origin string, tickets Tickets, now func() time.Time) (http.Handler, error) {
	r, err := newRenderer(tickets)
	if err != nil {
		return nil, err
	}
	list, err := template.New("index").Parse(index)
	if err != nil {
		return nil, err
	}
	one, err := template.New("page").Parse(page)
	if err != nil {
		return nil, err
	}
	to := recipient{name: "Ann Example", email: "ann@example.com", sender: "Olga Organizer"}
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy",
			"default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'")
		all := samples(now())
		for _, l := range all {
			if string(l.Kind) != q.URL.Query().Get("kind") {
				continue
			}
			p, err := r.render(l, to, links{origin, origin + "/verify-email#token=EXAMPLE"}, inline, now())
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			_ = one.Execute(w, map[string]string{"Subject": p.subject, "HTML": p.html, "Text": p.text})
			return
		}
		_ = list.Execute(w, all)
	}), nil
}
