package httpapi

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/httpapi/problem"
	"github.com/boxoffice/boxoffice/projections"
)

type listSalesInput struct {
	ID       uuid.UUID `path:"id" format:"uuid"`
	Interval string    `query:"interval" enum:"minute,hour,day" default:"day" doc:"By the clock and the calendar of the event's time zone"`
	From     time.Time `query:"from" doc:"At most 1,440 minutes, 744 hours or 3,660 days before to; absent: as many"`
	To       time.Time `query:"to" doc:"Absent: now"`
}

// SalesList is what was sold and returned of an event, by time.
type SalesList struct {
	Interval string         `json:"interval" enum:"minute,hour,day"`
	TimeZone string         `json:"timeZone" doc:"IANA name of the time zone that days and hours are of"`
	From     time.Time      `json:"from"`
	Data     []SalesOfATime `json:"data" nullable:"false" doc:"In the order of time, without intervals in which nothing was sold or given back"`
}

// SalesOfATime are the bookings and cancellations of one minute, hour or day. A cancelled booking counts
// when it was made, and when it was cancelled.
type SalesOfATime struct {
	At        time.Time      `json:"at" doc:"When the interval begins, in UTC"`
	Bookings  int            `json:"bookings"`
	Sold      []DeskTurnover `json:"sold" nullable:"false" doc:"By ticket type and currency"`
	Cancelled int            `json:"cancelled" doc:"Bookings"`
	Returned  []DeskTurnover `json:"returned" nullable:"false" doc:"By ticket type and currency"`
}

// longest is the longest time that an answer covers, which bounds its size.
func (in *listSalesInput) longest() time.Duration {
	switch projections.Interval(in.Interval) {
	case projections.ByMinute:
		return 24 * time.Hour
	case projections.ByHour:
		return 31 * 24 * time.Hour
	default:
		return 3660 * 24 * time.Hour
	}
}

func (in *listSalesInput) query(now time.Time) (q projections.SalesQuery, err error) {
	to := in.To
	if to.IsZero() {
		to = now.Add(in.longest()) // later than now, because clocks of processes differ
	}
	end, longest := cmp.Or(in.To, now), in.longest()
	from := cmp.Or(in.From, end.Add(-longest))
	if end.Sub(from) > longest {
		return q, problem.Invalid(problem.FieldProblem{
			Pointer: "from", Detail: fmt.Sprintf("Enter a time at most %d hours before to.", int(longest.Hours())),
		})
	}
	return projections.SalesQuery{
		EventID: in.ID, Interval: projections.Interval(in.Interval), From: from.UTC(), To: to.UTC(),
	}, nil
}

func (a *api) listSales(ctx context.Context, in *listSalesInput) (*struct{ Body SalesList }, error) {
	state, err := a.Service.Look(ctx, requestOf(ctx), in.ID, domain.RoleSell)
	if err != nil {
		return nil, err
	}
	query, err := in.query(a.Now())
	if err != nil {
		return nil, err
	}
	if query.Zone, err = time.LoadLocation(state.Details().TimeZone); err != nil {
		return nil, err
	}
	sales, err := a.Bookings.Sales(ctx, query)
	if err != nil {
		return nil, err
	}
	out := SalesList{
		Interval: in.Interval, TimeZone: state.Details().TimeZone, From: query.From, Data: make([]SalesOfATime, len(sales)),
	}
	for i, s := range sales {
		out.Data[i] = SalesOfATime{s.At, s.Bookings, turnoverOf(s.Sold), s.Cancelled, turnoverOf(s.Returned)}
	}
	return &struct{ Body SalesList }{out}, nil
}
