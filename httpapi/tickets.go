package httpapi

import (
	"fmt"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/projections"
)

// TicketType is a kind of ticket of an event as the API shows it.
type TicketType struct {
	ID        int     `json:"id" example:"1" doc:"Never given to another type of the event"`
	Name      string  `json:"name" example:"General admission"`
	Price     Decimal `json:"price"`
	Capacity  int     `json:"capacity,omitempty" doc:"Tickets of this type; absent: as many as the event has"`
	Remaining int     `json:"remaining" doc:"How many can be bought; types share the tickets of the event"`
}

func ticketTypesOf(e *projections.Event) []TicketType {
	rows := e.Types()
	types := make([]TicketType, len(rows))
	for i, t := range rows {
		types[i] = TicketType{
			ID: int(t.ID), Name: t.Name, Price: decimalOf(domain.Money{Minor: t.Price, Currency: e.Price.Currency}),
			Capacity: t.Capacity, Remaining: t.Remaining,
		}
	}
	return types
}

// ticketTypeInput is a ticket type that an organizer sells.
type ticketTypeInput struct {
	ID       int     `json:"id,omitempty" minimum:"1" maximum:"255" doc:"Of a type that the event has; absent: a new one"`
	Name     string  `json:"name"`
	Price    Decimal `json:"price"`
	Capacity int     `json:"capacity,omitempty" minimum:"1" doc:"Tickets of this type; absent: as many as the event has"`
}

// typesOf reads ticket types with prices in a currency. With an error it returns types that pass further
// checks.
func typesOf(in []ticketTypeInput, currency string) ([]domain.TicketType, string, error) {
	types, errs := make([]domain.TicketType, len(in)), make([]error, len(in))
	for i, t := range in {
		var price domain.Money
		price, errs[i] = moneyOf(t.Price, currency)
		errs[i] = within(errs[i], i)
		types[i] = domain.TicketType{
			ID: domain.TypeID(t.ID), Name: t.Name, Price: price.Minor, Capacity: t.Capacity, //nolint:gosec // up to 255
		}
		if i == len(in)-1 {
			currency = price.Currency
		}
	}
	return types, currency, domain.JoinInvalid(errs...)
}

// within names the ticket type whose price is wrong.
func within(err error, i int) error {
	invalid, ok := err.(*domain.InvalidError) //nolint:errorlint // as it was made
	if !ok {
		return err
	}
	var fields []domain.FieldError
	for _, f := range invalid.Fields {
		if f.Field == "price" {
			f.Field = fmt.Sprintf("ticketTypes/%d/price", i)
		} else if i > 0 { // the currency, which is wrong once
			continue
		}
		fields = append(fields, f)
	}
	if len(fields) == 0 {
		return nil
	}
	return &domain.InvalidError{Fields: fields}
}

// Line is a number of tickets of one type.
type Line struct {
	TicketTypeID int `json:"ticketTypeId" minimum:"1" maximum:"255" example:"1"`
	Quantity     int `json:"quantity" minimum:"1" maximum:"100" example:"2"`
}

func domainLines(lines []Line) domain.Lines {
	var all domain.Lines
	for _, l := range lines {
		all = append(all, domain.Line{Type: domain.TypeID(l.TicketTypeID), Quantity: l.Quantity}) //nolint:gosec // up to 255
	}
	return all
}
