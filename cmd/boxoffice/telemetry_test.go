package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"

	dto "github.com/prometheus/client_model/go"

	"github.com/boxoffice/boxoffice/internal/mailtest"
	"github.com/boxoffice/boxoffice/internal/natstest"
)

// onDatabase is the environment of a process on a database of the test's.
func onDatabase(t *testing.T) []string {
	t.Helper()
	return []string{"DATABASE_URL=" + newSeededDatabase(t), dataDir(t), "JWT_ACCESS_SECRET=an access secret for tests",
		"JWT_REFRESH_SECRET=a refresh secret for tests"}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close() //nolint:errcheck // nothing was written
	return fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
}

func scrape(t *testing.T, port string) map[string]*dto.MetricFamily {
	t.Helper()
	response, err := http.Get("http://127.0.0.1:" + port + "/metrics")
	must(t, err)
	defer response.Body.Close() //nolint:errcheck // read to its end
	families, err := new(expfmt.NewTextParser(model.UTF8Validation)).TextToMetricFamilies(response.Body)
	must(t, err)
	return families
}

// value adds up the series of a family that have all the labels; for histograms, their counts.
func value(family *dto.MetricFamily, labels ...string) (sum float64) {
	for _, m := range family.GetMetric() {
		has := true
		for i := 0; i+1 < len(labels); i += 2 {
			has = has && slices.ContainsFunc(m.GetLabel(), func(l *dto.LabelPair) bool {
				return l.GetName() == labels[i] && l.GetValue() == labels[i+1]
			})
		}
		if has {
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return sum
}

func TestMetricsCountWhatHappened(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	p := serve(t, append(onDatabase(t), "METRICS_PORT="+port), "--seed")
	event := p.limitedConcert(p.login("alice"))
	for _, who := range []string{"alice", "alice", "bob", "carol"} { // twice the same, and then there are none left
		p.post("/book", p.login(who), map[string]any{"eventId": event})
	}
	deadline := time.Now().Add(patient)
	for {
		seen := scrape(t, port)
		missing := ""
		for _, c := range []struct {
			name   string
			labels []string
			want   float64
		}{
			{"boxoffice_bookings_total", []string{"outcome", "confirmed"}, 2},
			{"boxoffice_bookings_total", []string{"outcome", "already_booked"}, 1},
			{"boxoffice_bookings_total", []string{"outcome", "sold_out"}, 1},
			{"boxoffice_http_request_duration_seconds", []string{"method", "POST", "route", "/book", "status", "201"}, 2},
			{"boxoffice_http_request_duration_seconds", []string{"method", "POST", "route", "/book", "status", "409"}, 2},
			{"boxoffice_http_request_duration_seconds", []string{"method", "POST", "route", "/auth/login", "status", "200"}, 5},
			{"boxoffice_batch_records_total", []string{"queue", "delayed"}, 2},
			{"boxoffice_batch_append_seconds", []string{"queue", "delayed"}, 2},
			{"boxoffice_batch_transaction_seconds", []string{"queue", "delayed"}, 4},
			{"boxoffice_projection_lag_records", []string{"projection", "events"}, 0},
			{"boxoffice_projection_parked_streams", nil, 0},
			{"pgxpool_max_conns", []string{"pool", "reading"}, 12},
			{"boxoffice_commands_waiting_limit", nil, 50_000},
			{"boxoffice_websocket_connections", nil, 0},
		} {
			if got := value(seen[c.name], c.labels...); seen[c.name] == nil || got != c.want {
				missing += fmt.Sprintf("%s%v is %v, want %v\n", c.name, c.labels, got, c.want)
			}
		}
		if missing == "" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(missing)
		}
	}
	profile, err := http.Get("http://127.0.0.1:" + port + "/debug/pprof/goroutine?debug=1")
	must(t, err)
	defer profile.Body.Close() //nolint:errcheck // read to its end
	if text, _ := io.ReadAll(profile.Body); !strings.HasPrefix(string(text), "goroutine profile:") {
		t.Errorf("there is no profile: %s", text)
	}
	for _, path := range []string{"/metrics", "/debug/pprof/"} {
		if status := p.do("GET", path, "", nil)["status"]; status != 404.0 {
			t.Errorf("the API answers %s with %v", path, status)
		}
	}
}

// watched are the expressions of the alerts and of the dashboard.
func watched(t *testing.T) map[string]string {
	t.Helper()
	expressions := map[string]string{}
	var rules struct {
		Groups []struct {
			Rules []struct {
				Alert       string
				Expr        string
				For         string
				Labels      map[string]string
				Annotations map[string]string
			}
		}
	}
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "operations", "alerts.yaml"))
	must(t, err)
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(false)
	must(t, decoder.Decode(&rules))
	guide, err := os.ReadFile(filepath.Join("..", "..", "docs", "operations", "README.md"))
	must(t, err)
	for _, group := range rules.Groups {
		for _, rule := range group.Rules {
			expressions["alert "+rule.Alert] = rule.Expr
			if rule.Labels["severity"] == "" || rule.Annotations["summary"] == "" {
				t.Errorf("alert %s has no severity or no summary", rule.Alert)
			}
			if _, err := model.ParseDuration(rule.For); rule.For != "" && err != nil {
				t.Errorf("alert %s: %v", rule.Alert, err)
			}
			if !strings.Contains(string(guide), "`"+rule.Alert+"`") {
				t.Errorf("the guide does not say what %s means", rule.Alert)
			}
		}
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	data, err = os.ReadFile(filepath.Join("..", "..", "docs", "operations", "dashboard.json"))
	must(t, err)
	must(t, json.Unmarshal(data, &dashboard))
	for _, panel := range dashboard.Panels {
		for i, target := range panel.Targets {
			expressions[fmt.Sprintf("panel %s, %d", panel.Title, i)] = strings.NewReplacer("$__rate_interval", "1m", "$instance",
				".*").Replace(target.Expr)
		}
	}
	if len(expressions) < 40 {
		t.Fatalf("only %d expressions were found", len(expressions))
	}
	return expressions
}

// Alerts and panels about series that do not exist stay silent for ever.
func TestWhatAlertsAndTheDashboardWatchIsExported(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	env := onDatabase(t)
	replica := "DATABASE_READ_URL=" + strings.TrimPrefix(env[0], "DATABASE_URL=") // a primary is as good as a replica here
	p := serve(t, append(env, replica, "METRICS_PORT="+port, "EVENT_BUS_URL="+natstest.Start(t).URL(),
		"SMTP_URL="+mailtest.Start(t).URL(), "MAIL_FROM=tickets@example.com"), "--seed")
	p.waitFor("the bus and the reactors", func() bool {
		seen := scrape(t, port)
		return seen["boxoffice_bus_lag_seconds"] != nil && seen["boxoffice_reactor_lag_seconds"] != nil
	})
	alice := p.login("alice")
	p.post("/book", alice, map[string]any{"eventId": p.limitedConcert(alice)})
	series := map[string]map[string]map[string]bool{} // name → label → values
	add := func(name string, labels []*dto.LabelPair, more ...string) {
		if series[name] == nil {
			series[name] = map[string]map[string]bool{}
		}
		for _, l := range labels {
			more = append(more, l.GetName(), l.GetValue())
		}
		for i := 0; i+1 < len(more); i += 2 {
			if series[name][more[i]] == nil {
				series[name][more[i]] = map[string]bool{}
			}
			series[name][more[i]][more[i+1]] = true
		}
	}
	scraped := []string{"job", "boxoffice", "instance", "api:9090"} // which Prometheus adds
	add("up", nil, scraped...)
	for name, family := range scrape(t, port) {
		for _, m := range family.GetMetric() {
			add(name, m.GetLabel(), scraped...)
			if family.GetType() == dto.MetricType_HISTOGRAM {
				add(name+"_count", m.GetLabel(), scraped...)
				add(name+"_sum", m.GetLabel(), scraped...)
				add(name+"_bucket", m.GetLabel(), append([]string{"le", "+Inf"}, scraped...)...)
			}
		}
	}
	for what, expression := range watched(t) {
		parsed, err := parser.ParseExpr(expression)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		selects := false
		parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
			switch n := node.(type) {
			case *parser.VectorSelector:
				selects = true
				labels := series[n.Name]
				if labels == nil {
					t.Errorf("%s: %s is not exported", what, n.Name)
					return nil
				}
				for _, matcher := range n.LabelMatchers {
					if matcher.Name == "__name__" || matcher.Name == "status" && matcher.Value == "5.." { // nothing has failed here
						continue
					}
					if !slices.ContainsFunc(slices.Collect(keys(labels[matcher.Name])), matcher.Matches) {
						t.Errorf("%s: no series of %s has %s", what, n.Name, matcher)
					}
				}
			case *parser.AggregateExpr:
				parser.Inspect(n.Expr, func(inner parser.Node, _ []parser.Node) error {
					if v, ok := inner.(*parser.VectorSelector); ok {
						for _, label := range n.Grouping {
							if series[v.Name][label] == nil {
								t.Errorf("%s: %s has no label %s", what, v.Name, label)
							}
						}
					}
					return nil
				})
			}
			return nil
		})
		if !selects {
			t.Errorf("%s selects nothing: %s", what, expression)
		}
	}
}

func keys(m map[string]bool) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func TestTracesAreExportedWhereTheEnvironmentSays(t *testing.T) {
	t.Parallel()
	exported := make(chan string, 100)
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		exported <- r.URL.Path + string(body)
		w.WriteHeader(http.StatusOK)
	}))
	t.Cleanup(collector.Close)
	p := serve(t, append(onDatabase(t), "OTEL_TRACES_EXPORTER=otlp", "OTEL_EXPORTER_OTLP_ENDPOINT="+collector.URL,
		"OTEL_SERVICE_NAME=box-of-the-test"), "--seed")
	p.login("alice")
	if err := p.stop(syscall.SIGTERM); err != nil { // which exports the rest
		t.Errorf("SIGTERM: %v\n%s", err, p.err)
	}
	close(exported)
	all := ""
	for e := range exported {
		all += e
	}
	for _, want := range []string{"/v1/traces", "POST /auth/login", "box-of-the-test", "boxoffice.request_id"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q was not exported", want)
		}
	}
}

func TestNobodysSecretsAreInTheLog(t *testing.T) {
	t.Parallel()
	p := serve(t, append(onDatabase(t), "LOG_LEVEL=debug", "BOOKING_DELAY=0s"), "--seed")
	secrets := map[string]string{"password": "S3cret-of-erin", "wrong password": "Wr0ng-of-erin",
		"e-mail": "erin.private@example.com", "seeded e-mail": "alice@example.com", "name": "Erin Unmentioned"}
	register := map[string]string{"email": secrets["e-mail"], "password": secrets["password"], "name": secrets["name"]}
	answer := p.post("/auth/register", "", register)
	remember := func(what string, answer map[string]any) (access, refresh string) {
		access, _ = answer["accessToken"].(string)
		refresh, _ = answer["refreshToken"].(string)
		if access == "" || refresh == "" {
			t.Fatalf("%s was refused: %v", what, answer)
		}
		for name, token := range map[string]string{"access": access, "refresh": refresh} {
			secrets[name+" token of "+what] = token
			secrets[name+" token's signature of "+what] = token[strings.LastIndex(token, ".")+1:]
		}
		return access, refresh
	}
	access, refresh := remember("register", answer)
	p.post("/auth/register", "", register)
	p.post("/auth/login", "", map[string]string{"email": secrets["e-mail"], "password": secrets["wrong password"]})
	p.post("/auth/login", "", map[string]any{"email": secrets["e-mail"], "password": []string{secrets["password"]}})
	p.do("POST", "/auth/login?email="+secrets["e-mail"]+"&password="+secrets["password"], "",
		strings.NewReader(`{"email":"`+secrets["e-mail"]))
	_, second := remember("refresh", p.post("/auth/refresh", "", map[string]string{"refreshToken": refresh}))
	p.post("/auth/refresh", "", map[string]string{"refreshToken": second + "x"})
	secrets["other access token"] = p.login("alice")
	p.do("GET", "/events?search="+secrets["e-mail"], access, nil)
	booked := p.post("/book", access, map[string]any{"eventId": p.limitedConcert(access)})
	p.do("DELETE", "/bookings/"+booked["booking"].(map[string]any)["id"].(string), access, nil)
	p.do("GET", "/bookings", access+"x", nil)

	jar, err := cookiejar.New(nil)
	must(t, err)
	body, err := json.Marshal(map[string]string{"email": secrets["e-mail"], "password": secrets["password"]})
	must(t, err)
	request, err := http.NewRequest(http.MethodPost, p.api+"/auth/login", bytes.NewReader(body))
	must(t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Refresh-Token-Mode", "cookie")
	response, err := (&http.Client{Jar: jar}).Do(request)
	must(t, err)
	must(t, response.Body.Close())
	for _, c := range response.Cookies() {
		if c.MaxAge >= 0 { // the others are cleared
			secrets["cookie "+c.Name] = c.Value
		}
	}

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for _, token := range []string{access, access + "x"} {
		address := "ws" + strings.TrimPrefix(p.api, "http") + "/ws"
		socket, _, err := websocket.Dial(ctx, address, nil) //nolint:bodyclose // the socket has it
		must(t, err)
		must(t, socket.Write(ctx, websocket.MessageText, []byte(`{"type":"hello","token":"`+token+`"}`)))
		_, _, err = socket.Read(ctx)
		must(t, err)
		must(t, socket.CloseNow())
	}
	if err := p.stop(syscall.SIGTERM); err != nil {
		t.Errorf("SIGTERM: %v", err)
	}
	log := p.err.String()
	if n := strings.Count(log, `"msg":"request"`); n < 15 {
		t.Fatalf("the log shows %d requests:\n%s", n, log)
	}
	for what, secret := range secrets {
		if len(secret) < 8 {
			t.Errorf("the %s is too short to look for", what)
		}
		for _, form := range []string{secret, url.QueryEscape(secret)} {
			if at := strings.Index(log, form); at >= 0 {
				line := log[strings.LastIndex(log[:at], "\n")+1:]
				t.Errorf("the %s is in the log: %s", what, line[:strings.Index(line, "\n")])
			}
		}
	}
}

func TestHealthcheckTellsByItsExitCode(t *testing.T) {
	t.Parallel()
	p := serve(t, onDatabase(t))
	port := regexp.MustCompile(`\d+$`).FindString(p.api)
	for name, c := range map[string]struct {
		env  string
		args []string
		well bool
	}{
		"the API of this machine": {"API_PORT=" + port, nil, true},
		"an address":              {"", []string{p.web + "/"}, true},
		"an error":                {"", []string{p.api + "/nothing"}, false},
		"nobody there":            {"API_PORT=" + freePort(t), nil, false},
	} {
		out, err := command([]string{c.env}, append([]string{"healthcheck"}, c.args...)...).CombinedOutput()
		if (err == nil) != c.well {
			t.Errorf("%s: %v %s", name, err, out)
		}
	}
}
