package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/seed"
	"github.com/boxoffice/boxoffice/migrations"
)

var errSeedProduction = errors.New("seeding makes accounts with a known password, so it is refused with APP_ENV=production")

func (a *app) seedCommand() *cobra.Command {
	return &cobra.Command{
		Use: "seed", Short: "Add accounts and events to try the system with; what is there already stays, but events that would soon be over are moved", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			ctx := cmd.Context()
			c, err := config.LoadSigner(a.flags)
			if err != nil {
				return err
			}
			if c.Production() {
				return errSeedProduction
			}
			c.BookingDelay = 0
			d, err := openDatabase(ctx, c, a.logger(c))
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, d.close()) }()
			if _, err := migrations.Up(ctx, d.url); err != nil {
				return err
			}
			s, err := newSystem(ctx, c, d, a.logger(c))
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.close(context.WithoutCancel(ctx))) }()
			result, err := seed.Run(ctx, s.accounts, s.executor, time.Now())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.out, "%d accounts (password %s) and %d events are there\n", result.Accounts, seed.Password, result.Events)
			return err
		},
	}
}
