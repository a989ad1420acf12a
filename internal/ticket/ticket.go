// Package ticket writes and reads the codes of tickets, which a QR code shows: a few bytes with a
// signature, so that a door knows genuine ones without asking anybody. Whether the booking still
// stands, and whether the ticket was used, is not in a code: the stream of the event knows.
//
// It knows neither bookings nor where keys come from. Start reading at [Signer.Code].
package ticket

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/google/uuid"
)

// Ticket names one ticket.
type Ticket struct {
	EventID   uuid.UUID
	BookingID uuid.UUID
	Type      uint8 // id of its type at the event
	Number    int   // of those of the type that the booking has, from 1 to 255
}

// Keys sign messages for a purpose, and tell signatures by trusted keys.
type Keys interface {
	SignFor(purpose string, message []byte) ([]byte, error)
	VerifyFor(purpose string, message, signature []byte) bool
	PublicKeys() []ed25519.PublicKey
}

// Purpose is signed with each ticket, followed by a zero byte.
const Purpose = "boxoffice/ticket"

// version is the first byte of a code. Another layout gets another number.
const version = 1

const (
	payloadLength = 1 + 16 + 16 + 1 + 1
	codeLength    = payloadLength + ed25519.SignatureSize
)

// ErrInvalid means that a code was not made by a trusted key, or is none.
var ErrInvalid = errors.New("not the code of a ticket")

// Signer makes and reads codes.
type Signer struct{ Keys Keys }

// Code is what the ticket's QR code shows: 132 characters of base64url over
//
//	version (1) ‖ event (16) ‖ booking (16) ‖ type (1) ‖ number (1) ‖ Ed25519 signature (64)
//
// The signature is over [Purpose], a zero byte and the 35 bytes before it. The error is that of the
// keys when they can't sign.
func (s Signer) Code(t Ticket) (string, error) {
	b := make([]byte, 0, codeLength)
	b = append(b, version)
	b = append(append(b, t.EventID[:]...), t.BookingID[:]...)
	b = append(b, t.Type, byte(t.Number)) //nolint:gosec // a booking has at most 100
	signature, err := s.Keys.SignFor(Purpose, b)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(append(b, signature...)), nil
}

// Read returns the ticket that a code is of, or [ErrInvalid]. Space around the code is ignored.
func (s Signer) Read(code string) (Ticket, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimSpace(code))
	if err != nil || len(b) != codeLength || b[0] != version {
		return Ticket{}, ErrInvalid
	}
	payload, signature := b[:payloadLength], b[payloadLength:]
	if !s.Keys.VerifyFor(Purpose, payload, signature) {
		return Ticket{}, ErrInvalid
	}
	return Ticket{
		EventID: uuid.UUID(payload[1:17]), BookingID: uuid.UUID(payload[17:33]), Type: payload[33], Number: int(payload[34]),
	}, nil
}

// NumberOf is what is printed on the tickets of a booking, for people to read to each other: the end
// of its id, as the user interface shows it.
func NumberOf(booking uuid.UUID) string {
	end := strings.ToUpper(booking.String()[24:])
	return end[:4] + " " + end[4:8] + " " + end[8:]
}
