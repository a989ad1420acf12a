package domain

import (
	"encoding/binary"
	"encoding/json"

	"github.com/google/uuid"
)

// snapshotHold is a hold in a snapshot, in JSON: there are few, and for minutes only.
type snapshotHold struct {
	CustomerID, ID uuid.UUID
	Expires, First int64
	Offered        bool
	Currency       string
	Lines          Lines
}

// appendClaims adds the holds, the waiting list, and how often customers held or waited.
func (s State) appendClaims(b []byte) []byte {
	holds := []snapshotHold{}
	s.holds.each(func(of uuid.UUID, h hold) bool {
		holds = append(holds, snapshotHold{of, h.id, h.expires, h.first, h.offered, h.currency, h.lines})
		return true
	})
	text, err := json.Marshal(holds)
	if err != nil {
		panic(err) // numbers, ids and text have a JSON encoding
	}
	b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
	b = binary.AppendUvarint(b, uint64(len(s.demands)))
	for _, d := range s.demands {
		b = appendLines(b, d.lines)
		b = binary.AppendUvarint(b, uint64(d.queue.count)) //nolint:gosec // a length
		d.queue.each(func(number uint32, of uuid.UUID) bool {
			c, _ := s.customers.get(of)
			b = binary.BigEndian.AppendUint32(b, number)
			b = append(append(b, of[:]...), c.entry[:]...)
			return true
		})
	}
	claims, count := []byte(nil), 0
	s.customers.each(func(of uuid.UUID, c customer) bool {
		if c.claims > 0 {
			claims = binary.BigEndian.AppendUint16(append(claims, of[:]...), c.claims)
			count++
		}
		return true
	})
	return append(binary.AppendUvarint(b, uint64(count)), claims...)
}

// claims reads what appendClaims added.
func (r *snapshotReader) claims(s State, by *builder) State {
	var holds []snapshotHold
	if err := json.Unmarshal(r.take(r.length()), &holds); err != nil {
		r.broken = true
		return s
	}
	for _, h := range holds {
		s = s.setHold(h.CustomerID, hold{id: h.ID, expires: h.Expires, offered: h.Offered, currency: h.Currency,
			lines: h.Lines}, by)
		stored, _ := s.holds.get(h.CustomerID)
		stored.first = h.First
		s.holds = s.holds.set(h.CustomerID, stored, by)
	}
	last := s.joined
	for range r.length() {
		lines := r.lines()
		for range r.length() {
			entry := r.take(4 + 16 + 16)
			if r.broken {
				return s
			}
			s.joined = binary.BigEndian.Uint32(entry) - 1
			s = s.join(uuid.UUID(entry[4:20]), uuid.UUID(entry[20:]), lines, by)
		}
	}
	s.joined = last
	for range r.length() {
		claim := r.take(16 + 2)
		if r.broken {
			return s
		}
		c, _ := s.customers.get(uuid.UUID(claim[:16]))
		c.claims = binary.BigEndian.Uint16(claim[16:])
		s.customers = s.customers.set(uuid.UUID(claim[:16]), c, by)
	}
	return s
}
