package projections

import (
	"fmt"
	"strings"
)

// conditions are those of a where clause.
type conditions struct {
	sql  []string
	args []any
}

// add adds a condition, in which each %s is replaced by the parameter of a value, and %[1]s by that of
// the first.
func (c *conditions) add(sql string, values ...any) {
	names := make([]any, len(values))
	for i, v := range values {
		c.args = append(c.args, v)
		names[i] = fmt.Sprintf("$%d", len(c.args))
	}
	c.sql = append(c.sql, fmt.Sprintf(sql, names...))
}

func (c *conditions) where() string {
	if len(c.sql) == 0 {
		return ""
	}
	return "where " + strings.Join(c.sql, " and ")
}

// containing is a LIKE pattern for texts that contain a word, with its special characters escaped.
func containing(word string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(word) + "%"
}
