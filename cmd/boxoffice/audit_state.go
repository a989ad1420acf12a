package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/audit"
)

// shownState is the state of an event in JSON.
type shownState struct {
	Status    string       `json:"status"`
	Details   shownDetails `json:"details"`
	Capacity  int          `json:"capacity"`
	Sold      int          `json:"sold"`
	Held      int          `json:"held"`
	Remaining int          `json:"remaining"`
	Bookings  int          `json:"bookings"`
	Waiting   int          `json:"waiting"`
}

type shownDetails struct {
	domain.Details
	Price domain.Money `json:"price"`
}

// wholeState has what is not shown for each record: it can be long.
type wholeState struct {
	shownState
	TicketTypes []audit.TypeTickets `json:"ticketTypes"`
	Holds       []domain.Hold       `json:"holds"`
	Waitlist    []domain.Entry      `json:"waitlist"` // in the order of joining
}

func stateJSON(s domain.State) shownState {
	details := shownDetails{s.Details(), s.Details().Price()}
	return shownState{
		Status: audit.StatusOf(s), Details: details, Capacity: s.Capacity(), Sold: s.Sold(), Held: s.Held(),
		Remaining: s.Remaining(), Bookings: s.Made(), Waiting: s.Waiting(),
	}
}

func (a *auditor) showState(m audit.Moment, asJSON bool) error {
	s := wholeState{
		stateJSON(m.State), audit.TypesOf(m.State), audit.HoldsOf(m.State, m.State.Held()),
		audit.WaitlistOf(m.State, m.State.Waiting()),
	}
	if asJSON {
		return encodeMoment(a.out, m, s)
	}
	more := ""
	for _, f := range []struct{ name, text string }{
		{"ends", optionalTime(s.Details.EndsAt)}, {"category", s.Details.Category},
		{"organizer", s.Details.OrganizerName}, {"image", s.Details.Image},
		{"sale", saleText(&s.Details.Details)},
	} {
		if f.text != "" {
			more += fmt.Sprintf("%-10s %s\n", f.name, cell(f.text, 68))
		}
	}
	held := ""
	if s.Held > 0 {
		held = fmt.Sprintf(", %d held", s.Held)
	}
	_, err := fmt.Fprintf(a.out, "stream     %s\nversion    %d (%s), position %d\ntime       %s\n"+
		"status     %s\ntitle      %s\nvenue      %s\nbegins     %s (%s)\n%sprice      %d minor units of %s\n"+
		"tickets    %d, of which %d sold%s and %d left\n%sbookings   %d ever made\n%s",
		m.Record.StreamID, m.Record.Version, cell(m.Record.Type, 40), m.Record.Position,
		m.Record.RecordedAt.Format(time.RFC3339Nano), s.Status, cell(s.Details.Title, 68), cell(s.Details.Venue, 68),
		s.Details.StartsAt.Format(time.RFC3339), cell(s.Details.TimeZone, 40), more, s.Details.Price.Minor,
		cell(s.Details.Price.Currency, 3),
		s.Capacity, s.Sold, held, s.Remaining, s.typesText(), s.Bookings, s.waitlistText())
	if err == nil && m.Unknown {
		_, err = fmt.Fprintln(a.out, "A record up to here can't be read, and is left out.")
	}
	return err
}

// typesText has a line for each ticket type where there is more than one, or one with a limit.
func (s *wholeState) typesText() string {
	if len(s.TicketTypes) == 1 && s.TicketTypes[0].Capacity == 0 {
		return ""
	}
	var b strings.Builder
	for _, t := range s.TicketTypes {
		fmt.Fprintf(&b, "  type %-3d %s\n           %d sold, %d held, %d left; %d minor units each\n", t.ID, cell(t.Name, 68),
			t.Sold, t.Held, t.Left, t.Price)
	}
	return b.String()
}

// waitlistText lists who holds tickets and who waits.
func (s *wholeState) waitlistText() string {
	const most = 20 // lines of each
	var b strings.Builder
	rest := func(n int) {
		if n > most {
			fmt.Fprintf(&b, "  and %d more: --json has them all\n", n-most)
		}
	}
	if len(s.Holds) > 0 {
		b.WriteString("held for\n")
	}
	for _, h := range s.Holds[:min(most, len(s.Holds))] {
		what := "hold"
		if h.Offered {
			what = "offer"
		}
		fmt.Fprintf(&b, "  customer %s, %s until %s\n    %s\n", h.CustomerID, what, h.ExpiresAt.Format(timeForm),
			audit.LinesText(audit.LinesOf(h.Lines)))
	}
	rest(len(s.Holds))
	if len(s.Waitlist) > 0 {
		fmt.Fprintf(&b, "waiting    %d, in this order\n", s.Waiting)
	}
	for _, e := range s.Waitlist[:min(most, len(s.Waitlist))] {
		fmt.Fprintf(&b, "  customer %s, joined as number %d\n    %s\n", e.CustomerID, e.Number,
			audit.LinesText(audit.LinesOf(e.Lines)))
	}
	rest(len(s.Waitlist))
	return b.String()
}

// saleText says when tickets are sold and how many a customer gets, where that is limited.
func saleText(d *domain.Details) string {
	var parts []string
	if !d.SaleOpensAt.IsZero() {
		parts = append(parts, "from "+optionalTime(d.SaleOpensAt))
	}
	if !d.SaleClosesAt.IsZero() {
		parts = append(parts, "until "+optionalTime(d.SaleClosesAt))
	}
	if d.MaxPerCustomer > 1 {
		parts = append(parts, fmt.Sprintf("%d per customer", d.MaxPerCustomer))
	}
	return strings.Join(parts, ", ")
}

// typesLine is what a comparison shows of the ticket types; nothing of one that is all of the event.
func typesLine(s domain.State) string {
	var parts []string
	if types := s.Details().TicketTypes; len(types) == 1 && types[0].Capacity == 0 {
		return ""
	}
	for _, t := range s.Details().TicketTypes {
		part := fmt.Sprintf("%s %d", t.Name, t.Price)
		if t.Capacity > 0 {
			part += fmt.Sprintf(" (%d)", t.Capacity)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

// whenSaid is a time that can be missing.
func optionalTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}
