package httpapi

import (
	"fmt"
	"reflect"
	"testing"
)

// A client that has an event keeps it for as long as the tag is the same. Whoever changes what the
// API shows of an event has to give eventShape the next number, and then writes the shape down here.
func TestTheTagOfAnEventChangesWithItsShape(t *testing.T) {
	t.Parallel()
	const shape = 3
	want := "id title description category date endsAt timeZone venue organizerName image " +
		"totalTickets remainingTickets price currency requireProofOfWork status version " +
		"ticketTypes maxPerCustomer saleOpensAt,omitempty saleClosesAt,omitempty "
	got, fields := "", reflect.TypeFor[Event]()
	for i := range fields.NumField() {
		got += fields.Field(i).Tag.Get("json") + " "
	}
	if got != want || eventShape != shape {
		t.Errorf("the shape %d of an event is %q, and %d was %q", eventShape, got, shape, want)
	}
	if tag := versionETag(12); tag != `"12.3"` {
		t.Errorf("got %s", tag)
	}
	versions, ok := versionsOf(versionETag(12) + `, W/"3.2-gzip", "7"`)
	if !ok || fmt.Sprint(versions) != "[12 3 7]" {
		t.Errorf("got %v, %v", versions, ok)
	}
}
