package domain

import (
	"encoding/binary"

	"github.com/google/uuid"
)

// snapshotCheckIn is how many bytes each check-in takes.
const snapshotCheckIn = 16 + 1 + 1 + 8 + 16

func (s State) appendCheckIns(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(s.checkedIn)) //nolint:gosec // a length
	s.checkIns.each(func(booking uuid.UUID, admitted []checkIn) bool {
		for _, c := range admitted {
			b = append(append(b, booking[:]...), byte(c.typeID), c.number)
			b = binary.BigEndian.AppendUint64(b, uint64(c.at)) //nolint:gosec // read back as it was
			b = append(b, c.by[:]...)
		}
		return true
	})
	return b
}

// checkIns reads what appendCheckIns added.
func (r *snapshotReader) checkIns(s State, by *builder) State {
	for range r.length() {
		b := r.take(snapshotCheckIn)
		if r.broken {
			break
		}
		at := int64(binary.BigEndian.Uint64(b[18:26])) //nolint:gosec // as it was written
		c := checkIn{TypeID(b[16]), b[17], at, uuid.UUID(b[26:])}
		s = s.setCheckIn(TicketID{uuid.UUID(b[:16]), c.typeID, int(c.number)}, c, by)
	}
	return s
}
