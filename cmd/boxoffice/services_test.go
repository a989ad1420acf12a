package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/boxoffice/boxoffice/internal/embeddedpg"
	"github.com/boxoffice/boxoffice/internal/logtest"
	"github.com/boxoffice/boxoffice/internal/natstest"
)

// steps notes what happens to services.
type steps struct{ logtest.Buffer }

func (s *steps) say(what string) { _, _ = s.Write([]byte(what + " ")) }

// service is one that says what happens to it. It runs until it is stopped.
func (s *steps) service(name string) service {
	return service{
		name: name,
		open: func(context.Context) error { s.say("open " + name); return nil },
		run:  func(ctx context.Context) error { <-ctx.Done(); s.say("end " + name); return nil },
		stop: func(context.Context) error { s.say("stop " + name); return nil },
	}
}

func TestServicesStopInTheOppositeOrder(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		change func(*service) // of the second of three
		work   error
		want   string
	}{
		"after the work": {func(*service) {}, nil,
			"open 1 open 2 open 3 work stop 3 end 3 stop 2 end 2 stop 1 end 1 "},
		"after the work has failed": {func(*service) {}, broken,
			"open 1 open 2 open 3 work stop 3 end 3 stop 2 end 2 stop 1 end 1 "},
		"when one can't be opened": {func(s *service) { s.open = func(context.Context) error { return broken } }, nil,
			"open 1 stop 2 stop 1 end 1 "},
		"when one fails": {func(s *service) { s.run = func(context.Context) error { return broken } }, nil,
			"open 1 open 2 open 3 work stop 3 end 3 stop 2 stop 1 end 1 "},
		"when one can't be stopped": {func(s *service) { s.stop = func(context.Context) error { return broken } }, nil,
			"open 1 open 2 open 3 work stop 3 end 3 end 2 stop 1 end 1 "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s steps
			services := []service{s.service("1"), s.service("2"), {}, s.service("3")}
			c.change(&services[1])
			err := runServices(t.Context(), time.Minute, services, func(ctx context.Context) error {
				s.say("work")
				if strings.Contains(name, "one fails") {
					<-ctx.Done()
				}
				return c.work
			})
			if s.String() != c.want {
				t.Errorf("got  %s\nwant %s", s.String(), c.want)
			}
			if wantErr := name != "after the work"; errors.Is(err, broken) != wantErr {
				t.Errorf("got %v", err)
			}
		})
	}
}

var errInjected = errors.New("injected")

// leaks runs serve once for each of its services, which fails after it was opened, and once until
// it is stopped, and tells what is left behind. It is for a process of its own.
func leaks() (problems []string) {
	for i := 0; ; i++ {
		ctx, stop := context.WithCancel(context.Background())
		var out stopper
		out.stop = stop
		var said bytes.Buffer
		var name string
		a := &app{flags: map[string]string{}, out: &out, err: &said}
		a.changeServices = func(services []service) []service {
			services = slices.DeleteFunc(services, func(s service) bool { return s.name == "" })
			if i < len(services) {
				name = services[i].name
				open := services[i].open
				services[i].open = func(ctx context.Context) error {
					if open != nil {
						if err := open(ctx); err != nil {
							return err
						}
					}
					return errInjected
				}
			}
			return services
		}
		bad := func(format string, args ...any) {
			problems = append(problems, fmt.Sprintf("%s fails: ", name)+fmt.Sprintf(format, args...))
		}
		err := a.run(ctx, []string{"serve", "--seed"})
		stop()
		if (name == "") != (err == nil) || err != nil && !errors.Is(err, errInjected) {
			bad("got %v\n%s", err, said.String())
		}
		// pgx closes a connection whose query was cancelled beside, for 15 s at most.
		closing := goleak.IgnoreAnyFunction("github.com/jackc/pgx/v5/pgconn.(*PgConn).asyncClose.func1")
		if err := goleak.Find(closing); err != nil {
			bad("%v", err)
		}
		for _, port := range []string{os.Getenv("API_PORT"), os.Getenv("WEB_PORT"), os.Getenv("METRICS_PORT")} {
			l, err := net.Listen("tcp", "127.0.0.1:"+port)
			if err != nil {
				bad("%v", err)
				continue
			}
			_ = l.Close()
		}
		if dir := os.Getenv("DATA_DIR"); os.Getenv("DATABASE_URL") == "" {
			if _, err := embeddedpg.RunningURL(dir); !errors.Is(err, embeddedpg.ErrNotRunning) {
				bad("the database runs on: %v", err)
			}
		}
		if name == "" {
			return problems
		}
		fmt.Println("tried", name)
	}
}

// stopper stops the program when it says that it is ready.
type stopper struct{ stop context.CancelFunc }

func (s *stopper) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("is ready")) {
		s.stop()
	}
	return len(p), nil
}

func TestAnErrorHalfwayLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	url := newSeededDatabase(t)
	for name, env := range map[string][]string{
		"on a server": append(secretsFor(url), "EVENT_BUS_URL="+natstest.Start(t).URL(), "DATABASE_READ_URL="+url,
			dataDir(t)),
		"on its own": {dataDir(t)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := command(append(env, "BOXOFFICE_TEST_LEAKS=1", "API_PORT="+freePort(t), "WEB_PORT="+freePort(t),
				"METRICS_PORT="+freePort(t)))
			cmd.Path = os.Args[0]
			out, err := cmd.CombinedOutput()
			tried := strings.Count(string(out), "tried ")
			if err != nil || tried < 14 {
				t.Errorf("%d services were tried: %v\n%s", tried, err, out)
			}
		})
	}
}
