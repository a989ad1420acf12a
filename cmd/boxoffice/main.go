// Command boxoffice is the whole system in one program: the API, the web UI, the projections, and
// the tools around them. It is the only place that opens pools, and joins packages.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // events have time zones, on machines without a database of them too

	"github.com/spf13/cobra"

	"github.com/boxoffice/boxoffice/internal/config"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal asks the program to stop, the second one ends it.
	context.AfterFunc(ctx, stop)
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "boxoffice:", printableLines(err.Error()))
		os.Exit(exitCode(err))
	}
}

// exitError is an error for which a command has an exit code of its own.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func exitCode(err error) int {
	var e *exitError
	if errors.As(err, &e) {
		return e.code
	}
	return 1
}

// app is what the commands share.
type app struct {
	flags    map[string]string // of the configuration, by name of the variable
	out, err io.Writer
	// changeServices, when set, lets a test change the services of a process.
	changeServices func([]service) []service
}

// run is main without the process around it.
func run(ctx context.Context, args []string, out, errOut io.Writer) error {
	return (&app{flags: map[string]string{}, out: out, err: errOut}).run(ctx, args)
}

func (a *app) run(ctx context.Context, args []string) error {
	root := &cobra.Command{
		Use:           "boxoffice",
		Short:         "An event booking system that can't oversell",
		SilenceUsage:  true,
		SilenceErrors: true,
		// Everything that is configured is a flag of every command: they all speak to the same
		// system.
		PersistentPreRun: func(cmd *cobra.Command, _ []string) {
			for _, v := range config.Variables() {
				if f := cmd.Flags().Lookup(v.Flag); f != nil && f.Changed {
					a.flags[v.Name] = f.Value.String()
				}
			}
		},
	}
	for _, v := range config.Variables() {
		if !v.Secret {
			root.PersistentFlags().String(v.Flag, v.Default, v.Doc+" ("+v.Name+")")
		}
	}
	auditing := a.auditCommand()
	root.AddCommand(
		a.serveCommand(), a.webCommand(), a.migrateCommand(), a.seedCommand(), a.userCommand(), a.projectionsCommand(),
		a.reactorsCommand(), auditing,
		a.databaseCommand(), a.secretsCommand(), a.healthcheckCommand(), a.openapiCommand(), a.versionCommand())
	root.SetArgs(args)
	root.SetOut(a.out)
	root.SetErr(a.err)
	used, err := root.ExecuteContextC(ctx)
	if err != nil && (used == auditing || used.Parent() == auditing) {
		return withExitCode(err)
	}
	return err
}

// help is what a command does that has others below it; without it, their misspelled names would
// end well.
func help(cmd *cobra.Command, _ []string) error { return cmd.Help() }
