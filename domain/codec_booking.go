package domain

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/google/uuid"
)

// Nearly every record of a busy log is a booking or its cancellation. Their JSON has one layout,
// which is read and written in place, ten times as fast as through reflection. Other valid JSON is
// decoded the usual way.
const (
	zeroID        = "00000000-0000-0000-0000-000000000000"
	bookingLayout = `{"bookingId":"` + zeroID + `","customerId":"` + zeroID + `"}`

	idLength   = len(zeroID)
	bookingAt  = len(`{"bookingId":"`)
	customerAt = bookingAt + idLength + len(`","customerId":"`)
	idsEnd     = customerAt + idLength + len(`"`)

	currencyLayout = `,"currency":"EUR"`
	currencyAt     = len(`,"currency":"`)
)

// bookingData are a booking, or a cancellation, which has no currency. Version 1 has no lines.
type bookingData TicketBooked

func (b *bookingData) encode() (schemaVersion int16, data []byte, err error) {
	data = append(make([]byte, 0, len(bookingLayout)+64), bookingLayout...)
	copy(data[bookingAt:], b.BookingID.String())
	copy(data[customerAt:], b.CustomerID.String())
	switch {
	case len(b.Lines) == 0 && b.Currency == "":
		return 1, data, nil
	case len(b.Lines) == 0 || b.Currency != "" && !isCurrency(b.Currency):
		return 0, nil, errors.New("a booking without lines, or in no currency")
	}
	data = data[:idsEnd]
	if b.Currency != "" {
		data = append(append(append(data, currencyLayout[:currencyAt]...), b.Currency...), '"')
	}
	return 2, append(b.Lines.append(append(data, `,"lines":`...)), '}'), nil
}

func (l Lines) append(data []byte) []byte {
	before := byte('[')
	for _, line := range l {
		data = strconv.AppendUint(append(append(data, before), `{"type":`...), uint64(line.Type), 10)
		data = strconv.AppendInt(append(data, `,"quantity":`...), int64(line.Quantity), 10)
		if line.Price != 0 {
			data = strconv.AppendInt(append(data, `,"price":`...), line.Price, 10)
		}
		data, before = append(data, '}'), ','
	}
	return append(data, ']')
}

// decodeBooked reads a booking, and decodeCancelled a cancellation, of both versions.
func decodeBooked(schemaVersion int16, data []byte) (Record, error) {
	var b bookingData
	if b.parse(schemaVersion, data) {
		return TicketBooked(b), nil
	}
	slow, err := decodeAnyBooking(schemaVersion, data)
	if err != nil {
		return nil, err
	}
	return TicketBooked(slow), nil
}

func decodeCancelled(schemaVersion int16, data []byte) (Record, error) {
	var b bookingData
	if b.parse(schemaVersion, data) {
		return BookingCancelled{BookingID: b.BookingID, CustomerID: b.CustomerID, Lines: b.Lines}, nil
	}
	slow, err := decodeAnyBooking(schemaVersion, data)
	if err != nil {
		return nil, err
	}
	return BookingCancelled{BookingID: slow.BookingID, CustomerID: slow.CustomerID, Lines: slow.Lines}, nil
}

// decodeAnyBooking reads every layout.
func decodeAnyBooking(schemaVersion int16, data []byte) (b bookingData, err error) {
	if err := json.Unmarshal(data, &b); err != nil {
		return bookingData{}, fmt.Errorf("decode a booking: %w", err)
	}
	if schemaVersion == 1 {
		return bookingData{BookingID: b.BookingID, CustomerID: b.CustomerID}, nil
	}
	return b, b.check()
}

// check refuses what no decision can have made.
func (b *bookingData) check() error {
	if len(b.Lines) == 0 || len(b.Lines) > MaxTicketTypes || b.Currency != "" && !isCurrency(b.Currency) {
		return fmt.Errorf("decode a booking: %d lines in currency %q", len(b.Lines), b.Currency)
	}
	for _, line := range b.Lines {
		if line.Type == 0 || line.Quantity < 1 || line.Quantity > MaxPerCustomer || line.Price < 0 {
			return fmt.Errorf("decode a booking: %d tickets of type %d for %d", line.Quantity, line.Type, line.Price)
		}
	}
	return nil
}

// parse reads the layout that encode writes.
func (b *bookingData) parse(schemaVersion int16, data []byte) bool {
	if len(data) <= idsEnd ||
		string(data[:bookingAt]) != bookingLayout[:bookingAt] ||
		string(data[bookingAt+idLength:customerAt]) != bookingLayout[bookingAt+idLength:customerAt] ||
		data[idsEnd-1] != '"' ||
		!parseID(data[bookingAt:], &b.BookingID) || !parseID(data[customerAt:], &b.CustomerID) {
		return false
	}
	if schemaVersion == 1 {
		return string(data[idsEnd:]) == "}"
	}
	return b.parseLines(parser{data[idsEnd:]}) && b.check() == nil
}

func (b *bookingData) parseLines(p parser) bool {
	if len(p.rest) > len(currencyLayout) && p.skip(currencyLayout[:currencyAt]) {
		b.Currency = currencyOf(p.rest[:3])
		p.rest = p.rest[3:]
		if !p.skip(`"`) {
			return false
		}
	}
	if !p.skip(`,"lines":[`) {
		return false
	}
	b.Lines = make(Lines, 0, 1)
	for more := true; more; more = p.skip(",") {
		line, ok := p.line()
		if !ok {
			return false
		}
		b.Lines = append(b.Lines, line)
	}
	return p.skip(`]}`) && len(p.rest) == 0
}

// parseID reads an id with dashes at the beginning of a text that is long enough.
func parseID(text []byte, id *uuid.UUID) bool {
	text = text[:idLength:idLength]
	if text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return false
	}
	var wrong byte
	for i, at := range [16]byte{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34} {
		high, low := hexDigits[text[at]], hexDigits[text[at+1]]
		wrong |= high | low
		id[i] = high<<4 | low
	}
	return wrong < 16
}

// hexDigits are the values of hexadecimal digits, and 255 for everything else.
var hexDigits = func() (values [256]byte) {
	for i := range values {
		values[i] = 255
	}
	for i := range byte(16) {
		values["0123456789abcdef"[i]], values["0123456789ABCDEF"[i]] = i, i
	}
	return values
}()

// currencyOf is string(code), without an allocation for the most common currencies.
func currencyOf(code []byte) string {
	switch string(code) {
	case "EUR":
		return "EUR"
	case "USD":
		return "USD"
	case "GBP":
		return "GBP"
	}
	return string(code)
}

// parser reads what is left of a text.
type parser struct{ rest []byte }

func (p *parser) skip(text string) bool {
	if len(p.rest) < len(text) || string(p.rest[:len(text)]) != text {
		return false
	}
	p.rest = p.rest[len(text):]
	return true
}

// number reads a positive integer of at most 15 digits, without leading zeros.
func (p *parser) number() (n int64, ok bool) {
	i := 0
	for ; i < len(p.rest) && p.rest[i] >= '0' && p.rest[i] <= '9'; i++ {
		n = n*10 + int64(p.rest[i]-'0')
		if i == 15 {
			return 0, false
		}
	}
	if i == 0 || p.rest[0] == '0' {
		return 0, false
	}
	p.rest = p.rest[i:]
	return n, true
}

func (p *parser) line() (line Line, ok bool) {
	if !p.skip(`{"type":`) {
		return line, false
	}
	typeID, ok := p.number()
	if !ok || typeID > 255 || !p.skip(`,"quantity":`) {
		return line, false
	}
	quantity, ok := p.number()
	if !ok {
		return line, false
	}
	line.Type, line.Quantity = TypeID(typeID), int(quantity) //nolint:gosec // it fits
	if p.skip(`,"price":`) {
		if line.Price, ok = p.number(); !ok {
			return line, false
		}
	}
	return line, p.skip("}")
}
