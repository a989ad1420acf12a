package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
)

// What became of tickets that a record has freed.
const (
	FreedOffered    = "offered"      // to those who waited
	FreedNobody     = "nobody waits" // so they are sold to everybody
	FreedNotEnough  = "not enough"   // for anybody who waits
	FreedNotOnSale  = "not on sale"  // nothing is offered then
	FreedPassedOver = "passed over"  // somebody waited whom they were enough for, and got no offer
)

// FairnessStep is a record that frees tickets, or an offer of free tickets.
type FairnessStep struct {
	Version    int           `json:"version"`
	Position   int64         `json:"position"`
	At         time.Time     `json:"at"`
	Type       string        `json:"type" doc:"Of the record" example:"TicketsOffered"`
	CustomerID *uuid.UUID    `json:"customerId,omitempty" format:"uuid" doc:"Who had the tickets or, in an offer, gets them; absent where the organizer freed them"`
	Lines      []TicketCount `json:"lines" nullable:"false" doc:"The tickets: empty where the number of tickets of the event was raised"`
	Free       int           `json:"free" doc:"Free tickets: after a record that frees some, before an offer"`
	Waiting    int           `json:"waiting" doc:"Entries on the waiting list at that moment"`
	Outcome    string        `json:"outcome" enum:"offered,nobody waits,not enough,not on sale,passed over" doc:"What became of the free tickets"`
	Offer      *OfferReason  `json:"offer,omitempty" doc:"Why the offer went to this entry; absent for other records"`
	Problem    string        `json:"problem,omitempty" doc:"Why this was not right"`
}

// OfferReason is why an offer went to an entry of the waiting list.
type OfferReason struct {
	EntryID   uuid.UUID `json:"entryId" format:"uuid"`
	Number    int       `json:"number" doc:"The order of joining, from 1, over all who ever joined; 0: the entry did not wait"`
	Joined    int       `json:"joinedVersion" doc:"Version of the record of joining"`
	ExpiresAt time.Time `json:"expiresAt"`
	Before    int       `json:"before" doc:"Entries that joined earlier and were waiting too"`
	Skipped   []Skipped `json:"skipped" nullable:"false" doc:"Why these were skipped: the first of those who wanted the same tickets, at most 20"`
}

// Skipped is an entry that waited longer, and that the free tickets were not enough for.
type Skipped struct {
	Number     int           `json:"number" doc:"The order of joining"`
	CustomerID uuid.UUID     `json:"customerId" format:"uuid"`
	Lines      []TicketCount `json:"lines" nullable:"false" doc:"What the customer waits for"`
	Others     int           `json:"others" doc:"How many more of those before the offer waited for the same"`
	Type       domain.TypeID `json:"ticketTypeId,omitempty" doc:"The ticket type of which there were not enough; absent: in all"`
	Free       int           `json:"free" doc:"Free tickets of that type, or in all"`
}

// maxSkipped bounds what is said of one offer.
const maxSkipped = 20

// FairnessReport sums up what [History.Fairness] has replayed.
type FairnessReport struct {
	StreamID uuid.UUID `json:"streamId" format:"uuid"`
	Version  int       `json:"version" doc:"Of the last record that was replayed"`
	Records  int       `json:"records"`
	Freed    int       `json:"freed" doc:"Records that freed tickets"`
	Joined   int       `json:"joined" doc:"Entries on the waiting list ever"`
	Offers   int       `json:"offers"`
	Waiting  int       `json:"waiting" doc:"Entries that still wait"`
	Findings []Finding `json:"findings" nullable:"false" doc:"What was not right, at most 100, oldest first"`
	More     int       `json:"more" doc:"Further findings"`
}

// Fairness replays a stream and calls use, in the order of the records, for each record that frees
// tickets and for each offer of them. It judges them by the records alone and does not use the rules
// that have decided them, so that a mistake there is found too. Memory grows with the tickets that
// somebody has and with the waiting list, not with the length of the stream.
func (h *History) Fairness(ctx context.Context, streamID uuid.UUID, use func(FairnessStep) error) (
	FairnessReport, error,
) {
	f := newFairness(streamID, use)
	for {
		const page = 2_000
		records, err := h.log.Stream(ctx, streamID, f.report.Version, page)
		if err != nil {
			return f.report, err
		}
		for i := range records {
			if isRead(&records[i]) {
				return f.report, ErrNoStream
			}
			if more, err := f.read(&records[i]); err != nil || !more {
				return f.report, err
			}
		}
		if len(records) < page {
			break
		}
	}
	if f.report.Records == 0 {
		return f.report, ErrNoStream
	}
	return f.report, f.end()
}

// fairness is the replay of one stream.
type fairness struct {
	tickets
	waiting waitlist
	report  FairnessReport
	use     func(FairnessStep) error

	record  *eventstore.Record // that is replayed
	last    *FairnessStep      // is not complete before the record after it is known
	owed    string             // to whom the next record has to be an offer; empty: to nobody
	problem string             // the first one of the record
}

func newFairness(streamID uuid.UUID, use func(FairnessStep) error) *fairness {
	return &fairness{
		tickets: newTickets(), waiting: newWaitlist(), use: use,
		report: FairnessReport{StreamID: streamID, Findings: []Finding{}},
	}
}

// read replays a record. It answers false after one that can't be read: what follows can't be judged.
func (f *fairness) read(r *eventstore.Record) (more bool, err error) {
	f.record = r
	value, err := domain.Codec{}.Decode(r.Type, r.SchemaVersion, r.Data)
	if err != nil {
		f.found(CheckDecode, fmt.Sprintf("%v; the records from here on are not judged", err))
		return false, f.end()
	}
	return true, f.next(value)
}

func (f *fairness) next(value domain.Record) error {
	f.report.Version = f.record.Version
	f.report.Records++
	offer, isOffer := value.(domain.TicketsOffered)
	if err := f.complete(isOffer); err != nil {
		return err
	}
	f.problem = ""
	if isOffer {
		f.last = f.offered(offer)
	} else {
		f.last = f.replay(value)
	}
	if f.problem != "" {
		f.found(CheckFairness, f.problem)
	}
	if f.last != nil {
		f.last.Version, f.last.Position = f.record.Version, f.record.Position
		f.last.At, f.last.Type, f.last.Problem = f.record.RecordedAt, f.record.Type, f.problem
		f.expect(isOffer)
	}
	return nil
}

// expect says what has to come after a record that has freed tickets, or after an offer.
func (f *fairness) expect(isOffer bool) {
	f.owed = ""
	first, some := f.first()
	switch {
	case isOffer:
		f.last.Outcome = FreedOffered
	case f.waiting.count == 0:
		f.last.Outcome = FreedNobody
	case !some:
		f.last.Outcome = FreedNotEnough
	default:
		f.last.Outcome = FreedNotOnSale
	}
	if some && f.onSale(f.record.RecordedAt) {
		f.owed = fmt.Sprintf("%s waits for %d and gets no offer, while %d are free", first.name(), first.wants.quantity(),
			f.free())
	}
}

// complete ends the step before a record. Free tickets are offered directly after what has freed them.
func (f *fairness) complete(isOffer bool) error {
	step := f.last
	if step == nil {
		return nil
	}
	f.last = nil
	switch {
	case isOffer && step.Offer == nil:
		step.Outcome = FreedOffered
	case !isOffer && f.owed != "":
		step.Outcome = FreedPassedOver
		f.foundAt(step.Position, step.Version, CheckFairness, f.owed)
		if step.Problem == "" {
			step.Problem = f.owed
		}
	}
	return f.use(*step)
}

func (f *fairness) end() error {
	f.report.Waiting = f.waiting.count
	return f.complete(false)
}

// wrong notes what is not right with the record.
func (f *fairness) wrong(format string, args ...any) {
	if f.problem == "" {
		f.problem = fmt.Sprintf(format, args...)
	}
}

func (f *fairness) found(check, detail string) {
	f.foundAt(f.record.Position, f.record.Version, check, detail)
}

func (f *fairness) foundAt(position int64, version int, check, detail string) {
	if len(f.report.Findings) == maxFindings {
		f.report.More++
		return
	}
	f.report.Findings = append(f.report.Findings, Finding{check, position, f.report.StreamID, version, detail})
}
