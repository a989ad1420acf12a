package projections

import (
	"database/sql/driver"
	"encoding/json"
	"maps"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
)

// Organizers are the co-organizers of an event, with their roles. The owner is not one of them.
type Organizers map[uuid.UUID]domain.EventRole

// with is a copy in which somebody has a role; none, if it is empty. Other rows may have the old one.
func (o Organizers) with(user uuid.UUID, role domain.EventRole) Organizers {
	after := maps.Clone(o)
	if after == nil {
		after = Organizers{}
	}
	if after[user] = role; role == "" {
		delete(after, user)
	}
	return after
}

// Value implements [driver.Valuer].
func (o *Organizers) Value() (driver.Value, error) {
	if len(*o) == 0 {
		return "{}", nil
	}
	text, err := json.Marshal(map[uuid.UUID]domain.EventRole(*o))
	return string(text), err
}

// Scan implements [database/sql.Scanner].
func (o *Organizers) Scan(stored any) error {
	return scanJSON(stored, (*map[uuid.UUID]domain.EventRole)(o))
}
