package middleware

import (
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/time/rate"
)

// OriginLog logs which cross-origin requests are refused: behind a proxy that does not pass the Host
// header on, they come from the operator's own pages.
type OriginLog struct {
	logger *slog.Logger
	often  rate.Sometimes
}

// NewOriginLog writes to logger once a minute at most.
func NewOriginLog(logger *slog.Logger) *OriginLog {
	return &OriginLog{logger, rate.Sometimes{First: 1, Interval: time.Minute}} // any client can cause a line
}

// Refused names the origin and the host of a request that was refused.
func (l *OriginLog) Refused(r *http.Request) {
	const most = 200 // a header can be much longer
	origin, host := r.Header.Get("Origin"), r.Host
	l.often.Do(func() {
		l.logger.Warn("a browser was refused as cross-origin; if this is your own page, let the proxy pass the Host "+
			"header on, or add the origin to FRONTEND_ORIGIN",
			"origin", origin[:min(len(origin), most)], "host", host[:min(len(host), most)])
	})
}
