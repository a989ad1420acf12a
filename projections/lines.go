package projections

import (
	"database/sql/driver"
	"encoding/json"

	"github.com/boxoffice/boxoffice/domain"
)

// linesColumn stores lines as JSON.
type linesColumn domain.Lines

// Value implements [driver.Valuer].
func (l *linesColumn) Value() (driver.Value, error) {
	text, err := json.Marshal(domain.Lines(*l).All())
	return string(text), err
}

// Scan implements [database/sql.Scanner].
func (l *linesColumn) Scan(stored any) error { return scanJSON(stored, (*domain.Lines)(l)) }
