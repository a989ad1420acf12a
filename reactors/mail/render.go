package mail

import (
	"bytes"
	"embed"
	"encoding/base64"
	"fmt"
	htmltemplate "html/template"
	"image/png"
	"strings"
	texttemplate "text/template"
	"time"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
	gomail "github.com/wneessen/go-mail"
)

//go:embed templates
var files embed.FS

// templates make the two forms of a mail.
type templates struct {
	html *htmltemplate.Template
	text *texttemplate.Template
}

func newTemplates() (templates, error) {
	html, err := htmltemplate.ParseFS(files, "templates/mail.html")
	if err != nil {
		return templates{}, err
	}
	text, err := texttemplate.ParseFS(files, "templates/mail.txt")
	return templates{html, text}, err
}

// ticketImage is the name of the picture with the code of a ticket, inside of a mail.
const ticketImage = "ticket.png"

// parts are what a mail is made of.
type parts struct {
	subject    string
	html, text string
	ticket     []byte // a PNG; nil: none
	calendar   string // empty: none
	fileName   string // of the calendar
}

// render makes a mail about a letter. image is where the HTML finds the code of the ticket.
func (t templates) render(l Letter, to recipient, links links, image string, now time.Time) (p parts, err error) {
	c, err := contentOf(l, to, links)
	if err != nil {
		return p, err
	}
	p.subject = printable(c.Subject)
	if c.Ticket != "" {
		if p.ticket, err = ticketCode(c.Ticket); err != nil {
			return p, fmt.Errorf("draw the code of a ticket: %w", err)
		}
		c.Image = htmltemplate.URL(image) //nolint:gosec // ours
	}
	if c.Calendar {
		p.calendar, p.fileName = calendarOf(l, now), calendarName(l.Event.Title)
	}
	var html, text bytes.Buffer
	if err := t.html.Execute(&html, c); err != nil {
		return p, fmt.Errorf("write a mail: %w", err)
	}
	if err := t.text.Execute(&text, c); err != nil {
		return p, fmt.Errorf("write a mail: %w", err)
	}
	p.html, p.text = html.String(), strings.TrimSpace(text.String())+"\n"
	return p, nil
}

func ticketCode(of string) ([]byte, error) {
	code, err := qr.Encode(of, qr.M, qr.Auto)
	if err == nil {
		code, err = barcode.Scale(code, 300, 300)
	}
	var b bytes.Buffer
	if err == nil {
		err = png.Encode(&b, code)
	}
	return b.Bytes(), err
}

// message is the mail for the SMTP server.
func (p parts) message(from, to, name, id string, now time.Time) (*gomail.Msg, error) {
	m := gomail.NewMsg()
	if err := m.From(from); err != nil {
		return nil, err
	}
	if err := m.AddToFormat(printable(name), to); err != nil {
		return nil, fmt.Errorf("an address that can't be written to: %w", errAddress)
	}
	m.Subject(p.subject)
	m.SetMessageIDWithValue(id)
	m.SetDateWithValue(now)
	m.SetGenHeader("Auto-Submitted", "auto-generated") // so that nobody's holiday answers it
	m.SetBodyString(gomail.TypeTextPlain, p.text)
	m.AddAlternativeString(gomail.TypeTextHTML, p.html)
	if p.ticket != nil {
		if err := m.EmbedReader(ticketImage, bytes.NewReader(p.ticket)); err != nil {
			return nil, err
		}
	}
	if p.calendar != "" {
		err := m.AttachReader(p.fileName, strings.NewReader(p.calendar),
			gomail.WithFileContentType("text/calendar; charset=utf-8; method=PUBLISH"))
		if err != nil {
			return nil, err
		}
	}
	return m, nil
}

// preview has the picture of the ticket within the HTML.
func (t templates) preview(l Letter, origin string, now time.Time) (parts, error) {
	image := ""
	if l.Kind == BookingConfirmed {
		code, err := ticketCode("urn:uuid:" + l.Booking.String())
		if err != nil {
			return parts{}, err
		}
		image = "data:image/png;base64," + base64.StdEncoding.EncodeToString(code)
	}
	return t.render(l, recipient{name: "Ann Example", email: "ann@example.com", sender: "Olga Organizer"},
		links{origin, origin + "/verify-email#token=EXAMPLE"}, image, now)
}
