package domain

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Limits of messages to those who have tickets.
const (
	MaxSubject  = 150   // characters
	MaxMessage  = 2_000 // characters: a copy for each recipient waits to be sent
	MaxMessages = 5     // of an event within MessageDay
	MessageDay  = 24 * time.Hour
)

func sendMessage(c SendMessage, s State) ([]Record, error) {
	subject, text := strings.TrimSpace(c.Subject), normalizedText(c.Text)
	var wrong checks
	wrong.line("subject", subject, MaxSubject)
	wrong.unless(IsVisible(text) && isParagraphs(text) && isText(text, MaxMessage), "text",
		"Enter a text of 1 to 2,000 characters.")
	at := c.Now.UTC().Truncate(time.Microsecond)
	switch {
	case s.status == statusNone || s.Draft():
		return nil, ErrEventNotFound
	case len(wrong) > 0:
		return nil, &InvalidError{wrong}
	case s.sold == 0:
		return nil, ErrNobodyToWriteTo
	case len(s.messages) == MaxMessages && s.messages[0] > at.Add(-MessageDay).UnixMicro():
		return nil, ErrTooManyMessages
	}
	return []Record{MessageSent{c.By, at, s.Attendees(), subject, text}}, nil
}

// Attendees is the number of customers who have tickets.
func (s State) Attendees() (n int) {
	s.customers.each(func(_ uuid.UUID, c customer) bool {
		if c.tickets > 0 {
			n++
		}
		return true
	})
	return n
}

// addMessage remembers when the last messages were sent, the oldest first.
func (s State) addMessage(at time.Time) State {
	s.messages = append(slices.Clone(s.messages), at.UnixMicro())
	s.messages = s.messages[max(0, len(s.messages)-MaxMessages):]
	return s
}
