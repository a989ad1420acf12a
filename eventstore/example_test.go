package eventstore_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
)

// A process makes one executor on a pool of its own, and sends every command through it.
func ExampleExecutor_Execute() {
	ctx := context.Background()
	o := eventstore.Options{Delay: time.Second, Transactions: 32}

	config, err := pgxpool.ParseConfig(os.Getenv("DATABASE_URL"))
	if err != nil {
		fmt.Println(err)
		return
	}
	config.MaxConns = int32(o.Transactions + eventstore.ReservedConns)
	maps.Copy(config.ConnConfig.RuntimeParams, eventstore.Session(o.Delay))
	eventstore.ConfigureCommits(config)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()

	executor, err := eventstore.NewExecutor(pool, eventstore.Model[domain.State, domain.Record]{
		Codec: domain.Codec{}, Evolve: domain.State.Evolve, Size: domain.State.Size,
	}, o)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer executor.Close(ctx) //nolint:errcheck // without a deadline it waits for everything

	eventID, customer := uuid.New(), uuid.New()
	book := domain.BookTicket{BookingID: uuid.New(), CustomerID: customer, Now: time.Now()}
	booked, err := executor.Execute(ctx, eventstore.Command[domain.State, domain.Record]{
		StreamID: eventID,
		Decide:   func(s domain.State) ([]domain.Record, error) { return domain.Decide(book, s) },
		Metadata: eventstore.Metadata{Actor: customer},
	})
	switch {
	case err == nil:
		fmt.Println("booked; tickets left:", booked.State.Remaining())
	case errors.Is(err, domain.ErrSoldOut):
		fmt.Println("sold out, and that is certain")
	case errors.Is(err, eventstore.ErrOutcomeUnknown):
		fmt.Println("booked or not; the same command again, with the same booking id, tells")
	case errors.Is(err, eventstore.ErrBusy), errors.Is(err, eventstore.ErrUnavailable):
		fmt.Println("nothing has happened; try again")
	}
}
