package domain

import (
	"encoding/binary"
	"encoding/json"
	"errors"

	"github.com/google/uuid"
)

// snapshotFormat is the first byte of a snapshot. Another layout, or another meaning of the state,
// gets another number; snapshots with an old number are ignored, and the state is read from the
// log.
const snapshotFormat = 1

// snapshotHead is the part of a snapshot without bookings, in JSON.
type snapshotHead struct {
	Status   status  `json:"status"`
	Details  Details `json:"details"`
	Capacity int     `json:"capacity"`
}

// The two facts about a booking in a snapshot.
const (
	flagCancelled = 1 << iota
	flagActive
)

// MarshalBinary encodes the state, in 33 bytes for each booking. States that [Decide] can't lead
// to, where an active booking is missing from the bookings, are an error.
func (s State) MarshalBinary() ([]byte, error) {
	head, err := json.Marshal(snapshotHead{s.status, s.details, s.capacity})
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, 64+len(head)+s.bookings.len()*33)
	b = append(b, snapshotFormat)
	b = binary.AppendUvarint(b, uint64(len(head)))
	b = append(b, head...)
	b = binary.AppendUvarint(b, uint64(s.bookings.len())) //nolint:gosec // a length
	active := 0
	s.bookings.each(func(id uuid.UUID, made booking) bool {
		var flags byte
		if made.cancelled {
			flags |= flagCancelled
		}
		if c, _ := s.customers.get(made.customer); c.holds && c.active == id {
			flags |= flagActive
			active++
		}
		b = append(append(append(b, id[:]...), made.customer[:]...), flags)
		return true
	})
	if active != s.sold {
		return nil, errors.New("the state has no snapshot")
	}
	return b, nil
}

// ReadSnapshot decodes a state that MarshalBinary encoded.
func ReadSnapshot(b []byte) (State, error) {
	var s State
	err := s.UnmarshalBinary(b)
	return s, err
}

// UnmarshalBinary decodes a state that MarshalBinary encoded. Other input is an error and leaves s
// unchanged.
func (s *State) UnmarshalBinary(b []byte) error {
	errBadSnapshot := errors.New("not a snapshot of this format")
	if len(b) == 0 || b[0] != snapshotFormat {
		return errBadSnapshot
	}
	b = b[1:]
	headLength, n := binary.Uvarint(b)
	if n <= 0 || headLength > uint64(len(b)) || int(headLength) > len(b)-n { //nolint:gosec // not more than a length
		return errBadSnapshot
	}
	b = b[n:]
	var head snapshotHead
	if err := json.Unmarshal(b[:headLength], &head); err != nil {
		return errors.Join(errBadSnapshot, err)
	}
	b = b[headLength:]
	count, n := binary.Uvarint(b)
	if n <= 0 || count > uint64(len(b)) || len(b)-n != int(count)*33 { //nolint:gosec // not more than a length
		return errBadSnapshot
	}
	read := State{status: head.Status, details: head.Details, capacity: head.Capacity}
	by := new(builder)
	for b = b[n:]; len(b) > 0; b = b[33:] {
		id, customer, flags := uuid.UUID(b[:16]), uuid.UUID(b[16:32]), b[32]
		read = read.setBooking(id, booking{customer, flags&flagCancelled != 0}, flags&flagActive != 0, by)
	}
	*s = read
	return nil
}
