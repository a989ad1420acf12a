package httpapi

import "testing"

func TestWhatGoSaysReachesNobody(t *testing.T) {
	t.Parallel()
	for _, c := range [][4]string{
		{"body", "json: cannot unmarshal number 1.5 into Go struct field NewEvent.totalTickets of type int",
			"body.totalTickets", wordsInvalid},
		{"body", "json: cannot unmarshal string into Go value of type httpapi.NewEvent",
			"body", "The request body isn't valid JSON."},
		{"body.id", "some new message of the library", "body.id", wordsInvalid},
		{"header.Idempotency-Key", "Use visible characters.", "header.Idempotency-Key", "Use visible characters."},
		{"body.n", "expected number <= 1e+06", "body.n", "Enter a number of at most 1,000,000."},
		{"body.n", "expected number >= 0.5", "body.n", "Enter a number of at least 0.5."},
	} {
		if at, words := inPlainWords(c[0], c[1]); at != c[2] || words != c[3] {
			t.Errorf("%s: %s, %s; want %s, %s", c[1], at, words, c[2], c[3])
		}
	}
}
