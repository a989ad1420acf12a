package mail

import (
	"bytes"
	"embed"
	"fmt"
	htmltemplate "html/template"
	"net/mail"
	"strings"
	texttemplate "text/template"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"

	"github.com/boxoffice/boxoffice/internal/calendar"
)

//go:embed templates
var files embed.FS

// renderer makes mails of letters.
type renderer struct {
	html    *htmltemplate.Template
	text    *texttemplate.Template
	tickets Tickets // nil: there are no codes
}

func newRenderer(tickets Tickets) (renderer, error) {
	html, err := htmltemplate.ParseFS(files, "templates/mail.html")
	if err != nil {
		return renderer{}, fmt.Errorf("read the templates of mails: %w", err)
	}
	text, err := texttemplate.ParseFS(files, "templates/mail.txt")
	if err != nil {
		return renderer{}, fmt.Errorf("read the templates of mails: %w", err)
	}
	return renderer{html, text, tickets}, nil
}

// parts are what a mail is made of.
type parts struct {
	subject    string
	html, text string
	pictures   []picture
	calendar   string // empty: none
	fileName   string // of the calendar
}

// render makes a mail about a letter.
func (r renderer) render(l Letter, to recipient, links links, place placement, now time.Time) (p parts, err error) {
	if l.Kind == BookingConfirmed {
		if p.pictures, err = picturesOf(l, r.tickets, place); err != nil {
			return p, err
		}
	}
	c, err := contentOf(l, to, links, p.pictures)
	if err != nil {
		return p, err
	}
	p.subject = printable(c.Subject)
	if c.Calendar {
		p.calendar, p.fileName = calendarOf(l, now), calendar.FileName(l.Event.Title)
	}
	var html, text bytes.Buffer
	if err := r.html.Execute(&html, c); err != nil {
		return p, fmt.Errorf("write a mail: %w", err)
	}
	if err := r.text.Execute(&text, c); err != nil {
		return p, fmt.Errorf("write a mail: %w", err)
	}
	p.html, p.text = html.String(), strings.TrimSpace(text.String())+"\n"
	return p, nil
}

// message is the mail for the SMTP server.
func (p parts) message(from, to, name, id string, now time.Time) (*gomail.Msg, error) {
	m := gomail.NewMsg()
	if err := m.From(from); err != nil {
		return nil, err
	}
	recipient, err := mail.ParseAddress(to)
	if err != nil {
		return nil, fmt.Errorf("an address that can't be written to: %w", errAddress)
	}
	recipient.Name = printable(name) // which may have quotes
	m.AddToMailAddress(recipient)
	m.Subject(p.subject)
	m.SetMessageIDWithValue(id)
	m.SetDateWithValue(now)
	m.SetGenHeader("Auto-Submitted", "auto-generated") // so that nobody's holiday answers it
	m.SetBodyString(gomail.TypeTextPlain, p.text)
	m.AddAlternativeString(gomail.TypeTextHTML, p.html)
	for _, picture := range p.pictures {
		if err := m.EmbedReader(picture.name, bytes.NewReader(picture.png)); err != nil {
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

// printable leaves control characters out, which a subject can't hold.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, text)
}
