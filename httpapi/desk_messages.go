package httpapi

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/projections"
)

// Message is what an organizer has written to everybody who had tickets.
type Message struct {
	Subject    string        `json:"subject"`
	Text       string        `json:"text"`
	SentAt     time.Time     `json:"sentAt"`
	SentBy     MessageSender `json:"sentBy"`
	Recipients int           `json:"recipients" doc:"How many people had tickets"`
}

// MessageSender is who has written a message.
type MessageSender struct {
	UserID uuid.UUID `json:"userId" format:"uuid"`
	Name   string    `json:"name" doc:"Empty when the account was deleted"`
}

// MessageList are the last messages about an event, newest first.
type MessageList struct {
	Data []Message `json:"data" nullable:"false"`
}

// messageOf leaves the name out: the answer is stored for repeated requests, and names must be erasable.
func messageOf(m projections.Message) Message {
	return Message{
		Subject: m.Subject, Text: m.Text, SentAt: m.At, SentBy: MessageSender{UserID: m.By}, Recipients: m.Recipients,
	}
}

type sendMessageInput struct {
	Idempotent
	ID   uuid.UUID `path:"id" format:"uuid"`
	Body struct {
		Subject string `json:"subject" doc:"One line of at most 150 characters"`
		Text    string `json:"text" doc:"At most 2,000 characters. It is kept for good, and must have no personal data"`
	}
}

func (a *api) sendMessage(ctx context.Context, in *sendMessageInput) (*changed[Message], error) {
	named := once{key: in.key, asked: []any{in.ID, in.Body}}
	encode := func(r booking.Result) Message { return messageOf(r.Message) }
	out, err := execute(ctx, named, encode, func(r booking.Request) (booking.Result, error) {
		return a.Service.SendMessage(ctx, r, in.ID, in.Body.Subject, in.Body.Text)
	})
	if err != nil {
		return nil, err
	}
	out.Body.SentBy.Name = a.nameOf(ctx, out.Body.SentBy.UserID)
	return out, nil
}

type listMessagesInput struct {
	ID uuid.UUID `path:"id" format:"uuid"`
}

func (a *api) listMessages(ctx context.Context, in *listMessagesInput) (*struct{ Body MessageList }, error) {
	if _, err := a.Service.Look(ctx, requestOf(ctx), in.ID, domain.RoleSell); err != nil {
		return nil, err
	}
	messages, err := projections.Messages{Pool: a.Bookings.Pool}.OfEvent(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	senders := make([]uuid.UUID, len(messages))
	for i := range messages {
		senders[i] = messages[i].By
	}
	users, err := a.Accounts.Named(ctx, senders)
	if err != nil {
		return nil, err
	}
	list := MessageList{Data: make([]Message, len(messages))}
	for i, m := range messages {
		list.Data[i] = messageOf(m)
		list.Data[i].SentBy.Name = users[m.By].Name
	}
	return &struct{ Body MessageList }{list}, nil
}
