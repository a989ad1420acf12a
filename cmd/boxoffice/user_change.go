package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/account"
)

func (a *app) listUsersCommand() *cobra.Command {
	var role string
	cmd := &cobra.Command{
		Use: "list", Short: "List the accounts by their e-mail addresses", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withAccounts(cmd.Context(), func(ctx context.Context, accounts *account.Accounts) error {
				if role != "" && !account.Role(role).Known() {
					return fmt.Errorf("there is no role %q: choose customer, organizer, auditor or admin", role)
				}
				users, err := accounts.List(ctx, account.Role(role))
				if err != nil {
					return err
				}
				table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
				_, err = fmt.Fprintln(table, "E-MAIL\tROLE\tNAME\tSINCE\tID")
				for _, u := range users {
					_, e := fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n",
						printable(u.Email), u.Role, printable(u.Name), u.CreatedAt.Format(time.DateOnly), u.ID)
					err = errors.Join(err, e)
				}
				return errors.Join(err, table.Flush())
			})
		},
	}
	cmd.Flags().StringVar(&role, "role", "", "only those with this role: customer, organizer, auditor or admin")
	return cmd
}

// passwordSource says where the password of a user comes from.
type passwordSource struct{ stdin, link bool }

func (s *passwordSource) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&s.stdin, "password-stdin", false, "read the password from the first line of the standard input")
	cmd.Flags().BoolVar(&s.link, "link", false, "print a link with which the user chooses the password")
	cmd.MarkFlagsMutuallyExclusive("password-stdin", "link")
}

// read returns no password when the user chooses it. Nothing is echoed.
func (s *passwordSource) read(cmd *cobra.Command) (string, error) {
	switch terminal, ok := cmd.InOrStdin().(*os.File); {
	case s.link:
		return "", nil
	case s.stdin:
		return firstLine(cmd.InOrStdin())
	case !ok || !term.IsTerminal(int(terminal.Fd())):
		return "", errors.New("there is no terminal to ask for a password: use --password-stdin or --link")
	default:
		return askTwice(cmd.ErrOrStderr(), func() ([]byte, error) { return term.ReadPassword(int(terminal.Fd())) })
	}
}

func firstLine(in io.Reader) (string, error) {
	data, err := io.ReadAll(io.LimitReader(in, 1<<10))
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	line, _, _ := strings.Cut(string(data), "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return "", errors.New("the standard input has no password")
	}
	return line, nil
}

func askTwice(prompt io.Writer, read func() ([]byte, error)) (string, error) {
	var typed [2]string
	for i, text := range []string{"Password: ", "Again: "} {
		if _, err := fmt.Fprint(prompt, text); err != nil {
			return "", err
		}
		password, err := read()
		if _, e := fmt.Fprintln(prompt); err == nil {
			err = e
		}
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		typed[i] = string(password)
	}
	switch {
	case typed[0] == "":
		return "", errors.New("no password was given")
	case typed[0] != typed[1]:
		return "", errors.New("the passwords differ")
	}
	return typed[0], nil
}

func (a *app) createUserCommand() *cobra.Command {
	var name, role string
	var source passwordSource
	cmd := &cobra.Command{
		Use: "create EMAIL", Short: "Make an account with any role", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			password, err := source.read(cmd)
			if err != nil {
				return err
			}
			return a.withAccounts(cmd.Context(), func(ctx context.Context, accounts *account.Accounts) error {
				user, err := accounts.Create(ctx, account.User{Email: args[0], Name: name, Role: account.Role(role)}, password)
				if err != nil {
					return err
				}
				if _, err := fmt.Fprintf(a.out, "created %s (%s)\n", printable(user.Email), user.Role); err != nil {
					return err
				}
				return a.printLink(ctx, accounts, user, source)
			})
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "the name that others see")
	cmd.Flags().StringVar(&role, "role", string(account.Customer), "customer, organizer, auditor or admin")
	source.flags(cmd)
	return cmd
}

func (a *app) setRoleCommand() *cobra.Command {
	return &cobra.Command{
		Use: "role USER ROLE", Short: "Make somebody a customer, organizer, auditor or admin", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			change := func(ctx context.Context, accounts *account.Accounts, u account.User) error {
				if err := accounts.SetRole(ctx, u.ID, account.Role(args[1])); err != nil {
					return err
				}
				_, err := fmt.Fprintf(a.out, "%s is %s now, and was %s\n", printable(u.Email), args[1], u.Role)
				return err
			}
			return a.withUser(cmd.Context(), args[0], change)
		},
	}
}

func (a *app) resetPasswordCommand() *cobra.Command {
	var source passwordSource
	cmd := &cobra.Command{
		Use: "reset-password USER", Short: "Set the password of somebody, whose sessions end", Args: cobra.ExactArgs(1),
		Long: "Set the password of somebody, whose sessions end. With --link they end when the link is used.",
		RunE: func(cmd *cobra.Command, args []string) error {
			password, err := source.read(cmd)
			if err != nil {
				return err
			}
			change := func(ctx context.Context, accounts *account.Accounts, u account.User) error {
				if source.link {
					return a.printLink(ctx, accounts, u, source)
				}
				if err := accounts.SetPassword(ctx, u.ID, password); err != nil {
					return err
				}
				_, err := fmt.Fprintf(a.out, "%s has a new password\n", printable(u.Email))
				return err
			}
			return a.withUser(cmd.Context(), args[0], change)
		},
	}
	source.flags(cmd)
	return cmd
}

func (a *app) verifyUserCommand() *cobra.Command {
	return &cobra.Command{
		Use: "verify USER", Short: "Mark the e-mail address of somebody as verified", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			change := func(ctx context.Context, accounts *account.Accounts, u account.User) error {
				if err := accounts.SetVerified(ctx, u.ID); err != nil {
					return err
				}
				_, err := fmt.Fprintf(a.out, "%s is verified, from the next renewal of the session on\n", printable(u.Email))
				return err
			}
			return a.withUser(cmd.Context(), args[0], change)
		},
	}
}

func (a *app) revokeUserCommand() *cobra.Command {
	return &cobra.Command{
		Use: "revoke USER", Short: "End all sessions and API keys of somebody", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			change := func(ctx context.Context, accounts *account.Accounts, u account.User) error {
				if err := accounts.EndAllSessions(ctx, u.ID); err != nil {
					return err
				}
				_, err := fmt.Fprintf(a.out, "%s is signed out everywhere, and has no API keys\n", printable(u.Email))
				return err
			}
			return a.withUser(cmd.Context(), args[0], change)
		},
	}
}

func (a *app) deleteUserCommand() *cobra.Command {
	return &cobra.Command{
		Use: "delete USER", Short: "Erase somebody, whose tickets of future events are given back", Args: cobra.ExactArgs(1),
		Long: "Erase name, e-mail, password and sessions of somebody. First their bookings of events that have not begun\n" +
			"are cancelled. The read models have to be up to date, so it is best run beside a server.",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.load()
			if err != nil {
				return err
			}
			c.BookingDelay = 0
			p := a.newParts(c)
			return a.runServices(cmd.Context(), c, []service{
				p.databaseService(eventstore.ReservedConns+1, openDatabase), p.healthService(), p.readingService(),
				p.accountService(unusedSigner),
				p.notifierService(), p.progressService(), p.executorService(func(*eventstore.Options) {}),
			}, func(ctx context.Context) error {
				u, err := findUser(ctx, p.accounts, args[0])
				if err != nil {
					return err
				}
				request := booking.Request{Actor: u.ID, CorrelationID: "user delete"}
				if err := p.service.CancelUpcoming(ctx, request); err != nil {
					return fmt.Errorf("cancel the bookings: %w", err)
				}
				if err := p.accounts.Delete(ctx, u.ID); err != nil {
					return err
				}
				_, err = fmt.Fprintf(a.out, "erased %s (%s)\n", printable(u.Email), u.Role)
				return err
			})
		},
	}
}

func (a *app) withUser(
	ctx context.Context, name string, use func(context.Context, *account.Accounts, account.User) error,
) error {
	return a.withAccounts(ctx, func(ctx context.Context, accounts *account.Accounts) error {
		user, err := findUser(ctx, accounts, name)
		if err != nil {
			return err
		}
		return use(ctx, accounts, user)
	})
}

func findUser(ctx context.Context, accounts *account.Accounts, name string) (account.User, error) {
	user, err := accounts.Find(ctx, name)
	if errors.Is(err, account.ErrNotFound) {
		return account.User{}, fmt.Errorf("there is no user %q", name)
	}
	return user, err
}

// printLink does nothing for another source of the password.
func (a *app) printLink(ctx context.Context, accounts *account.Accounts, u account.User, source passwordSource) error {
	if !source.link {
		return nil
	}
	c, err := a.load()
	if err != nil {
		return err
	}
	token, err := accounts.NewResetLink(ctx, u.ID)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.out, "%s chooses a password within %d minutes at\n%s\n",
		printable(u.Email), int(account.LinkTTL.Minutes()), linkTo(c, account.ResetPurpose, token))
	return err
}
