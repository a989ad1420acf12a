package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/seed"
)

var errSeedProduction = errors.New("seeding makes accounts with a known password, " +
	"so it is refused with APP_ENV=production")

func (a *app) seedCommand() *cobra.Command {
	return &cobra.Command{
		Use: "seed", Args: cobra.NoArgs,
		Short: "Add accounts and events to try the system with; what is there stays, but events that are soon over are moved",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.load()
			if err != nil {
				return err
			}
			if c.Production() {
				return errSeedProduction
			}
			c.BookingDelay = 0
			p := a.newParts(c)
			return a.runServices(cmd.Context(), c, []service{
				p.databaseService(eventstore.ReservedConns+1, openDatabase), p.readingService(), p.accountService(unusedSigner),
				p.executorService(func(*eventstore.Options) {}),
			}, func(ctx context.Context) error {
				result, err := seed.Run(ctx, p.accounts, p.service)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(a.out, "%d accounts (password %s) and %d events are there\n",
					result.Accounts, seed.Password, result.Events)
				return err
			})
		},
	}
}
