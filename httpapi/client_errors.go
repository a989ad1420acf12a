package httpapi

import (
	"encoding/json"
	"net/http"
	"time"

	"golang.org/x/time/rate"

	"github.com/boxoffice/boxoffice/httpapi/middleware"
	"github.com/boxoffice/boxoffice/httpapi/problem"
)

const (
	maxClientError    = 8 << 10 // bytes of a report; the pages send up to about 5 kB
	clientErrorBurst  = 20
	clientErrorPeriod = time.Second
)

// clientErrors logs errors that happen in the browser: POST /client-errors. It needs no sign-in, so a
// process takes one report a second, after a burst, and the log can't be flooded. It is for the web
// pages only, and not part of the API's description.
func (a *api) clientErrors() http.HandlerFunc {
	reports := rate.NewLimiter(rate.Every(clientErrorPeriod), clientErrorBurst)
	return func(w http.ResponseWriter, r *http.Request) {
		if !reports.Allow() {
			p := problem.New(http.StatusTooManyRequests, "rate_limited", "Too many requests. Please try again later")
			middleware.WriteProblem(w, r, p.With("Retry-After", "1"))
			return
		}
		var report struct {
			Message string `json:"message"`
			Stack   string `json:"stack"`
			Page    string `json:"page"`
			Build   string `json:"build"`
		}
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxClientError)).Decode(&report); err != nil {
			p := problem.New(http.StatusBadRequest, "invalid_report", "This is not a report of an error")
			middleware.WriteProblem(w, r, p)
			return
		}
		a.Logger.Error("a page has failed", "error", report.Message, "stack", report.Stack,
			"page", report.Page, "build", report.Build, "browser", r.UserAgent())
		w.WriteHeader(http.StatusNoContent)
	}
}
