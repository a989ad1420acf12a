// Command clients books a ticket with the client that oapi-codegen generates from the OpenAPI 3.0
// document of the API, into the package api beside it.
//
//	clients URL EVENT
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/scripts/clients/api"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: clients URL EVENT")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := book(ctx, os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func book(ctx context.Context, url, event string) error {
	id, err := uuid.Parse(event)
	if err != nil {
		return err
	}
	client, err := api.NewClientWithResponses(url)
	if err != nil {
		return err
	}
	registered, err := client.RegisterWithResponse(ctx, nil, api.RegisterJSONRequestBody{
		Email: "generated-" + uuid.NewString() + "@example.com", Password: "a long passphrase 1", Name: "Generated Client",
	})
	if err != nil {
		return fmt.Errorf("register: %w", err)
	}
	if registered.JSON201 == nil {
		return fmt.Errorf("register: %s", registered.Body)
	}
	asUser := func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+registered.JSON201.AccessToken)
		return nil
	}
	key := uuid.NewString()
	for range 2 { // the second time, the answer is that of the first
		booked, err := client.BookTicketWithResponse(ctx, &api.BookTicketParams{IdempotencyKey: &key},
			api.BookTicketJSONRequestBody{EventId: id}, asUser)
		if err != nil {
			return fmt.Errorf("book: %w", err)
		}
		if booked.JSON201 == nil {
			return fmt.Errorf("book: %s", booked.Body)
		}
		if booked.JSON201.Booking.EventId != id {
			return fmt.Errorf("booked another event: %s", booked.Body)
		}
	}
	mine, err := client.ListBookingsWithResponse(ctx, nil, asUser)
	if err != nil {
		return fmt.Errorf("list: %w", err)
	}
	if mine.JSON200 == nil || len(mine.JSON200.Data) != 1 {
		return fmt.Errorf("list: %s", mine.Body)
	}
	refused, err := client.BookTicketWithResponse(ctx, nil, api.BookTicketJSONRequestBody{EventId: id}, asUser)
	if err != nil {
		return fmt.Errorf("book again: %w", err)
	}
	if refused.ApplicationproblemJSON409 == nil {
		return fmt.Errorf("book again: %s", refused.Body)
	}
	fmt.Println("booked", mine.JSON200.Data[0].Id, "and was refused with", refused.ApplicationproblemJSON409.Code)
	return nil
}
