package projections

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"

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
func (l *linesColumn) Scan(stored any) error {
	var text []byte
	switch stored := stored.(type) {
	case string:
		text = []byte(stored)
	case []byte:
		text = stored
	default:
		return fmt.Errorf("lines can't be read from a %T", stored)
	}
	var lines domain.Lines
	err := json.Unmarshal(text, &lines)
	*l = linesColumn(lines)
	return err
}
