package httpapi

import (
	"context"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/endpoint"
)

// webhookRoutes are for organizers and admins, each for their own webhooks.
func webhookRoutes(a *api) {
	organizers := a.signedIn(account.ScopeManage, account.Organizer, account.Admin)
	reading, changing := a.limitedPerUser(a.Limiter.Reading), a.limitedPerUser(a.Limiter.Cancelling)
	route(a, op("GET /webhooks", "listWebhooks", "List one's own webhooks", 200),
		a.listWebhooks, organizers, reading, a.needsDatabase)
	route(a, op("POST /webhooks", "createWebhook",
		"Add a webhook; the answer has its secret, which is not shown again", 201, 400, 404, 409),
		a.createWebhook, organizers, changing, a.needsDatabase)
	route(a, op("GET /webhooks/{id}", "getWebhook", "Show one of one's own webhooks", 200, 400, 404),
		a.getWebhook, organizers, reading, a.needsDatabase)
	route(a, op("PATCH /webhooks/{id}", "changeWebhook", "Change, pause or resume a webhook", 200, 400, 404),
		a.changeWebhook, organizers, changing, a.needsDatabase)
	route(a, op("DELETE /webhooks/{id}", "deleteWebhook", "Delete a webhook with its deliveries", 204, 400, 404),
		a.deleteWebhook, organizers, changing, a.needsDatabase)
	route(a, op("POST /webhooks/{id}/secret", "rotateWebhookSecret",
		"Make a new secret for a webhook; for a day, deliveries are signed with the old one too", 200, 400, 404),
		a.rotateWebhookSecret, organizers, changing, a.needsDatabase)
	route(a, op("POST /webhooks/{id}/test", "testWebhook", "Send a test to a webhook", 202, 400, 404, 409),
		a.testWebhook, organizers, changing, a.needsDatabase)
	route(a, op("GET /webhooks/{id}/deliveries", "listDeliveries",
		"List what was and is to be sent to a webhook in the last 30 days", 200, 400, 404),
		a.listDeliveries, organizers, reading, a.needsDatabase)
	route(a, op("POST /webhooks/{id}/deliveries/{deliveryId}/redeliver", "redeliver",
		"Send a delivery again, with the same id", 202, 400, 404, 409),
		a.redeliver, organizers, changing, a.needsDatabase)
}

// Webhook is an address that receives messages about events.
type Webhook struct {
	ID           uuid.UUID  `json:"id" format:"uuid"`
	URL          string     `json:"url"`
	Types        []string   `json:"types" nullable:"false" doc:"What it is told of, such as booking.confirmed; empty: everything, also what later versions add"`
	EventID      *uuid.UUID `json:"eventId" format:"uuid" nullable:"true" doc:"The only event that it is told of; null: all that the owner may manage"`
	Status       string     `json:"status" enum:"active,paused,failing,gone" doc:"failing: it was switched off because nothing arrived for long. gone: it has answered 410, and what happens is not kept for it"`
	FailingSince *time.Time `json:"failingSince,omitempty" doc:"Absent: the last attempt was a success"`
	OldUntil     *time.Time `json:"oldSecretUntil,omitempty" doc:"Until when the secret before is used too"`
	CreatedAt    time.Time  `json:"createdAt"`
}

// WebhookWithSecret is the only answer that has the secret.
type WebhookWithSecret struct {
	Webhook
	Secret string `json:"secret" doc:"Signs deliveries as Standard Webhooks has it. It is not shown again" example:"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"`
}

func webhookOf(e endpoint.Endpoint) Webhook {
	return Webhook{
		ID: e.ID, URL: e.URL, Types: e.Types, EventID: e.EventID, Status: string(e.Status), FailingSince: e.FailingSince,
		OldUntil: e.OldUntil, CreatedAt: e.CreatedAt,
	}
}

// WebhookList are the webhooks of one user, oldest first.
type WebhookList struct {
	Data []Webhook `json:"data" nullable:"false"`
}

func (a *api) listWebhooks(ctx context.Context, _ *struct{}) (*struct{ Body WebhookList }, error) {
	all, err := a.Webhooks.List(ctx, claimsOf(ctx).UserID)
	if err != nil {
		return nil, err
	}
	list := WebhookList{make([]Webhook, len(all))}
	for i, e := range all {
		list.Data[i] = webhookOf(e)
	}
	return &struct{ Body WebhookList }{list}, nil
}

type createWebhookInput struct {
	Body struct {
		URL     string     `json:"url" maxLength:"2000" doc:"A public address that begins with https://" example:"https://example.com/webhooks"`
		Types   []string   `json:"types,omitempty" maxItems:"100" doc:"See docs/webhooks.md; absent or empty: everything"`
		EventID *uuid.UUID `json:"eventId,omitempty" format:"uuid" doc:"Absent: all events that one may manage, also later ones"`
	}
}

type webhookOutput struct{ Body Webhook }

type webhookSecretOutput struct{ Body WebhookWithSecret }

func (a *api) createWebhook(ctx context.Context, in *createWebhookInput) (*webhookSecretOutput, error) {
	if in.Body.EventID != nil {
		if _, err := a.Service.Look(ctx, requestOf(ctx), *in.Body.EventID, domain.RoleManage); err != nil {
			return nil, err
		}
	}
	e, secret, err := a.Webhooks.Create(ctx, endpoint.Wanted{
		OwnerID: claimsOf(ctx).UserID, URL: in.Body.URL, Types: in.Body.Types, EventID: in.Body.EventID,
	})
	if err != nil {
		return nil, err
	}
	return &webhookSecretOutput{WebhookWithSecret{webhookOf(e), secret.Reveal()}}, nil
}

// OneWebhook is the input of operations on one webhook.
type OneWebhook struct {
	ID uuid.UUID `path:"id" format:"uuid"`
}

func (a *api) getWebhook(ctx context.Context, in *OneWebhook) (*webhookOutput, error) {
	e, err := a.Webhooks.Get(ctx, claimsOf(ctx).UserID, in.ID)
	if err != nil {
		return nil, err
	}
	return &webhookOutput{webhookOf(e)}, nil
}

type changeWebhookInput struct {
	OneWebhook
	Body struct {
		URL    *string  `json:"url,omitempty" maxLength:"2000"`
		Types  []string `json:"types,omitempty" maxItems:"100" doc:"Empty: everything"`
		Status *string  `json:"status,omitempty" enum:"active,paused" doc:"active: what has happened in the meantime is sent. paused: it waits for that, for 30 days"`
	}
}

func (a *api) changeWebhook(ctx context.Context, in *changeWebhookInput) (*webhookOutput, error) {
	e, err := a.Webhooks.Change(ctx, claimsOf(ctx).UserID, in.ID, endpoint.Change{
		URL: in.Body.URL, Types: in.Body.Types, Status: (*endpoint.Status)(in.Body.Status),
	})
	if err != nil {
		return nil, err
	}
	return &webhookOutput{webhookOf(e)}, nil
}

func (a *api) deleteWebhook(ctx context.Context, in *OneWebhook) (*struct{}, error) {
	return nil, a.Webhooks.Delete(ctx, claimsOf(ctx).UserID, in.ID)
}

func (a *api) rotateWebhookSecret(ctx context.Context, in *OneWebhook) (*webhookSecretOutput, error) {
	e, secret, err := a.Webhooks.Rotate(ctx, claimsOf(ctx).UserID, in.ID)
	if err != nil {
		return nil, err
	}
	return &webhookSecretOutput{WebhookWithSecret{webhookOf(e), secret.Reveal()}}, nil
}

// WebhookDelivery is a message to a webhook, with its last attempt.
type WebhookDelivery struct {
	ID          int64      `json:"id"`
	MessageID   string     `json:"messageId" doc:"The header webhook-id, which is the same at each attempt"`
	Type        string     `json:"type" example:"booking.confirmed"`
	EventID     *uuid.UUID `json:"eventId" format:"uuid" nullable:"true" doc:"null: it is a test"`
	Status      string     `json:"status" enum:"pending,delivered,failed" doc:"failed: it was given up"`
	CreatedAt   time.Time  `json:"createdAt"`
	Attempts    int        `json:"attempts"`
	AttemptedAt *time.Time `json:"attemptedAt,omitempty" doc:"The last time"`
	StatusCode  *int       `json:"statusCode,omitempty" doc:"Of the last answer; absent: there was none"`
	DurationMS  *int       `json:"durationMs,omitempty" doc:"How long the last attempt took, in milliseconds"`
	Error       string     `json:"error,omitempty" doc:"Why the last attempt failed"`
	NextAt      *time.Time `json:"nextAttemptAt,omitempty" doc:"Of a pending delivery, while the webhook is active"`
}

func webhookDeliveryOf(d endpoint.Delivery) WebhookDelivery {
	return WebhookDelivery{
		ID: d.ID, MessageID: d.MessageID, Type: d.Type, EventID: d.EventID, Status: d.Status, CreatedAt: d.CreatedAt,
		Attempts: d.Attempts, AttemptedAt: d.AttemptedAt, StatusCode: d.StatusCode, DurationMS: d.DurationMS,
		Error: d.Error, NextAt: d.NextAt,
	}
}

type deliveryOutput struct{ Body WebhookDelivery }

func (a *api) testWebhook(ctx context.Context, in *OneWebhook) (*deliveryOutput, error) {
	d, err := a.Webhooks.SendTest(ctx, claimsOf(ctx).UserID, in.ID, a.Origin)
	if err != nil {
		return nil, err
	}
	return &deliveryOutput{webhookDeliveryOf(d)}, nil
}

type redeliverInput struct {
	OneWebhook
	DeliveryID int64 `path:"deliveryId"`
}

func (a *api) redeliver(ctx context.Context, in *redeliverInput) (*deliveryOutput, error) {
	d, err := a.Webhooks.Redeliver(ctx, claimsOf(ctx).UserID, in.ID, in.DeliveryID)
	if err != nil {
		return nil, err
	}
	return &deliveryOutput{webhookDeliveryOf(d)}, nil
}

type listDeliveriesInput struct {
	OneWebhook
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
	Cursor string `query:"cursor" maxLength:"1000" doc:"meta.next of the page before; without it: the first page"`
}

// DeliveryList are deliveries to a webhook, newest first.
type DeliveryList struct {
	Data []WebhookDelivery `json:"data" nullable:"false"`
	Meta struct {
		Limit int    `json:"limit" doc:"How many deliveries a page has at most"`
		Next  string `json:"next,omitempty" doc:"The cursor of the next page, when there is one"`
	} `json:"meta"`
}

func (a *api) listDeliveries(ctx context.Context, in *listDeliveriesInput) (*struct{ Body DeliveryList }, error) {
	list := fingerprintOf("deliveries " + in.ID.String())
	var before int64
	if in.Cursor != "" && in.Cursor != firstCursor {
		c, err := cursorOf(in.Cursor, list)
		if err != nil {
			return nil, err
		}
		if before, err = strconv.ParseInt(c.Key, 10, 64); err != nil {
			return nil, errNotACursor()
		}
	}
	all, err := a.Webhooks.Deliveries(ctx, claimsOf(ctx).UserID, in.ID, before, in.Limit+1)
	if err != nil {
		return nil, err
	}
	out := DeliveryList{Data: make([]WebhookDelivery, 0, len(all))}
	out.Meta.Limit = in.Limit
	for _, d := range all[:min(len(all), in.Limit)] {
		out.Data = append(out.Data, webhookDeliveryOf(d))
	}
	if len(all) > in.Limit {
		last := all[in.Limit-1].ID
		out.Meta.Next = cursor{List: list, Key: strconv.FormatInt(last, 10), ID: in.ID}.String()
	}
	return &struct{ Body DeliveryList }{out}, nil
}
