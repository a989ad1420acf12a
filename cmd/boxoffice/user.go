package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/seed"
)

// refuseKnownPasswords is an error when people could sign in with the password of the seed.
func refuseKnownPasswords(ctx context.Context, accounts *account.Accounts) error {
	users, err := seed.WithKnownPassword(ctx, accounts)
	if err != nil || len(users) == 0 {
		return err
	}
	emails := make([]string, len(users))
	for i, u := range users {
		emails[i] = u.Email
	}
	return fmt.Errorf("with APP_ENV=production these accounts must not have the password of the seed, "+
		"which everybody knows: %s; `boxoffice user purge-demo` erases them", strings.Join(emails, ", "))
}

func (a *app) userCommand() *cobra.Command {
	user := &cobra.Command{
		Use: "user", Short: "List, make and change accounts", Args: cobra.NoArgs, RunE: help,
		Long: "List, make and change accounts, also beside a running server: it refuses older access tokens within a\n" +
			"second. USER is an e-mail address or an id. A password is asked for, or read from the standard input with\n" +
			"--password-stdin; with --link the user chooses it with a link that works once, for 30 minutes.",
	}
	user.AddCommand(a.listUsersCommand(), a.createUserCommand(), a.setRoleCommand(), a.resetPasswordCommand(),
		a.revokeUserCommand(), a.userKeysCommand(), a.verifyUserCommand(), a.deleteUserCommand(), &cobra.Command{
			Use: "purge-demo", Short: "Erase the accounts of the seed that still have its password", Args: cobra.NoArgs,
			Long: "Erase the accounts of the seed that still have its password: names, e-mails, passwords and sign-ins.\n" +
				"What they have booked and scheduled stays. It may be run beside a server.",
			RunE: func(cmd *cobra.Command, _ []string) error {
				return a.withAccounts(cmd.Context(), a.purgeDemo)
			},
		})
	return user
}

// unusedSigner is for programs that sign nothing, and so need not know the secrets of the system.
func unusedSigner() (*account.Signer, error) {
	return account.NewSigner(account.Secrets{Access: []string{rand.Text()}, Refresh: []string{rand.Text()}}, time.Now)
}

// withAccounts opens the database and lets use work on its accounts.
func (a *app) withAccounts(ctx context.Context, use func(context.Context, *account.Accounts) error) error {
	return a.withDatabase(ctx, func(ctx context.Context, d *database) error {
		if _, err := d.migrate(ctx); err != nil {
			return err
		}
		pool, err := d.pool(ctx, "user", 1, nil, eventstore.ConfigureCommits)
		if err != nil {
			return err
		}
		defer pool.Close()
		signer, err := unusedSigner()
		if err != nil {
			return err
		}
		accounts, err := account.New(pool, signer, account.Options{})
		if err != nil {
			return err
		}
		return use(ctx, accounts)
	})
}

func (a *app) purgeDemo(ctx context.Context, accounts *account.Accounts) error {
	users, err := seed.WithKnownPassword(ctx, accounts)
	if err != nil {
		return err
	}
	for _, u := range users {
		if err := accounts.Delete(ctx, u.ID); err != nil && !errors.Is(err, account.ErrNotFound) {
			return err
		}
		if _, err := fmt.Fprintf(a.out, "erased %s (%s)\n", printable(u.Email), u.Role); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(a.out, "%d account(s) erased\n", len(users))
	return err
}
