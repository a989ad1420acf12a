package account

import "strings"

// InvalidError says everything that is wrong with what a person entered. It never repeats what they
// entered.
type InvalidError struct {
	Fields []FieldError
}

// FieldError is one field that cannot be accepted.
type FieldError struct {
	Field   string // the field's JSON name: email, password, name or role
	Message string // a sentence for the person who filled it in
}

func (e *InvalidError) Error() string {
	parts := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		parts[i] = f.Field + ": " + f.Message
	}
	return "invalid " + strings.Join(parts, " ")
}

// invalid collects the fields whose message is not empty; none is no error.
func invalid(fields ...FieldError) error {
	var wrong []FieldError
	for _, f := range fields {
		if f.Message != "" {
			wrong = append(wrong, f)
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return &InvalidError{Fields: wrong}
}
