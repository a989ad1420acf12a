package projections

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"fmt"
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

// HasRole tells whether somebody is a co-organizer of any event.
func (e *Events) HasRole(ctx context.Context, user uuid.UUID) (has bool, err error) {
	err = e.pool.QueryRow(ctx,
		`select exists (select from events where organizers <> '{}' and organizers ? $1)`, user.String()).Scan(&has)
	if err != nil {
		return false, fmt.Errorf("roles of user %s: %w", user, err)
	}
	return has, nil
}
