package mail

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html/template"
	"image/png"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"

	"github.com/boxoffice/boxoffice/internal/ticket"
)

// Tickets signs the codes of tickets, as [ticket.Signer] does.
type Tickets interface {
	Code(ticket.Ticket) (string, error)
}

// picture is the code of one ticket, as the door reads it.
type picture struct {
	Label string
	URL   template.URL // where the HTML finds it
	name  string       // of the file
	png   []byte
}

// placement says where the HTML of a mail finds a picture.
type placement func(picture) template.URL

// attached is for mails: the pictures are parts of them.
func attached(p picture) template.URL {
	return template.URL("cid:" + p.name) //nolint:gosec // a name of ours
}

// inline is for previews, which have no attachments.
func inline(p picture) template.URL {
	return template.URL( //nolint:gosec // a picture of ours
		"data:image/png;base64," + base64.StdEncoding.EncodeToString(p.png))
}

// picturesOf draws the code of each ticket of a booking. There are none without a signer, and for
// letters that were queued by a version of the program that did not name the types.
func picturesOf(l Letter, tickets Tickets, place placement) (pictures []picture, err error) {
	total := 0
	for _, line := range l.Lines {
		total += line.Quantity
		if line.TypeID == 0 {
			return nil, nil
		}
	}
	if tickets == nil {
		return nil, nil
	}
	for _, line := range l.Lines {
		for n := range line.Quantity {
			nth := len(pictures) + 1
			p := picture{name: fmt.Sprintf("ticket-%d.png", nth), Label: line.Type}
			if total > 1 {
				p.Label = fmt.Sprintf("Ticket %d of %d: %s", nth, total, line.Type)
			}
			code, err := tickets.Code(ticket.Ticket{
				EventID: l.Event.ID, BookingID: l.Booking, Type: line.TypeID, Number: n + 1,
			})
			if err == nil {
				p.png, err = draw(code)
			}
			if err != nil {
				return nil, fmt.Errorf("make the code of a ticket: %w", err)
			}
			p.URL = place(p)
			pictures = append(pictures, p)
		}
	}
	return pictures, nil
}

func draw(text string) ([]byte, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err == nil {
		code, err = barcode.Scale(code, 300, 300)
	}
	var b bytes.Buffer
	if err == nil {
		err = png.Encode(&b, code)
	}
	return b.Bytes(), err
}
