package client_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/httpapi/client"
)

func ExampleClient_Book() {
	ctx, event := context.Background(), uuid.MustParse("0196dd1c-7a00-7000-8000-000000000001")
	guest := client.New("http://localhost:3001")
	defer guest.Close()
	session, err := guest.Login(ctx, "alice@example.com", "password123")
	if err != nil {
		fmt.Println("signing in:", err)
		return
	}
	booked, err := guest.As(session.AccessToken).Book(ctx, event)
	var refused *client.Error
	switch {
	case client.CodeOf(err) == client.SoldOut:
		fmt.Println("no tickets are left")
	case errors.As(err, &refused):
		fmt.Println("refused:", refused.Status, refused.Code)
	case err != nil:
		fmt.Println("the server can't be reached:", err)
	default:
		fmt.Println("booked", booked.Booking.ID)
	}
}
