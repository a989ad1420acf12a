package seed

import (
	"time"

	"github.com/boxoffice/boxoffice/domain"
)

// event is a seeded event. It takes place in so many days from the first seeding, at an hour of its
// time zone.
type event struct {
	name, title, venue, zone, currency string
	days, hour                         int
	lasts                              time.Duration
	category, organizer                string
	price                              int64 // minor units
	capacity, sold                     int
	description                        string
}

var events = []event{
	{"limited-concert", "Limited Concert", "The Listening Room", "Europe/Lisbon", "EUR", 6, 20,
		2 * time.Hour, "music", "The Listening Room", 120_00, 2, 0,
		"An evening with two chairs and one piano. Only two tickets exist, and everyone wants them."},
	{"tech-conference", "Tech Conference", "Convention Center", "America/New_York", "USD", 45, 10,
		32 * time.Hour, "talk", "Uptime Society", 49_99, 100, 58,
		"Two days of talks about systems that stay up: storage, scheduling, and the art of saying no."},
	{"jazz-night", "Jazz Night", "Blue Door Club", "Europe/Berlin", "EUR", 9, 21,
		5 * time.Hour, "music", "Blue Door Club", 25_00, 80, 22,
		"Late sets by the Marlowe Quartet, with an open stage after midnight."},
	{"harbour-run", "Harbour Half Marathon", "Harbour Promenade", "Europe/Copenhagen", "EUR", 62, 9,
		6 * time.Hour, "sport", "Harbour Runners", 39_50, 1_500, 310,
		"21 kilometres along the water. Your ticket is your bib."},
	{"opera-premiere", "Opera Premiere", "State Opera", "Europe/Vienna", "EUR", 20, 19,
		3 * time.Hour, "music", "State Opera", 185_00, 64, 60,
		"A new staging on opening night. Evening dress is welcome and not required."},
	{"street-food", "Street Food Festival", "Old Market Square", "Europe/Madrid", "EUR", 28, 12,
		10 * time.Hour, "festival", "Old Town Association", 0, 5_000, 640,
		"Thirty kitchens, one street, no reservations."},
	{"pottery", "Pottery for Beginners", "Studio North", "America/Toronto", "USD", 13, 14,
		3 * time.Hour, "workshop", "Studio North", 68_00, 12, 7,
		"Three hours at the wheel. Clay, firing and a towel are included."},
	{"film-marathon", "Silent Film Marathon", "Rex Cinema", "Europe/Paris", "EUR", 17, 18,
		12 * time.Hour, "film", "Rex Cinema", 32_00, 220, 96,
		"Five films with live accompaniment, and coffee until dawn."},
	{"derby", "City Derby", "Riverside Stadium", "America/Sao_Paulo", "USD", 34, 17,
		2 * time.Hour, "sport", "City Football League", 55_00, 42_000, 420,
		"The match that divides the town, once more under floodlights."},
	{"planetarium", "Night at the Planetarium", "City Planetarium", "Asia/Tokyo", "JPY", 24, 19,
		90 * time.Minute, "talk", "City Planetarium", 2_400, 150, 141,
		"The winter sky, explained slowly, from reclining seats."},
	{"chess-open", "Chess Open", "Library Hall", "Asia/Kolkata", "USD", 52, 10,
		9 * time.Hour, "sport", "Library Chess Club", 12_00, 300, 35,
		"Seven rounds, Swiss system. Spectators are welcome in silence."},
	{"wine-tasting", "Wine Tasting in the Vineyard", "Quinta do Vale", "Europe/Lisbon", "EUR", 38, 16,
		3 * time.Hour, "other", "Quinta do Vale", 74_00, 36, 31,
		"Six glasses and the stories behind them, at a long table between the rows."},
	{"robotics-lab", "Robotics Lab for Kids", "Makerspace", "America/Los_Angeles", "USD", 11, 10,
		4 * time.Hour, "family", "Makerspace", 20_00, 24, 9,
		"Build a robot that follows a line, and take the plans home."},
}

// sale is an event that is sold in another way than one ticket of one type for each customer.
type sale struct {
	event
	types          []domain.TicketType // nil: general admission
	maxPerCustomer int
	opensIn        int // days until the sale opens; 0: it is open
	isDraft        bool
	waiting        int // people on the waiting list
}

var sales = []sale{
	{
		event: event{"comedy-club", "Comedy Club: New Faces", "The Cellar", "Europe/London", "GBP", 4, 20,
			2 * time.Hour, "comedy", "The Cellar", 15_00, 40, 40,
			"Eight comedians, seven minutes each, one bell."},
		waiting: 5,
	},
	{
		event: event{"open-air", "Open Air on the Island", "Island Stage", "Europe/Amsterdam", "EUR", 41, 18,
			6 * time.Hour, "festival", "Island Concerts", 45_00, 600, 128,
			"Three bands and a sunset. Bring friends: one order can have four tickets."},
		types: []domain.TicketType{
			{Name: "Lawn", Price: 45_00},
			{Name: "Seat", Price: 70_00, Capacity: 200},
			{Name: "Front row", Price: 140_00, Capacity: 20},
		},
		maxPerCustomer: 4,
	},
	{
		event: event{"new-year", "New Year Concert", "Philharmonic Hall", "Europe/Prague", "EUR", 95, 17,
			3 * time.Hour, "music", "Philharmonic Orchestra", 90_00, 1_137, 0,
			"Waltzes, polkas and one surprise. Tickets go on sale in a month."},
		opensIn: 30,
	},
	{
		event: event{"reading", "A Reading by Candlelight", "Corner Bookshop", "Europe/Dublin", "EUR", 30, 19,
			2 * time.Hour, "other", "Corner Bookshop", 8_00, 30, 0,
			"A draft: its organizer sees it, and customers do not until it is published."},
		isDraft: true,
	},
}
