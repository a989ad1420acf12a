package httpapi

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/httpapi/problem"
)

// cursor is a position in a list. For clients it is an opaque text.
type cursor struct {
	List string    `json:"l"` // the fingerprint of the list
	Key  string    `json:"k"` // what the list is ordered by
	ID   uuid.UUID `json:"i"`
	Page int       `json:"p,omitempty"` // the number of the page that begins there
}

// firstCursor asks for the first page of a list by cursors.
const firstCursor = "*"

func (c cursor) String() string {
	data, err := json.Marshal(c)
	if err != nil {
		panic(err) // strings, ids and numbers can be marshalled
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// cursorOf reads a cursor from a client. It must be of the same list: with the same filters and the
// same order.
func cursorOf(text, list string) (c cursor, err error) {
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(data, &c)
	}
	if err != nil || c.List != list || c.ID == uuid.Nil {
		return cursor{}, errNotACursor()
	}
	return c, nil
}

func errNotACursor() error {
	return problem.Invalid(problem.FieldProblem{Pointer: "cursor", Detail: "Use the cursor of a page of this list."})
}

// fingerprintOf identifies a list by what selects and orders it.
func fingerprintOf(list string) string {
	sum := sha256.Sum256([]byte(list))
	return base64.RawURLEncoding.EncodeToString(sum[:6])
}
