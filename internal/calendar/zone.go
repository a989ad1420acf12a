package calendar

import (
	"fmt"
	"maps"
	"slices"
	"time"

	ics "github.com/arran4/golang-ical"
)

// localTime is the format of a time with a zone.
const localTime = "20060102T150405"

// zones are the time zones that entries name, each with the periods of constant offset that entries
// fall into, by their beginnings in seconds since 1970. Other periods are left out: the zones of Go know them for all
// time, and a calendar takes the last one that begins before an entry.
type zones map[string]map[int64]period

// period is a time in which a zone keeps its offset from UTC.
type period struct {
	begins   string // by the clocks of the zone before it
	from, to int    // the offset before and in it, in seconds
	name     string // such as CEST
	isSummer bool
}

// set writes a time as the clocks at a place show it, so that calendars can say when it is there. UTC
// needs no zone, and neither does an hour that the clocks show twice, when they are set back: which of
// the two is meant can't be said otherwise.
func (z zones) set(e *ics.VEvent, property ics.ComponentProperty, at time.Time, zone string) {
	location, err := time.LoadLocation(zone)
	if err != nil || location == time.UTC || zone == "Local" || isTwice(at.In(location)) {
		e.SetProperty(property, at.UTC().Format(localTime+"Z"))
		return
	}
	e.SetProperty(property, at.In(location).Format(localTime), ics.WithTZID(zone))
	z.add(zone, at.In(location))
	if _, ends := at.In(location).ZoneBounds(); !ends.IsZero() {
		z.add(zone, ends.In(location)) // so that there are summer and winter: older calendars want both
	}
}

func isTwice(at time.Time) bool {
	begins, ends := at.ZoneBounds()
	shown := at.Format(localTime)
	for _, edge := range []time.Time{begins.Add(-time.Second), ends} { // in the periods before and after
		_, here := at.Zone()
		_, there := edge.In(at.Location()).Zone()
		other := at.Add(time.Duration(here-there) * time.Second)
		if here != there && other.Format(localTime) == shown {
			return true
		}
	}
	return false
}

func (z zones) add(zone string, at time.Time) {
	if z[zone] == nil {
		z[zone] = map[int64]period{}
	}
	begins, _ := at.ZoneBounds()
	p := period{isSummer: at.IsDST()}
	p.name, p.to = at.Zone()
	p.from = p.to
	if begins.IsZero() { // since there were clocks
		begins = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
		p.begins = begins.Format(localTime)
	} else {
		_, p.from = begins.Add(-time.Second).Zone()
		p.begins = begins.UTC().Add(time.Duration(p.from) * time.Second).Format(localTime)
	}
	z[zone][begins.Unix()] = p
}

// components are in a fixed order.
func (z zones) components() (all []*ics.VTimezone) {
	for _, name := range slices.Sorted(maps.Keys(z)) {
		zone := ics.NewTimezone(name)
		for _, begins := range slices.Sorted(maps.Keys(z[name])) {
			p := z[name][begins]
			base := ics.ComponentBase{}
			base.SetProperty(ics.ComponentPropertyDtStart, p.begins)
			base.SetProperty(ics.ComponentProperty(ics.PropertyTzoffsetfrom), offset(p.from))
			base.SetProperty(ics.ComponentProperty(ics.PropertyTzoffsetto), offset(p.to))
			base.SetProperty(ics.ComponentProperty(ics.PropertyTzname), p.name)
			if p.isSummer {
				zone.Components = append(zone.Components, &ics.Daylight{ComponentBase: base})
			} else {
				zone.Components = append(zone.Components, &ics.Standard{ComponentBase: base})
			}
		}
		all = append(all, zone)
	}
	return all
}

func offset(seconds int) string {
	sign := "+"
	if seconds < 0 {
		sign, seconds = "-", -seconds
	}
	text := fmt.Sprintf("%s%02d%02d", sign, seconds/3600, seconds/60%60)
	if seconds%60 != 0 {
		text += fmt.Sprintf("%02d", seconds%60)
	}
	return text
}
