package endpoint

// Type is the public name of something that happens. Names are never used again for something else.
type Type string

// The types, in the order in which they are documented.
const (
	EventScheduled       Type = "event.scheduled"
	EventPublished       Type = "event.published"
	EventChanged         Type = "event.changed"
	EventCapacityChanged Type = "event.capacity_changed"
	EventCancelled       Type = "event.cancelled"
	BookingConfirmed     Type = "booking.confirmed"
	BookingCancelled     Type = "booking.cancelled"
	HoldCreated          Type = "hold.created"
	HoldReleased         Type = "hold.released"
	HoldLapsed           Type = "hold.lapsed"
	WaitlistJoined       Type = "waitlist.joined"
	WaitlistLeft         Type = "waitlist.left"
	OfferMade            Type = "offer.made"
	OfferDeclined        Type = "offer.declined"
	OfferLapsed          Type = "offer.lapsed"
	TicketCheckedIn      Type = "ticket.checked_in"
	TicketCheckInUndone  Type = "ticket.check_in_undone"
)

// Test is the type of a delivery that somebody asks for to try an endpoint.
const Test Type = "webhook.test"

// Types lists what an endpoint can ask for. [Test] is not among them: it is sent to any.
func Types() []Type {
	return []Type{
		EventScheduled, EventPublished, EventChanged, EventCapacityChanged, EventCancelled, BookingConfirmed,
		BookingCancelled, HoldCreated, HoldReleased, HoldLapsed, WaitlistJoined, WaitlistLeft, OfferMade, OfferDeclined,
		OfferLapsed, TicketCheckedIn, TicketCheckInUndone,
	}
}
