package domain

import (
	"fmt"
	"slices"
	"strings"
)

// Limits of what is sold.
const (
	MaxTicketTypes    = 20
	MaxTicketTypeName = 100 // characters
	MaxPerCustomer    = 100 // tickets
)

// Money is an amount in the minor unit of a currency (cents for EUR), so that sums are exact.
type Money struct {
	Minor    int64  `json:"minor"`
	Currency string `json:"currency"` // ISO 4217 code, upper case
}

// TypeID names a ticket type of an event. The ids of an event are assigned in order, from 1, and are
// not reused.
type TypeID uint8

// FirstTypeID is the id of the only ticket type of an event that was scheduled with a single price.
const FirstTypeID TypeID = 1

// TicketType is a kind of ticket of an event, such as balcony or reduced. Its tickets are part of the
// event's capacity.
type TicketType struct {
	ID       TypeID `json:"id"` // 0: a new one
	Name     string `json:"name"`
	Price    int64  `json:"price"`              // in the minor unit of the event's currency
	Capacity int    `json:"capacity,omitempty"` // tickets of this type; 0: as many as the event has
}

// GeneralAdmission is the one ticket type of an event with a single price, in minor units.
func GeneralAdmission(price int64) []TicketType {
	return []TicketType{{ID: FirstTypeID, Name: "General admission", Price: price}}
}

// Line is a number of tickets of one type.
type Line struct {
	Type     TypeID `json:"type"`
	Quantity int    `json:"quantity"`
	Price    int64  `json:"price,omitempty"` // of each, in minor units
}

// Lines are what is booked together. No lines mean one ticket of the first type, at its price at that
// time, as in version 1 of the records.
type Lines []Line

// All returns the lines, or the one line that no lines mean.
func (l Lines) All() Lines {
	if len(l) == 0 {
		return Lines{{Type: FirstTypeID, Quantity: 1}}
	}
	return l
}

// Quantity is the number of tickets.
func (l Lines) Quantity() (n int) {
	if len(l) == 0 {
		return 1
	}
	for _, line := range l {
		n += line.Quantity
	}
	return n
}

// cancelled are the lines of a cancellation: none if they are one ticket of the first type.
func (l Lines) cancelled() Lines {
	l = l.unpriced()
	if len(l) == 1 && l[0] == l[:0].All()[0] {
		return nil
	}
	return l
}

func (l Lines) unpriced() Lines {
	l = slices.Clone(l)
	for i := range l {
		l[i].Price = 0
	}
	return l
}

// Price is the event's price: that of its first ticket type.
func (d Details) Price() Money {
	price := Money{Currency: d.Currency}
	if len(d.TicketTypes) > 0 {
		price.Minor = d.TicketTypes[0].Price
	}
	return price
}

// normalizedTypes are the types with trimmed names and an id for each.
func normalizedTypes(types []TicketType) []TicketType {
	if len(types) == 0 {
		return GeneralAdmission(0)
	}
	types = slices.Clone(types)
	var last TypeID
	for i := range types {
		types[i].Name = strings.TrimSpace(types[i].Name)
		last = max(last, types[i].ID)
	}
	for i := range types {
		if types[i].ID == 0 {
			last++
			types[i].ID = last
		}
	}
	return types
}

func (d Details) checkTickets(wrong *checks) {
	if len(d.TicketTypes) == 1 {
		wrong.checkPrice("price", d.TicketTypes[0].Price)
	}
	wrong.unless(isCurrency(d.Currency), "currency", "Enter a three-letter currency code, such as USD.")
	wrong.unless(len(d.TicketTypes) <= MaxTicketTypes, "ticketTypes",
		fmt.Sprintf("Use at most %d ticket types.", MaxTicketTypes))
	ids, names := map[TypeID]bool{}, map[string]bool{}
	for i, t := range d.TicketTypes {
		at := fmt.Sprintf("ticketTypes/%d/", i)
		wrong.line(at+"name", t.Name, MaxTicketTypeName)
		wrong.unless(!names[t.Name], at+"name", "Give each ticket type its own name.")
		wrong.unless(t.ID > 0 && !ids[t.ID], at+"id", "Use the ID of a ticket type of this event, once.")
		if len(d.TicketTypes) > 1 {
			wrong.checkPrice(at+"price", t.Price)
		}
		wrong.unless(t.Capacity >= 0 && t.Capacity <= MaxCapacity, at+"capacity",
			"Enter a number from 1 to "+Grouped(MaxCapacity)+".")
		ids[t.ID], names[t.Name] = true, true
	}
	wrong.unless(d.MaxPerCustomer <= MaxPerCustomer, "maxPerCustomer",
		fmt.Sprintf("Enter a number from 1 to %d.", MaxPerCustomer))
	wrong.unless(d.SaleOpensAt.IsZero() || isYear(d.SaleOpensAt), "saleOpensAt", "Enter a date after 1970.")
	if !d.SaleClosesAt.IsZero() {
		wrong.unless(isYear(d.SaleClosesAt), "saleClosesAt", "Enter a date after 1970.")
		wrong.unless(d.SaleClosesAt.After(d.SaleOpensAt), "saleClosesAt", "Choose a time after the sale opens.")
	}
}

func (c *checks) checkPrice(field string, price int64) {
	c.unless(price >= 0 && price <= MaxPrice, field, "Enter a price from 0 to 100 million.")
}
