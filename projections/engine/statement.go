package engine

import (
	"fmt"
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
	for i := 0; i < len(argsAndTypes); i += 2 {
		s.add(fmt.Sprintf("%s%s::%s", separator, s.parameter(argsAndTypes[i]), argsAndTypes[i+1]))
		separator = ", "
	}
	s.add(")")
}
