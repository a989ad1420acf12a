package middleware

import (
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics count requests and their outcomes.
type metrics struct {
	requests *prometheus.HistogramVec // by method, route and status
	bookings *prometheus.CounterVec   // by outcome
}

// Metrics registers the metrics of requests and returns the function for [Observer] that counts
// them. bookings is the route whose answers are counted by their outcome.
func Metrics(registry prometheus.Registerer, bookings string) func(Request) {
	m := metrics{
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "boxoffice", Name: "http_request_duration_seconds", Help: "Time to answer a request of the API.",
			// A booking takes its delay, a second by default, and a little more; everything else takes
			// milliseconds.
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 1.1, 1.25, 1.5, 2.5, 5, 10},
		}, []string{"method", "route", "status"}),
		bookings: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "boxoffice", Name: "bookings_total",
			Help: "Answers to POST /book: confirmed, replayed, or the code of the problem.",
		}, []string{"outcome"}),
	}
	for _, outcome := range []string{ // a counter that starts at 0 shows the first one as a rate
		"confirmed", "sold_out", "already_booked", "too_many_bookings", "busy", "unavailable", "outcome_unknown", "internal",
	} {
		m.bookings.WithLabelValues(outcome)
	}
	registry.MustRegister(m.requests, m.bookings)
	return func(r Request) { m.observe(r, bookings) }
}

func (m metrics) observe(r Request, bookings string) {
	if r.Status == http.StatusSwitchingProtocols {
		return // the handshake; open connections have a metric of their own
	}
	route := r.Route
	if route == "" {
		route = "none"
	}
	m.requests.WithLabelValues(r.Method, route, strconv.Itoa(r.Status)).Observe(r.Took.Seconds())
	if r.Method == http.MethodPost && route == bookings {
		m.bookings.WithLabelValues(outcomeOf(r)).Inc()
	}
}

func outcomeOf(r Request) string {
	switch {
	case r.Code != "":
		return r.Code
	case r.Replayed:
		return "replayed"
	}
	return "confirmed"
}
