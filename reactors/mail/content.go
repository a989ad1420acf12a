package mail

import (
	"cmp"
	"fmt"
	"math"
	"time"

	"github.com/boxoffice/boxoffice/internal/money"
	"github.com/boxoffice/boxoffice/internal/ticket"
)

// content is what a mail says.
type content struct {
	Subject    string
	Heading    string
	Name       string // of the recipient
	Paragraphs []string
	Quote      string // what somebody has written, in several lines
	Facts      []fact
	Action     *action // nil: nothing is to be done
	Closing    string  // below it
	Pictures   []picture
	Calendar   bool // with a file for a calendar
	Home       string
}

// fact is a line of a table, and what it was before, where that has changed.
type fact struct{ Label, Value, Before string }

type action struct{ Text, URL string }

// recipient is whom a mail goes to.
type recipient struct {
	name, email string
	sender      string // of OrganizerMessage: the name; empty: not known
}

// links lead to pages of the user interface.
type links struct {
	origin string // such as https://tickets.example.com
	link   string // of VerifyEmail and ResetPassword, with the secret
}

func (l links) event(about Letter) string { return l.origin + "/events/" + about.Event.ID.String() }
func (l links) bookings() string          { return l.origin + "/bookings" }

func contentOf(l Letter, to recipient, at links, pictures []picture) (content, error) {
	c := content{Name: to.name, Home: at.origin}
	switch l.Kind {
	case VerifyEmail, ResetPassword, PasswordChanged, EmailChanged:
		c.account(l.Kind, at)
		return c, nil
	case WebhookStopped:
		c.webhook(l, at)
		return c, nil
	default:
	}
	if l.Event == nil {
		return c, fmt.Errorf("letter %s has no event", l.Kind)
	}
	c.Facts = factsOf(l)
	if !c.tickets(l, at, pictures) && !c.event(l, to, at) {
		return c, fmt.Errorf("letters of the kind %q are not known", l.Kind)
	}
	return c, nil
}

// tickets is what letters say about a customer's own tickets; false: the letter is about something
// else.
func (c *content) tickets(l Letter, at links, pictures []picture) bool {
	title, event := l.Event.Title, at.event(l)
	switch l.Kind {
	case BookingConfirmed:
		c.say("Your tickets for "+title, "You are going to "+title+"!", "Your booking is confirmed. "+atTheDoor(pictures))
		c.Action, c.Pictures, c.Calendar = &action{"Show my bookings", at.bookings()}, pictures, true
	case BookingCancelled:
		c.say("Your booking for "+title+" is cancelled", "Your booking is cancelled",
			"The tickets went back on sale, and their code is not valid any more.")
		c.Action, c.Calendar = &action{"Show the event", event}, true
	case BookingCancelledByOrganizer:
		c.say("Your booking for "+title+" was cancelled", "The organizer has cancelled your booking",
			"Your tickets are not valid any more. If you have paid for them, ask the organizer for your money.")
		c.Action, c.Calendar = &action{"Show the event", event}, true
	case HoldLapsed:
		c.say("Your tickets for "+title+" were not booked", "Your reservation has ended",
			"The tickets that were set aside for you were not booked in time and went back on sale.")
		c.Action = &action{"Look for tickets", event}
	case TicketsOffered:
		c.say("Tickets for "+title+" are waiting for you", "It is your turn",
			"You are on the waiting list, and tickets have become free. They are yours if you book them in time.")
		c.Action, c.Closing = &action{"Book them now", event}, "After that time they are offered to the next in line."
	case OfferLapsed:
		c.say("Your offer for "+title+" has ended", "Your offer has ended",
			"The tickets that were offered to you were not booked in time. They were offered to the next in line.")
		c.Action = &action{"Show the event", event}
	default:
		return false
	}
	return true
}

// event is what letters say to all who have tickets of an event; false: the letter is about something
// else.
func (c *content) event(l Letter, to recipient, at links) bool {
	title := l.Event.Title
	switch l.Kind {
	case OrganizerMessage:
		c.say(l.Subject, l.Subject, cmp.Or(l.Event.Organizer, to.sender, "The organizer")+
			" writes to everybody who has tickets for "+title+":")
		c.Quote = l.Text
		c.Action = &action{"Show my bookings", at.bookings()}
		c.Closing = "You get this mail because you have tickets. An answer to it does not reach the organizer."
	case EventChanged:
		c.say(title+" has changed", "An event that you have tickets for has changed", "Your tickets stay valid.")
		c.Action, c.Calendar = &action{"Show the event", at.event(l)}, true
		c.Closing = "If you can't come, cancel your booking, so that somebody else gets the tickets."
	case EventCancelled:
		c.say(title+" is cancelled", title+" is cancelled",
			"The organizer has cancelled this event. We are sorry. Your tickets are not valid any more.")
		c.Action, c.Calendar = &action{"Show other events", at.origin + "/events"}, true
	case Reminder:
		c.say(title+" is soon", "See you soon at "+title, "Your tickets are under your bookings, also without a network.")
		c.Action = &action{"Show my bookings", at.bookings()}
	default:
		return false
	}
	return true
}

func atTheDoor(pictures []picture) string {
	switch len(pictures) {
	case 0:
		return "Your tickets are under your bookings."
	case 1:
		return "Show this code at the door, on your phone or on paper."
	}
	return "Show these codes at the door, one for each person, on your phone or on paper."
}

func (c *content) say(subject, heading string, paragraphs ...string) {
	c.Subject, c.Heading, c.Paragraphs = subject, heading, paragraphs
}

const ignore = "If that was not you, you can ignore this mail."

func (c *content) account(kind Kind, at links) {
	switch kind {
	case VerifyEmail:
		c.say("Confirm your e-mail address", "Confirm your e-mail address",
			"With this link you confirm that this address is yours. It works once, for half an hour.")
		c.Action, c.Closing = &action{"Confirm the address", at.link}, ignore
	case ResetPassword:
		c.say("Choose a new password", "Choose a new password",
			"Somebody has asked for a new password for your account. The link works once, for half an hour.")
		c.Action, c.Closing = &action{"Choose a password", at.link}, ignore
	case PasswordChanged:
		c.say("Your password was changed", "Your password was changed",
			"Everybody who was signed in to your account was signed out.")
		c.Action = &action{"I did not do that", at.origin + "/forgot-password"}
	case EmailChanged:
		c.say("Your e-mail address was changed", "Your e-mail address was changed",
			"Your account has another e-mail address now, and mails no longer go to this one.",
			"If that was not you, tell the people who run this site.")
	default: // about an event
	}
}

func (c *content) webhook(l Letter, at links) {
	c.say("A webhook was switched off", "Your webhook was switched off",
		"Nothing that we sent to it arrived any more, or it has answered that it wants no more (410).",
		"Unless it was the latter, what happens at your events is kept, and is sent once you resume the webhook.")
	c.Facts = []fact{{Label: "Address", Value: l.Webhook}}
	c.Action = &action{"Show my webhooks", at.origin + "/desk/webhooks"}
}

func factsOf(l Letter) (facts []fact) {
	if l.Kind == TicketsOffered {
		facts = append(facts, fact{Label: "Book before", Value: timeIn(l.Event.TimeZone, l.Until)})
	}
	was := func(part func(Event) string) (before string) {
		if l.Before != nil && part(*l.Before) != part(*l.Event) {
			return part(*l.Before)
		}
		return ""
	}
	for _, p := range []struct {
		label string
		part  func(Event) string
	}{
		{"Event", func(e Event) string { return e.Title }},
		{"When", func(e Event) string { return e.when() }},
		{"Where", func(e Event) string { return e.Venue }},
	} {
		facts = append(facts, fact{p.label, p.part(*l.Event), was(p.part)})
	}
	if l.Reason != "" {
		facts = append(facts, fact{Label: "Reason", Value: l.Reason})
	}
	for _, line := range l.Lines {
		facts = append(facts, fact{Label: "Tickets", Value: line.text(l.Currency)})
	}
	if l.Kind == BookingConfirmed {
		facts = append(facts, fact{Label: "Ticket number", Value: ticket.NumberOf(l.Booking)})
	}
	return facts
}

func (e Event) when() string {
	text := timeIn(e.TimeZone, e.StartsAt)
	if !e.EndsAt.IsZero() {
		text += " – " + timeIn(e.TimeZone, e.EndsAt)
	}
	return text
}

func timeIn(zone string, t time.Time) string {
	location, err := time.LoadLocation(zone)
	if err != nil {
		location = time.UTC
	}
	return t.In(location).Format("Monday, 2 January 2006, 15:04 (MST)")
}

func (l Line) text(code string) string {
	text := fmt.Sprintf("%d × %s", l.Quantity, l.Type)
	if l.Type == "" {
		text = fmt.Sprint(l.Quantity)
	}
	if code == "" {
		return text
	}
	return text + ", " + amount(int64(l.Quantity)*l.Price, code)
}

func amount(minor int64, code string) string {
	if minor == 0 {
		return "free of charge"
	}
	scale := money.Scale(code)
	one := int64(math.Pow10(scale))
	if scale == 0 {
		return fmt.Sprintf("%s %d", code, minor)
	}
	return fmt.Sprintf("%s %d.%0*d", code, minor/one, scale, minor%one)
}
