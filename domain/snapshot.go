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
const snapshotFormat = 5

// snapshotHead is the part of a snapshot without bookings, in JSON.
type snapshotHead struct {
	Status   status  `json:"status"`
	Details  Details `json:"details"`
	Capacity int     `json:"capacity"`
	LastType TypeID  `json:"lastType"`
	Joined   uint32  `json:"joined"`

	Owner      uuid.UUID     `json:"owner,omitzero"`
	Organizers []coOrganizer `json:"organizers,omitempty"`
	Messages   []int64       `json:"messages,omitempty"`
}

// snapshotBooking is how many bytes each booking takes; those that State.orders has take more.
const snapshotBooking = 16 + 16 + 3

// MarshalBinary encodes the state, in 35 bytes for each booking with tickets of one type.
func (s State) MarshalBinary() ([]byte, error) {
	head, err := json.Marshal(snapshotHead{
		s.status, s.details, s.capacity, s.lastType, s.joined, s.owner, s.organizers, s.messages,
	})
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, 64+len(head)+s.bookings.len()*snapshotBooking)
	b = append(b, snapshotFormat)
	b = binary.AppendUvarint(b, uint64(len(head)))
	b = append(b, head...)
	b = binary.AppendUvarint(b, uint64(s.bookings.len())) //nolint:gosec // a length
	s.bookings.each(func(id uuid.UUID, made booking) bool {
		b = append(append(b, id[:]...), made.customer[:]...)
		b = append(b, flag(made.cancelled), byte(made.typeID), made.quantity)
		if made.typeID == 0 {
			b = appendLines(b, s.linesOf(id, made))
		}
		return true
	})
	return s.appendCheckIns(s.appendClaims(b)), nil
}

func flag(is bool) byte {
	if is {
		return 1
	}
	return 0
}

func appendLines(b []byte, lines Lines) []byte {
	b = binary.AppendUvarint(b, uint64(len(lines)))
	for _, line := range lines {
		b = binary.AppendVarint(append(b, byte(line.Type)), int64(line.Quantity))
	}
	return b
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
	if len(b) == 0 || b[0] != snapshotFormat {
		return errBadSnapshot
	}
	r := snapshotReader{rest: b[1:]}
	var head snapshotHead
	if err := json.Unmarshal(r.take(r.length()), &head); err != nil {
		return errors.Join(errBadSnapshot, err)
	}
	read := State{
		status: head.Status, details: head.Details, capacity: head.Capacity, lastType: head.LastType, joined: head.Joined,
		owner: head.Owner, organizers: head.Organizers, messages: head.Messages,
	}
	by := new(builder)
	for range r.length() {
		fixed := r.take(snapshotBooking)
		if r.broken {
			break
		}
		lines := Lines{{Type: TypeID(fixed[33]), Quantity: int(fixed[34])}}
		if lines[0].Type == 0 {
			lines = r.lines()
		}
		read = read.setBooking(uuid.UUID(fixed[:16]), uuid.UUID(fixed[16:32]), fixed[32] != 0, lines, by)
	}
	read = r.checkIns(r.claims(read, by), by)
	if r.broken || len(r.rest) > 0 {
		return errBadSnapshot
	}
	*s = read
	return nil
}

var errBadSnapshot = errors.New("not a snapshot of this format")

// snapshotReader takes values off a snapshot. It is broken once one is missing.
type snapshotReader struct {
	rest   []byte
	broken bool
}

func (r *snapshotReader) take(n int) []byte {
	if n > len(r.rest) {
		r.broken, r.rest = true, nil
		return nil
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

// length reads the length of what follows, which can't exceed the bytes that are left.
func (r *snapshotReader) length() int {
	value, n := binary.Uvarint(r.rest)
	if n <= 0 || value > uint64(len(r.rest)-n) { //nolint:gosec // a length
		r.broken, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return int(value) //nolint:gosec // not more than a length
}

func (r *snapshotReader) lines() (lines Lines) {
	for range r.length() {
		typeID := r.take(1)
		quantity, n := binary.Varint(r.rest)
		if r.broken || n <= 0 {
			r.broken = true
			return nil
		}
		r.rest = r.rest[n:]
		lines = append(lines, Line{Type: TypeID(typeID[0]), Quantity: int(quantity)})
	}
	return lines
}
