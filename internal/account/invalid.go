package account

import "strings"

// InvalidError lists the invalid fields of an input. It never repeats the input.
type InvalidError struct {
	Fields []FieldError
}

// FieldError is one invalid field.
type FieldError struct {
	Field   string // the field's JSON name: email, password, name or role
	Message string // a sentence for the user
}

func (e *InvalidError) Error() string {
	parts := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		parts[i] = f.Field + ": " + f.Message
	}
	return "invalid " + strings.Join(parts, " ")
}

// invalid returns an [*InvalidError] with the fields that have a message, or nil when none has.
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
