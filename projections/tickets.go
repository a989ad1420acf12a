package projections

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/boxoffice/boxoffice/domain"
)

// TicketType is a ticket type of an event, and how many of its tickets can be bought.
type TicketType struct {
	domain.TicketType
	Remaining int
}

// Types are the event's ticket types. Each can be sold until it or the event is sold out.
func (e *Event) Types() []TicketType {
	types := make([]TicketType, 0, max(1, len(e.types)))
	for _, t := range e.ticketTypes() {
		remaining := e.Remaining
		if t.Capacity > 0 {
			remaining = max(0, min(remaining, t.Capacity-e.takenOf(t.ID)))
		}
		types = append(types, TicketType{t, remaining})
	}
	return types
}

func (e *Event) ticketTypes() []domain.TicketType {
	if len(e.types) == 0 {
		return domain.GeneralAdmission(e.Price.Minor)
	}
	return e.types
}

// takenOf is how many tickets of a type are sold or set aside. For the first id it is the total less
// the other types, so that an event with one type needs no counts.
func (e *Event) takenOf(id domain.TypeID) int {
	if id != domain.FirstTypeID {
		return e.taken[id]
	}
	taken := e.Capacity - e.Remaining
	for _, n := range e.taken {
		taken -= n
	}
	return taken
}

// take changes what is taken of each type.
func (e *Event) take(lines domain.Lines, times int) {
	lines = lines.All()
	e.Remaining -= times * lines.Quantity()
	if !slices.ContainsFunc(lines, func(l domain.Line) bool { return l.Type != domain.FirstTypeID }) {
		return
	}
	taken := make(takenColumn, len(e.taken)+1) // other rows may share the old one
	for id, n := range e.taken {
		taken[id] = n
	}
	for _, l := range lines {
		if l.Type != domain.FirstTypeID {
			taken.set(l.Type, taken[l.Type]+times*l.Quantity)
		}
	}
	e.taken = taken
}

// typesColumn stores the ticket types of an event as JSON. The one type of an event with a single
// price is not stored: its price is that of the event.
type typesColumn []domain.TicketType

func typesOf(d domain.Details) typesColumn {
	if slices.Equal(d.TicketTypes, domain.GeneralAdmission(d.Price().Minor)) {
		return nil
	}
	return d.TicketTypes
}

// Value implements [driver.Valuer].
func (t *typesColumn) Value() (driver.Value, error) {
	if len(*t) == 0 {
		return "[]", nil
	}
	text, err := json.Marshal([]domain.TicketType(*t))
	return string(text), err
}

// Scan implements [database/sql.Scanner].
func (t *typesColumn) Scan(stored any) error { return scanJSON(stored, (*[]domain.TicketType)(t)) }

// takenColumn is how many tickets of each type, except the first id, are sold or set aside. Zeros are
// not stored.
type takenColumn map[domain.TypeID]int

func (t takenColumn) set(id domain.TypeID, n int) {
	if n == 0 {
		delete(t, id)
		return
	}
	t[id] = n
}

func takenOf(s domain.State) takenColumn {
	taken := takenColumn{}
	for id := int(domain.FirstTypeID) + 1; id <= math.MaxUint8; id++ {
		taken.set(domain.TypeID(id), s.Taken(domain.TypeID(id)))
	}
	return taken
}

// Value implements [driver.Valuer].
func (t *takenColumn) Value() (driver.Value, error) {
	if len(*t) == 0 {
		return "{}", nil
	}
	text, err := json.Marshal(map[domain.TypeID]int(*t))
	return string(text), err
}

// Scan implements [database/sql.Scanner].
func (t *takenColumn) Scan(stored any) error { return scanJSON(stored, (*map[domain.TypeID]int)(t)) }

// scanJSON reads a column of type jsonb.
func scanJSON(stored, into any) error {
	switch stored := stored.(type) {
	case string:
		return json.Unmarshal([]byte(stored), into)
	case []byte:
		return json.Unmarshal(stored, into)
	}
	return fmt.Errorf("%T can't be read from a %T", into, stored)
}
