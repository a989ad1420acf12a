// Command test-concurrency shows on a running system that a sale neither oversells nor undersells:
// more users than there are tickets book at the same moment, and exactly as many bookings as there
// are tickets must succeed. Then it reads the event's stream as an auditor and checks that it is
// whole, and that everything else the API says follows from it.
//
// It speaks HTTP only. Its users are made once and used again by later runs:
// concurrency-01@example.com and so on. The last line is PASS or FAIL, the line before says why,
// and the exit code is 0 or 1.
//
//	go run ./scripts/test-concurrency -url http://localhost:3001 -users 10 -tickets 2
//
// Each user has a connection, so many users need as many open files here and at the server. All
// requests come from one address and sign in often: a server that limits rates is started with
// RATE_LIMITS=off for that.
//
// There are two more scenarios. Each uses an event of its own, and unless told otherwise has 50 users
// for 10 tickets:
//
//   - hold: all set a ticket aside at once; some give it back, others get it, and each hold is confirmed
//     twice at once.
//   - waitlist: the 40 who got no ticket wait, 5 cancel, 3 of those who are offered a ticket do not
//     answer, and 2 decline. The stream must show 10 offers in the order of joining, each in the record
//     after the one that freed the ticket. Offers have to lapse while the test waits: the server is
//     started with HOLD_TIME=5s for it.
//
// Start reading at test.go; book.go, hold.go and waitlist.go have the scenarios, atonce.go the
// simultaneous requests, integrity.go the checks of the stream.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/boxoffice/boxoffice/httpapi/client"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

const seededPassword = "password123"

// options are the flags.
type options struct {
	url, scenario      string
	users, tickets     int
	organizer, auditor string
	password           string
	timeout, lag       time.Duration
}

func parse(args []string, stderr io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("test-concurrency", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.url, "url", "http://localhost:3001", "address of the API")
	flags.StringVar(&o.scenario, "scenario", "book", "book, hold or waitlist")
	flags.IntVar(&o.users, "users", 0, "how many users book at the same moment (default 10; 50 for hold and waitlist)")
	flags.IntVar(&o.tickets, "tickets", 0, "how many tickets the event has left (default 2; 10 for hold and waitlist)")
	flags.StringVar(&o.organizer, "organizer", "organizer@example.com",
		"account that schedules an event when there is none that fits")
	flags.StringVar(&o.auditor, "auditor", "auditor@example.com", "account that reads the stream")
	flags.StringVar(&o.password, "password", "", "password of these two accounts (default: that of seeded ones)")
	flags.DurationVar(&o.timeout, "timeout", 10*time.Minute, "for everything together")
	flags.DurationVar(&o.lag, "lag", 5*time.Second, "how far the read models may be behind")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.password = cmp.Or(o.password, seededPassword)
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	users, tickets := 10, 2
	if o.scenario != "book" {
		users, tickets = 50, 10
	}
	if !given["users"] {
		o.users = users
	}
	if !given["tickets"] {
		o.tickets = tickets
	}
	address, err := url.Parse(o.url)
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("what is %q for?", flags.Arg(0))
	case err != nil || address.Host == "" || address.Scheme != "http" && address.Scheme != "https":
		return o, errors.New("-url must be an address such as http://localhost:3001")
	case !slices.Contains([]string{"book", "hold", "waitlist"}, o.scenario):
		return o, errors.New("-scenario must be book, hold or waitlist")
	case o.scenario == "waitlist" && (o.tickets < cancelling || o.users < o.tickets+offers):
		return o, fmt.Errorf("-scenario waitlist needs at least %d tickets, and %d more users than tickets",
			cancelling, offers)
	case o.users < 1 || o.tickets < 1:
		return o, errors.New("-users and -tickets must be at least 1")
	}
	o.url = strings.TrimRight(o.url, "/")
	return o, nil
}

// run is main without the process around it. It returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	reason := ""
	if err == nil {
		ctx, cancel := context.WithTimeoutCause(ctx, o.timeout,
			fmt.Errorf("not done after %s; -timeout allows more", o.timeout))
		defer cancel()
		t := &test{options: o, out: stdout, progress: stderr}
		reason, err = t.run(ctx)
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
	}
	if err != nil {
		_, _ = fmt.Fprintf(stdout, "\nReason: %s\nFAIL\n", oneLine(explain(err)))
		return 1
	}
	_, _ = fmt.Fprintf(stdout, "\nReason: %s\nPASS\n", reason)
	return 0
}

// explain adds what can be done about an error that has a usual cause.
func explain(err error) string {
	var (
		dial    *net.OpError
		refused *client.Error
	)
	switch {
	case errors.Is(err, syscall.EMFILE):
		return fmt.Sprintf("too many connections for the limit of open files, see ulimit -n (%v)", err)
	case errors.As(err, &dial) && dial.Op == "dial":
		return fmt.Sprintf("nothing answers at the address of -url (%v); start the system first, or name another", dial)
	case errors.As(err, &refused) && refused.Status == http.StatusTooManyRequests:
		return err.Error() + "; a server for this test is started with RATE_LIMITS=off"
	}
	return err.Error()
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
