package engine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// statement is SQL that is put together with its arguments.
type statement struct {
	sql  strings.Builder
	args []any
}

func (s *statement) add(sql string) { s.sql.WriteString(sql) }

func (s *statement) parameter(arg any) string {
	s.args = append(s.args, arg)
	return "$" + strconv.Itoa(len(s.args))
}

// addList adds the nth row of VALUES: arguments, each with its type.
func (s *statement) addList(n int, argsAndTypes ...any) {
	separator := "("
	if n > 0 {
		separator = ", ("
	}
	for pair := range slices.Chunk(argsAndTypes, 2) {
		s.add(fmt.Sprintf("%s%s::%s", separator, s.parameter(pair[0]), pair[1]))
		separator = ", "
	}
	s.add(")")
}
