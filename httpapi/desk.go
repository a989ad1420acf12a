package httpapi

import (
	"context"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/httpapi/middleware"
	"github.com/boxoffice/boxoffice/internal/account"
)

// deskRoutes are for the organizers of an event, whatever their accounts' roles: package booking checks
// their roles at the event.
func deskRoutes(a *api) {
	desk := func(o *huma.Operation) { o.Tags = []string{"desk"} }
	reading, people := a.limitedPerUser(a.Limiter.Reading), a.limitedPerUser(a.Limiter.Cancelling)
	route(a, op("GET /events/{id}/organizers", "listOrganizers", "List who organizes one's own event", 200, 400, 403, 404),
		a.listOrganizers, desk, a.signedIn(account.ScopeManage), reading, a.needsDatabase)
	route(a, op("POST /events/{id}/organizers", "addOrganizer",
		"Let somebody manage one's own event, sell its tickets, or check them in", 200, 400, 403, 404, 409),
		a.addOrganizer, desk, a.signedIn(account.ScopeManage), people, a.needsDatabase)
	route(a, op("DELETE /events/{id}/organizers/{userId}", "removeOrganizer",
		"Take somebody's role at one's own event away", 200, 400, 403, 404, 409),
		a.removeOrganizer, desk, a.signedIn(account.ScopeManage), people, a.needsDatabase)

	route(a, op("GET /desk/events", "listDeskEvents", "List one's own events with what is sold of them", 200, 400),
		a.listDeskEvents, desk, a.signedIn(account.ScopeCheckIn), reading, a.readsModels, a.needsDatabase)
	route(a, op("GET /desk/events/{id}", "deskEvent", "Show how one's own event sells", 200, 400, 403, 404),
		a.deskEvent, desk, a.signedIn(account.ScopeCheckIn), reading, a.readsModels, a.needsDatabase)
	route(a, op("GET /desk/events/{id}/sales", "listSales",
		"Show what was sold and given back of one's own event, by time", 200, 400, 403, 404),
		a.listSales, desk, a.signedIn(account.ScopeManage), reading, a.readsModels, a.needsDatabase)
	route(a, op("GET /desk/events/{id}/attendees", "listAttendees",
		"List who comes to one's own event", 200, 400, 403, 404),
		a.listAttendees, desk, a.signedIn(account.ScopeManage), reading, a.readsModels, a.needsDatabase)
	route(a, op("GET /desk/events/{id}/attendees.csv", "exportAttendees",
		"Download who comes to one's own event, one ticket on each line", 200, 400, 403, 404),
		a.exportAttendees, desk, a.signedIn(account.ScopeManage), reading, a.readsModels, a.needsDatabase)

	route(a, op("POST /desk/events/{id}/bookings", "bookFor",
		"Book tickets of one's own event for somebody else", 201, 400, 403, 404, 409, 422),
		a.bookFor, desk, a.signedIn(account.ScopeManage), people, a.needsDatabase)
	route(a, op("POST /desk/events/{id}/bookings/{bookingId}/cancel", "cancelBookingOf",
		"Cancel somebody's booking of one's own event", 200, 400, 403, 404, 409, 422),
		a.cancelBookingOf, desk, a.signedIn(account.ScopeManage), people, a.needsDatabase)
	route(a, op("GET /desk/events/{id}/messages", "listMessages",
		"List the messages to those who have tickets of one's own event", 200, 400, 403, 404),
		a.listMessages, desk, a.signedIn(account.ScopeManage), reading, a.readsModels, a.needsDatabase)
	route(a, op("POST /desk/events/{id}/messages", "sendMessage",
		"Write to everybody who has tickets of one's own event", 201, 400, 403, 404, 409, 422),
		a.sendMessage, desk, a.signedIn(account.ScopeManage), people, a.needsDatabase)

	route(a, op("GET /events/{id}/check-ins", "listCheckIns",
		"List what a door needs to know to check tickets in without network", 200, 400, 403, 404),
		a.listCheckIns, desk, a.signedIn(account.ScopeCheckIn), reading, a.needsDatabase, conditional)
	route(a, op("POST /events/{id}/check-ins", "checkIn", "Check a ticket in", 200, 400, 403, 404, 409, 422),
		a.checkIn, desk, a.signedIn(account.ScopeCheckIn), a.needsDatabase)
	route(a, op("POST /events/{id}/check-ins/undo", "undoCheckIn", "Take a check-in back", 200, 400, 403, 404, 409, 422),
		a.undoCheckIn, desk, a.signedIn(account.ScopeCheckIn), a.needsDatabase)
	route(a, op("GET /.well-known/ticket-keys.json", "ticketKeys",
		"Show the public keys that codes of tickets are signed with", 200),
		a.ticketKeys, desk)
}

// requestOf is the actor and the id of a request.
func requestOf(ctx context.Context) booking.Request {
	claims := claimsOf(ctx)
	return booking.Request{
		Actor: claims.UserID, KeyID: claims.KeyID, Admin: claims.Role == account.Admin,
		CorrelationID: middleware.RequestID(ctx),
	}
}

// EventOrganizer is somebody with a role at an event.
type EventOrganizer struct {
	UserID uuid.UUID `json:"userId" format:"uuid"`
	Name   string    `json:"name" doc:"Empty when the account was deleted"`
	Email  string    `json:"email" doc:"Empty when the account was deleted"`
	Role   string    `json:"role" enum:"owner,manage,sell,check_in" doc:"Each may do what the ones after it may"`
}

// OrganizerList are the organizers of an event, the owner first.
type OrganizerList struct {
	Data []EventOrganizer `json:"data" nullable:"false"`
}

type organizersInput struct {
	ID uuid.UUID `path:"id" format:"uuid"`
}

type organizersOutput struct{ Body OrganizerList }

func (a *api) listOrganizers(ctx context.Context, in *organizersInput) (*organizersOutput, error) {
	state, err := a.Service.Look(ctx, requestOf(ctx), in.ID, domain.RoleManage)
	if err != nil {
		return nil, err
	}
	owner := state.Owner()
	if owner == uuid.Nil {
		if owner, err = a.Log.FirstActor(ctx, in.ID); err != nil {
			return nil, err
		}
	}
	ids, roles := []uuid.UUID{owner}, state.Organizers()
	for id := range roles {
		ids = append(ids, id)
	}
	users, err := a.Accounts.Named(ctx, ids)
	if err != nil {
		return nil, err
	}
	list := make([]EventOrganizer, len(ids))
	for i, id := range ids {
		list[i] = EventOrganizer{UserID: id, Name: users[id].Name, Email: users[id].Email, Role: string(roles[id])}
	}
	list[0].Role = "owner"
	slices.SortFunc(list[1:], func(a, b EventOrganizer) int {
		return strings.Compare(a.Email+a.UserID.String(), b.Email+b.UserID.String())
	})
	return &organizersOutput{OrganizerList{list}}, nil
}

type addOrganizerInput struct {
	ID   uuid.UUID `path:"id" format:"uuid"`
	Body struct {
		Email string `json:"email" doc:"Of an account"`
		Role  string `json:"role" enum:"manage,sell,check_in" doc:"Only organizers can manage events"`
	}
}

func (a *api) addOrganizer(ctx context.Context, in *addOrganizerInput) (*organizersOutput, error) {
	// This goes first, so that only they can find out who has an account.
	if _, err := a.Service.Look(ctx, requestOf(ctx), in.ID, domain.RoleManage); err != nil {
		return nil, err
	}
	user, err := a.Accounts.Find(ctx, in.Body.Email)
	if err != nil {
		return nil, err
	}
	role := domain.EventRole(in.Body.Role)
	if role == domain.RoleManage && user.Role != account.Organizer && user.Role != account.Admin {
		return nil, &domain.InvalidError{Fields: []domain.FieldError{
			{Field: "role", Message: "Only somebody with the account of an organizer can manage events."},
		}}
	}
	if _, err := a.Service.AddOrganizer(ctx, requestOf(ctx), in.ID, user.ID, role); err != nil {
		return nil, err
	}
	return a.listOrganizers(ctx, &organizersInput{in.ID})
}

type removeOrganizerInput struct {
	ID     uuid.UUID `path:"id" format:"uuid"`
	UserID uuid.UUID `path:"userId" format:"uuid"`
}

func (a *api) removeOrganizer(ctx context.Context, in *removeOrganizerInput) (*organizersOutput, error) {
	if _, err := a.Service.RemoveOrganizer(ctx, requestOf(ctx), in.ID, in.UserID); err != nil {
		return nil, err
	}
	if in.UserID == claimsOf(ctx).UserID { // without the role the list is forbidden
		return &organizersOutput{OrganizerList{[]EventOrganizer{}}}, nil
	}
	return a.listOrganizers(ctx, &organizersInput{in.ID})
}
