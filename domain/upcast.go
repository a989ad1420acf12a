package domain

import (
	"encoding/json"
	"time"
)

// The records whose version 1 is not read as the newest one. An upcast looks at one record only: what
// it means does not depend on the records around it.

type eventScheduledV1 struct {
	Details  detailsV1 `json:"details"`
	Capacity int       `json:"capacity"`
}

type detailsChangedV1 struct {
	Details detailsV1 `json:"details"`
}

// detailsV1 have one price for all tickets.
type detailsV1 struct {
	Title       string    `json:"title"`
	Description string    `json:"description"`
	Venue       string    `json:"venue"`
	StartsAt    time.Time `json:"startsAt"`
	TimeZone    string    `json:"timeZone"`
	Price       Money     `json:"price"`
}

// UnmarshalJSON checks the time as that of the newest details.
func (d *detailsV1) UnmarshalJSON(data []byte) error {
	type plain detailsV1
	if err := json.Unmarshal(data, (*plain)(d)); err != nil {
		return err
	}
	newest := d.upcast()
	return newest.checkYears()
}

func (d detailsV1) upcast() Details {
	return Details{
		Title: d.Title, Description: d.Description, Venue: d.Venue, StartsAt: d.StartsAt, TimeZone: d.TimeZone,
		Currency: d.Price.Currency, TicketTypes: GeneralAdmission(d.Price.Minor), MaxPerCustomer: 1,
	}.withUTC()
}
