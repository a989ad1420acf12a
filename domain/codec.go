package domain

import (
	"encoding/json"
	"fmt"
	"time"
)

// The stored names of the records, written out so that renaming a Go type never rewrites history.
const (
	TypeEventScheduled   = "EventScheduled"
	TypeDetailsChanged   = "DetailsChanged"
	TypeCapacityChanged  = "CapacityChanged"
	TypeEventCancelled   = "EventCancelled"
	TypeTicketBooked     = "TicketBooked"
	TypeBookingCancelled = "BookingCancelled"
	TypeEventPublished   = "EventPublished"
	TypeTicketsHeld      = "TicketsHeld"
	TypeHoldConfirmed    = "HoldConfirmed"
	TypeHoldReleased     = "HoldReleased"
	TypeHoldLapsed       = "HoldLapsed"
	TypeWaitlistJoined   = "WaitlistJoined"
	TypeWaitlistLeft     = "WaitlistLeft"
	TypeTicketsOffered   = "TicketsOffered"
	TypeOfferDeclined    = "OfferDeclined"
	TypeOfferLapsed      = "OfferLapsed"
	TypeOrganizerAdded   = "OrganizerAdded"
	TypeOrganizerRemoved = "OrganizerRemoved"
	TypeTicketCheckedIn  = "TicketCheckedIn"
	TypeCheckInUndone    = "CheckInUndone"
	TypeMessageSent      = "MessageSent"
)

// Codec encodes records for storage and decodes them. Stored records never change: a new shape of a
// record gets the next schema version, and Decode upcasts the older ones, so that the rest of the
// program sees only the newest.
type Codec struct{}

// Encode returns the stored name, the schema version and the JSON of a record. A booking or a
// cancellation without lines is written as version 1, which means the same.
func (Codec) Encode(r Record) (name string, schemaVersion int16, data []byte, err error) {
	switch r := r.(type) {
	case EventScheduled:
		name, schemaVersion = TypeEventScheduled, 2
	case DetailsChanged:
		name, schemaVersion = TypeDetailsChanged, 2
	case CapacityChanged:
		name, schemaVersion = TypeCapacityChanged, 1
	case EventCancelled:
		name, schemaVersion = TypeEventCancelled, 1
	case OrganizerAdded:
		name, schemaVersion = TypeOrganizerAdded, 1
	case OrganizerRemoved:
		name, schemaVersion = TypeOrganizerRemoved, 1
	case TicketCheckedIn:
		name, schemaVersion = TypeTicketCheckedIn, 1
	case CheckInUndone:
		name, schemaVersion = TypeCheckInUndone, 1
	case MessageSent:
		name, schemaVersion = TypeMessageSent, 1
	case TicketBooked:
		schemaVersion, data, err = (*bookingData)(&r).encode()
		return TypeTicketBooked, schemaVersion, data, err
	case BookingCancelled:
		if r.Reason != "" {
			name, schemaVersion = TypeBookingCancelled, 3
			break
		}
		schemaVersion, data, err = (&bookingData{r.BookingID, r.CustomerID, "", r.Lines}).encode()
		return TypeBookingCancelled, schemaVersion, data, err
	default:
		if name, schemaVersion = nameOfClaim(r), 1; name == "" { // nil, or a pointer, which implements Record too
			return "", 0, nil, fmt.Errorf("a record of type %T can't be stored", r)
		}
	}
	data, err = json.Marshal(r)
	return name, schemaVersion, data, err
}

// UnknownRecordError says that a record has a type or a schema version that this program does not
// know: a newer one wrote it.
type UnknownRecordError struct {
	Type          string
	SchemaVersion int16
}

func (e *UnknownRecordError) Error() string {
	return fmt.Sprintf("record type %q with schema version %d is not known to this program", e.Type, e.SchemaVersion)
}

// UnknownRecord lets the event store recognise the error.
func (*UnknownRecordError) UnknownRecord() {}

// Decode reads a stored record of every schema version that was ever written. An unknown name or
// version is an [UnknownRecordError], because a program older than the log must not guess.
func (Codec) Decode(name string, schemaVersion int16, data []byte) (Record, error) {
	switch name {
	case TypeTicketBooked:
		if schemaVersion == 1 || schemaVersion == 2 {
			return decodeBooked(schemaVersion, data)
		}
	case TypeBookingCancelled:
		if schemaVersion == 1 || schemaVersion == 2 {
			return decodeCancelled(schemaVersion, data)
		}
		if schemaVersion == 3 {
			return decodeCancelledBy(data)
		}
	case TypeEventScheduled:
		switch schemaVersion {
		case 1:
			return upcast(data, func(v1 eventScheduledV1) EventScheduled {
				return EventScheduled{Details: v1.Details.upcast(), Capacity: v1.Capacity}
			})
		case 2:
			return decode[EventScheduled](data)
		}
	case TypeDetailsChanged:
		switch schemaVersion {
		case 1:
			return upcast(data, func(v1 detailsChangedV1) DetailsChanged { return DetailsChanged{v1.Details.upcast()} })
		case 2:
			return decode[DetailsChanged](data)
		}
	case TypeCapacityChanged:
		if schemaVersion == 1 {
			return decode[CapacityChanged](data)
		}
	case TypeEventCancelled:
		if schemaVersion == 1 {
			return decode[EventCancelled](data)
		}
	case TypeOrganizerAdded:
		if schemaVersion == 1 {
			return decode[OrganizerAdded](data)
		}
	case TypeOrganizerRemoved:
		if schemaVersion == 1 {
			return decode[OrganizerRemoved](data)
		}
	case TypeTicketCheckedIn:
		if schemaVersion == 1 {
			return decodeCheckedIn(data)
		}
	case TypeCheckInUndone:
		if schemaVersion == 1 {
			return decode[CheckInUndone](data)
		}
	case TypeMessageSent:
		if schemaVersion == 1 {
			return decodeMessage(data)
		}
	default:
		if schemaVersion == 1 {
			return decodeClaim(name, data)
		}
	}
	return nil, &UnknownRecordError{name, schemaVersion}
}

func decode[R Record](data []byte) (Record, error) {
	var r R
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("decode %T: %w", r, err)
	}
	return r, nil
}

// upcast decodes an old version of a record and makes it one of the newest.
func upcast[V1 any, R Record](data []byte, to func(V1) R) (Record, error) {
	var old V1
	if err := json.Unmarshal(data, &old); err != nil {
		return nil, fmt.Errorf("decode %T: %w", old, err)
	}
	return to(old), nil
}

func decodeCheckedIn(data []byte) (Record, error) {
	var r TicketCheckedIn
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("decode %T: %w", r, err)
	}
	r.At = r.At.UTC().Truncate(time.Microsecond)
	if year := r.At.Year(); r.Number < 1 || r.Number > MaxPerCustomer || year < 0 || year > 9999 {
		return nil, fmt.Errorf("decode %T: ticket %d at %s", r, r.Number, r.At)
	}
	return r, nil
}

// decodeCancelledBy reads a cancellation by an organizer, whose lines can be those of version 1.
func decodeCancelledBy(data []byte) (Record, error) {
	var r BookingCancelled
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("decode %T: %w", r, err)
	}
	if r.Reason == "" {
		return nil, fmt.Errorf("decode %T: without a reason", r)
	}
	if err := (&bookingData{Lines: r.Lines}).check(); err != nil && len(r.Lines) > 0 {
		return nil, err
	}
	return r, nil
}

func decodeMessage(data []byte) (Record, error) {
	var r MessageSent
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("decode %T: %w", r, err)
	}
	r.At = r.At.UTC().Truncate(time.Microsecond)
	if year := r.At.Year(); year < 0 || year > 9999 {
		return nil, fmt.Errorf("decode %T: sent in the year %d", r, year)
	}
	return r, nil
}
