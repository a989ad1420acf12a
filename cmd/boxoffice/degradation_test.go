package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/google/uuid"
	"github.com/rs/zerolog"
)

// behind serves on a database that can be lost: it is reached through a proxy.
func behind(t *testing.T, args ...string) (*process, *toxiproxy.Proxy) {
	t.Helper()
	address, err := url.Parse(newSeededDatabase(t))
	must(t, err)
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	proxy := toxiproxy.NewProxy(server, "database", "127.0.0.1:0", address.Host)
	must(t, proxy.Start())
	t.Cleanup(proxy.Stop)
	address.Host = proxy.Listen
	p := serve(t, []string{
		"DATABASE_URL=" + address.String(), "JWT_ACCESS_SECRET=an access secret for tests",
		"JWT_REFRESH_SECRET=a refresh secret for tests",
	}, args...)
	return p, proxy
}

// promised is how soon everybody is answered when the database is gone, and some seconds for busy
// machines and the race detector, under which a password takes most of a second to hash. Who waited
// for timeouts instead would wait for 10 s and longer.
const promised = 2*time.Second + 3*time.Second

func TestWithoutTheDatabaseEverybodyIsAnsweredSoonAndItIsUsedAgainWhenItIsBack(t *testing.T) {
	t.Parallel()
	for name, lose := range losses {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, proxy := behind(t, "--seed")
			alice, organizer := p.login("alice"), p.login("organizer")
			event := p.limitedConcert(alice)
			id := uuid.NewString()
			requests := []struct{ method, path, token, body string }{
				{"POST", "/book", alice, `{"eventId":"` + event + `"}`},
				{"DELETE", "/bookings/" + id, alice, ""},
				{"GET", "/bookings", alice, ""},
				{"GET", "/events", alice, ""},
				{"GET", "/events?search=x&sortBy=price", alice, ""},
				{"GET", "/events/" + event, alice, ""},
				{"GET", "/auth/me", alice, ""},
				{"POST", "/auth/login", "", `{"email":"alice@example.com","password":"password123"}`},
				{"POST", "/auth/register", "", `{"email":"new@example.com","password":"passw0rd 123","name":"New"}`},
				{"POST", "/events", organizer, `{"title":"T","venue":"V","date":"2100-01-01T00:00:00Z","totalTickets":1,` +
					`"price":1}`},
				{"PATCH", "/events/" + event, organizer, `{"title":"T"}`},
				{"POST", "/events/" + event + "/cancel", organizer, ""},
			}
			must(t, lose(proxy))
			// First those that come when nobody knows yet, all at once and more than there are
			// connections; then those that come later.
			for range 2 {
				var all sync.WaitGroup
				for range 8 {
					for _, r := range requests {
						all.Go(func() {
							began := time.Now()
							status, header, problem := p.ask(r.method, r.path, r.token, r.body)
							if took := time.Since(began); took > promised {
								t.Errorf("%s %s took %s", r.method, r.path, took)
							}
							if status != 503 || problem.Code != "unavailable" || header.Get("Retry-After") == "" ||
								header.Get("Content-Type") != "application/problem+json" {
								t.Errorf("%s %s: %d %+v %v", r.method, r.path, status, problem, header)
							}
						})
					}
				}
				all.Wait()
			}
			if status, _, problem := p.ask("GET", "/readyz", "", ""); status != 503 || problem.Code != "not_ready" {
				t.Errorf("readiness: %d %+v", status, problem)
			}
			if status, _, _ := p.ask("GET", "/healthz", "", ""); status != 200 {
				t.Errorf("liveness: %d", status)
			}

			proxy.Toxics.ResetToxics(context.Background())
			if err := proxy.Start(); err != nil && !strings.Contains(err.Error(), "already") {
				t.Fatal(err)
			}
			p.waitFor("readiness", func() bool { status, _, _ := p.ask("GET", "/readyz", "", ""); return status == 200 })
			p.waitFor("a booking", func() bool {
				status, _, _ := p.ask("POST", "/book", alice, `{"eventId":"`+event+`"}`)
				return status == 201
			})
			p.waitFor("its read model", func() bool {
				bookings, _ := p.do("GET", "/bookings", alice, nil)["data"].([]any)
				return len(bookings) == 1
			})
		})
	}
}

type problem struct{ Code, Detail string }

func (p *process) ask(method, path, token, body string) (status int, header http.Header, told problem) {
	r, err := http.NewRequest(method, p.api+path, strings.NewReader(body))
	must(p, err)
	r.Header.Set("Content-Type", "application/json")
	if kind := http.DetectContentType([]byte(body)); kind == "image/png" {
		r.Header.Set("Content-Type", kind)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		p.Errorf("%s %s: %v", method, path, err)
		return 0, nil, told
	}
	defer response.Body.Close() //nolint:errcheck // read to its end
	data, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= 400 {
		err = json.NewDecoder(bytes.NewReader(data)).Decode(&told)
	}
	if err != nil {
		p.Errorf("%s %s: %v: %s", method, path, err, data)
	}
	return response.StatusCode, response.Header, told
}

func (p *process) waitFor(what string, is func() bool) {
	p.Helper()
	tick, deadline := time.NewTicker(20*time.Millisecond), time.After(patient)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			p.Fatalf("still waiting for %s\n%s", what, p.err)
		}
	}
}

// What tries again while the database is away does so many times, and how many depends on the
// machine. The log tells of each state once: that a part was interrupted, that it fails in another
// way when its connection is lost and new ones are too, and that it goes on.
func TestAnOutageIsLoggedOnce(t *testing.T) {
	t.Parallel()
	for name, lose := range losses {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, proxy := behind(t, "--seed", "--rate-limits=off")
			alice := p.login("alice")
			before := len(p.err.String())
			since := func() string { return p.err.String()[before:] }
			must(t, lose(proxy))
			const outage = 8 * time.Second
			p.waitFor("the outage", func() bool { return strings.Contains(since(), "the database does not answer") })
			for until := time.Now().Add(outage); time.Now().Before(until); {
				if status, _, _ := p.ask("GET", "/bookings", alice, ""); status != 503 {
					t.Errorf("bookings: %d", status)
				}
			}
			proxy.Toxics.ResetToxics(context.Background())
			_ = proxy.Start() // an error: it has not stopped
			p.waitFor("the end of the outage", func() bool { return strings.Contains(since(), "answers again") })
			for said, times := range sayings(t, since()) {
				if times > 3 {
					t.Errorf("logged %d times: %s", times, said)
				}
				t.Log(times, said)
			}
		})
	}
}

// sayings counts the lines of a log that say the same of the same part of the program. Those of
// requests are left out.
func sayings(t *testing.T, log string) map[string]int {
	t.Helper()
	said := map[string]int{}
	for text := range strings.Lines(log) {
		var line map[string]any
		if !strings.HasSuffix(text, "\n") { // it is being written
			break
		}
		must(t, json.Unmarshal([]byte(text), &line))
		if line["msg"] == "request" {
			continue
		}
		delete(line, "time")
		delete(line, "error")
		said[fmt.Sprint(line)]++
	}
	return said
}

// losses are the ways in which a database goes away.
var losses = map[string]func(*toxiproxy.Proxy) error{
	"connections are refused": func(p *toxiproxy.Proxy) error { p.Stop(); return nil },
	"answers are swallowed": func(p *toxiproxy.Proxy) error {
		_, err := p.Toxics.AddToxicJson(strings.NewReader(`{"type":"timeout","stream":"downstream"}`))
		return err
	},
	"requests are swallowed": func(p *toxiproxy.Proxy) error {
		_, err := p.Toxics.AddToxicJson(strings.NewReader(`{"type":"timeout","stream":"upstream"}`))
		return err
	},
}

// A client that opens a connection and sends slowly must not keep it.
func TestSlowClientsAreSentAway(t *testing.T) {
	t.Parallel()
	p, _ := behind(t)
	address := strings.Replace(strings.TrimPrefix(p.api, "http://"), "localhost", "127.0.0.1", 1)
	before := p.files()
	const each = 40
	var all sync.WaitGroup
	for name, said := range map[string]string{
		"nothing":        "",
		"half a request": "GET /events HTTP/1.1\r\nHost: x\r\nX-Slow: ",
		"a head and no body": "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: " +
			"100\r\n\r\n{",
	} {
		for range each {
			conn, err := net.Dial("tcp", address)
			must(t, err)
			t.Cleanup(func() { _ = conn.Close() })
			_, err = io.WriteString(conn, said)
			must(t, err)
			all.Go(func() {
				must(t, conn.SetReadDeadline(time.Now().Add(25*time.Second)))
				if _, err := io.Copy(io.Discard, conn); err != nil && !strings.Contains(err.Error(), "reset") {
					t.Errorf("who says %s is still connected: %v", name, err)
				}
			})
		}
	}
	p.waitFor("the connections", func() bool { return p.files() >= before+3*each })
	began := time.Now()
	if status, _, _ := p.ask("GET", "/healthz", "", ""); status != 200 || time.Since(began) > promised {
		t.Errorf("others are not served meanwhile: %d after %s", status, time.Since(began))
	}
	all.Wait()
	http.DefaultClient.CloseIdleConnections()
	p.waitFor("the end of all connections", func() bool { return p.files() <= before+20 })
}

// No process waits for a body when it can answer already: neither the API nor those in front of it.
func TestNoProcessWaitsForTheBodyOfWhatIsRefused(t *testing.T) {
	t.Parallel()
	p := serve(t, secretsFor(newSeededDatabase(t)))
	port := freePort(t)
	pages := command([]string{"WEB_PORT=" + port}, "web", "--api", p.api)
	pages.Dir = t.TempDir()
	must(t, pages.Start())
	t.Cleanup(func() { _ = pages.Process.Kill(); _, _ = pages.Process.Wait() })
	front := "http://127.0.0.1:" + port
	p.waitFor("the web process", func() bool {
		response, err := http.Get(front + "/api/healthz")
		if err == nil {
			must(t, response.Body.Close())
		}
		return err == nil
	})
	for name, c := range map[string]struct {
		address, path string
		status        int
	}{
		"the API":         {p.api, "/book", 401},
		"the program":     {p.web, "/api/book", 401},
		"the web process": {front, "/api/book", 401},
		"the pages":       {front, "/nothing", 405}, // whether they are built or not
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(strings.Replace(c.address, "localhost", "127.0.0.1", 1), "http://"))
		must(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		_, err = io.WriteString(conn, "POST "+c.path+" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"+
			"Content-Length: 100\r\n\r\n{")
		must(t, err)
		must(t, conn.SetReadDeadline(time.Now().Add(8*time.Second))) // bodies may take 10 s
		said, err := io.ReadAll(conn)
		if err != nil || !strings.HasPrefix(string(said), "HTTP/1.1 "+strconv.Itoa(c.status)+" ") {
			t.Errorf("%s: %v: %s", name, err, said)
		}
	}
}

// files are how many the process has open; connections are files.
func (p *process) files() int {
	entries, err := os.ReadDir("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/fd")
	if err != nil {
		p.Skipf("open files are counted on Linux only: %v", err)
	}
	return len(entries)
}
