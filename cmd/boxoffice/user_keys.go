package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/boxoffice/boxoffice/internal/account"
)

func (a *app) userKeysCommand() *cobra.Command {
	keys := &cobra.Command{
		Use: "keys", Short: "List and revoke the API keys of somebody", Args: cobra.NoArgs, RunE: help,
		Long: "List and revoke the API keys of somebody, also beside a running server: it refuses a revoked key within a\n" +
			"second. Keys are made on the account page and by POST /auth/keys.",
	}
	keys.AddCommand(&cobra.Command{
		Use: "list USER", Short: "List the API keys of somebody, with those that were revoked", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withUser(cmd.Context(), args[0], a.listKeys)
		},
	}, &cobra.Command{
		Use: "revoke USER KEY-ID", Short: "Revoke an API key of somebody", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := uuid.Parse(args[1])
			if err != nil {
				return fmt.Errorf("%q is not the id of a key: `boxoffice user keys list` shows them", args[1])
			}
			revoke := func(ctx context.Context, accounts *account.Accounts, u account.User) error {
				err := accounts.RevokeKey(ctx, u.ID, id)
				if errors.Is(err, account.ErrNoKey) {
					return fmt.Errorf("%s has no key %s, or it was revoked", printable(u.Email), id)
				}
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(a.out, "the key %s of %s is revoked\n", id, printable(u.Email))
				return err
			}
			return a.withUser(cmd.Context(), args[0], revoke)
		},
	})
	return keys
}

func (a *app) listKeys(ctx context.Context, accounts *account.Accounts, u account.User) error {
	keys, err := accounts.Keys(ctx, u.ID, true)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	_, err = fmt.Fprintln(table, "KEY\tNAME\tSCOPES\tMADE\tLAST USE\tENDS\tID")
	for _, k := range keys {
		ends := day(k.ExpiresAt)
		if k.RevokedAt != nil {
			ends = "revoked " + day(k.RevokedAt)
		}
		_, e := fmt.Fprintf(table, "%s…\t%s\t%s\t%s\t%s\t%s\t%s\n", k.Prefix, printable(k.Name), scopesOf(k),
			day(&k.CreatedAt), day(k.LastUsedAt), ends, k.ID)
		err = errors.Join(err, e)
	}
	return errors.Join(err, table.Flush())
}

func scopesOf(k account.APIKey) string {
	names := make([]string, len(k.Scopes))
	for i, scope := range k.Scopes {
		names[i] = string(scope)
	}
	return strings.Join(names, ",")
}

func day(at *time.Time) string {
	if at == nil {
		return "never"
	}
	return at.UTC().Format(time.DateOnly)
}
