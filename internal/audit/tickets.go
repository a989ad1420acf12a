package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/boxoffice/boxoffice/domain"
)

// TicketCount is a number of tickets of one type, without their price.
type TicketCount struct {
	Type     domain.TypeID `json:"ticketTypeId"`
	Quantity int           `json:"quantity"`
}

// LinesOf are the tickets of a record.
func LinesOf(lines domain.Lines) []TicketCount {
	short := make([]TicketCount, 0, len(lines))
	for _, line := range lines.All() {
		short = append(short, TicketCount{line.Type, line.Quantity})
	}
	return short
}

// LinesText is how many tickets of which types some lines are, for people: "2 × type 1, 1 × type 3".
func LinesText(lines []TicketCount) string {
	parts := make([]string, len(lines))
	for i, line := range lines {
		parts[i] = fmt.Sprintf("%d × type %d", line.Quantity, line.Type)
	}
	return strings.Join(parts, ", ")
}

// TypeTickets is a ticket type of an event, with what became of its tickets.
type TypeTickets struct {
	domain.TicketType
	Sold int `json:"sold"`
	Held int `json:"held"` // set aside by holds and offers
	Left int `json:"left"` // neither, as far as the event as a whole has tickets
}

// TypesOf lists the ticket types of an event in their order.
func TypesOf(s domain.State) []TypeTickets {
	held := map[domain.TypeID]int{}
	for hold := range s.Holds() {
		for _, line := range hold.Lines {
			held[line.Type] += line.Quantity
		}
	}
	types := make([]TypeTickets, 0, len(s.Details().TicketTypes))
	for _, t := range s.Details().TicketTypes {
		types = append(types, TypeTickets{t, s.Taken(t.ID) - held[t.ID], held[t.ID], s.Available(t.ID)})
	}
	return types
}

// WaitlistOf is the waiting list in the order of joining, the first entries of it.
func WaitlistOf(s domain.State, most int) []domain.Entry {
	entries := slices.SortedFunc(s.Waitlist(), func(a, b domain.Entry) int { return cmp.Compare(a.Number, b.Number) })
	return entries[:min(len(entries), most)]
}

// HoldsOf are the holds and offers whose end is not recorded, the first that lapse.
func HoldsOf(s domain.State, most int) []domain.Hold {
	holds := slices.SortedFunc(s.Holds(), func(a, b domain.Hold) int {
		return cmp.Or(a.ExpiresAt.Compare(b.ExpiresAt), slices.Compare(a.ID[:], b.ID[:]))
	})
	return holds[:min(len(holds), most)]
}
